"""Arrivals at rest through the association, as if they came one after the other in the street.

Time passes up to each arrival before it is fed, so what an associator holds is what a street holds, however long the
file: no more is let go for want of room than would be live, and that is counted. Poles so far from all others that no
shot is heard by both are districts of their own, one after the other: cost and memory follow the largest, not the sum.
`locate` and `replay` both come this way.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from dsp.air import Air
from dsp.placing.medium import Medium
from gateway.incident import Arrival, Round, Unplaced
from gateway.judging.judge import Judge
from gateway.placing.acoustics import Acoustics
from gateway.placing.associate import Associator
from gateway.placing.line_of_fire import Cracks
from gateway.placing.poles import Place, districts
from gateway.upkeep.ledger import Ledger
from gateway.upkeep.watch import Watch

Decision = Round | Unplaced
Key = tuple[int, int, str, str]


class Batch:
    """poles : every pole that listens, by node. air : the air over them; with `learn` each district learns its own from
    there, shot by shot, as a gateway does (`gateway/upkeep/watch.py`).

    n_let_go : arrivals so far that an associator had no room for.
    """

    def __init__(self, air: Air, poles: Mapping[str, Place], learn: bool = False) -> None:
        self._air, self._poles, self._learn = air, poles, learn
        self._medium: dict[int, Medium] = {}  # what is known of the air of each district by now
        self._district = districts(poles, 2 * Acoustics().hearing_m)
        self.n_districts = len(set(self._district.values()))
        self.n_let_go = 0

    def key(self, arrival: Arrival) -> Key:
        """By which arrivals are to be sorted: district, time, then the rest of what they say, so that no order in which
        they were given matters. KeyError for a node that is not one of the poles."""
        return self._district[arrival.node], *in_time(arrival)

    def decide(self, arrivals: Iterable[Arrival]) -> Iterator[Decision]:
        """The decisions on arrivals that come in the order of `key`; of each district in the order of becoming due.

        Where it learns, the whole file is gone through twice, and the first shots have the good of the last.
        """
        if self._learn:
            for _ in self._pass(arrivals):
                pass
            self.n_let_go = 0
        yield from self._pass(arrivals)

    def _pass(self, arrivals: Iterable[Arrival]) -> Iterator[Decision]:
        for district, heard in groupby(arrivals, key=lambda arrival: self._district[arrival.node]):
            poles = {node: place for node, place in self._poles.items() if self._district[node] == district}
            medium = self._medium.get(district) or Medium(self._air)
            associator = Associator(medium.air(0), poles)
            watch = Watch(associator.air, medium, Ledger(poles)) if self._learn else None
            judge, cracks = Judge(), Cracks()
            for decision in _in_turn(heard, associator, cracks, watch):
                air = associator.air
                yield judge.feed(cracks.aimed(decision, air), air) if isinstance(decision, Round) else decision
            self.n_let_go += associator.n_let_go
            if watch:
                self._medium[district] = Medium(watch.air, path_sigma_us=medium.path_us)


def _in_turn(
    arrivals: Iterable[Arrival], associator: Associator, cracks: Cracks, watch: Watch | None
) -> Iterator[Decision]:
    """One district's decisions."""
    for arrival in arrivals:
        now_us = arrival.t_us - 1  # what comes in the same microsecond still belongs
        for decision in associator.tick(now_us):
            yield decision
            if watch and isinstance(decision, Round):
                watch.feed(decision, now_us)
        if watch:
            watch.tick((), now_us)
            associator.air = watch.air
        associator.feed(arrival)
        cracks.feed(arrival)
    yield from associator.flush()


def in_time(arrival: Arrival) -> tuple[int, str, str]:
    """An order of time; where two came at once the rest of what they say decides."""
    return arrival.t_us, arrival.node, repr(arrival)


def happened_us(decision: Decision) -> int:
    """When it was fired; of what could not be placed, when it was first heard."""
    return decision.fix.t_us if isinstance(decision, Round) else min(arrival.t_us for arrival in decision.arrivals)
