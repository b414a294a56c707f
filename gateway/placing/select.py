"""Which shots explain a batch of arrivals: places and emission times, each arrival serving one round at most.

The search starts at the candidates of the grid, and lets each settle (`gateway/placing/refine.py`). Then sources are
chosen greedily, and a source is a PLACE with all the rounds fired from it: several rounds of one gun explain each
other, whereas a mixture of one round's arrivals at some poles and the next round's at others seldom lines up twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.distance import cdist

from dsp.placing.lateness import Path, several, weights
from gateway.placing.candidates import Grid, Start
from gateway.placing.echo import ELSEWHERE_M, Earlier, echoes
from gateway.placing.evidence import LEAST_POLES, Bools, Evidence, Floats, Ints, Weighed
from gateway.placing.refine import Found, found_at, settle

SEEDS = 8  # best settled candidates whose places are looked at for several rounds
POOL = 100  # settled candidates that are kept from one look to the next
SAME_PLACE_M = 10.0
ONE_SOURCE_M = 40.0  # a round that settles farther from its source's place keeps the source's place
FAR_S, FAR_NATS = (0.020, 0.100), 4.0  # so early or late, as seen from a round: its own; what it costs another one
GUN = 2  # rounds from one place that are no echoes, as those of an image would be: a gun stands there
FIRM_S = 0.005  # an arrival that lies so close to its round is not given up to another
PILE_S = (0.010, 0.030)  # arrivals this much before and after one that were emitted together, seen from a place


@dataclass(frozen=True, slots=True)
class _Place:
    """A place that rounds may have been fired from. least : total that a source there must reach. credit : what it has
    to its credit. path : how its arrivals are taken to be late."""

    place_m: Floats
    path: Path
    least: float
    credit: float = 0.0

    @property
    def key(self) -> tuple[bytes, Path]:
        return self.place_m.tobytes(), self.path


@dataclass(frozen=True, slots=True)
class _Tries:
    """Rounds tried: number of the place of each (k,), its emission time (k,) s, and what it weighs."""

    at: Ints
    times_s: Floats
    weighed: Weighed


class Search:
    """One batch. free : (n,) arrivals that no round has yet. earlier : rounds decided in batches before."""

    def __init__(self, evidence: Evidence, grid: Grid, free: Bools, earlier: Sequence[Earlier]) -> None:
        self.evidence, self.acoustics = evidence, evidence.acoustics
        self.cost = np.where(free, 0.0, np.inf)
        self.found: list[Found] = []
        self.settled: list[Found] = []
        self._grid = grid
        self._earlier = list(earlier)
        for past in earlier:
            self._claim_far(past)
        self._near: dict[bytes, Ints] = {}
        self._looked: dict[tuple[bytes, Path], tuple[float, list[Found]]] = {}

    def look(self, first: Bools, kept: Sequence[Start]) -> None:
        """Let candidates settle: those with one of `first` (n,), and those kept from an earlier look."""
        self._keep(settle(self.evidence, self.cost, [*self._grid.starts(self.evidence, self.cost, first), *kept]))

    def explain(self) -> None:
        """Choose sources, the best first, until none explains enough."""
        while rounds := self._best_source():
            before = self.cost.copy()
            for found in sorted(rounds, key=lambda one: self._is_echo(self.as_earlier(one))):
                self._take(found)
            changed = self.cost != before
            if not changed.any():
                return
            torn = [found for found in self.settled if changed[found.used].any()]
            self.settled = [found for found in self.settled if not changed[found.used].any()]
            self._keep(settle(self.evidence, self.cost, [Start(found.place_m, found.emitted_s) for found in torn]))

    def _keep(self, more: list[Found]) -> None:
        self.settled = sorted([*self.settled, *more], key=lambda found: -found.score)[:POOL]

    def _best_source(self) -> list[Found]:
        """The rounds of the place that explains most, best round first; none where no place explains enough."""
        places = self._places()
        self._look_at(places)
        best: tuple[float, list[Found]] = (0.0, [])
        for place in places:
            rounds = self._looked[place.key][1]
            total = sum(found.score for found in rounds)
            if total >= place.least and total + place.credit > best[0]:
                best = (total + place.credit, rounds)
        return best[1]

    def _take(self, found: Found) -> None:
        """Let a round settle by itself near its source's place, and give it its arrivals. Echoes take theirs along."""
        settled = settle(self.evidence, self.cost, [Start(found.place_m, found.emitted_s)])
        own = max(settled, key=lambda one: one.score, default=found)
        if np.linalg.norm(own.place_m[:2] - found.place_m[:2]) > ONE_SOURCE_M:
            own = found
        if not np.isfinite(self.cost[own.used]).all():
            return
        self._rob(own.used)
        one = self.as_earlier(own)
        if self._is_echo(one):
            self.cost[own.used] = np.inf
            return
        self.cost[own.used] = _price(own)
        self._claim_far(one)
        self.found.append(own)
        self._earlier.append(one)

    def _is_echo(self, one: Earlier) -> bool:
        """Whether it follows an earlier round as an echo would, and comes from where no gun is known to stand."""
        if not self._earlier:
            return False
        apart_m = cdist(one.place_m[None, :2], [past.place_m[:2] for past in self._earlier])[0]
        if (apart_m < ELSEWHERE_M).sum() >= GUN:
            return False
        heard = (self._earlier[i] for i in np.flatnonzero(apart_m <= 2 * self.acoustics.hearing_m).tolist())
        return any(echoes(one, past, self.acoustics, self.evidence.air) for past in heard)

    def _claim_far(self, round_: Earlier) -> None:
        """Price the free arrivals that came of a round by poles too far from it to be asked: nobody else's."""
        evidence, (early_s, late_s) = self.evidence, FAR_S
        far = (self.cost == 0) & evidence.too_far(round_.place_m)
        if not far.any():
            return
        late = evidence.emitted_s(round_.place_m, np.flatnonzero(far)) - (round_.emitted_us - evidence.zero_us) / 1e6
        self.cost[np.flatnonzero(far)[(late > -early_s) & (late < late_s)]] = FAR_NATS

    def _rob(self, taken: Ints) -> None:
        """Take arrivals from the rounds that have them; a round that keeps too few is none."""
        for i, found in enumerate(self.found):
            stays = ~np.isin(found.used, taken)
            if not stays.all():
                self.found[i] = replace(
                    found,
                    used=found.used[stays],
                    late_s=found.late_s[stays],
                    gain=found.gain[stays],
                    score=found.score - float(found.gain[~stays].sum()),
                )
        self.found = [found for found in self.found if len(found.used) >= LEAST_POLES]

    def _places(self) -> list[_Place]:
        """Places worth looking at: where rounds were fired before, and where the best candidates settled."""
        least, credit = self.acoustics.round_nats, self._credits()
        places = [
            _Place(past.place_m, past.path, least + self.evidence.chance_nats(past.place_m) / 2, has)
            for past, has in zip(self._earlier, credit, strict=True)
        ]
        for found in self.settled[:SEEDS]:
            least_new = self.acoustics.shot_nats + self.evidence.chance_nats(found.place_m)
            if found.score < least_new:
                continue
            at_m = [place.place_m[:2] for place in places]
            if not at_m or cdist(found.place_m[None, :2], at_m).min() > SAME_PLACE_M:
                places.append(_Place(found.place_m, found.path, least_new))
        return places

    def _credits(self) -> list[float]:
        """Of each earlier round, the scores of those that were fired from there: they speak for further ones."""
        at_m = np.array([past.place_m[:2] for past in self._earlier]).reshape(-1, 2)
        near = cdist(at_m, at_m) < ONE_SOURCE_M
        return [float(credit) for credit in near @ np.array([past.score for past in self._earlier])]

    def _look_at(self, places: Sequence[_Place]) -> None:
        """Find the rounds fired from each place, of those whose arrivals have changed since they were looked at."""
        stale: list[tuple[_Place, float]] = []
        times_s: list[Floats] = []
        for place in places:
            which = self._arrivals_near(place.place_m)
            mark = float(self.cost[which].sum()) + len(which)
            if self._looked.get(place.key, (None, []))[0] != mark:
                stale.append((place, mark))
                times_s.append(_piles(np.sort(self.evidence.emitted_s(place.place_m, which))))
        at = np.repeat(np.arange(len(stale)), [len(each) for each in times_s])
        tries = self._exact([place for place, _ in stale], at, np.concatenate([*times_s, np.zeros(0)]))
        for i, (place, mark) in enumerate(stale):
            self._looked[place.key] = mark, self._in_turn(place, tries, np.flatnonzero(tries.at == i))

    def _arrivals_near(self, place_m: Floats) -> Ints:
        """Numbers of the arrivals to be had of the poles near a place."""
        key = place_m.tobytes()
        if key not in self._near:
            self._near[key] = self.evidence.near(place_m)
        near = self._near[key]
        return np.asarray(near[np.isfinite(self.cost[near])])

    def _in_turn(self, place: _Place, tries: _Tries, rows: Ints) -> list[Found]:
        """Rounds fired from a place, no two nearer in time than a gun can fire, best first."""
        rounds: list[Found] = []
        cost, score, least = self.cost.copy(), tries.weighed.score, self.acoustics.round_nats
        for row in rows[np.argsort(-score[rows], kind="stable")].tolist():
            if score[row] < least:
                break
            at_s = float(tries.times_s[row])
            if all(abs(at_s - found.emitted_s) >= self.acoustics.apart_us / 1e6 for found in rounds):
                found = found_at(self.evidence, tries.weighed, row, place.place_m, at_s, float(score[row]), place.path)
                if (cost[found.used] != self.cost[found.used]).any():
                    again = self.evidence.weigh(place.place_m[None], tries.times_s[row : row + 1], cost, place.path)
                    once_more = float(again.score[0])
                    found = found_at(self.evidence, again, 0, place.place_m, at_s, once_more, place.path)
                if found.score >= least:
                    rounds.append(found)
                    cost[found.used] = _price(found)
        return rounds

    def _exact(self, places: Sequence[_Place], at: Ints, times_s: Floats) -> _Tries:
        """Emission times (k,) from places number `at` (k,) made exact, each once, and weighed."""
        places_m = np.array([place.place_m for place in places]).reshape(-1, 3)
        path = several([place.path for place in places])
        weighed = self.evidence.weigh(places_m[at], times_s, self.cost, path.of(at))
        sigma_s = self.evidence.sigma_s[weighed.match]
        weight = np.where(weighed.match >= 0, weights(weighed.late_s, sigma_s, path.of(at[:, None])), 0.0)
        times_s = times_s + (weight * weighed.late_s).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9)
        _, once = np.unique(np.stack([at, (times_s * 1e3).round()]), axis=1, return_index=True)
        times_s, at = times_s[once], at[once]
        return _Tries(at, times_s, self.evidence.weigh(places_m[at], times_s, self.cost, path.of(at)))

    def as_earlier(self, found: Found) -> Earlier:
        """The round as echoes and later rounds of it are told by."""
        arrivals = tuple(self.evidence.arrivals[i] for i in found.used)
        emitted_us = self.evidence.zero_us + round(found.emitted_s * 1e6)
        return Earlier(found.place_m, emitted_us, arrivals, found.score, found.path)


def _price(found: Found) -> Floats:
    """(m,) nats that each arrival of a round would cost another one."""
    return np.where(np.abs(found.late_s) < FIRM_S, np.inf, found.gain)


def _piles(emitted_s: Floats) -> Floats:
    """Times (m,) about which LEAST_POLES - 1 or more of the emission times (n,), in order, lie together: their medians,
    as what comes by chance just before a round lies in the same pile."""
    before_s, after_s = PILE_S
    low = np.searchsorted(emitted_s, emitted_s - before_s)
    high = np.searchsorted(emitted_s, emitted_s + after_s, side="right")
    count = high - low
    high_enough = np.flatnonzero(count >= LEAST_POLES - 1).tolist()
    tops = [i for i in high_enough if count[i] == count[low[i] : high[i]].max()]
    return np.unique((emitted_s[(low[tops] + high[tops] - 1) // 2] + emitted_s[(low[tops] + high[tops]) // 2]) / 2)
