"""How often people are told of one incident: of its first rounds at once, of a drizzle together. Pure.

Whatever happens is told, and once: what has to wait is kept, and goes with the next. A better grade never waits.
"""

from dataclasses import dataclass, field

from gateway.incident import Announce, Incident, Round

AT_ONCE = 20  # announcements of an incident: a magazine
THEN_US = 5_000_000  # after these, so long at least between two


@dataclass(slots=True)
class _Told:
    """How often, when last and with which grade an incident was told; its newest state and what of it is not told."""

    incident: Incident
    n: int = 0
    last_us: int = 0
    grade: str = "Z"
    untold: list[Round] = field(default_factory=list)


class Telling:
    """Feed it each change of an incident, tick it as time passes."""

    def __init__(self) -> None:
        self._told: dict[str, _Told] = {}

    def feed(self, incident: Incident, shot: Round, now_us: int) -> list[Announce]:
        """An incident as it is now, changed by this round: new, or known better."""
        told = self._told.setdefault(incident.id, _Told(incident))
        told.incident = incident
        there = {_which(one) for one in incident.rounds} - {_which(shot)}
        told.untold = [*(one for one in told.untold if _which(one) in there), shot]
        return self._tell(told, now_us) if self._is_due(told, now_us) or incident.grade < told.grade else []

    def tick(self, now_us: int) -> list[Announce]:
        """What has waited long enough."""
        waiting = [told for told in self._told.values() if told.untold and self._is_due(told, now_us)]
        return [announce for told in waiting for announce in self._tell(told, now_us)]

    def shift(self, by_us: int) -> None:
        """The clock was set by so much."""
        for told in self._told.values():
            told.last_us += by_us

    def forget(self, incident: str) -> None:
        """It changes no more."""
        self._told.pop(incident, None)

    def _is_due(self, told: _Told, now_us: int) -> bool:
        return told.n < AT_ONCE or now_us - told.last_us >= THEN_US

    def _tell(self, told: _Told, now_us: int) -> list[Announce]:
        announce = Announce(told.incident, tuple(told.untold), is_new=told.n == 0)
        told.n, told.last_us, told.grade, told.untold = told.n + 1, now_us, told.incident.grade, []
        return [announce]


def _which(shot: Round) -> tuple[object, ...]:
    return shot.fix.t_us, shot.arrivals
