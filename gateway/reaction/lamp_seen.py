"""What a look at a lamp found, or that it found nothing; and what was told of a lamp."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.orders import Light
from hw.ports import LampState


@dataclass(frozen=True, slots=True)
class LampSeen:
    """lamp : its name, or the bank's for whole_bank. at_us : UTC. steady_us : of a clock that nobody sets. state : what
    it says of itself; None: no answer. told_pct : what we hold it up at; None: it is under its own control. disobeys :
    not a look, but what an order to it came to, where it did not do it; "" elsewhere."""

    lamp: str
    at_us: int
    steady_us: int
    state: LampState | None = None
    told_pct: int | None = None
    whole_bank: bool = False
    disobeys: str = ""


See = Callable[[LampSeen], None]


def unseen(seen: LampSeen) -> None:
    """Nobody looks for faults."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a look found, and when (of the loop's clock)."""

    level_pct: int
    at_s: float


class Said:
    """What was told last of each lamp of one bank, by incident."""

    def __init__(self) -> None:
        self._said: dict[str, dict[str, tuple[bool, str]]] = {}

    def forget(self, name: str) -> None:
        """Something was done to this lamp, or it did: whatever comes of it is news."""
        self._said.pop(name, None)

    def repeats(self, name: str, light: Light, *, done: bool, note: str) -> bool:
        """Whether this was told before, of a lamp that was only asked for again. What is said now is kept."""
        said = self._said.setdefault(name, {})
        before = said.get(light.incident)
        if light.expires_us is None:
            said.clear()
        else:
            said[light.incident] = done, note
        return light.again and before == (done, note)
