"""From a street's unsorted arrivals to rounds: which arrivals belong together, decided as soon as it can be.

Sound that has come to one pole comes to another within the time that it takes between the two. So once it could have
come to every pole that may hear it (`Poles.lead_m`), and `settle_us` for what is late on the wire has gone by too,
nothing that belongs with an arrival is still to come: it is due, in the middle of a street sooner than at its ends.
Each arrival is once, AHEAD_US before it is due, taken as an early one of a shot, and what comes of that is kept. Each
time something is due, all arrivals at hand are explained together (`gateway/placing/select.py`), the rounds of which an
arrival is due are decided, and what is due and was not needed is let go. Order and duplicates of arrivals do not
matter, as long as they come before they are due.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dsp.air import Air
from dsp.placing.fix import NoFix
from dsp.placing.multilaterate import multilaterate
from gateway.incident import Arrival, Round, Unplaced
from gateway.placing.acoustics import Acoustics
from gateway.placing.candidates import Grid, Start
from gateway.placing.clutter import Clutter
from gateway.placing.echo import Earlier
from gateway.placing.evidence import NEAR, Bools, Evidence, Ints
from gateway.placing.poles import Place, Poles
from gateway.placing.refine import Found
from gateway.placing.select import Search
from gateway.placing.too_few import LOUD_DB, TooFew

DISPATCH_NODES, GOOD_NODES = 6, 5  # grades A and B (DESIGN section 4)
SILENCE = 0.8  # a pole that should have heard it with this probability and did not speaks against it
MOST_A_POLE = 40  # arrivals of one pole looked at together; of more, those least like a shot are let go
ABOUT, MOST_ABOUT = 32, 330  # poles about one, and arrivals of theirs together: what can be looked at as time passes
FEW_A_POLE = 6  # a pole that has no more keeps them
SUDDEN_PER_S = 2.5  # of a pole and of no round: more than the echoes of a burst
SUDDEN_NATS = -0.5  # what is no echo by what came before it at its pole
TOGETHER_US = 250_000  # arrivals that fall due within this are decided on together: settle_us has room for it
AHEAD_US = 150_000
NEVER_US = 2**62
REMEMBERED_US = 4_000_000  # how long a place that was fired from is looked at first


@dataclass(frozen=True, slots=True)
class Around:
    """What stands about, for whoever looks along. clutter_per_s : (P,) that each pole hears."""

    poles: Poles
    grid: Grid
    air: Air
    clutter_per_s: Sequence[float]


class Associator:
    """Takes arrivals one by one, gives rounds when they are certain.

    poles : every pole that is listening, by node, metres; None: those that arrivals have come from. acoustics :
    what is taken to be true of sound in streets. `air` may be renewed as the weather changes. n_let_go : arrivals that
    there was no room for.
    """

    def __init__(self, air: Air, poles: Mapping[str, Place] | None = None, acoustics: Acoustics | None = None) -> None:
        self._air, self._acoustics = air, acoustics or Acoustics()
        self._surveyed = poles is not None
        self.n_let_go = 0
        self._places: dict[str, Place] = dict(poles or {})
        self._survey()
        self._pending: dict[str, list[Arrival]] = {}  # in order of time; no pole that has none
        self._past: dict[Arrival, None] = {}  # decided, kept in order as long as an echo of them may come
        self._earlier: list[Earlier] = []
        self._kept: list[Start] = []  # what has settled so far, emission times in seconds of UTC
        self._clutter, self._too_few = Clutter(), TooFew()
        self._looked_us = -NEVER_US
        self.decided_us = -NEVER_US  # what fell due until then is decided
        self._due_us: int | None = NEVER_US  # when something falls due; None: not known

    @property
    def air(self) -> Air:
        """The air over the street, as it is taken to be."""
        return self._air

    @air.setter
    def air(self, air: Air) -> None:
        if air != self._air:
            self._air = air
            self._renew()

    def _survey(self) -> None:
        self._survey_is_old = False
        self._poles = Poles(self._places)
        self._lead_m = self._poles.lead_m(self._acoustics.hearing_m, NEAR)
        self._renew()

    def _renew(self) -> None:
        self._grid = Grid(self._poles, self._air, self._acoustics.nearest_m)
        self._due_us = None
        travel_us = np.round(self._lead_m / self._air.speed_mps * 1e6).astype(np.int64)
        self._wait_us = travel_us + self._acoustics.latest_us + self._acoustics.settle_us  # by the pole's number

    def around(self, now_us: int) -> Around:
        """As it is taken to be now."""
        if self._survey_is_old:
            self._survey()
        return Around(self._poles, self._grid, self._air, self._clutter.per_s(self._poles.names, now_us))

    def feed(self, arrival: Arrival) -> None:
        """One more arrival, in any order. Raises ValueError for a node that is not surveyed."""
        if arrival.node not in self._places:
            if self._surveyed:
                raise ValueError(f"node {arrival.node} is not surveyed")
            self._places[arrival.node] = arrival.xyz_m
            self._survey_is_old = True
        of_pole = self._pending.setdefault(arrival.node, [])
        at = bisect_left(of_pole, _in_time(arrival), key=_in_time)
        if of_pole[at : at + 1] == [arrival] or arrival in self._past:
            return
        of_pole.insert(at, arrival)
        if len(of_pole) > MOST_A_POLE:
            self._drop(of_pole)
        elif len(of_pole) > FEW_A_POLE:
            self._thin(arrival.node)
        self._due_us = None

    def _thin(self, node: str) -> None:
        """Where the poles about one have more pending than can be looked at in time, one of them lets go of its
        weakest: the pole that has most."""
        if self._survey_is_old:
            self._survey()
        names = self._poles.names
        about = [names[i] for i in self._poles.near_one(self._poles.xyz_m[self._poles.number[node]], ABOUT)]
        counts = [len(self._pending.get(each, ())) for each in about]
        if sum(counts) > MOST_ABOUT:
            self._drop(self._pending[about[counts.index(max(counts))]])

    def _drop(self, of_pole: list[Arrival]) -> None:
        weakest = min(of_pole, key=_strength)
        of_pole.remove(weakest)
        self.n_let_go += 1
        self._clutter.crowd(weakest, len(of_pole) / self.wait_us * 1e6)

    @property
    def wait_us(self) -> int:
        """Time after which nothing that belongs with an arrival is still to come."""
        if self._survey_is_old:
            self._survey()
        return int(self._wait_us.max(initial=0))

    def tick(self, now_us: int) -> list[Round | Unplaced]:
        """Every decision that is due at this time (int microseconds UTC).

        Each is made as it would have been the moment it fell due, however seldom time is told.
        """
        decisions: list[Round | Unplaced] = []
        while (due_us := self._first_due_us()) <= now_us:
            decisions += self._decide(due_us)
        return decisions

    def flush(self) -> list[Round | Unplaced]:
        """Nothing more will come: every decision that is left."""
        return self.tick(NEVER_US - 1)

    def _first_due_us(self) -> int:
        if self._survey_is_old:  # once for all poles that have come since, not at each
            self._survey()
        if self._due_us is None:
            firsts = [of_pole[0] for of_pole in self._pending.values()]
            at = [self._poles.number[first.node] for first in firsts]
            due_us = np.array([first.t_us for first in firsts], np.int64) + self._wait_us[np.array(at, np.int64)]
            self._due_us = int(due_us.min(initial=NEVER_US))
        return self._due_us

    def _decide(self, now_us: int) -> list[Round | Unplaced]:
        evidence, free = self._evidence(now_us)
        due_us, until_us = evidence.t_us + self._wait_us[evidence.pole], now_us + TOGETHER_US
        self.decided_us = max(self.decided_us, until_us)
        before = self._looked_us, self._kept
        found, unclaimed = self._explain(evidence, free, due_us, until_us)
        if found and self._is_denser(evidence, unclaimed & ~self._echoing(evidence, found)):
            self._looked_us, self._kept = before
            evidence, free = self._evidence(now_us)
            found, unclaimed = self._explain(evidence, free, due_us, until_us)
        due = [one for one in found if due_us[one.used].min() <= until_us]
        decisions = [self._round(evidence, one) for one in sorted(due, key=lambda one: one.emitted_s)]
        taken = _used_by(due, free)
        left = free & (due_us <= until_us) & ~taken
        for i in np.flatnonzero(left):
            self._clutter.hear(evidence.arrivals[i])
        self._let_go([evidence.arrivals[i] for i in np.flatnonzero(taken | left)], now_us)
        return [*decisions, *self._unplaced(evidence, left & unclaimed, unclaimed)]

    def _echoing(self, evidence: Evidence, found: Sequence[Found]) -> Bools:
        """(n,) what came to a pole as soon behind one of these rounds as its echoes do."""
        echoing = np.zeros(len(evidence.arrivals), bool)
        for used in np.concatenate([one.used for one in found]).tolist():
            behind_us = evidence.t_us - evidence.t_us[used]
            same = evidence.pole == evidence.pole[used]
            echoing |= same & (behind_us > 0) & (behind_us < self._acoustics.echo_us)
        return echoing

    def _is_denser(self, evidence: Evidence, unclaimed: Bools) -> bool:
        """Whether so much is left that no round explains that it had to be reckoned with: a flood that has just begun.
        From now on it is."""
        wait_s = self.wait_us / 1e6
        dense = False
        for pole in np.flatnonzero(np.bincount(evidence.pole[unclaimed]) > SUDDEN_PER_S * wait_s).tolist():
            left = [evidence.arrivals[i] for i in np.flatnonzero(unclaimed & (evidence.pole == pole))]
            dense |= self._clutter.crowd(left[-1], len(left) / wait_s)
        return dense

    def _explain(self, evidence: Evidence, free: Bools, due_us: Ints, until_us: int) -> tuple[list[Found], Bools]:
        """Rounds that explain the free arrivals, whatever begins with what has become due since the last look; and
        which (n,) no round lays claim to."""
        ahead_us, zero_us = until_us + AHEAD_US, evidence.zero_us
        kept = [Start(one.place_m, one.emitted_s - zero_us / 1e6) for one in self._kept]
        search = Search(evidence, self._grid, free, self._earlier)
        search.look((due_us > self._looked_us) & (due_us <= ahead_us) & free, kept)
        search.explain()
        if search.found:
            search.look((search.cost == 0) & (due_us <= ahead_us), [])
            search.explain()
        self._looked_us = max(self._looked_us, ahead_us)
        ahead = [one for one in (*search.found, *search.settled) if due_us[one.used].min() > until_us]
        self._kept = [Start(one.place_m, one.emitted_s + zero_us / 1e6) for one in ahead]
        return search.found, search.cost == 0

    def _evidence(self, now_us: int) -> tuple[Evidence, Bools]:
        """Evidence over what is pending and what an echo may follow; free is what is pending."""
        pending = [arrival for of_pole in self._pending.values() for arrival in of_pole if arrival.t_us <= now_us]
        clutter_per_s = self._clutter.per_s(self._poles.names, now_us)
        evidence = Evidence([*pending, *self._past], self._poles, self._air, self._acoustics, clutter_per_s)
        return evidence, np.array([arrival not in self._past for arrival in evidence.arrivals], bool)

    def _round(self, evidence: Evidence, found: Found) -> Round | Unplaced:
        arrivals = tuple(evidence.arrivals[i] for i in found.used)
        emitted_us = evidence.zero_us + round(found.emitted_s * 1e6)
        self._earlier.append(Earlier(found.place_m, emitted_us, arrivals, found.score, found.path))
        return placed(arrivals, int((found.silent > SILENCE).sum()), self._air, self._acoustics.hearing_m)

    def _let_go(self, decided: Iterable[Arrival], now_us: int) -> None:
        for arrival in decided:
            of_pole = self._pending[arrival.node]
            of_pole.remove(arrival)
            if not of_pole:
                del self._pending[arrival.node]
            self._past[arrival] = None
        first_us = min((of_pole[0].t_us for of_pole in self._pending.values()), default=NEVER_US)
        self._due_us = None
        after_us = min(first_us, now_us - self._acoustics.settle_us) - self._acoustics.echo_us
        self._past = {arrival: None for arrival in self._past if arrival.t_us > after_us}
        since_us = now_us - self.wait_us - REMEMBERED_US
        self._earlier = [past for past in self._earlier if past.emitted_us > since_us]

    def _unplaced(self, evidence: Evidence, left: Bools, unclaimed: Bools) -> list[Unplaced]:
        loud = evidence.snr_db >= LOUD_DB
        due, others = (
            sorted((evidence.arrivals[i] for i in np.flatnonzero(some & loud)), key=_in_time)
            for some in (left, unclaimed)
        )
        sudden = {evidence.arrivals[i] for i in np.flatnonzero(evidence.direct > SUDDEN_NATS)}
        return self._too_few.told(due, others, sudden, self._air, self._acoustics)


def placed(arrivals: tuple[Arrival, ...], n_against: int, air: Air, hearing_m: float) -> Round | Unplaced:
    """Where these were fired, and of what grade where so many poles contradict."""
    sigma_us = np.maximum([a.sigma_us for a in arrivals], 1)
    fix = multilaterate([a.xyz_m for a in arrivals], [a.t_us for a in arrivals], sigma_us, air, hearing_m)
    if isinstance(fix, NoFix):
        return Unplaced(fix.why, arrivals)
    return Round(fix, arrivals, _grade(len(arrivals) - len(fix.liars), n_against))


def _used_by(found: Sequence[Found], free: Bools) -> Bools:
    """(n,) whether any of these rounds rests on an arrival."""
    used = np.zeros_like(free)
    for one in found:
        used[one.used] = True
    return used


def _strength(arrival: Arrival) -> tuple[float, float, int]:
    """How much an arrival is like a shot's: what its node makes of it, then how loud it is."""
    p_gunshot = 0.5 if arrival.p_gunshot is None else arrival.p_gunshot
    return (p_gunshot, 0.0 if arrival.snr_db is None else arrival.snr_db, -arrival.t_us)


def _in_time(arrival: Arrival) -> tuple[float | str, ...]:
    """An order that leaves nothing to chance, whatever order arrivals came in."""
    told = (arrival.snr_db, arrival.level_db)
    return (arrival.t_us, arrival.node, arrival.sigma_us, *(-1e9 if one is None else one for one in told))


def _grade(n_nodes: int, n_against: int) -> str:
    """A: six or more agree and none contradicts; B: five; C: four (DESIGN section 4)."""
    if n_nodes >= DISPATCH_NODES and not n_against:
        return "A"
    return "B" if n_nodes >= GOOD_NODES else "C"
