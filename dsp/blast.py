"""What a shot sounds like at its source: the muzzle blast as a Friedlander wave, and how loud which calibre is.

A Friedlander wave is p(t) = P (1 - t/T) exp(-b t/T) from t = 0 on: a step to the peak P, zero again after the positive
phase T, then a long shallow suction. With b = 1 its integral is nought. Its spectrum is known in closed form, which is
what lets a renderer place it between two samples exactly.

Levels: Beck and Nakasone as noted in notes/field.md section 2 (.22, .38, .357, .30-06, .50), which gives b = 1 and a
positive phase of about 0.5 ms; their paper itself was not opened. Everything marked so below is from general knowledge.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

REFERENCE_PA = 20e-6  # 0 dB SPL


@dataclass(frozen=True, slots=True)
class Muzzle:
    """Peak level of the blast, dB SPL at 1 m, and the length of its positive phase in seconds."""

    level_db: float
    positive_s: float


CALIBRES = {
    ".22": Muzzle(146.0, 0.4e-3),
    ".38": Muzzle(151.0, 0.5e-3),
    ".357": Muzzle(155.0, 0.5e-3),
    ".30-06": Muzzle(160.0, 0.7e-3),
    ".50": Muzzle(170.0, 1.0e-3),
    "9mm": Muzzle(153.0, 0.5e-3),  # level from general knowledge
    ".40": Muzzle(154.0, 0.5e-3),  # level from general knowledge
    ".45": Muzzle(152.0, 0.6e-3),  # level from general knowledge
    "5.56": Muzzle(158.0, 0.6e-3),  # level from general knowledge
    "7.62": Muzzle(160.0, 0.7e-3),  # level from general knowledge
    "12ga": Muzzle(156.0, 0.8e-3),  # level from general knowledge
}
"""Positive phases other than 0.5 ms are from general knowledge: longer the more powder."""


def pressure_pa(level_db: ArrayLike) -> NDArray[np.float64]:
    """Amplitude in Pa of a level in dB SPL (re 20 uPa). Any shape."""
    return np.asarray(REFERENCE_PA * 10 ** (np.asarray(level_db, float) / 20))


def level_db(amplitude_pa: ArrayLike) -> NDArray[np.float64]:
    """Level in dB SPL (re 20 uPa) of an amplitude in Pa; minus infinity for silence. Any shape."""
    with np.errstate(divide="ignore"):
        return np.asarray(20 * np.log10(np.abs(np.asarray(amplitude_pa, float)) / REFERENCE_PA))


def friedlander(t_s: ArrayLike, peak_pa: float, positive_s: float, b: float = 1.0) -> NDArray[np.float64]:
    """Pressure in Pa at times t_s since the onset; nought before it. Any shape."""
    x = np.asarray(t_s, float) / positive_s
    return np.where(x >= 0, peak_pa * (1 - x) * np.exp(-b * np.maximum(x, 0)), 0.0)


def friedlander_spectrum(
    frequency_hz: ArrayLike, peak_pa: float, positive_s: float, b: float = 1.0
) -> NDArray[np.complex128]:
    """Fourier transform of `friedlander` in Pa/Hz: with u = b/T + 2 pi j f it is P (1/u - 1/(T u^2)). Any shape."""
    u = b / positive_s + 2j * np.pi * np.asarray(frequency_hz, float)
    return np.asarray(peak_pa * (1 / u - 1 / (positive_s * u**2)))


def n_wave(t_s: ArrayLike, peak_pa: float, length_s: float) -> NDArray[np.float64]:
    """A bullet's crack in Pa: a step up, a straight fall to the opposite peak, a step back (from general knowledge)."""
    x = np.asarray(t_s, float) / length_s
    return np.where((x >= 0) & (x <= 1), peak_pa * (1 - 2 * x), 0.0)
