"""Whose frames were refused or not used, and why, in words for who must mend it. Pure.

A frame that was refused proves nothing, not even its name: what is told is the name that it claims.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

AGAIN_US = 600_000_000  # what goes on is told again so often
MOST_TOLD, MOST_KEPT = 10, 500
WHY = {
    "key": "no key for it in keys_file: it is unknown here, or was taken out",
    "mac": "its key is not the one in keys_file, or somebody else speaks in its name",
    "time": "its clock, or this gateway's, is wrong: it tells of what is yet to come",
    "profile": "what it says cannot be read: another program, or another release",
    "schema": "what it says is not known here: another program, or another release",
    "unknown": "no [[pole]] of that name: what it hears is kept and never placed",
    "clock": "it does not know the time (no chrony, PPS or GNSS): what it hears is kept and never placed",
}


@dataclass(frozen=True, slots=True)
class Charge:
    """n_frames of a node, since it was last told, were refused or not used."""

    node: str
    reason: str
    why: str
    n_frames: int


class Blame:
    """Counts by node and reason; `tell` gives what is new, each at most once in AGAIN_US."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._told_us: dict[tuple[str, str], int] = {}

    def note(self, node: str, reason: str) -> None:
        """A frame of this node was refused or not used. Reasons that have no cause in WHY are not kept."""
        key = (node if re.fullmatch(r"[A-Za-z0-9._-]{1,32}", node) else "?", reason)
        if reason in WHY and (key in self._counts or len(self._counts) < MOST_KEPT):
            self._counts[key] += 1

    def tell(self, now_us: int) -> Iterator[Charge]:
        """What is due, at most MOST_TOLD; the rest is due next time."""
        self._told_us = {key: told_us for key, told_us in self._told_us.items() if now_us - told_us < AGAIN_US}
        due = sorted(key for key in self._counts if key not in self._told_us)
        for key in due[:MOST_TOLD]:
            self._told_us[key] = now_us
            yield Charge(*key, WHY[key[1]], self._counts.pop(key))
