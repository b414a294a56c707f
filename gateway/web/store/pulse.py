"""How the reading of the journal goes: written by the one thread that reads, read by all pages."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

MOST_SAID = 20
QUIET_US = 180_000_000
"""A living gateway writes a row at least each minute, with a health frame of each pole; after three without one it is
taken for silent, whatever its socket says."""
STUCK_S = 75.0
"""A reader looks at least every 30 s (gateway/journal/bell.py)."""
BEHIND = 200
"""Rows that are read within a second or so; fewer are not worth a word."""


def now_us() -> int:
    """UTC in microseconds."""
    return time.time_ns() // 1000


@dataclass(slots=True)
class Pulse:
    """rings : whether a gateway answers at the socket. why : what keeps the journal from being read, or "". newest :
    the journal's newest row. clock, steady : () -> microseconds UTC; seconds that only grow."""

    clock: Callable[[], int] = now_us
    steady: Callable[[], float] = time.monotonic
    rings: bool = False
    why: str = "it was not looked at yet"
    newest: int = 0
    looked_s: float = field(default=0.0)
    _said: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=MOST_SAID))

    def looked(self, newest: int) -> None:
        """The journal was read."""
        self.why, self.newest, self.looked_s = "", newest, self.steady()

    def failed(self, why: str) -> None:
        """It could not be, or what was read could not be kept."""
        self.why, self.looked_s = why, self.steady()

    def say(self, words: str) -> None:
        """What is not as it should be."""
        self._said.append((self.clock(), words))

    def said(self, since_us: int) -> Sequence[str]:
        """What was said since then."""
        return [words for at_us, words in tuple(self._said) if at_us >= since_us]

    def state(self, number: int, last_us: int | None) -> tuple[str, Sequence[str]]:
        """The word of Freshness.state, and why. number, last_us : of the row read last."""
        if self.why:
            return "offline", [self.why]
        if self.steady() - self.looked_s > STUCK_S:
            return "offline", ["what reads the journal does not move"]
        if self.newest - number > BEHIND:
            return "behind", [f"{self.newest - number} rows of the journal are still to be read"]
        if not self.rings:
            return "silent", ["no gateway answers"]
        if last_us is None or self.clock() - last_us > QUIET_US:
            return "silent", ["the gateway writes nothing"]
        return "ok", []
