"""Which round found is which round fired: one to one, as many pairs as can be, and of those the nearest.

The rule of notes/localisation.md, "Association": a round is found if it was placed within 15 m and 60 ms.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from dsp.placing.fix import CHI2_2DOF
from gateway.incident import Round
from simulators.street.pulses import Shot

WITHIN_M, WITHIN_US = 15.0, 60_000
FAR = 1e6  # costs more than any number of pairs that are near enough


@dataclass(frozen=True, slots=True)
class Matching:
    """pairs : (fired, placed) of each round found. missed : fired, not found. false : placed, not fired."""

    pairs: tuple[tuple[Shot, Round], ...]
    missed: tuple[Shot, ...]
    false: tuple[Round, ...]


def match(shots: Sequence[Shot], rounds: Sequence[Round]) -> Matching:
    """Pair what was fired with what was placed."""
    cost = np.array([[_cost(shot, placed) for placed in rounds] for shot in shots]).reshape(len(shots), len(rounds))
    pairs = {int(i): int(j) for i, j in zip(*linear_sum_assignment(cost), strict=True) if cost[i, j] < FAR}
    taken = set(pairs.values())
    return Matching(
        pairs=tuple((shots[i], rounds[j]) for i, j in pairs.items()),
        missed=tuple(shot for i, shot in enumerate(shots) if i not in pairs),
        false=tuple(placed for j, placed in enumerate(rounds) if j not in taken),
    )


def recall(matchings: Sequence[Matching]) -> float:
    """Share of what was fired that was found; nan where nothing was fired."""
    return _share(matchings, [len(each.missed) for each in matchings])


def precision(matchings: Sequence[Matching]) -> float:
    """Share of what was placed that was fired; nan where nothing was placed."""
    return _share(matchings, [len(each.false) for each in matchings])


def error_m(shot: Shot, placed: Round) -> float:
    """How far the fix is from where the round was fired, over ground."""
    return math.dist(shot.xyz_m[:2], placed.fix.xyz_m[:2])


def covered(shot: Shot, placed: Round, probability: float = 0.90) -> bool:
    """Whether the fix's ellipse of this probability (0.50, 0.90 or 0.95) holds the place where it was fired."""
    off_m = np.subtract(shot.xyz_m[:2], placed.fix.xyz_m[:2])
    return float(off_m @ np.linalg.solve(placed.fix.cov_m2, off_m)) <= CHI2_2DOF[probability]


def _cost(shot: Shot, placed: Round) -> float:
    near = error_m(shot, placed) <= WITHIN_M and abs(placed.fix.t_us - shot.t_us) <= WITHIN_US
    return error_m(shot, placed) if near else FAR


def _share(matchings: Sequence[Matching], n_wrong: Sequence[int]) -> float:
    n_right = sum(len(each.pairs) for each in matchings)
    n = n_right + sum(n_wrong)
    return n_right / n if n else math.nan
