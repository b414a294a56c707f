"""Air: how fast sound travels through it, in a wind too, and how much of the sound it swallows.

Speed: Cramer (J. Acoust. Soc. Am. 93, 2510, 1993) as the National Physical Laboratory's published calculator states it,
saturation vapour pressure and enhancement factor after Davis (Metrologia 29, 67, 1992), 400 ppm carbon dioxide. Both
papers were read through public code that carries the calculator's coefficients, not in the original. Stated for
0 to 30 C and 75 to 102 kPa; outside, a test holds it to within 0.1 % of the square-root law from -30 to 50 C.

Absorption: ISO 9613-1:1993, equations (3) to (5) and annex B, as printed at sengpielaudio.com/AirdampingFormula.htm.

Wind: uniform. The wave front of a blast at s is the sphere |x - s - w t| = c t, so along a straight path of unit
vector n sound travels at w.n + sqrt(c^2 - |w - (w.n) n|^2): to first order c + w.n. Its travel time is a root of a
quadratic.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

TEMPERATURE_C = (-60.0, 60.0)
HUMIDITY_PCT = (0.0, 100.0)
PRESSURE_PA = (50_000.0, 110_000.0)
WIND_MPS = (0.0, 60.0)

KELVIN = 273.15
REFERENCE_PA = 101_325.0  # ISO 9613-1, reference pressure p_r
REFERENCE_K = 293.15  # ISO 9613-1, reference temperature T_0
TRIPLE_K = 273.16  # ISO 9613-1, triple-point isotherm T_01
CARBON_DIOXIDE = 400e-6  # mole fraction, as in the calculator named above


@dataclass(frozen=True, slots=True)
class Air:
    """The air over a street, taken as the same everywhere.

    wind_en_mps : where the air moves TO, metres a second east and north (`wind_from` makes it of a weather report).
    Raises ValueError naming what is out of its range.
    """

    temperature_c: float = 20.0
    humidity_pct: float = 50.0
    wind_en_mps: tuple[float, float] = (0.0, 0.0)
    pressure_pa: float = REFERENCE_PA

    def __post_init__(self) -> None:
        _within("temperature", self.temperature_c, TEMPERATURE_C, "C")
        _within("humidity", self.humidity_pct, HUMIDITY_PCT, "%")
        _within("pressure", self.pressure_pa, PRESSURE_PA, "Pa")
        _within("wind", math.hypot(*self.wind_en_mps), WIND_MPS, "m/s")

    @property
    def speed_mps(self) -> float:
        """Speed of sound in this air at rest (Cramer 1993, equation 15)."""
        return _speed_mps(self.temperature_c, self.humidity_pct, self.pressure_pa)


def wind_from(speed_mps: float, from_deg: float) -> tuple[float, float]:
    """Wind vector (east, north) in m/s of a weather report: speed, and the azimuth it blows FROM."""
    azimuth = math.radians(from_deg)
    return -speed_mps * math.sin(azimuth), -speed_mps * math.cos(azimuth)


def travel_s(air: Air, path_m: ArrayLike) -> NDArray[np.float64]:
    """Time that sound takes along straight paths, wind included.

    path_m : (..., 2) or (..., 3) metres east, north(, up), from the source to the listener. Returns (...) seconds: the
    t >= 0 at which |path - wind t| = c t.
    """
    path = np.asarray(path_m, float)
    squared_m2 = np.einsum("...i,...i", path, path)
    downwind = path[..., :2] @ np.asarray(air.wind_en_mps, float) if any(air.wind_en_mps) else 0.0
    return crossing_s(air.speed_mps, air.wind_en_mps, squared_m2, downwind)


def crossing_s(speed_mps: float, wind_mps: ArrayLike, squared_m2: NDArray[Any], downwind: ArrayLike) -> NDArray[Any]:
    """`travel_s` of paths whose squared lengths (m2) and products with the wind (m2/s) are at hand, of one shape. No
    wind need be multiplied by: downwind 0 then."""
    east, north = np.asarray(wind_mps, float).tolist()
    if not east and not north:
        return np.asarray(np.sqrt(squared_m2) * (1 / speed_mps))
    still = speed_mps**2 - east**2 - north**2
    along = np.asarray(downwind)
    return np.asarray((np.sqrt(along * along + still * squared_m2) - along) * (1 / still))


def absorption_db_per_m(air: Air, frequency_hz: ArrayLike) -> NDArray[np.float64]:
    """Attenuation by the air of pure tones, dB/m (ISO 9613-1:1993 equations 3 to 5). Any shape of frequency_hz >= 0."""
    f2 = np.asarray(frequency_hz, float) ** 2
    kelvin = air.temperature_c + KELVIN
    p, t = air.pressure_pa / REFERENCE_PA, kelvin / REFERENCE_K
    h_pct = air.humidity_pct * 10 ** (-6.8346 * (TRIPLE_K / kelvin) ** 1.261 + 4.6151) / p
    oxygen_hz = p * (24 + 4.04e4 * h_pct * (0.02 + h_pct) / (0.391 + h_pct))
    nitrogen_hz = p * t**-0.5 * (9 + 280 * h_pct * math.exp(-4.170 * (t ** (-1 / 3) - 1)))
    oxygen = 0.01275 * math.exp(-2239.1 / kelvin) / (oxygen_hz + f2 / oxygen_hz)
    nitrogen = 0.1068 * math.exp(-3352.0 / kelvin) / (nitrogen_hz + f2 / nitrogen_hz)
    return np.asarray(8.686 * f2 * (1.84e-11 / p * math.sqrt(t) + t**-2.5 * (oxygen + nitrogen)))


@lru_cache(maxsize=64)
def _speed_mps(temperature_c: float, humidity_pct: float, pressure_pa: float) -> float:
    t, p, xc = temperature_c, pressure_pa, CARBON_DIOXIDE
    xw = _water_mole_fraction(t, humidity_pct, p)
    dry = 331.5024 + 0.603055 * t - 0.000528 * t**2
    water = (51.471935 + 0.1495874 * t - 0.000782 * t**2) * xw
    pressure = (-1.82e-7 + 3.73e-8 * t - 2.93e-10 * t**2) * p
    carbon = (-85.20931 - 0.228525 * t + 5.91e-5 * t**2) * xc
    mixed = -2.835149 * xw**2 - 2.15e-13 * p**2 + 29.179762 * xc**2 + 0.000486 * xw * p * xc
    return dry + water + pressure + carbon + mixed


def _water_mole_fraction(temperature_c: float, humidity_pct: float, pressure_pa: float) -> float:
    """Mole fraction of water vapour (Davis 1992: enhancement factor and saturation vapour pressure)."""
    kelvin = temperature_c + KELVIN
    enhancement = 1.00062 + 3.14e-8 * pressure_pa + 5.6e-7 * temperature_c**2
    saturation_pa = math.exp(1.2378847e-5 * kelvin**2 - 1.9121316e-2 * kelvin + 33.93711047 - 6.3431645e3 / kelvin)
    return humidity_pct / 100 * enhancement * saturation_pa / pressure_pa


def _within(name: str, value: float, legal: tuple[float, float], unit: str) -> None:
    if not legal[0] <= value <= legal[1]:
        raise ValueError(f"{name} {value:g} {unit} is outside {legal[0]:g} to {legal[1]:g} {unit}")
