"""How many of the shots are called where so many false calls are borne, and how surely that is known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SEED = 20261130
AGAIN = 200  # times that a share is drawn anew


@dataclass(frozen=True, slots=True)
class Marks:
    """What is gone by, of so many streets. others : of each street all that is no gunshot. shots : (streets, n). of :
    (n,) which test or clip each is of. n_a_street : false ones that are borne in a street's time."""

    others: tuple[Floats, ...]
    shots: Floats
    of: Ints
    n_a_street: float


@dataclass(frozen=True, slots=True)
class Recall:
    """share : of the shots that are called. false : calls of what is none, for each that is borne. drawn : the share,
    as often as it is drawn anew from streets and tests."""

    share: float
    false: float
    drawn: Floats


@dataclass(frozen=True, slots=True)
class Threshold:
    """What lies over it is called; of what lies on it, a share: so ties, of which there are many, are no matter."""

    over: float
    share: float

    def called(self, marks: Floats) -> Floats:
        """How much of each is called, 0 to 1."""
        return np.where(marks == self.over, self.share, (marks > self.over).astype(float))


def recall(marks: Marks, learnt: Marks) -> Recall:
    """By the threshold that lets as many false ones pass as are borne where it was learnt."""
    at = threshold(learnt.others, learnt.n_a_street)
    n_false = sum(float(at.called(each).sum()) for each in marks.others)
    rng, n, drawn = np.random.default_rng(SEED), len(marks.others), []
    for _ in range(AGAIN):
        streets = rng.integers(n, size=n)
        again = threshold([learnt.others[i] for i in streets], learnt.n_a_street)
        drawn.append(_mean(again.called(marks.shots[streets]).mean(axis=0), marks.of, rng))
    return Recall(float(at.called(marks.shots).mean()), n_false / (marks.n_a_street * n), np.array(drawn))


def threshold(others: Sequence[Floats], n_a_street: float) -> Threshold:
    """By which as many of these are called as are borne."""
    every, most = np.concatenate(others), int(n_a_street * len(others))
    if len(every) <= most:
        return Threshold(-np.inf, 1.0)
    over = float(np.partition(every, len(every) - most - 1)[len(every) - most - 1])
    return Threshold(over, (most - int((every > over).sum())) / int((every == over).sum()))


def _mean(each: Floats, of: Ints, rng: np.random.Generator) -> float:
    """Of what is known of each shot, tests or clips drawn anew."""
    n = int(of.max()) + 1
    weight = np.bincount(rng.integers(n, size=n), minlength=n)[of]
    return float(weight @ each / weight.sum())


def interval(drawn: Floats, sign: str = "") -> str:
    low, high = np.quantile(drawn, (0.025, 0.975))
    return f"({low:{sign}.2f} to {high:{sign}.2f})"
