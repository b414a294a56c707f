"""From a street's unsorted arrivals to rounds: which arrivals belong together, decided as soon as it can be.

A shot's direct arrivals come within the time that sound takes across the street of poles. So once that long, and
`settle_us` for what is late on the wire, have gone by since an arrival, nothing that belongs with it is still to come:
it is due. Each time something is due, all arrivals at hand are explained together (`gateway/select.py`), the rounds
whose first arrival is due are decided, and what is due and was not needed is let go. Order and duplicates of arrivals
do not matter, as long as they come before they are due.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from dsp.air import Air
from dsp.fix import NoFix
from dsp.multilaterate import LEAST_NODES, multilaterate
from gateway.acoustics import Acoustics
from gateway.candidates import Grid
from gateway.evidence import Bools, Evidence, Place
from gateway.incident import Arrival, Round, Unplaced
from gateway.select import Earlier, Found, may_begin, select

DISPATCH_NODES, GOOD_NODES = 6, 5  # grades A and B (DESIGN section 4)
SILENCE = 0.9  # a pole that should have heard it with this probability and did not speaks against it
MOST = 160  # arrivals looked at together; of more, the least likely direct ones are left out
LOUD_DB, LIKELY = 20.0, 0.5  # SNR and p_gunshot of arrivals that are worth a word where they cannot be placed
TOGETHER_US = 100_000  # arrivals that fall due within this are decided on together: settle_us has room for it
REMEMBERED_US = 10_000_000  # how long a place that was fired from is looked at first


class Associator:
    """Takes arrivals one by one, gives rounds when they are certain.

    poles : every pole that is listening, by node, metres; None: those that arrivals have come from. acoustics :
    what is taken to be true of sound in streets.
    """

    def __init__(self, air: Air, poles: Mapping[str, Place] | None = None, acoustics: Acoustics | None = None) -> None:
        self._air, self._acoustics = air, acoustics or Acoustics()
        self._surveyed = poles is not None
        self._poles: dict[str, Place] = dict(poles or {})
        self._grid: Grid | None = None
        self._pending: set[Arrival] = set()
        self._past: list[Arrival] = []  # decided, kept as long as an echo of them may come
        self._earlier: list[Earlier] = []

    def feed(self, arrival: Arrival) -> None:
        """One more arrival, in any order. Raises ValueError for a node that is not surveyed."""
        if arrival.node not in self._poles:
            if self._surveyed:
                raise ValueError(f"node {arrival.node} is not surveyed")
            self._poles[arrival.node] = arrival.xyz_m
            self._grid = None
        self._pending.add(arrival)

    @property
    def wait_us(self) -> int:
        """Time after which nothing that belongs with an arrival is still to come."""
        if not self._poles:
            return 0
        places = np.array(list(self._poles.values()), float)
        across_m = float(np.linalg.norm(np.ptp(places, axis=0)))
        travel_us = min(across_m, self._acoustics.hearing_m) / self._air.speed_mps * 1e6
        return round(travel_us) + self._acoustics.latest_us + self._acoustics.settle_us

    def tick(self, now_us: int) -> list[Round | Unplaced]:
        """Every decision that is due at this time (int microseconds UTC)."""
        due_us = now_us - self.wait_us
        if all(arrival.t_us > due_us for arrival in self._pending):
            return []
        return self._decide(now_us, due_us + TOGETHER_US)

    def flush(self) -> list[Round | Unplaced]:
        """Nothing more will come: every decision that is left."""
        decisions: list[Round | Unplaced] = []
        while self._pending:
            decisions += self.tick(min(arrival.t_us for arrival in self._pending) + self.wait_us)
        return decisions

    def _decide(self, now_us: int, due_us: int) -> list[Round | Unplaced]:
        here = sorted((a for a in self._pending if a.t_us <= now_us), key=_in_time)
        evidence, free = self._evidence(here)
        found = self._explain(evidence, free, due_us)
        due = [one for one in found if min(evidence.arrivals[i].t_us for i in one.used) <= due_us]
        taken = {evidence.arrivals[i] for one in due for i in one.used}
        decisions = [self._round(evidence, one) for one in sorted(due, key=lambda one: one.emitted_s)]
        left = [a for a in here if a.t_us <= due_us and a not in taken]
        claimed = {evidence.arrivals[i] for one in found for i in one.used}
        self._let_go(taken.union(left), due_us)
        return [*decisions, *self._heard_by_too_few(left, [a for a in here if a not in claimed])]

    def _explain(self, evidence: Evidence, free: Bools, due_us: int) -> list[Found]:
        """Rounds that explain the free arrivals; none, quickly, where no round can begin with one that is due."""
        if self._grid is None:
            self._grid = Grid(evidence.poles_m, self._air, self._acoustics.nearest_m, self._acoustics.hearing_m)
        first = np.array([a.t_us <= due_us for a in evidence.arrivals], bool) & free
        if not may_begin(evidence, self._grid, free, first, self._earlier):
            return []
        return select(evidence, self._grid, free, self._earlier)

    def _evidence(self, here: list[Arrival]) -> tuple[Evidence, Bools]:
        """Evidence over what is pending and what an echo may follow; free is what is pending."""
        pending = set(here)
        context = [a for a in self._past if a not in pending]
        evidence = Evidence([*here, *context], self._poles, self._air, self._acoustics)
        free = np.array([a in pending for a in evidence.arrivals], bool)
        if free.sum() > MOST:
            worst = np.argsort(np.where(free, evidence.direct, np.inf), kind="stable")
            free[worst[: free.sum() - MOST]] = False
        return evidence, free

    def _round(self, evidence: Evidence, found: Found) -> Round | Unplaced:
        arrivals = tuple(evidence.arrivals[i] for i in found.used)
        sigma_us = evidence.sigma_s[found.used] * 1e6
        fix = multilaterate([a.xyz_m for a in arrivals], [a.t_us for a in arrivals], sigma_us, self._air)
        if isinstance(fix, NoFix):
            return Unplaced(fix.why, arrivals)
        self._earlier.append(Earlier(np.array(fix.xyz_m), fix.t_us, arrivals, found.score))
        silent = evidence.expected_to_hear(found.place_m, found.match)[found.match < 0]
        return Round(fix, arrivals, _grade(len(arrivals), int((silent > SILENCE).sum())), _together(arrivals))

    def _let_go(self, decided: set[Arrival], due_us: int) -> None:
        echo_us = self._acoustics.echo_us
        self._pending -= decided
        self._past = [a for a in (*self._past, *decided) if a.t_us > due_us - echo_us]
        self._earlier = [past for past in self._earlier if past.emitted_us > due_us - REMEMBERED_US]

    def _heard_by_too_few(self, due: Sequence[Arrival], unclaimed: Sequence[Arrival]) -> list[Unplaced]:
        """Where three poles heard something loud together, beginning with what is due: why it has no place."""
        loud = [a for a in unclaimed if (a.snr_db or 0.0) >= LOUD_DB and (a.p_gunshot is None or a.p_gunshot >= LIKELY)]
        unplaced = []
        for first in due:
            group = _one_a_pole(first, loud, self._air) if first in loud else []
            if len(group) == LEAST_NODES - 1:
                why = f"only {len(group)} poles heard it; {LEAST_NODES} are needed"
                unplaced.append(Unplaced(why, tuple(group)))
                loud = [a for a in loud if a not in group]
        return unplaced


def _in_time(arrival: Arrival) -> tuple[float | str, ...]:
    """An order that leaves nothing to chance, whatever order arrivals came in."""
    told = (arrival.snr_db, arrival.level_db, arrival.p_gunshot)
    return (arrival.t_us, arrival.node, arrival.sigma_us, *(-1e9 if one is None else one for one in told))


def _one_a_pole(first: Arrival, others: Sequence[Arrival], air: Air) -> list[Arrival]:
    """The first arrival and, of each other pole, the first that the same sound could have caused."""
    group = {first.node: first}
    for other in others:
        apart_us = float(np.linalg.norm(np.subtract(other.xyz_m, first.xyz_m))) / air.speed_mps * 1e6
        if other.node not in group and 0 <= other.t_us - first.t_us <= apart_us:
            group[other.node] = other
    return list(group.values())


def _grade(n_nodes: int, n_against: int) -> str:
    """A: six or more agree and none contradicts; B: five; C: four (DESIGN section 4)."""
    if n_nodes >= DISPATCH_NODES and not n_against:
        return "A"
    return "B" if n_nodes >= GOOD_NODES else "C"


def _together(arrivals: Sequence[Arrival]) -> float | None:
    """What the nodes' probabilities come to: their median, None where no node told."""
    told = [a.p_gunshot for a in arrivals if a.p_gunshot is not None]
    return float(np.median(told)) if told else None
