"""What the street is asked to do, and what became of it. Values only."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

NEWER = "a newer order took its place"
"""The note of an order that is superseded."""


@dataclass(frozen=True, slots=True)
class Light:
    """Effect: bring these lamps to a level (per cent of full light), within fade_s where they can fade. `expires_us`:
    past it nothing may be switched any more; None for going back to rest, which does not age. `back`: to what each was
    before it was brought up; level_pct where that is not known. action : its name (gateway/reasons.py). again : a later
    round asks for lamps that should be up already: only those that are not need be told anything."""

    lamps: tuple[str, ...]
    level_pct: int
    incident: str
    expires_us: int | None = None
    back: bool = False
    fade_s: float = 0.0
    action: str = field(default="", compare=False)
    again: bool = field(default=False, compare=False)

    def left(self, done: Collection[str]) -> "Light | None":
        """What is still to be done where these lamps have done it."""
        lamps = tuple(name for name in self.lamps if name not in done)
        return replace(self, lamps=lamps) if lamps else None


@dataclass(frozen=True, slots=True)
class Aim:
    """Effect: turn a camera to a true bearing and an elevation, degrees (bearing clockwise from north).

    `expires_us`: past it nothing may be turned any more. `otherwise`: what to do if this camera does not answer.
    place_m : what is to be seen. width_deg : how much of it, across. home : it has looked there for long enough; if it
    still does, it goes back. again : a later round asks for what was ordered already: who looks there need not turn.
    """

    camera: str
    azimuth_deg: float
    elevation_deg: float
    incident: str
    expires_us: int | None = None
    otherwise: "Aim | None" = None
    place_m: tuple[float, float, float] | None = None
    width_deg: float | None = None
    home: bool = False
    action: str = field(default="", compare=False)
    again: bool = field(default=False, compare=False)

    def left(self, done: Collection[str]) -> "Aim | None":
        """What is still to be done where these cameras have done it: nothing, once one has."""
        return None if done else self


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a Light or an Aim on one device, a lamp or a camera, as the shell that carried it out tells the
    agent. `note` : in words, for the journal and the terminal. was_pct : what a lamp that we hold up goes back to.
    repeats : it is as it was told before, which need not be said again. superseded : it was not done because a newer
    order has taken its place, which is no failure."""

    effect: Light | Aim
    device: str
    done: bool
    at_us: int
    note: str
    was_pct: int | None = None
    repeats: bool = False
    superseded: bool = False


def is_superseded(told: Mapping[str, Any]) -> bool:
    """Whether a row of what became of an order says that a newer one has taken its place. Rows of gateways before this
    one have no key `superseded`, only the words."""
    if "superseded" in told:
        return told["superseded"] is True
    return not told.get("done") and told.get("note") == NEWER
