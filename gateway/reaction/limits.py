"""How many incidents in an hour an act is done for. Pure.

An incident that was admitted stays so: what follows of it is not cut in the middle.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Spent:
    """An act that was done first for an incident at at_us: what a gateway before this one did."""

    act: str
    incident: str
    at_us: int


@dataclass(slots=True)
class Limits:
    """most_per_h : by act, None where there is no limit."""

    most_per_h: Mapping[str, int | None]
    _at_us: dict[str, dict[str, int]] = field(default_factory=dict)

    def admits(self, act: str, incident: str, now_us: int) -> bool:
        """Whether it may be done for this incident now."""
        most, admitted = self.most_per_h.get(act), self._at_us.get(act, {})
        if most is None or incident in admitted:
            return True
        return sum(0 <= now_us - at_us < HOUR_US for at_us in admitted.values()) < most

    def spend(self, act: str, incident: str, now_us: int) -> None:
        """It is done for this incident."""
        if self.most_per_h.get(act) is not None:
            self._at_us.setdefault(act, {}).setdefault(incident, now_us)

    def recall(self, spent: Iterable[Spent]) -> None:
        """What was done before there was this one."""
        for each in spent:
            self.spend(each.act, each.incident, each.at_us)

    def forget(self, now_us: int) -> None:
        """What counts no more."""
        for admitted in self._at_us.values():
            for incident in [name for name, at_us in admitted.items() if now_us - at_us >= HOUR_US]:
                del admitted[incident]

    def shift(self, by_us: int) -> None:
        """The clock was set by so much."""
        for admitted in self._at_us.values():
            for incident in admitted:
                admitted[incident] += by_us
