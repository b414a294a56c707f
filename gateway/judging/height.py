"""Whether a placed sound was made on the ground or well above it, as rockets burst. Pure.

A fix takes a sound to be made where people walk (dsp/placing/consensus.py). What bursts above a street comes late to
the poles under it, and to no others. So the arrivals are fitted twice, on the ground and with the height free, each
with its emission time projected out, under Student's t with DOF about paths that streets bend by ROUGH_S:

    minimise  sum_i (DOF + 1) / 2 ln(1 + r_i^2 / (DOF v_i)),   v_i = sigma_i^2 + ROUGH_S^2

by reweighted Gauss-Newton steps. What the free height gains, in nats, is what speaks for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.air import Air, travel_s
from gateway.incident import Round

Floats = NDArray[np.float64]

LEAST_POLES = 5  # four unknowns and one number over
BELOW_M = 5.0  # the ground under the poles' microphones (dsp/placing/grid_search.py, POLE_HEIGHT_M)
ROUGH_S = 0.005  # between a plain street's and a rough one's spread (dsp/placing/consensus.py); chosen
DOF = 3.0
STARTS_M = (15.0, 45.0, 90.0, 160.0)  # above the poles
STEPS, STEP_M = 12, 60.0
LOW_M, HIGHEST_M = 50.0, 400.0  # above the poles: hillsides and windows are lower (of the live fire's rounds 1 in 129
# from sound and none of 144 from pulses seems so high, 15 seem 38 to 47 m, on a slope), and rockets go no higher
LEAST_NATS = 4.0  # chosen


@dataclass(frozen=True, slots=True)
class Aloft:
    """above_m : over the poles. nats : what speaks for it against the ground."""

    above_m: float
    nats: float


def aloft(shot: Round, air: Air) -> Aloft | None:
    """None where it was made on the ground, or nobody can tell."""
    if len(shot.arrivals) < LEAST_POLES:
        return None
    poles_m = np.array([each.xyz_m for each in shot.arrivals])
    first_us = min(each.t_us for each in shot.arrivals)
    t_s = np.array([each.t_us - first_us for each in shot.arrivals]) / 1e6
    variance = np.array([each.sigma_us / 1e6 for each in shot.arrivals]) ** 2 + ROUGH_S**2
    mean_m = float(poles_m[:, 2].mean())
    places_m = [(*shot.fix.xyz_m[:2], mean_m - BELOW_M), (*poles_m[:, :2].mean(axis=0), mean_m - BELOW_M)]
    ground, _ = _best(places_m, poles_m, t_s, variance, air, np.array([1.0, 1.0, 0.0]))
    starts_m = [(*place[:2], mean_m + above_m) for place in places_m for above_m in STARTS_M]
    free, place_m = _best(starts_m, poles_m, t_s, variance, air, np.ones(3))
    above_m, nats = float(place_m[2]) - mean_m, ground - free
    return Aloft(above_m, nats) if nats >= LEAST_NATS and LOW_M <= above_m <= HIGHEST_M else None


def _best(
    starts_m: Sequence[Sequence[float]], poles_m: Floats, t_s: Floats, variance: Floats, air: Air, free: Floats
) -> tuple[float, Floats]:
    """The least of what is minimised, from all starts, and where. free : (3,) 1 for what may move."""
    place = np.array(starts_m, float)
    for step in range(STEPS + 1):
        path = poles_m - place[:, None]
        weight = 1 / variance
        left = t_s - travel_s(air, path)
        for _ in range(2):  # the emission time, reweighted
            late = left - ((weight * left).sum(axis=-1) / np.broadcast_to(weight, left.shape).sum(axis=-1))[:, None]
            weight = (DOF + 1) / (DOF * variance + late**2)
        if step == STEPS:
            break
        slope = path / np.maximum(np.linalg.norm(path, axis=-1, keepdims=True), 0.1) / air.speed_mps * free
        share = weight / weight.sum(axis=-1, keepdims=True)
        slope = slope - np.einsum("kn,knd->kd", share, slope)[:, None]
        normal = np.einsum("kn,kni,knj->kij", weight, slope, slope) + np.diag(1e-3 + 1e9 * (1 - free))
        move = np.linalg.solve(normal, -np.einsum("kn,kni->ki", weight * late, slope)[..., None])[..., 0]
        length = np.linalg.norm(move, axis=-1, keepdims=True)
        place = place + move * np.minimum(1, STEP_M / np.maximum(length, 1e-9))
    nats = (DOF + 1) / 2 * np.log1p(late**2 / (DOF * variance)).sum(axis=-1)
    best = int(np.argmin(nats))
    return float(nats[best]), place[best]
