"""What is to be recorded of which incident, by whom, from when until when. Pure.

An incident's rows come from the journal: each tells its rounds that are new. A camera within reach of any round records
from `before_us` before the first to `after_us` after the last, no longer than `longest_us`; so it goes on while shots
go on. One that sees nothing of the place, for a wall stands between, does not, unless none sees anything of it:
somebody may come by who runs away. What was told too late to be in any ring, is historic, or is too unlikely a gunshot,
asks for nothing.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gateway.incident import MAY_BE_GUNSHOT
from gateway.street import Place

FRESH_US = 30_000_000
"""DESIGN section 4: what is older moves nothing."""
EARLY_US = 5_000_000
"""A provisional round that is older is decided by now, and a reader reads what is there now."""
AHEAD_US = 2_000_000
FORGET_US = 3_600_000_000
MOST_CASES = 64
CHEST_M, N_RIM = 1.5, 24
"""Of what is to be seen: how high above the ground, and at how many places of the rim."""


@dataclass(frozen=True, slots=True)
class Watcher:
    """A camera or a reader: where it stands and how far it sees, over ground."""

    name: str
    xyz_m: Place
    range_m: float


Sees = Callable[[Watcher, Sequence[Place]], bool]
"""Whether any of these places is in a camera's line of sight."""


def no_walls(watcher: Watcher, places_m: Sequence[Place]) -> bool:
    """Where nothing stands between."""
    return True


@dataclass(frozen=True, slots=True)
class Rules:
    """When to record, and for how long round the shots. soon : whether readers are told to read for a provisional
    round, too."""

    before_us: int = 10_000_000
    after_us: int = 30_000_000
    longest_us: int = 600_000_000
    min_grade: str = "C"
    min_p_gunshot: float = MAY_BE_GUNSHOT
    soon: bool = True


@dataclass(frozen=True, slots=True)
class Shot:
    """Where and when, on the site's ground; within_m : the longer half axis of its ellipse."""

    e_m: float
    n_m: float
    t_us: int
    within_m: float

    def places_m(self) -> list[Place]:
        """Its place and a ring of that radius: all that the ellipse may hold, and a little more."""
        turns = [2 * math.pi * index / N_RIM for index in range(N_RIM)]
        rim = [
            (self.e_m + self.within_m * math.sin(turn), self.n_m + self.within_m * math.cos(turn), CHEST_M)
            for turn in turns
        ]
        return [(self.e_m, self.n_m, CHEST_M), *rim]


@dataclass(frozen=True, slots=True)
class Case:
    """An incident that is recorded. cameras, readers : the names of those in reach. historic shots are not in it."""

    incident: str
    shots: tuple[Shot, ...]
    cameras: tuple[str, ...]
    readers: tuple[str, ...]
    from_us: int
    until_us: int


class Cases:
    """Feed it an incident's rows; it gives back the case as it is now, or None where nothing is asked for. sees : by
    walls, for cameras. let_go : cases that were let go while they were recorded, for want of room."""

    def __init__(
        self, rules: Rules, cameras: Iterable[Watcher], readers: Iterable[Watcher], sees: Sees = no_walls
    ) -> None:
        self._rules, self._sees = rules, sees
        self._cameras, self._readers = tuple(cameras), tuple(readers)
        self._cases: dict[str, Case] = {}
        self.let_go = 0

    def feed(self, record: Mapping[str, Any], now_us: int) -> Case | None:
        """record : the body of an `incident` row (gateway/alerts/bulletin.py)."""
        shots = [shot for shot in _shots(record) if -AHEAD_US <= now_us - shot.t_us <= FRESH_US]
        if not shots or not self._is_asked(record):
            return None
        known = self._cases.get(record["incident"])
        if known is None:
            self._make_room(now_us)
            known = Case(record["incident"], (), (), (), shots[0].t_us, 0)
        case = self._grown(known, shots)
        self._cases[case.incident] = case
        return case

    def early(self, record: Mapping[str, Any], now_us: int) -> tuple[str, ...]:
        """The readers that a provisional round is near. record : the body of an `early` row (gateway/incident.py)."""
        shot = Shot(record["e_m"], record["n_m"], record["t_us"], record["within_m"])
        is_now = -AHEAD_US <= now_us - shot.t_us <= EARLY_US
        return _in_reach(self._readers, (shot,), ()) if self._rules.soon and is_now and self._is_asked(record) else ()

    def is_open(self, incident: str, now_us: int) -> bool:
        """Whether it is recorded still."""
        case = self._cases.get(incident)
        return case is not None and now_us < case.until_us

    def until_us(self, incident: str) -> int:
        """Until when; 0 where nothing is known of it."""
        case = self._cases.get(incident)
        return 0 if case is None else case.until_us

    def _is_asked(self, record: Mapping[str, Any]) -> bool:
        p_gunshot = record.get("p_gunshot")
        return (
            not record.get("historic")
            and record.get("clips", True)  # policy's word, where it has one
            and record["grade"] <= self._rules.min_grade
            and (p_gunshot is None or p_gunshot >= self._rules.min_p_gunshot)
        )

    def _grown(self, known: Case, news: Sequence[Shot]) -> Case:
        shots = tuple(sorted({*known.shots, *news}, key=lambda shot: shot.t_us))[-1000:]
        first_us = shots[0].t_us - self._rules.before_us
        from_us = min(first_us, known.from_us) if known.shots else first_us
        until_us = min(shots[-1].t_us + self._rules.after_us, from_us + self._rules.longest_us)
        return replace(
            known,
            shots=shots,
            cameras=_in_reach(self._cameras, news, known.cameras, self._sees),
            readers=_in_reach(self._readers, news, known.readers),
            from_us=from_us,
            until_us=max(known.until_us, until_us),
        )

    def _make_room(self, now_us: int) -> None:
        for name in [name for name, case in self._cases.items() if case.until_us < now_us - FORGET_US]:
            del self._cases[name]
        while len(self._cases) >= MOST_CASES:
            first = min(self._cases.values(), key=lambda case: case.until_us)
            del self._cases[first.incident]
            self.let_go += now_us < first.until_us


def _shots(record: Mapping[str, Any]) -> list[Shot]:
    found = [
        Shot(each["e_m"], each["n_m"], each["t_us"], each["ellipse_95"]["major_m"])
        for each in record["rounds"]
        if not each.get("withdrawn")
    ]
    return sorted(found, key=lambda shot: shot.t_us)


def _in_reach(
    watchers: Iterable[Watcher], shots: Iterable[Shot], known: Sequence[str], sees: Sees = no_walls
) -> tuple[str, ...]:
    """Those known, and of each shot those that may see it: a part of its ellipse within their range and in their line
    of sight; where there is none, within their range."""
    found = list(known)
    for shot in shots:
        near = [each for each in watchers if _off_m(each, shot) <= each.range_m + shot.within_m]
        seeing = [each for each in near if sees(each, shot.places_m())]
        found += [each.name for each in seeing or near]
    return tuple(dict.fromkeys(found))


def _off_m(watcher: Watcher, shot: Shot) -> float:
    return math.hypot(watcher.xyz_m[0] - shot.e_m, watcher.xyz_m[1] - shot.n_m)
