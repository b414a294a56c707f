"""A street and its night as a TOML file: where everything stands, what is fired when, and what else makes noise.

Places are metres east, north, up of `site`; times are seconds after `start_utc`, which is the first sample's. See
scenarios/street.toml for a whole one. A fault is one line: `FILE: table.field: what is wrong and the legal range`.
"""

import math
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from dsp.air import Air, wind_from
from dsp.blast import CALIBRES
from dsp.geodesy import Site
from simulators.street.echoes import Wall
from simulators.street.sound import CLUTTER, Microphone
from simulators.tables import (
    AzimuthDeg,
    HeightM,
    HumidityPct,
    LatDeg,
    LonDeg,
    Metres,
    OneOf,
    Strict,
    TemperatureC,
    Utc,
    WindMps,
    XyzM,
    check,
    read_toml,
    within,
)

FOLDER = Path(__file__).parent / "scenarios"
FEWEST_POLES = 4
CLOSEST_M = 0.5
MOST_SAMPLES = 200_000_000  # of all poles together; 0.8 GB

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,31}$")]
Seconds = Annotated[float, AfterValidator(within(0, 600, "s"))]
PeakDb = Annotated[float, AfterValidator(within(40, 200, "dB SPL"))]
ClockUs = Annotated[int, AfterValidator(within(-1_000_000, 1_000_000, "us"))]
Angles = tuple[
    Annotated[float, AfterValidator(within(-360, 360, "degrees"))],
    Annotated[float, AfterValidator(within(-360, 360, "degrees"))],
]


class SiteEntry(Strict):
    """The origin of all metres.

    lat_deg : latitude, WGS 84.
    lon_deg : longitude, WGS 84.
    h_m : height.
    """

    lat_deg: LatDeg
    lon_deg: LonDeg
    h_m: HeightM = 0.0

    def site(self) -> Site:
        return Site(self.lat_deg, self.lon_deg, self.h_m)


class AirEntry(Strict):
    """The weather of the night.

    temperature_c : of the air.
    humidity_pct : relative humidity.
    wind_mps : its speed.
    wind_from_deg : where it comes from: 0 north, 90 east.
    """

    temperature_c: TemperatureC = 20.0
    humidity_pct: HumidityPct = 50.0
    wind_mps: WindMps = 0.0
    wind_from_deg: AzimuthDeg = 0.0

    def air(self) -> Air:
        return Air(self.temperature_c, self.humidity_pct, wind_from(self.wind_mps, self.wind_from_deg))


class MicrophoneEntry(Strict):
    """All poles carry the same one.

    full_scale_db : dB SPL of full scale.
    noise_db : RMS of the street's background.
    noise_slope_db : by how much the background falls with each octave.
    """

    full_scale_db: PeakDb = 120.0
    noise_db: Annotated[float, AfterValidator(within(0, 110, "dB SPL"))] = 50.0
    noise_slope_db: Annotated[float, AfterValidator(within(0, 12, "dB per octave"))] = 3.0

    def microphone(self) -> Microphone:
        return Microphone(self.full_scale_db, self.noise_db, self.noise_slope_db)


class PoleEntry(Strict):
    """A pole with its node.

    node : its name.
    xyz_m : its microphone, metres east, north, up.
    clock_error_us : by how much this node's clock is fast, unknown to it.
    """

    node: Name
    xyz_m: XyzM
    clock_error_us: ClockUs = 0


class WallEntry(Strict):
    """A wall that echoes.

    from_en_m : one end, metres east, north.
    to_en_m : the other.
    height_m : how high.
    reflection : how much of the pressure comes back.
    """

    from_en_m: tuple[Metres, Metres]
    to_en_m: tuple[Metres, Metres]
    height_m: Annotated[float, AfterValidator(within(0.5, 500, "m"))]
    reflection: Annotated[float, AfterValidator(within(0, 1))] = 0.8

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        length_m = math.dist(self.from_en_m, self.to_en_m)
        if length_m < CLOSEST_M:
            raise ValueError(f"{length_m:.2f} m long; a wall has {CLOSEST_M} m or more")
        return self

    def wall(self) -> Wall:
        return Wall(self.from_en_m, self.to_en_m, self.height_m, self.reflection)


class ShotEntry(Strict):
    """Rounds of one firearm at one place: the first at t_s, the others each interval_s later.

    t_s : the first, after start_utc.
    xyz_m : where.
    calibre : what is fired.
    rounds : how many.
    interval_s : between two.
    """

    t_s: Seconds
    xyz_m: XyzM
    calibre: Annotated[str, AfterValidator(OneOf(tuple(CALIBRES)))]
    rounds: Annotated[int, AfterValidator(within(1, 200))] = 1
    interval_s: Annotated[float, AfterValidator(within(0.02, 60, "s"))] = 0.3

    @property
    def times_s(self) -> tuple[float, ...]:
        return tuple(self.t_s + index * self.interval_s for index in range(self.rounds))


class ClutterEntry(Strict):
    """Another sound.

    t_s : when, after start_utc.
    xyz_m : where.
    kind : what.
    level_db : peak at 1 m, dB SPL.
    """

    t_s: Seconds
    xyz_m: XyzM
    kind: Annotated[str, AfterValidator(OneOf(tuple(CLUTTER)))]
    level_db: PeakDb


class LampEntry(Strict):
    """A lamp of the simulated bank.

    name : its name.
    xyz_m : where.
    channel : of the lamp bank, from 0.
    """

    name: Name
    xyz_m: XyzM
    channel: Annotated[int, AfterValidator(within(0, 255))]


class CameraEntry(Strict):
    """A simulated camera.

    name : its name.
    xyz_m : where.
    bearing_deg : the true bearing of its pan 0.
    pan_deg : within which it turns.
    tilt_deg : within which it turns.
    range_m : a shot farther away turns it not.
    """

    name: Name
    xyz_m: XyzM
    bearing_deg: AzimuthDeg = 0.0
    pan_deg: Angles = (-180.0, 180.0)
    tilt_deg: Angles = (-90.0, 30.0)
    range_m: Annotated[float, AfterValidator(within(1, 10_000, "m"))] = 150.0


class Scenario(Strict):
    """The whole file.

    start_utc : when its first sample is.
    duration_s : how long.
    rate_hz : of all sound.
    seed : of its noise.
    echo_order : how many walls a sound may bounce off.
    clock_sigma_us : what nodes say of their clocks.
    site : the origin.
    air : the weather.
    microphone : of all poles.
    poles : four or more.
    walls : what echoes.
    shots : what is fired.
    clutter : what else sounds.
    lamps : to come up.
    cameras : to turn.
    """

    start_utc: Utc
    duration_s: Annotated[float, AfterValidator(within(1, 600, "s"))]
    rate_hz: Annotated[int, AfterValidator(within(8_000, 96_000, "Hz"))] = 48_000
    seed: Annotated[int, AfterValidator(within(0, 2**32 - 1))] = 0
    echo_order: Annotated[int, AfterValidator(within(0, 2))] = 1
    clock_sigma_us: Annotated[int, AfterValidator(within(1, 1_000_000, "us"))] = 100
    site: SiteEntry
    air: AirEntry = AirEntry()
    microphone: MicrophoneEntry = MicrophoneEntry()
    poles: tuple[PoleEntry, ...]
    walls: tuple[WallEntry, ...] = ()
    shots: tuple[ShotEntry, ...] = ()
    clutter: tuple[ClutterEntry, ...] = ()
    lamps: tuple[LampEntry, ...] = ()
    cameras: tuple[CameraEntry, ...] = ()

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        _check_poles(self.poles)
        for kind in ("lamps", "cameras"):
            _check_names(kind, [entry.name for entry in getattr(self, kind)])
        _check_names("lamps: channel", [lamp.channel for lamp in self.lamps])
        for index, shot in enumerate(self.shots):
            if shot.times_s[-1] >= self.duration_s:
                raise ValueError(
                    f"shots.{index}: its last round is at {shot.times_s[-1]:g} s, outside 0 to {self.duration_s:g} s"
                )
        n_samples = len(self.poles) * self.duration_s * self.rate_hz
        if n_samples > MOST_SAMPLES:
            raise ValueError(f"poles x duration_s x rate_hz is {n_samples:.0f}, outside 1 to {MOST_SAMPLES}")
        return self


def read_scenario(path: Path) -> Scenario:
    """A scenario from its file. Raises ValueError in one line, or OSError."""
    return check(read_toml(path), Scenario, str(path))


def shipped() -> list[str]:
    """Names of the scenarios that come with Soundpost."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def shipped_with_shots() -> list[str]:
    """Those of them in which something is fired."""
    return [name for name in shipped() if read_scenario(FOLDER / f"{name}.toml").shots]


def scenario_path(named: Path) -> Path:
    """The file that a user means: a path, or the bare name of a shipped scenario."""
    return FOLDER / f"{named}.toml" if str(named) in shipped() and not named.exists() else named


def _check_poles(poles: tuple[PoleEntry, ...]) -> None:
    if len(poles) < FEWEST_POLES:
        raise ValueError(f"poles: {len(poles)} given; a fix needs {FEWEST_POLES} or more")
    _check_names("poles", [pole.node for pole in poles])
    for a, b in combinations(poles, 2):
        apart_m = math.dist(a.xyz_m, b.xyz_m)
        if apart_m < CLOSEST_M:
            raise ValueError(f"poles: {a.node} and {b.node} are {apart_m:.2f} m apart; {CLOSEST_M} m or more is legal")


def _check_names(kind: str, names: list[Any]) -> None:
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"{kind}: {min(twice)} is given twice")
