"""Where poles stand and what the air is, from gateway.toml: what a round's onsets are reckoned with. Never shown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from dsp.air import Air

Near = Callable[[float, float], str]


def nowhere(lat_deg: float, lon_deg: float) -> str:
    """Where nobody knows addresses."""
    return ""


@dataclass(frozen=True, slots=True)
class Survey:
    """places : node -> metres east, north, up of the site. offsets_us : what its arrivals are always late by. air :
    before the gateway renews it. near : (lat_deg, lon_deg) -> the next street address, or ""."""

    places: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    offsets_us: Mapping[str, int] = field(default_factory=dict)
    air: Air = Air()  # noqa: RUF009 (frozen)
    near: Near = nowhere
