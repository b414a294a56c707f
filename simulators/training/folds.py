"""Leave one out: what the model says of each onset when it has heard nothing from the same fold.

For every fold a model is trained on all else, rendered scenes included, and scores the fold's own recordings. The
calibration that a fold's scores get is fitted to the left-out scores of all other folds. So nothing here was tuned on
what it is scored on, except for the recipe itself and the features, which were chosen by people who saw such figures.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from dsp.hearing.trees import Model
from simulators.recordings.parallel import in_turn
from simulators.recordings.progress import watched
from simulators.training.boosting import Recipe, boost
from simulators.training.examples import RENDERED, UNKNOWN, Example

Floats = NDArray[np.float64]

RECIPE = Recipe()
RECORDED_WEIGHT, NEAR_WEIGHT = 10.0, 2.0  # of an example that was recorded, of a near shot, against others made
LEAST_SLOPE = 1e-3


@dataclass(frozen=True, slots=True)
class Judged:
    """An example that was recorded, and the probability that a model which never heard its fold gives it: at the last
    look, at the first one, and with the wide ear, where there is one."""

    example: Example
    p: float
    first: float = math.nan
    with_ear: float = math.nan


@dataclass(frozen=True, slots=True)
class Table:
    """What trees learn, (n, d), (n,) 0 or 1 and (n,); and what they are then asked, (m, d)."""

    rows: Floats
    truth: Floats
    weight: Floats
    heard: Floats


def left_out(examples: Sequence[Example], by: str = "fold") -> list[Judged]:
    """Every recorded example judged, in order of folds. by : the attribute that names what is left out together."""
    names = sorted({getattr(example, by) for example in examples if not example.made})
    lessons = [_lesson(examples, by, name) for name in names]
    scores = list(watched(in_turn(tree_scores, lessons), len(lessons), f"leaving out one {by} after the other"))
    own = [[e for e in examples if not e.made and getattr(e, by) == name] for name in names]
    judged = []
    for turn in range(len(names)):
        others = [index for index in range(len(names)) if index != turn]
        slope, offset = calibrate(
            np.concatenate([scores[index] for index in others]),
            np.array([example.lesson for index in others for example in own[index]]),
        )
        p = special.expit(slope * scores[turn] + offset)
        judged += [Judged(example, float(each)) for example, each in zip(own[turn], p, strict=True)]
    return judged


def train(examples: Sequence[Example]) -> Model:
    """The model of all examples, calibrated on left-out scores."""
    names = sorted({example.fold for example in examples if not example.made})
    lessons = [_lesson(examples, "fold", name) for name in names]
    scores = list(watched(in_turn(tree_scores, lessons), len(lessons), "calibrating"))
    truth = np.array([e.lesson for name in names for e in examples if not e.made and e.fold == name])
    slope, offset = calibrate(np.concatenate(scores), truth)
    known = [example for example in examples if example.lesson != UNKNOWN]
    bias, trees = boost(*table(known), RECIPE)
    return Model(round(bias, 5), slope, offset, trees)


def calibrate(score: Floats, truth: NDArray[np.int64]) -> tuple[float, float]:
    """Slope and offset of the log odds that make known onsets likeliest (Platt's line; from general knowledge).

    score, truth : (n,); where truth is UNKNOWN it does not count.
    """
    score, truth = score[truth != UNKNOWN], truth[truth != UNKNOWN]

    def surprise(line: Floats) -> float:
        log_odds = line[0] * score + line[1]
        return float(np.sum(np.logaddexp(0, log_odds) - truth * log_odds))

    found = optimize.minimize(surprise, [1.0, 0.0], method="L-BFGS-B", bounds=[(LEAST_SLOPE, None), (None, None)])
    return round(float(found.x[0]), 5), round(float(found.x[1]), 5)


def _lesson(examples: Sequence[Example], by: str, name: str) -> Table:
    rest = [e for e in examples if getattr(e, by) != name and e.lesson != UNKNOWN]
    own = [e.row for e in examples if getattr(e, by) == name and not e.made]
    return Table(*table(rest), np.stack(own))


def tree_scores(lesson: Table, recipe: Recipe = RECIPE) -> Floats:
    """(n,) log odds of what is heard, by trees that learnt the rest."""
    bias, trees = boost(lesson.rows, lesson.truth, lesson.weight, recipe)
    model = Model(bias, 1.0, 0.0, trees)
    return np.array([model.score(row) for row in lesson.heard])


def table(examples: Sequence[Example]) -> tuple[Floats, Floats, Floats]:
    """rows (n, d), truth (n,), weight (n,)."""
    return (
        np.stack([e.row for e in examples]),
        np.array([e.truth for e in examples], float),
        np.array([_weight(e) for e in examples]),
    )


def _weight(example: Example) -> float:
    if not example.made:
        return RECORDED_WEIGHT
    return NEAR_WEIGHT if example.group == f"{RENDERED} near" else 1.0
