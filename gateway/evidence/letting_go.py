"""What is let go, and why: by age, and for room. Pure.

For room first goes what was reviewed, what was found to be no gunshot before the rest, the oldest first. Of what nobody
has reviewed the newest goes first: so what has waited longest is kept longest. What is recorded just now is never let
go: where nothing else is left, that is said.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

DAY_US = 86_400_000_000
NO_GUNSHOT = "no gunshot"


@dataclass(frozen=True, slots=True)
class Held:
    """What is kept of an incident. t_us : of its first shot. verdict : of its newest review, or None. is_open : it is
    recorded just now."""

    incident: str
    t_us: int
    n_bytes: int
    verdict: str | None = None
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """keep_us, keep_no_gunshot_us : how old anything, and what was reviewed as no gunshot, may grow. most_bytes : all
    together."""

    keep_us: int = 30 * DAY_US
    keep_no_gunshot_us: int = DAY_US
    most_bytes: int = 50_000_000_000


def outdated(held: Iterable[Held], limits: Limits, now_us: int) -> list[tuple[str, str]]:
    """(incident, why) of what has grown too old."""
    found = []
    for each in held:
        limit_us = limits.keep_no_gunshot_us if each.verdict == NO_GUNSHOT else limits.keep_us
        if not each.is_open and now_us - each.t_us > limit_us:
            found.append((each.incident, f"older than {limit_us / DAY_US:g} days, verdict {each.verdict or 'none'}"))
    return found


def for_room(held: Iterable[Held], bytes_over: int) -> list[tuple[str, str]]:
    """(incident, why) of what goes, so that so many bytes come free, or as many as can."""
    going: list[tuple[str, str]] = []
    for each in _in_order([each for each in held if not each.is_open]):
        if bytes_over <= 0:
            break
        bytes_over -= each.n_bytes
        going.append((each.incident, f"for room; verdict {each.verdict or 'none'}"))
    return going


def _in_order(held: Sequence[Held]) -> list[Held]:
    reviewed = [each for each in held if each.verdict is not None]
    others = [each for each in held if each.verdict is None]
    first = sorted(reviewed, key=lambda each: (each.verdict != NO_GUNSHOT, each.t_us, each.incident))
    return [*first, *sorted(others, key=lambda each: (-each.t_us, each.incident))]
