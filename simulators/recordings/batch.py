"""Arrivals at rest through the association, as if they came one after the other in the street.

Time passes up to each arrival before it is fed, so what an associator holds is what a street holds, however long the
file: no more is let go for want of room than would be live, and that is counted. Poles so far from all others that no
shot is heard by both are districts of their own, one after the other: cost and memory follow the largest, not the sum.
`locate` and `replay` both come this way.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby

from dsp.air import Air
from dsp.medium import Medium
from gateway.acoustics import Acoustics
from gateway.associate import Associator
from gateway.incident import Arrival, Round, Unplaced
from gateway.ledger import Ledger
from gateway.poles import Place, districts
from gateway.watch import Watch

Decision = Round | Unplaced
Key = tuple[int, int, str, str]


class Batch:
    """poles : every pole that listens, by node. air : the air over them; with `learn` it is where each district begins
    to learn its own from, shot by shot, as a gateway does (`gateway/watch.py`).

    n_let_go : arrivals so far that an associator had no room for.
    """

    def __init__(self, air: Air, poles: Mapping[str, Place], learn: bool = False) -> None:
        self._air, self._poles, self._learn = air, poles, learn
        self._district = districts(poles, 2 * Acoustics().hearing_m)
        self.n_districts = len(set(self._district.values()))
        self.n_let_go = 0

    def key(self, arrival: Arrival) -> Key:
        """By which arrivals are to be sorted: district, time, then the rest of what they say, so that no order in which
        they were given matters. KeyError for a node that is not one of the poles."""
        return self._district[arrival.node], *in_time(arrival)

    def decide(self, arrivals: Iterable[Arrival]) -> Iterator[Decision]:
        """The decisions on arrivals that come in the order of `key`; of each district in the order of becoming due."""
        for district, heard in groupby(arrivals, key=lambda arrival: self._district[arrival.node]):
            poles = {node: place for node, place in self._poles.items() if self._district[node] == district}
            yield from self._of_district(heard, poles)

    def _of_district(self, arrivals: Iterable[Arrival], poles: Mapping[str, Place]) -> Iterator[Decision]:
        associator = Associator(self._air, poles)
        learn = _learner(associator, poles) if self._learn else _learn_nothing
        for arrival in arrivals:
            now_us = arrival.t_us - 1  # what comes in the same microsecond still belongs
            decisions = associator.tick(now_us)
            learn(decisions, now_us)
            yield from decisions
            associator.feed(arrival)
        yield from associator.flush()
        self.n_let_go += associator.n_let_go


def in_time(arrival: Arrival) -> tuple[int, str, str]:
    """An order of time; where two came at once the rest of what they say decides."""
    return arrival.t_us, arrival.node, repr(arrival)


def happened_us(decision: Decision) -> int:
    """When it was fired; of what could not be placed, when it was first heard."""
    return decision.fix.t_us if isinstance(decision, Round) else min(arrival.t_us for arrival in decision.arrivals)


def _learner(associator: Associator, poles: Mapping[str, Place]) -> Callable[[Iterable[Decision], int], None]:
    watch = Watch(associator.air, Medium(associator.air), Ledger(poles))

    def learn(decisions: Iterable[Decision], now_us: int) -> None:
        for decision in decisions:
            if isinstance(decision, Round):
                watch.feed(decision, now_us)
        watch.tick((), now_us)
        associator.air = watch.air

    return learn


def _learn_nothing(_: Iterable[Decision], __: int) -> None:
    pass
