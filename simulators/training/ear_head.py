"""The head on the wide ear: what each of its answers is worth, learnt from what was recorded, and from renderings.

YAMNet takes a rendered blast for something else than a gun. Without renderings among its lessons the head would deny
the shots of every simulated street.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from simulators.training.examples import GUNSHOT, OTHER, RENDERED, UNKNOWN, Example
from simulators.training.net_lessons import kind_of

Floats = NDArray[np.float64]

RIDGE = 1.0
RENDERED_SHARE = 0.1  # of all
SCENE_SHARES = {f"{RENDERED} shot": 0.4, f"{RENDERED} near": 0.4, f"{RENDERED} clutter": 0.2}
LIVE_SHARE = 0.1  # of the gunshots: what the ear is asked about comes from near
LEAST_SPREAD = 1e-3
MOST_STEPS = 80


def head_scores(learnt: Sequence[Example], asked: Sequence[Example]) -> Floats:
    """(len(asked),) log odds by a head that learnt from others; nan without a wide ear."""
    if not all(len(each.heard) for each in (*learnt, *asked)):
        return np.full(len(asked), np.nan)
    head = fit_head(learnt)
    return np.asarray(np.stack([each.heard for each in asked]) @ head[:-1] + head[-1], float)


def fit_head(examples: Sequence[Example]) -> Floats:
    """(answers + 1,) what each answer is worth, and what is added: logistic regression with a ridge, of those that are
    known; gunshots and others count alike, a group of others by the root of how many clips it has."""
    known = [each for each in examples if each.truth != UNKNOWN and not each.again]
    x, truth, weight = (
        np.stack([e.heard for e in known]).astype(float),
        np.array([e.truth for e in known]),
        _weight(known),
    )
    real = x[[not each.made for each in known]]
    middle, spread = real.mean(axis=0), real.std(axis=0) + LEAST_SPREAD
    x = (x - middle) / spread

    def surprise(head: Floats) -> tuple[float, Floats]:
        log_odds = x @ head[:-1] + head[-1]
        off = weight * (1 / (1 + np.exp(-log_odds.clip(-60, 60))) - truth)
        loss = float(weight @ (np.logaddexp(0, log_odds) - truth * log_odds)) + RIDGE * float(head[:-1] @ head[:-1])
        return loss, np.append(x.T @ off + 2 * RIDGE * head[:-1], off.sum())

    start = np.zeros(x.shape[1] + 1)
    found = optimize.minimize(surprise, start, jac=True, method="L-BFGS-B", options={"maxiter": MOST_STEPS}).x
    worth = found[:-1] / spread
    return np.append(worth, found[-1] - worth @ middle)


def _weight(known: Sequence[Example]) -> Floats:
    kinds, groups = np.array([kind_of(each) for each in known]), np.array([each.group for each in known])
    folds = np.array([each.fold for each in known])
    truths, weight = np.array([each.truth for each in known]), np.zeros(len(known))
    for kind, share in (("clip", 1 - LIVE_SHARE), ("live", LIVE_SHARE)):
        some = (kinds == kind) & (folds != RENDERED)
        weight[some] = share / max(int(some.sum()), 1)
    for group in np.unique(groups[truths == OTHER]):
        some = (groups == group) & (truths == OTHER)
        weight[some] = np.sqrt(len({e.name for e, one in zip(known, some, strict=True) if one})) / some.sum()
    weight[folds == RENDERED] = 0
    for truth in (GUNSHOT, OTHER):
        weight[truths == truth] *= (1 - RENDERED_SHARE) / 2 / max(float(weight[truths == truth].sum()), 1e-12)
    for group, share in SCENE_SHARES.items():
        weight[groups == group] = RENDERED_SHARE * share / max(int((groups == group).sum()), 1)
    return weight
