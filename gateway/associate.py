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
from gateway.candidates import Grid
from gateway.evidence import Acoustics, Evidence, Place
from gateway.incident import Arrival, Round, Unplaced
from gateway.select import Earlier, Found, select

DISPATCH_NODES, GOOD_NODES = 6, 5  # grades A and B (DESIGN section 4)
SILENCE = 0.9  # a pole that should have heard it with this probability and did not speaks against it
MOST = 400  # arrivals looked at together; of more, the least likely direct ones are left out
LOUD_DB = 20.0  # SNR of arrivals that are worth a word even where they cannot be placed
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

    def tick(self, now_us: int) -> list[Round | Unplaced]:
        """Every decision that is due at this time (int microseconds UTC)."""
        due_us = now_us - self._wait_us()
        if all(arrival.t_us > due_us for arrival in self._pending):
            return []
        return self._decide(now_us, due_us)

    def flush(self) -> list[Round | Unplaced]:
        """Nothing more will come: every decision that is left."""
        decisions: list[Round | Unplaced] = []
        while self._pending:
            decisions += self.tick(min(arrival.t_us for arrival in self._pending) + self._wait_us())
        return decisions

    def _wait_us(self) -> int:
        """Time after which nothing that belongs with an arrival is still to come."""
        if not self._poles:
            return 0
        places = np.array(list(self._poles.values()), float)
        across_m = float(np.linalg.norm(np.ptp(places, axis=0)))
        travel_us = min(across_m, self._acoustics.hearing_m) / self._air.speed_mps * 1e6
        return round(travel_us) + self._acoustics.latest_us + self._acoustics.settle_us

    def _decide(self, now_us: int, due_us: int) -> list[Round | Unplaced]:
        here = sorted((a for a in self._pending if a.t_us <= now_us), key=lambda a: (a.t_us, a.node, a.sigma_us))
        evidence, free = self._evidence(here)
        if self._grid is None:
            self._grid = Grid(evidence.poles_m, self._air, self._acoustics.nearest_m, self._acoustics.hearing_m)
        found = select(evidence, self._grid, free, self._earlier)
        first_us = {id(one): min(evidence.arrivals[i].t_us for i in one.used) for one in found}
        due = [one for one in found if first_us[id(one)] <= due_us]
        taken = {evidence.arrivals[i] for one in due for i in one.used}
        decisions = [self._round(evidence, one) for one in sorted(due, key=lambda one: one.emitted_s)]
        left = [a for a in here if a.t_us <= due_us and a not in taken]
        claimed = {evidence.arrivals[i] for one in found for i in one.used}
        self._let_go(taken.union(left), due_us)
        return [*decisions, *self._heard_by_too_few([a for a in left if a not in claimed])]

    def _evidence(self, here: list[Arrival]) -> tuple[Evidence, np.ndarray]:
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

    def _heard_by_too_few(self, left: Sequence[Arrival]) -> list[Unplaced]:
        """Loud arrivals that no round needed, gathered where they could be of one shot, and why it has no place."""
        loud = [a for a in left if a.snr_db is not None and a.snr_db >= LOUD_DB and (a.p_gunshot or 1.0) >= 0.5]
        unplaced = []
        while loud:
            group = _one_a_pole(loud[0], loud, self._air)
            loud = [a for a in loud if a not in group]
            if len(group) == LEAST_NODES - 1:
                why = f"only {len(group)} poles heard it; {LEAST_NODES} are needed"
                unplaced.append(Unplaced(why, tuple(group)))
        return unplaced


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
