"""Arrivals that come too late to be decided with the street as it is now: a link was down, and nodes catch up. Pure.

The live association lets go of an arrival `live_us` after its time. What comes later than that is gathered here until
no more has come for a while, then associated by itself, as one heap. What comes of it is a round like any other; how
old it may be to move something, policy knows.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.associate import Associator
from gateway.incident import Arrival, Round, Unplaced

QUIET_US = 3_000_000  # nodes come back one after the other, within a few seconds
LONGEST_US = 15_000_000  # so that a drizzle of late arrivals is decided while it may still be fresh
MOST = 2000


@dataclass(slots=True)
class Backlog:
    """make : a fresh Associator for each heap. live_us : how long the live association waits for an arrival."""

    make: Callable[[], Associator]
    live_us: int
    _heap: list[Arrival] = field(default_factory=list)
    _first_us: int = 0
    _last_us: int = 0

    def takes(self, arrival: Arrival, now_us: int) -> bool:
        """Take an arrival in if it is too late for the live association; False where it is not."""
        if now_us - arrival.t_us < self.live_us:
            return False
        if not self._heap:
            self._first_us = now_us
        self._heap.append(arrival)
        self._last_us = now_us
        return True

    def tick(self, now_us: int) -> list[Round | Unplaced]:
        """What has come together, once it has."""
        quiet = now_us - self._last_us >= QUIET_US or now_us - self._first_us >= LONGEST_US or len(self._heap) >= MOST
        if not self._heap or not quiet:
            return []
        associator = self.make()
        for arrival in self._heap:
            associator.feed(arrival)
        self._heap = []
        return associator.flush()
