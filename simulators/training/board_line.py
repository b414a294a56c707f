"""The board's line: fitted, judged where it never heard the part, and in integers (dsp/fixed/gunshot.py).

A logistic line over numbers and their squares, with a penalty on its weights. Gunshots and others count alike, as where
the nets learn, but live fire and rendered scenes for more: the line is stiffer, and with these shares knew more of the
live fire at the same area under the curve of the clips. Its log odds are then stretched and shifted (folds.calibrate's
line, weighed by jury.fairly) as left-out scores want it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from dsp.fixed.gunshot import MOST, ONE, permille_of
from simulators.training.clips import POSITIONS
from simulators.training.examples import RENDERED, UNKNOWN, Example
from simulators.training.folds import Judged
from simulators.training.jury import fairly, fit_line, part_of
from simulators.training.net_lessons import kind_of, weights

Floats = NDArray[np.float64]

PENALTY = 100.0
LIVE_SHARE, RENDERED_SHARE = 0.6, 0.25  # of what gunshots that were recorded count; of what all does


@dataclass(frozen=True, slots=True)
class Line:
    """middles, spreads : (d,), whole. weights, squares : (d,) log odds a spread."""

    middles: Floats
    spreads: Floats
    weights: Floats
    squares: Floats
    bias: float

    def score(self, rows: Floats) -> Floats:
        """(n,) log odds of (n, d) numbers."""
        near = _near(rows, self.middles, self.spreads)
        return np.asarray(near @ self.weights + near**2 @ self.squares + self.bias)

    def bent(self, slope: float, offset: float) -> "Line":
        """With log odds slope times as large, and offset more."""
        return Line(self.middles, self.spreads, slope * self.weights, slope * self.squares, slope * self.bias + offset)

    def whole(self) -> dict[str, object]:
        """The numbers of the file dsp/fixed/gunshot_line.py, by name."""
        middles, spreads = (tuple(int(each) for each in some) for some in (self.middles, self.spreads))
        lines = [tuple(round(float(each) * ONE) for each in some) for some in (self.weights, self.squares)]
        bias = round(self.bias * ONE)
        return {"middles": middles, "spreads": spreads, "weights": lines[0], "squares": lines[1], "bias": bias}


def fit(lessons: Sequence[Example]) -> Line:
    """Of what is known. Raises ValueError where there are not both kinds."""
    truth = np.array([each.truth for each in lessons], float)
    if not 0 < truth.sum() < len(truth):
        raise ValueError("nothing to learn: examples of both kinds are needed")
    rows = np.stack([each.row for each in lessons])
    middles, spreads = np.round(rows.mean(0)), np.maximum(np.round(rows.std(0)), 1)
    near = _near(rows, middles, spreads)
    table, weight = np.column_stack([near, near**2, np.ones(len(near))]), _weights(lessons)

    def surprise(line: Floats) -> tuple[float, Floats]:
        log_odds = table @ line
        cost = np.sum(weight * (np.logaddexp(0, log_odds) - truth * log_odds)) + PENALTY * np.sum(line[:-1] ** 2)
        grown = table.T @ (weight * (special.expit(log_odds) - truth))
        return float(cost), grown + 2 * PENALTY * np.append(line[:-1], 0)

    found = optimize.minimize(surprise, np.zeros(table.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    d = rows.shape[1]
    return Line(middles, spreads, found.x[:d], found.x[d : 2 * d], float(found.x[-1]))


def left_out(own: Sequence[Example], lessons: Sequence[Example]) -> tuple[Line, list[Judged], list[Judged]]:
    """The line of everything; every recorded onset judged by one that never heard its part; and the live fire by one
    that never heard any. own : what was recorded. lessons : own, if known, and what was made of it."""
    known = [each for each in lessons if each.truth != UNKNOWN]
    rows, parts = np.stack([each.row for each in own]), np.array([part_of(each.fold) for each in own])
    lines = {name: fit([each for each in known if part_of(each.fold) != name]) for name in sorted(set(parts))}
    scores = np.array([lines[part].score(row[None])[0] for part, row in zip(parts, rows, strict=True)])
    told = np.array([each.truth != UNKNOWN for each in own])
    p = np.zeros(len(own))
    for name, line in lines.items():
        here = parts == name
        p[here] = judged(rows[here], line.bent(*_bend(own, scores, told & ~here)))
    whole = fit(known).bent(*_bend(own, scores, told))
    judged_all = [Judged(each, float(value)) for each, value in zip(own, p, strict=True)]
    is_live = np.array([each.fold.startswith(POSITIONS) for each in own])
    if not is_live.any() or not (told & ~is_live).any():
        return whole, judged_all, []
    strange = fit([each for each in known if not each.fold.startswith(POSITIONS)])
    q = judged(rows[is_live], strange.bent(*_bend(own, scores, told & ~is_live)))
    live = [each for each, one in zip(own, is_live, strict=True) if one]
    return whole, judged_all, [Judged(each, float(value)) for each, value in zip(live, q, strict=True)]


def judged(rows: Floats, line: Line) -> Floats:
    """(n,) what a board says of (n, d) numbers, 0 to 1."""
    values = line.whole().values()
    return np.array([permille_of([int(x) for x in row], *values) / 1000 for row in rows])  # type: ignore[arg-type]


def _bend(own: Sequence[Example], scores: Floats, some: NDArray[np.bool_]) -> tuple[float, float]:
    truth = np.array([each.truth for each in own])
    slope, offset = fit_line(scores[some][:, None], truth[some], fairly(own, some)[some])
    return float(slope), float(offset)


def _near(rows: Floats, middles: Floats, spreads: Floats) -> Floats:
    return np.asarray(np.clip((rows - middles) / spreads, -MOST / ONE, MOST / ONE))


def _weights(lessons: Sequence[Example]) -> Floats:
    """(n,) 1 in the mean."""
    weight = weights(lessons)
    kinds, is_scene = np.array([kind_of(each) for each in lessons]), np.array([e.fold == RENDERED for e in lessons])
    shots = [(kinds == kind) & ~is_scene for kind in ("live", "clip")]
    both = float(weight[shots[0] | shots[1]].sum())
    for some, share in zip(shots, (LIVE_SHARE, 1 - LIVE_SHARE), strict=True):
        weight[some] *= share * both / max(float(weight[some].sum()), 1e-12)
    for some, share in ((is_scene, RENDERED_SHARE), (~is_scene, 1 - RENDERED_SHARE)):
        weight[some] *= share / max(float(weight[some].sum()), 1e-12)
    return np.asarray(weight / weight.mean())
