"""How well rounds were placed, in figures: against a survey that tells where and how many, and perhaps when.

Where times are known, `simulators/street/verdict.py` says which is which. Where not, a round that lies within
WITHIN_M of a firing position is one of those fired there, the nearest first, as many as were fired; every other one,
surplus ones close by included, is false.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gateway.incident import Round
from simulators.recordings.recording import Recording, Truth
from simulators.street.verdict import WITHIN_M, error_m, judge

EastNorth = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Reckoning:
    """n_fired : rounds in truth. found : (error in metres, where it was placed) of each round found within WITHIN_M.

    n_false : rounds placed that were never fired. n_other : placed, and rightly said to be no gunshot.
    n_exact, n_tests : recordings whose count of rounds came out right, of how many.
    """

    n_fired: int
    found: tuple[tuple[float, EastNorth], ...]
    n_false: int
    n_other: int
    n_exact: int
    n_tests: int = 1

    def within(self, limit_m: float) -> int:
        """Rounds found within so many metres."""
        return sum(error <= limit_m for error, _ in self.found)

    def error_m(self, percent: float) -> float:
        """This percentile of the errors of the rounds found; nan where none was."""
        return float(np.percentile([error for error, _ in self.found], percent)) if self.found else math.nan

    def repeat_m(self) -> float:
        """How far, in the median, fixes of one firing position lie from their own centre; nan for fewer than two."""
        if len(self.found) < 2:
            return math.nan
        places = np.array([en_m for _, en_m in self.found])
        return float(np.median(np.linalg.norm(places - places.mean(axis=0), axis=1)))


def reckon(recording: Recording, rounds: Sequence[Round]) -> Reckoning | None:
    """None where nobody knows what was fired."""
    if not recording.truths:
        return None
    n_fired = sum(truth.n_rounds for truth in recording.truths)
    if all(len(truth.t_us) == truth.n_rounds for truth in recording.truths):
        verdict = judge(recording.truths, rounds)
        found = tuple((error_m(shot, placed), placed.fix.xyz_m[:2]) for shot, placed in verdict.placed)
        n_false, n_other = len(verdict.false), len(verdict.others)
    else:
        found = tuple(_found(recording.truths, rounds))
        n_false, n_other = len(rounds) - len(found), 0
    return Reckoning(n_fired, found, n_false, n_other, int(len(found) == n_fired and not n_false))


def together(reckonings: Sequence[Reckoning]) -> Reckoning:
    """Several recordings as one."""
    return Reckoning(
        n_fired=sum(each.n_fired for each in reckonings),
        found=tuple(found for each in reckonings for found in each.found),
        n_false=sum(each.n_false for each in reckonings),
        n_other=sum(each.n_other for each in reckonings),
        n_exact=sum(each.n_exact for each in reckonings),
        n_tests=sum(each.n_tests for each in reckonings),
    )


def _found(truths: Sequence[Truth], rounds: Sequence[Round]) -> list[tuple[float, EastNorth]]:
    pairs = sorted(
        (math.dist(truth.xyz_m[:2], placed.fix.xyz_m[:2]), i, j)
        for i, truth in enumerate(truths)
        for j, placed in enumerate(rounds)
    )
    left, taken, found = [truth.n_rounds for truth in truths], set[int](), []
    for error, i, j in pairs:
        if error <= WITHIN_M and left[i] and j not in taken:
            left[i] -= 1
            taken.add(j)
            found.append((error, rounds[j].fix.xyz_m[:2]))
    return found
