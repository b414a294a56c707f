"""What the pages and the API show, as the store has it. Values only; times in microseconds UTC, places in degrees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Standing:
    """A pole, lamp or camera where it stands, from gateway.toml. what : `pole`, `lamp`, `camera`. more : of a camera
    range_m and view, of a lamp its bank and channel."""

    what: str
    name: str
    lat_deg: float
    lon_deg: float
    more: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """The street as it was set up. site : lat_deg, lon_deg, h_m."""

    site: tuple[float, float, float]
    standing: tuple[Standing, ...]


@dataclass(frozen=True, slots=True)
class Brief:
    """An incident, as a list has it: its best round's place, its likeliest round's kind. review : the newest verdict
    that stands, or "". number : of the journal's row that told of it last; cursors and events go by it."""

    incident: str
    number: int
    first_us: int
    told_us: int
    lat_deg: float
    lon_deg: float
    ellipse_95: tuple[float, float, float]
    grade: str
    kind: str
    p_gunshot: float | None
    n_rounds: int
    historic: bool
    quiet: str
    review: str
    near: str


@dataclass(frozen=True, slots=True)
class Happened:
    """A line of an incident's timeline. what : the row's kind (`incident`, `reason`, `effect`, `soon`, `request`...).
    body : the row's own."""

    number: int
    at_us: int
    what: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Whole:
    """An incident with all of it. rounds : as the newest telling of each has them (gateway/alerts/bulletin.py)."""

    brief: Brief
    rounds: Sequence[Mapping[str, Any]]
    happened: Sequence[Happened]
