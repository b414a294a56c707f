"""How a guess becomes a round: match arrivals, solve, match again, with less and less blur.

How closely a place is pinned down counts against it: among so many places and times as there are, one that fits a few
arrivals by chance is soon found (the Occam factor of Laplace's approximation). Whether a street lets sound come
straight, or bends it, nobody tells: each guess is settled in a street of either kind.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dsp.placing.lateness import PATH, Path, several, weights
from dsp.placing.multilaterate import descend
from gateway.placing.candidates import Start
from gateway.placing.evidence import Evidence, Floats, Ints, Weighed

SHARPER = (1.0, 0.2)  # blur of each settling in turn
STILL = 2  # settlings without blur
STRAIGHT, BENDING = (
    replace(PATH, bent_share=0.08),
    replace(PATH, straight_s=0.010, bent_share=0.0),
)
STREETS = (STRAIGHT, BENDING)
SURE_NATS = np.array([-8.0, 0.0])  # of each of the streets: most streets bend sound
KINDS, ANY = several((*STREETS, PATH)), len(STREETS)
REWEIGHTS, STEPS = 2, 1
MORE_NATS = 2.5  # what an arrival may gain once the blur is gone: about ln of blur over dsp/placing/lateness.py's core
PINNED = 0.25  # m2 s: places and times pinned down to this much (5 m, 5 m, 10 ms) cost nothing
VAGUE = 1e-6  # 1/m2: no place is vaguer than a kilometre


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


@dataclass(frozen=True, slots=True)
class _Guesses:
    """Places (k, 3) m, emission times (k,) s, kinds of street (k,), and how closely pinned down, m2 s (k,)."""

    place_m: Floats
    emitted_s: Floats
    kind: Ints
    pinned: Floats


def settle(evidence: Evidence, cost: Floats, starts: Sequence[Start]) -> list[Found]:
    """Rounds that the starts settle to and that score, each set of arrivals once a kind of street. cost : (n,) nats,
    see `Evidence.weigh`."""
    if not starts:
        return []
    place, emitted = np.array([start.place_m for start in starts]), np.array([start.emitted_s for start in starts])
    guesses = _Guesses(place, emitted, np.full(len(starts), ANY), np.ones(len(starts)))
    blur_s = max(start.blur_s for start in starts)
    for sharper in SHARPER if blur_s else ():
        guesses = _step(evidence, cost, guesses, blur_s * sharper)
    guesses = _in_each_street(guesses)
    for _ in range(STILL):
        guesses = _step(evidence, cost, guesses)
    return _that_score(evidence, cost, guesses)


def found_at(
    evidence: Evidence, weighed: Weighed, one: int, place_m: Floats, emitted_s: float, score: float, path: Path
) -> Found:
    """A hypothesis that was weighed, number `one` of them, as a round."""
    there = weighed.match[one] >= 0
    silent = evidence.expected_to_hear(place_m, emitted_s, weighed, one)[~there]
    used, late_s, gain = (each[one][there] for each in (weighed.match, weighed.late_s, weighed.gain))
    return Found(place_m, emitted_s, score, used, late_s, gain, path, silent)


def _in_each_street(guesses: _Guesses) -> _Guesses:
    n, k = len(STREETS), len(guesses.kind)
    place, emitted = np.tile(guesses.place_m, (n, 1)), np.tile(guesses.emitted_s, n)
    return _Guesses(place, emitted, np.repeat(np.arange(n), k), np.ones(n * k))


def _step(evidence: Evidence, cost: Floats, guesses: _Guesses, blur_s: float = 0.0) -> _Guesses:
    """Match arrivals and solve. What comes back may still come to score."""
    if not len(guesses.kind):
        return guesses
    weighed = evidence.weigh(guesses.place_m, guesses.emitted_s, cost, KINDS.of(guesses.kind), blur_s)
    more = MORE_NATS if blur_s else 0.0
    keep = _promising(weighed, guesses.kind, evidence.acoustics.round_nats, more)
    return _solve(evidence, weighed, guesses, keep, blur_s)


def _promising(weighed: Weighed, kind: Ints, least: float, more: float) -> Ints:
    """Hypotheses that may come to score `least` if each arrival may gain `more`, each set of arrivals once a kind."""
    scoring = np.flatnonzero(weighed.score + more * (weighed.match >= 0).sum(axis=1) >= least)
    sets = np.sort(weighed.match[scoring], axis=1)
    once = {(int(kind[i]), arrivals.tobytes()): i for i, arrivals in zip(scoring[::-1], sets[::-1], strict=True)}
    return np.array(sorted(once.values()), np.int64)


def _solve(evidence: Evidence, weighed: Weighed, guesses: _Guesses, keep: Ints, blur_s: float) -> _Guesses:
    """Places and emission times that fit the matched arrivals of those to keep best."""
    if not len(keep):
        return _Guesses(np.zeros((0, 3)), np.zeros(0), np.zeros(0, np.int64), np.ones(0))
    match, kind, place = weighed.match[keep], guesses.kind[keep], guesses.place_m[keep]
    there, poles_m = match >= 0, evidence.poles.xyz_m[weighed.poles[keep]]
    sigma_s = np.hypot(evidence.sigma_s[match], blur_s)
    late_s, path = weighed.late_s[keep], KINDS.of(kind[:, None])
    for _ in range(REWEIGHTS):
        weight = np.where(there, weights(late_s, sigma_s, path), 0.0)
        descent = descend(poles_m, evidence.t_s[match], weight, evidence.air, place, STEPS)
        place, late_s = descent.place_m, descent.residuals_s
    area = np.linalg.det(np.linalg.inv(descent.normal + VAGUE * np.eye(3))[:, :2, :2])
    pinned = np.sqrt(np.maximum(area, 1e-12) / np.maximum(weight.sum(axis=1), 1.0))
    return _Guesses(place, descent.emitted_s, kind, pinned)


def _that_score(evidence: Evidence, cost: Floats, guesses: _Guesses) -> list[Found]:
    if not len(guesses.kind):
        return []
    place, emitted, kind = guesses.place_m, guesses.emitted_s, guesses.kind
    weighed = evidence.weigh(place, emitted, cost, KINDS.of(kind))
    score = weighed.score + np.log(np.minimum(guesses.pinned / PINNED, 1.0)) + SURE_NATS[kind]
    good = np.flatnonzero(score >= evidence.acoustics.round_nats).tolist()
    return [
        found_at(evidence, weighed, i, place[i], float(emitted[i]), float(score[i]), STREETS[kind[i]]) for i in good
    ]
