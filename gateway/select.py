"""Which shots explain a batch of arrivals: places and emission times, each arrival serving one round at most.

The search starts at the candidates of the grid, and lets each settle: match arrivals, solve, match again. Then sources
are chosen greedily, and a source is a PLACE with all the rounds fired from it: several rounds of one gun explain each
other, whereas a mixture of one round's arrivals at some poles and the next round's at others seldom lines up twice. An
echo is told by what it follows: the same poles, later by less than `echo_us`, weaker by `echo_db`, elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dsp.multilaterate import descend
from gateway.candidates import BLUR_S, Grid
from gateway.evidence import LEAST_POLES, Bools, Evidence, Floats, Ints
from gateway.incident import Arrival

SETTLING = 6  # matches and solutions in turn; most are still after two
STEPS = 12
SEEDS = 40  # best settled candidates whose places are looked at for several rounds
SAME_PLACE_M = 10.0
ONE_SOURCE_M = 40.0  # a round that settles farther from its source's place keeps the source's place
ELSEWHERE_M = 15.0
AT_ONCE_M = 100.0  # two fixes nearer than this at the same instant are one shot seen twice


@dataclass(frozen=True, slots=True)
class Found:
    """A round as the search sees it: place (3,) m, emission s after the batch's zero, score nats, match (P,)."""

    place_m: Floats
    emitted_s: float
    score: float
    match: Ints

    @property
    def used(self) -> Ints:
        """Indices of the arrivals that it rests on."""
        return self.match[self.match >= 0]


@dataclass(frozen=True, slots=True)
class Earlier:
    """A round decided before: what an echo of it would follow, and where the next round may well be fired."""

    place_m: Floats
    emitted_us: int
    arrivals: tuple[Arrival, ...]
    score: float


def select(evidence: Evidence, grid: Grid, free: Bools, earlier: Sequence[Earlier]) -> list[Found]:
    """Rounds that explain the free arrivals (n,), best source first. `earlier`: rounds decided in batches before."""
    search = _Search(evidence, free, earlier)
    settled = search.settle_all(grid, free)
    while True:
        rounds = search.best_source(settled)
        if not rounds:
            return search.found
        search.take(rounds)
        settled = search.settle_again(settled)


def may_begin(evidence: Evidence, grid: Grid, free: Bools, first: Bools, earlier: Sequence[Earlier]) -> bool:
    """Whether any of the arrivals `first` (n,) could be the first of a round: a cheap look before `select`."""
    search = _Search(evidence, free, earlier)
    return search.any_with(first) or bool(search.settle_all(grid, first))


class _Search:
    def __init__(self, evidence: Evidence, free: Bools, earlier: Sequence[Earlier]) -> None:
        self.evidence, self.acoustics = evidence, evidence.acoustics
        self.free = free.copy()
        self.earlier = list(earlier)
        self.found: list[Found] = []

    def any_with(self, first: Bools) -> bool:
        """Whether a place that was fired from before has a round with one of these arrivals."""
        places = {past.place_m.tobytes(): past.place_m for past in self.earlier}.values()
        return any(first[found.used].any() for place_m in places for found in self._rounds_at(place_m))

    def settle_all(self, grid: Grid, first: Bools) -> list[Found]:
        """Every candidate that begins with one of `first` settled, each set of arrivals once, best first."""
        starts = list(grid.starts(self.evidence, self.free, first))
        return self._settle([place_m for place_m, _ in starts], [emitted_s for _, emitted_s in starts], BLUR_S)

    def settle_again(self, settled: list[Found]) -> list[Found]:
        """What is left of the settled candidates once some arrivals are taken."""
        whole = [found for found in settled if self.free[found.used].all()]
        torn = [found for found in settled if not self.free[found.used].all()]
        again = self._settle([found.place_m for found in torn], [found.emitted_s for found in torn])
        return sorted([*whole, *again], key=lambda found: -found.score)

    def best_source(self, settled: list[Found]) -> list[Found]:
        """The rounds of the place that explains most, best round first; none where no place explains enough."""
        best: tuple[float, list[Found]] = (0.0, [])
        for place_m, least, credit in self._places(settled):
            rounds = self._rounds_at(place_m)
            total = sum(found.score for found in rounds)
            if total >= least and total + credit > best[0]:
                best = (total + credit, rounds)
        return best[1]

    def take(self, rounds: list[Found]) -> None:
        """Let each round settle by itself near its source's place; take its arrivals, and keep it unless an echo."""
        for found in rounds:
            own = next(iter(self._settle([found.place_m], [found.emitted_s])), found)
            if np.linalg.norm(own.place_m[:2] - found.place_m[:2]) > ONE_SOURCE_M:
                own = found
            if not self.free[own.used].all():
                continue
            self.free[own.used] = False
            if not self._is_echo(own):
                self.found.append(own)
                self.earlier.append(self._as_earlier(own))

    def _places(self, settled: list[Found]) -> list[tuple[Floats, float, float]]:
        """Places worth looking at, the least total that a source there must reach, and what it has to its credit."""
        places = [(past.place_m, self.acoustics.round_nats, self._credit(past.place_m)) for past in self.earlier]
        for found in settled[:SEEDS]:
            if all(np.linalg.norm(found.place_m[:2] - place[:2]) > SAME_PLACE_M for place, _, _ in places):
                places.append((found.place_m, self.acoustics.shot_nats, 0.0))
        return places

    def _credit(self, place_m: Floats) -> float:
        """Scores of the rounds that were fired from here before: they speak for further ones."""
        near = (past for past in self.earlier if np.linalg.norm(past.place_m[:2] - place_m[:2]) < ONE_SOURCE_M)
        return sum(past.score for past in near)

    def _settle(self, places_m: list[Floats], emitted_s: list[float], blur_s: float = 0.0) -> list[Found]:
        """Match arrivals, solve, match again, until still. Those that still score, each set of arrivals once."""
        if not places_m:
            return []
        evidence, place, emitted = self.evidence, np.array(places_m), np.array(emitted_s)
        match: Ints | None = None
        for _ in range(SETTLING):
            weighed = evidence.weigh(place, emitted, self.free, blur_s)
            if match is not None and np.array_equal(match, weighed.match):
                break
            _, first = np.unique(weighed.match, axis=0, return_index=True)
            keep = np.sort(first[np.isfinite(weighed.score[first])])
            if not len(keep):
                return []
            match, blur_s = weighed.match[keep], 0.0
            place, emitted = self._solve(match, place[keep])
        weighed = evidence.weigh(place, emitted, self.free)
        good = np.flatnonzero(weighed.score >= self.acoustics.round_nats)
        good = good[np.argsort(-weighed.score[good], kind="stable")]
        return [Found(place[i], float(emitted[i]), float(weighed.score[i]), weighed.match[i]) for i in good]

    def _solve(self, match: Ints, start_m: Floats) -> tuple[Floats, Floats]:
        """Places (k, 3) and emission times (k,) that fit the matched arrivals (k, P) best."""
        evidence = self.evidence
        weight = np.where(match >= 0, evidence.sigma_s[match] ** -2, 0.0)
        poles_m = np.broadcast_to(evidence.poles_m, (*match.shape, 3))
        descent = descend(poles_m, evidence.t_s[match], weight, evidence.air, start_m, STEPS)
        return descent.place_m, descent.emitted_s

    def _rounds_at(self, place_m: Floats) -> list[Found]:
        """Rounds fired from one place, no two nearer in time than a gun can fire, best first."""
        evidence, least = self.evidence, self.acoustics.round_nats
        emitted = evidence.emitted_s(place_m)
        weighed = evidence.weigh(place_m, emitted[self.free], self.free)
        good = weighed.match[np.isfinite(weighed.score)]
        times = np.unique([np.median(emitted[match[match >= 0]]) for match in good])
        if not len(times):
            return []
        weighed = evidence.weigh(place_m, times, self.free)
        rounds: list[Found] = []
        taken = ~self.free
        for i in np.argsort(-weighed.score, kind="stable"):
            if any(abs(times[i] - found.emitted_s) < self.acoustics.apart_us / 1e6 for found in rounds):
                continue
            found = Found(place_m, float(times[i]), float(weighed.score[i]), weighed.match[i])
            if taken[found.used].any():
                again = evidence.weigh(place_m, times[i : i + 1], ~taken)
                found = Found(place_m, float(times[i]), float(again.score[0]), again.match[0])
            if found.score >= least:
                rounds.append(found)
                taken[found.used] = True
        return rounds

    def _as_earlier(self, found: Found) -> Earlier:
        arrivals = tuple(self.evidence.arrivals[i] for i in found.used)
        emitted_us = self.evidence.zero_us + round(found.emitted_s * 1e6)
        return Earlier(found.place_m, emitted_us, arrivals, found.score)

    def _is_echo(self, found: Found) -> bool:
        return any(_echoes(self._as_earlier(found), past, self.evidence) for past in self.earlier)


def _echoes(later: Earlier, first: Earlier, evidence: Evidence) -> bool:
    """Whether a round is the echo of another, or the same one seen twice."""
    acoustics = evidence.acoustics
    apart_m = float(np.linalg.norm(later.place_m[:2] - first.place_m[:2]))
    if abs(later.emitted_us - first.emitted_us) < acoustics.apart_us and apart_m < AT_ONCE_M:
        return True
    before = {arrival.node: arrival for arrival in first.arrivals}
    pairs = [(arrival, before[arrival.node]) for arrival in later.arrivals if arrival.node in before]
    if len(pairs) < LEAST_POLES // 2 or apart_m < ELSEWHERE_M:
        return False
    behind_us = float(np.median([arrival.t_us - earlier.t_us for arrival, earlier in pairs]))
    weaker_db = [
        earlier.level_db - arrival.level_db
        for arrival, earlier in pairs
        if arrival.level_db is not None and earlier.level_db is not None
    ]
    return bool(0 < behind_us < acoustics.echo_us and weaker_db and np.median(weaker_db) > acoustics.echo_db)
