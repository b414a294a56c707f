"""How often people are told of one incident: of its first rounds at once, of a drizzle together. Pure.

Whatever happens is told, and once: what has to wait is kept, and goes with the next. A round may wait for later looks
at it; when one has waited long enough, all are told. A better grade of what was told never waits.
"""

from dataclasses import dataclass, field, replace

from gateway.incident import Announce, Incident, Round

AT_ONCE = 20  # announcements of an incident: a magazine
THEN_US = 5_000_000  # after these, so long at least between two


@dataclass(frozen=True, slots=True)
class _Untold:
    """A round that is to be told, and until when it may wait for later looks."""

    shot: Round
    until_us: int


@dataclass(slots=True)
class _Told:
    """How often and when last an incident was told, and as what; its newest state and what of it is not told."""

    incident: Incident
    n: int = 0
    last_us: int = 0
    kind: str = ""
    grade: str = "Z"
    untold: list[_Untold] = field(default_factory=list)


class Telling:
    """Feed it each change of an incident, tick it as time passes. at_once, then_us : how many announcements of an
    incident go as they come, and how long at least lies between two after that."""

    def __init__(self, at_once: int = AT_ONCE, then_us: int = THEN_US) -> None:
        self._at_once, self._then_us = at_once, then_us
        self._told: dict[str, _Told] = {}

    def feed(self, incident: Incident, shot: Round, now_us: int, until_us: int = 0) -> list[Announce]:
        """An incident as it is now, changed by this round: new, or known better. until_us : it may wait so long."""
        told = self._told.setdefault(incident.id, _Told(incident))
        told.incident = incident
        there = {_which(one) for one in incident.rounds} - {_which(shot)}
        gone = [one for one in told.untold if _which(one.shot) not in there]  # what it was before it was known better
        until_us = min((until_us, *(one.until_us for one in gone)))
        told.untold = [*(one for one in told.untold if one not in gone), _Untold(shot, until_us)]
        is_better = told.n > 0 and incident.grade < told.grade
        return self._tell(told, now_us) if is_better or self._is_due(told, now_us) else []

    def look(self, incident: Incident, shot: Round, now_us: int, until_us: int, is_worth: bool) -> list[Announce]:
        """An incident as it is now, a round of it having been looked at again. Told only where what it is has changed,
        or where it waited for this. is_worth : whether people are to be told of such an incident."""
        told = self._told.get(incident.id)
        if told is None or not (told.n or told.untold):
            return self.feed(incident, shot, now_us, until_us) if is_worth else []
        told.incident = incident
        if not (told.n or is_worth):
            told.untold = []
        elif any(_which(one.shot) == _which(shot) for one in told.untold):
            told.untold = [
                replace(one, shot=shot, until_us=min(one.until_us, until_us))
                if _which(one.shot) == _which(shot)
                else one
                for one in told.untold
            ]
        elif told.n and (incident.kind, incident.grade) != (told.kind, told.grade):
            told.untold.append(_Untold(shot, until_us))
        return self._tell(told, now_us) if told.untold and self._is_due(told, now_us) else []

    def tick(self, now_us: int) -> list[Announce]:
        """What has waited long enough."""
        waiting = [told for told in self._told.values() if told.untold and self._is_due(told, now_us)]
        return [announce for told in waiting for announce in self._tell(told, now_us)]

    def shift(self, by_us: int) -> None:
        """The clock was set by so much."""
        for told in self._told.values():
            told.last_us += by_us
            told.untold = [replace(one, until_us=one.until_us and one.until_us + by_us) for one in told.untold]

    def forget(self, incident: str) -> None:
        """It changes no more."""
        self._told.pop(incident, None)

    def _is_due(self, told: _Told, now_us: int) -> bool:
        may_go = min(one.until_us for one in told.untold) <= now_us
        return may_go and (told.n < self._at_once or now_us - told.last_us >= self._then_us)

    def _tell(self, told: _Told, now_us: int) -> list[Announce]:
        announce = Announce(told.incident, tuple(one.shot for one in told.untold), is_new=told.n == 0)
        told.n, told.last_us, told.untold = told.n + 1, now_us, []
        told.kind, told.grade = told.incident.kind, told.incident.grade
        return [announce]


def _which(shot: Round) -> tuple[object, ...]:
    return shot.fix.t_us, shot.arrivals
