"""What the pages and the API show of poles, lamps and cameras. Values only; times in microseconds UTC."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.web.records import Standing

LIT_PCT = 60.0
"""From this level on a lamp is drawn as one that was brought up."""


@dataclass(frozen=True, slots=True)
class AlarmState:
    """What is wrong now. what : `pole` or `lamp`. name : of the pole, lamp or lamp bank. since_us : when it
    began. number : of its row."""

    what: str
    name: str
    kind: str
    why: str
    since_us: int
    number: int


@dataclass(frozen=True, slots=True)
class HealthSaid:
    """A node's newest word about itself (firmware/wire.py, Health). Counts run since its start. None: it does not
    say."""

    t_us: int
    uptime_s: int
    queued: int
    arrivals: int
    withheld: int
    dropped_arrivals: int
    dropped_healths: int
    gaps: int
    refused: int
    temperature_c: float | None
    noise_db: float | None
    level_unit: str
    lamp_ma: int | None


@dataclass(frozen=True, slots=True)
class PoleState:
    """A pole. state : `well`, `alarm`, `silent` or `unheard` (never, as far as is known). heard_us : by the gateway's
    clock. clock, sigma_us : of its newest frame that has them. level_db : of its newest arrival. release : the number
    of the release that it said it runs or takes in, and stage where it stands with it."""

    name: str
    lat_deg: float | None
    lon_deg: float | None
    state: str
    heard_us: int | None
    clock: str
    sigma_us: int | None
    level_db: float | None
    arrival_us: int | None
    health: HealthSaid | None
    release: int | None
    stage: str
    alarms: Sequence[AlarmState]


@dataclass(frozen=True, slots=True)
class Sample:
    """A step of a pole's history: means, but sigma_us, queued and level_db the highest and clock the worst. None:
    nothing was said."""

    at_us: int
    temperature_c: float | None
    noise_db: float | None
    sigma_us: int | None
    queued: int | None
    clock: int | None
    n_arrivals: int
    level_db: float | None


@dataclass(frozen=True, slots=True)
class History:
    """A pole's past. kept_us : when the oldest step begins that is kept still; 0 where there is none."""

    node: str
    step_us: int
    samples: Sequence[Sample]
    kept_us: int


@dataclass(frozen=True, slots=True)
class Order:
    """The last order to a lamp or camera and what became of it. what : `light` (to level_pct), `aim` or `home` (of
    azimuth_deg, elevation_deg)."""

    what: str
    incident: str
    done: bool
    note: str
    at_us: int
    level_pct: float | None
    azimuth_deg: float | None
    elevation_deg: float | None
    number: int


@dataclass(frozen=True, slots=True)
class Device:
    """A lamp or a camera. fault : what is wrong with a lamp, or ""."""

    standing: Standing
    order: Order | None
    fault: str
    fault_since_us: int | None
