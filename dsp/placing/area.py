"""Whereabouts a sound was made that too few heard for a fix: every place that explains the times, with its weight.

Three times are just enough for a place and a moment, if nothing else were unknown; but two places may fit alike, a
street bends what it passes on, and nothing is left over to check the answer by. So no place is told, but where it may
have been. Cells CELL_M wide, those within reach of all who heard it, are weighed by how likely the times are had it
been there,

    w(cell) = sum over j, prod over i of f(t_i - tau_i - (t_j - tau_j))

with f of `dsp/placing/lateness.py`: each arrival in turn is taken as the one that came straight. The ellipse told is
that of the weights' mean and covariance, widened until it holds HELD of the weight: of places drawn about three poles
it held 95 in 100 where sound is bent as on the live fire, 93 where a fifth comes up to a tenth of a second late.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dsp.air import Air, travel_s
from dsp.placing.fix import CHI2_2DOF
from dsp.placing.lateness import log_density

Floats = NDArray[np.float64]

CELL_M = 10.0
BLUR = 1 / 600  # s a metre of cell: one sigma of what its size does to times, as gateway/placing/candidates.py has it
BELOW_M = 5.0  # cells lie this far below the mean microphone: near the ground
ALIKE_S = 0.100  # a place explains the times where they agree this well on when it was made: how late the live fire's
# latest are (notes/localisation.md)
HELD = 0.95


@dataclass(frozen=True, slots=True)
class Area:
    """t_us : when it was made, about, microseconds UTC. en_m : the middle, metres east and north. cov_m2 : (2, 2); the
    ellipse that `dsp.placing.fix.ellipse` makes of it holds 95 % of what is likely."""

    t_us: int
    en_m: tuple[float, float]
    cov_m2: Floats


def area(
    xyz_m: ArrayLike, t_us: ArrayLike, sigma_us: ArrayLike, air: Air, nearest_m: float, farthest_m: float
) -> Area | None:
    """Where it may have been made; None where no place within reach explains the times.

    xyz_m : (n, 3) m, who heard it. t_us, sigma_us : (n,) when, and one sigma of that. nearest_m : the nearest of them
    is no farther from it, farthest_m : nor is any.
    """
    poles_m, times_us = np.asarray(xyz_m, float), np.asarray(t_us, np.int64)
    middle_m, first_us = poles_m.mean(axis=0), int(times_us.min())
    cells_m = _cells(poles_m - middle_m, nearest_m, farthest_m)
    emitted_s = (times_us - first_us) / 1e6 - travel_s(air, poles_m - middle_m - cells_m[:, None])
    alike = np.ptp(emitted_s, axis=1) <= ALIKE_S + 2 * CELL_M * BLUR
    cells_m, emitted_s = cells_m[alike], emitted_s[alike]
    if not len(cells_m):
        return None
    late_s = emitted_s[:, None, :] - emitted_s[:, :, None]
    sigma_s = np.hypot(np.asarray(sigma_us, float) / 1e6, CELL_M * BLUR)
    nats = log_density(late_s, sigma_s).sum(axis=2)
    weight = np.exp(nats - nats.max())
    of_cell = weight.sum(axis=1) / weight.sum()
    en_m, cov_m2 = _ellipse(cells_m[:, :2], of_cell)
    made_s = float((weight * emitted_s).sum() / weight.sum())
    east_m, north_m = (en_m + middle_m[:2]).tolist()
    return Area(first_us + round(made_s * 1e6), (east_m, north_m), cov_m2)


def _cells(poles_m: Floats, nearest_m: float, farthest_m: float) -> Floats:
    """(C, 3) m, those within reach of all."""
    reach_m = nearest_m + float(np.abs(poles_m[:, :2]).max())
    axis = np.arange(-reach_m, reach_m + CELL_M, CELL_M)
    flat_m = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    away_m = np.linalg.norm(flat_m[:, None] - poles_m[:, :2], axis=2)
    within = (away_m.min(axis=1) <= nearest_m) & (away_m.max(axis=1) <= farthest_m)
    return np.column_stack([flat_m[within], np.full(int(within.sum()), -BELOW_M)])


def _ellipse(cells_m: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Mean (2,) m, and covariance (2, 2) m2 of which the 95 % ellipse holds HELD of the weight."""
    mean_m = weight @ cells_m
    off_m = cells_m - mean_m
    cov_m2 = (weight[:, None] * off_m).T @ off_m + np.eye(2) * CELL_M**2 / 12
    squared = np.einsum("ci,ij,cj->c", off_m, np.linalg.inv(cov_m2), off_m)
    inside = np.argsort(squared)
    last = inside[min(int(np.searchsorted(np.cumsum(weight[inside]), HELD)), len(inside) - 1)]
    return mean_m, np.asarray(cov_m2 * max(squared[last], 1.0) / CHI2_2DOF[0.95])
