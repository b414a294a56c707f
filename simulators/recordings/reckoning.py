"""How well rounds were placed, in figures: against a survey that tells where and how many, and perhaps when.

Where times are known, `simulators/street/verdict.py` says which is which. Where not, a round that lies within
WITHIN_M of a firing position is one of those fired there, the nearest first, as many as were fired; every other one
that is called a gunshot, surplus ones close by included, is false.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from dsp.placing.fix import CHI2_2DOF
from gateway.incident import Round
from simulators.recordings.recording import Recording, Truth
from simulators.street.verdict import WITHIN_M, is_gunshot, judge

EastNorth = tuple[float, float]
FOUND, FALSE, OTHER = "found", "false", "other"


@dataclass(frozen=True, slots=True)
class Reckoning:
    """n_fired : rounds in truth. found : (error in metres, where it was placed) of each round found within WITHIN_M.

    n_false : rounds placed that were never fired. n_other : placed, and rightly said to be no gunshot.
    n_inside : of the found, how many have where they were fired inside their 90 % ellipse (Judged.is_inside).
    n_exact, n_tests : recordings whose count of rounds came out right, of how many.
    """

    n_fired: int
    found: tuple[tuple[float, EastNorth], ...]
    n_false: int
    n_other: int
    n_exact: int
    n_inside: int = 0
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


@dataclass(frozen=True, slots=True)
class Judged:
    """A round that was placed, beside the truth. verdict : FOUND, FALSE or OTHER. truth_m : where it was fired, where
    it was found; else the nearest place where something was. error_m : how far that is."""

    placed: Round
    verdict: str
    truth_m: EastNorth
    error_m: float
    survey_m: float = 0.0

    @property
    def is_inside(self) -> bool:
        """Whether where it was fired lies within its 90 % ellipse, widened by the survey's own error."""
        off_m = np.subtract(self.truth_m, self.placed.fix.xyz_m[:2])
        cov_m2 = self.placed.fix.cov_m2 + self.survey_m**2 * np.eye(2)
        return bool(off_m @ np.linalg.solve(cov_m2, off_m) <= CHI2_2DOF[0.90])


def judged(recording: Recording, rounds: Sequence[Round]) -> list[Judged]:
    """What each round is, in the order given; nothing where nobody knows what was fired."""
    if not recording.truths:
        return []
    timed = all(len(truth.t_us) == truth.n_rounds for truth in recording.truths)
    match = _by_time(recording.truths, rounds) if timed else _by_place(recording.truths, rounds)
    places = [truth.xyz_m[:2] for truth in recording.truths]
    told = []
    for number, placed in enumerate(rounds):
        at_m = placed.fix.xyz_m[:2]
        truth_m = match.get(number) or min(places, key=partial(math.dist, at_m))
        verdict = FOUND if number in match else FALSE if is_gunshot(placed) else OTHER
        told.append(Judged(placed, verdict, truth_m, math.dist(truth_m, at_m), recording.survey_m))
    return told


def reckon(recording: Recording, rounds: Sequence[Round]) -> Reckoning | None:
    """None where nobody knows what was fired."""
    if not recording.truths:
        return None
    n_fired = sum(truth.n_rounds for truth in recording.truths)
    told = judged(recording, rounds)
    found = [each for each in told if each.verdict == FOUND]
    n_false = sum(each.verdict == FALSE for each in told)
    return Reckoning(
        n_fired=n_fired,
        found=tuple((each.error_m, each.placed.fix.xyz_m[:2]) for each in found),
        n_false=n_false,
        n_other=len(told) - len(found) - n_false,
        n_exact=int(len(found) == n_fired and not n_false),
        n_inside=sum(each.is_inside for each in found),
    )


def together(reckonings: Sequence[Reckoning]) -> Reckoning:
    """Several recordings as one."""
    return Reckoning(
        n_fired=sum(each.n_fired for each in reckonings),
        found=tuple(found for each in reckonings for found in each.found),
        n_false=sum(each.n_false for each in reckonings),
        n_other=sum(each.n_other for each in reckonings),
        n_exact=sum(each.n_exact for each in reckonings),
        n_inside=sum(each.n_inside for each in reckonings),
        n_tests=sum(each.n_tests for each in reckonings),
    )


def _by_time(truths: Sequence[Truth], rounds: Sequence[Round]) -> dict[int, EastNorth]:
    """Number of each round that was found -> where it was fired."""
    pairs = judge(truths, rounds).placed
    return {next(i for i, each in enumerate(rounds) if each is placed): shot.xyz_m[:2] for shot, placed in pairs}


def _by_place(truths: Sequence[Truth], rounds: Sequence[Round]) -> dict[int, EastNorth]:
    """The same where only the number of rounds fired at each place is known."""
    pairs = sorted(
        (math.dist(truth.xyz_m[:2], placed.fix.xyz_m[:2]), i, j)
        for i, truth in enumerate(truths)
        for j, placed in enumerate(rounds)
    )
    left, found = [truth.n_rounds for truth in truths], dict[int, EastNorth]()
    for error, i, j in pairs:
        if error <= WITHIN_M and left[i] and j not in found:
            left[i] -= 1
            found[j] = truths[i].xyz_m[:2]
    return found
