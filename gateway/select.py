"""Which shots explain a batch of arrivals: places and emission times, each arrival serving one round at most.

The search starts at the candidates of the grid, and lets each settle: match arrivals, solve, match again, with less and
less blur. Then sources are chosen greedily, and a source is a PLACE with all the rounds fired from it: several rounds
of one gun explain each other, whereas a mixture of one round's arrivals at some poles and the next round's at others
seldom lines up twice. How closely a place is pinned down counts against it: among so many places and times as there
are, one that fits a few arrivals by chance is soon found (the Occam factor of Laplace's approximation).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dsp.multilaterate import descend
from dsp.path import PATH, Path, weights
from gateway.candidates import Grid, Start
from gateway.echo import Earlier, echoes
from gateway.evidence import LEAST_POLES, Bools, Evidence, Floats, Ints, Weighed

SHARPER = (1.0, 0.3, 0.1)  # blur of each settling in turn
STILL = 2  # settlings without blur
STREETS = (
    replace(PATH, bent_share=0.08),
    replace(PATH, straight_s=0.010, bent_share=0.0),
)  # sound comes straight, or is bent
REWEIGHTS, STEPS = 2, 4
MORE_NATS = 2.5  # what an arrival may gain once the blur is gone: about ln of blur over dsp/path.py's core
SEEDS = 8  # best settled candidates whose places are looked at for several rounds
POOL = 100  # settled candidates that are kept from one look to the next
SAME_PLACE_M = 10.0
ONE_SOURCE_M = 40.0  # a round that settles farther from its source's place keeps the source's place
PINNED = 0.25  # m2 s: places and times pinned down to this much (5 m, 5 m, 10 ms) cost nothing
SURE_NATS = (0.0, -8.0)  # most streets bend sound
FIRM_S = 0.005  # an arrival that lies so close to its round is not given up to another
VAGUE = 1e-6  # 1/m2: no place is vaguer than a kilometre
PILE_S = (0.010, 0.030)  # arrivals this much before and after one that were emitted together, seen from a place


@dataclass(frozen=True, slots=True)
class Found:
    """A round as the search sees it: place (3,) m, emission s after the batch's zero, score nats.

    used : (m,) numbers of the arrivals that it rests on. late_s : (m,) how late they are. gain : (m,) nats that each
    adds to the score. path : how its arrivals are taken to be late. silent : (K,) how surely
    each pole near that did not hear it should have.
    """

    place_m: Floats
    emitted_s: float
    score: float
    used: Ints
    late_s: Floats
    gain: Floats
    path: Path
    silent: Floats


class Search:
    """One batch. free : (n,) arrivals that no round has yet. earlier : rounds decided in batches before."""

    def __init__(self, evidence: Evidence, grid: Grid, free: Bools, earlier: Sequence[Earlier]) -> None:
        self.evidence, self.acoustics = evidence, evidence.acoustics
        self.cost = np.where(free, 0.0, np.inf)
        self.found: list[Found] = []
        self.settled: list[Found] = []
        self._grid = grid
        self._earlier = list(earlier)
        self._looked: dict[tuple[bytes, Path], tuple[float, list[Found]]] = {}

    def look(self, first: Bools, kept: Sequence[Start]) -> None:
        """Let candidates settle: those with one of `first` (n,), and those kept from an earlier look."""
        self._keep(self._settle([*self._grid.starts(self.evidence, self.cost, first), *kept]))

    def explain(self) -> None:
        """Choose sources, the best first, until none explains enough."""
        while rounds := self._best_source():
            before = self.cost.copy()
            for found in rounds:
                self._take(found)
            changed = self.cost != before
            if not changed.any():
                return
            torn = [found for found in self.settled if changed[found.used].any()]
            self.settled = [found for found in self.settled if not changed[found.used].any()]
            self._keep(self._settle([Start(found.place_m, found.emitted_s) for found in torn]))

    def _keep(self, more: list[Found]) -> None:
        self.settled = sorted([*self.settled, *more], key=lambda found: -found.score)[:POOL]

    def _best_source(self) -> list[Found]:
        """The rounds of the place that explains most, best round first; none where no place explains enough."""
        best: tuple[float, list[Found]] = (0.0, [])
        for place_m, path, least, credit in self._places():
            rounds = self._rounds_at(place_m, path)
            total = sum(found.score for found in rounds)
            if total >= least and total + credit > best[0]:
                best = (total + credit, rounds)
        return best[1]

    def _take(self, found: Found) -> None:
        """Let a round settle by itself near its source's place, and give it its arrivals. Echoes take theirs along."""
        own = max(self._settle([Start(found.place_m, found.emitted_s)]), key=lambda one: one.score, default=found)
        if np.linalg.norm(own.place_m[:2] - found.place_m[:2]) > ONE_SOURCE_M:
            own = found
        if not np.isfinite(self.cost[own.used]).all():
            return
        self._rob(own.used)
        one = self.as_earlier(own)
        if any(echoes(one, past, self.acoustics, self.evidence.air) for past in self._earlier):
            self.cost[own.used] = np.inf
            return
        self.cost[own.used] = _price(own)
        self.found.append(own)
        self._earlier.append(one)

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

    def _places(self) -> list[tuple[Floats, Path, float, float]]:
        """Places worth looking at, the least total that a source there must reach, and what it has to its credit."""
        places = [
            (past.place_m, past.path, self.acoustics.round_nats, self._credit(past.place_m)) for past in self._earlier
        ]
        for found in self.settled[:SEEDS]:
            if found.score < self.acoustics.shot_nats:
                continue
            if all(np.linalg.norm(found.place_m[:2] - place[:2]) > SAME_PLACE_M for place, _, _, _ in places):
                places.append((found.place_m, found.path, self.acoustics.shot_nats, 0.0))
        return places

    def _credit(self, place_m: Floats) -> float:
        """Scores of the rounds that were fired from here before: they speak for further ones."""
        near = (past for past in self._earlier if np.linalg.norm(past.place_m[:2] - place_m[:2]) < ONE_SOURCE_M)
        return sum(past.score for past in near)

    def _settle(self, starts: Sequence[Start]) -> list[Found]:
        """Match arrivals, solve, match again, ever sharper. Those that still score, each set of arrivals once."""
        if not starts:
            return []
        place, emitted = np.array([start.place_m for start in starts]), np.array([start.emitted_s for start in starts])
        blur_s = max(start.blur_s for start in starts)
        for sharper in SHARPER if blur_s else ():
            place, emitted, _ = self._step(place, emitted, PATH, blur_s * sharper)
        return [found for path in STREETS for found in self._still(place, emitted, path)]

    def _still(self, place: Floats, emitted: Floats, path: Path) -> list[Found]:
        """Settle without blur, in a street of this kind."""
        for _ in range(STILL):
            place, emitted, pinned = self._step(place, emitted, path)
        weighed = self.evidence.weigh(place, emitted, self.cost, path)
        score = weighed.score + np.log(np.minimum(pinned / PINNED, 1.0)) + SURE_NATS[path is STREETS[0]]
        good = np.flatnonzero(score >= self.acoustics.round_nats)
        return [self._one(weighed, int(i), place[i], float(emitted[i]), float(score[i]), path) for i in good]

    def _step(
        self, place_m: Floats, emitted_s: Floats, path: Path, blur_s: float = 0.0
    ) -> tuple[Floats, Floats, Floats]:
        """Match arrivals and solve: places (k', 3) and emission times (k',) of those that may still come to score, and
        how closely they are pinned down, m2 s (k',)."""
        weighed = self.evidence.weigh(place_m, emitted_s, self.cost, path, blur_s)
        keep = _promising(weighed, self.acoustics.round_nats, MORE_NATS if blur_s else 0.0)
        if not len(keep):
            return np.zeros((0, 3)), np.zeros(0), np.ones(0)
        return self._solve(weighed, keep, place_m, path, blur_s)

    def _one(self, weighed: Weighed, i: int, place_m: Floats, emitted_s: float, score: float, path: Path) -> Found:
        there = weighed.match[i] >= 0
        silent = self.evidence.expected_to_hear(place_m, weighed, i)[~there]
        return Found(
            place_m,
            emitted_s,
            score,
            weighed.match[i][there],
            weighed.late_s[i][there],
            weighed.gain[i][there],
            path,
            silent,
        )

    def _solve(
        self, weighed: Weighed, keep: Ints, place_m: Floats, path: Path, blur_s: float
    ) -> tuple[Floats, Floats, Floats]:
        """Places (k, 3) and emission times (k,) that fit the matched arrivals best, and how closely, in m2 s (k,)."""
        evidence, match = self.evidence, weighed.match[keep]
        there, poles_m = match >= 0, evidence.poles.xyz_m[weighed.poles[keep]]
        sigma_s = np.hypot(evidence.sigma_s[match], blur_s)
        late_s, place = weighed.late_s[keep], place_m[keep]
        for _ in range(REWEIGHTS):
            weight = np.where(there, weights(late_s, sigma_s, path), 0.0)
            descent = descend(poles_m, evidence.t_s[match], weight, evidence.air, place, STEPS)
            place, late_s = descent.place_m, descent.residuals_s
        area = np.linalg.det(np.linalg.inv(descent.normal + VAGUE * np.eye(3))[:, :2, :2])
        return place, descent.emitted_s, np.sqrt(np.maximum(area, 1e-12) / np.maximum(weight.sum(axis=1), 1.0))

    def _rounds_at(self, place_m: Floats, path: Path) -> list[Found]:
        """Rounds fired from one place, no two nearer in time than a gun can fire, best first."""
        which = self.evidence.near(place_m, self.cost)
        mark = float(self.cost[which].sum()) + len(which)
        known = self._looked.get((place_m.tobytes(), path))
        if known is None or known[0] != mark:
            known = (mark, self._look_at(place_m, which, path))
            self._looked[place_m.tobytes(), path] = known
        return known[1]

    def _look_at(self, place_m: Floats, which: Ints, path: Path) -> list[Found]:
        times_s = _piles(np.sort(self.evidence.emitted_s(place_m, which)))
        if not len(times_s):
            return []
        times_s, weighed = self._exact(np.repeat(place_m[None], len(times_s), axis=0), times_s, path)
        rounds: list[Found] = []
        cost = self.cost.copy()
        for i in np.argsort(-weighed.score, kind="stable"):
            if weighed.score[i] < self.acoustics.round_nats:
                break
            if all(abs(times_s[i] - found.emitted_s) >= self.acoustics.apart_us / 1e6 for found in rounds):
                found = self._one(weighed, int(i), place_m, float(times_s[i]), float(weighed.score[i]), path)
                if (cost[found.used] != self.cost[found.used]).any():
                    again = self.evidence.weigh(place_m[None], times_s[i : i + 1], cost, path)
                    found = self._one(again, 0, place_m, float(times_s[i]), float(again.score[0]), path)
                if found.score >= self.acoustics.round_nats:
                    rounds.append(found)
                    cost[found.used] = _price(found)
        return rounds

    def _exact(self, place_m: Floats, times_s: Floats, path: Path) -> tuple[Floats, Weighed]:
        """Emission times (k,) from places (k, 3) made exact, each once, and weighed."""
        for _ in range(2):
            weighed = self.evidence.weigh(place_m, times_s, self.cost, path)
            sigma_s = self.evidence.sigma_s[weighed.match]
            weight = np.where(weighed.match >= 0, weights(weighed.late_s, sigma_s, path), 0.0)
            times_s = times_s + (weight * weighed.late_s).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9)
            _, once = np.unique(times_s.round(3), return_index=True)
            times_s, place_m = times_s[once], place_m[once]
        return times_s, self.evidence.weigh(place_m, times_s, self.cost, path)

    def as_earlier(self, found: Found) -> Earlier:
        """The round as echoes and later rounds of it are told by."""
        arrivals = tuple(self.evidence.arrivals[i] for i in found.used)
        emitted_us = self.evidence.zero_us + round(found.emitted_s * 1e6)
        return Earlier(found.place_m, emitted_us, arrivals, found.score, found.path)


def _price(found: Found) -> Floats:
    """(m,) nats that each arrival of a round would cost another one."""
    return np.where(np.abs(found.late_s) < FIRM_S, np.inf, found.gain)


def _promising(weighed: Weighed, least: float, more: float) -> Ints:
    """Hypotheses that may come to score `least` if each arrival may gain `more`, each set of arrivals once."""
    scoring = np.flatnonzero(weighed.score + more * (weighed.match >= 0).sum(axis=1) >= least)
    _, first = np.unique(np.sort(weighed.match[scoring], axis=1), axis=0, return_index=True)
    return np.asarray(scoring[np.sort(first)])


def _piles(emitted_s: Floats) -> Floats:
    """Times (m,) about which LEAST_POLES - 1 or more of the emission times (n,), in order, lie together."""
    before_s, after_s = PILE_S
    low = np.searchsorted(emitted_s, emitted_s - before_s)
    high = np.searchsorted(emitted_s, emitted_s + after_s, side="right")
    count = high - low
    pile = [i for i in range(len(count)) if count[i] >= LEAST_POLES - 1 and count[i] == count[low[i] : high[i]].max()]
    return np.asarray(emitted_s[pile])
