"""What a look at a lamp found, or that it found nothing. Values only."""

from dataclasses import dataclass

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
