"""Where a sound was made, from when it reached known places.

Theory. A sound made at x at time t0 reaches place i at t0 + tau_i(x), tau being distance over the speed of sound along
the path (wind included, `dsp/air.py`). The emission time is not of interest: for any x the best t0 is the weighted mean
of t_i - tau_i(x), so it is put in and drops out ("projected out"), and no place has to serve as the reference. What is
left is a least-squares problem in x, solved by Gauss-Newton steps held to a trust length:

    residual_i = (t_i - tau_i(x)) - mean_w(t - tau(x)),      minimise  sum_i (residual_i / sigma_i)^2 + prior(height)

Poles stand nearly in a plane, so the height of the source is hardly measured: it enters as a prior. Position is the
answer in two dimensions. Assumptions: straight paths, one air for all, independent errors.

Sigmas that were stated too small or too large are caught by the residuals: the covariance is scaled by
(n0 + chi2) / (n0 + dof - 2), n0 = PRIOR_DOF. That is the variance of the Student distribution which the position has
when a common factor of all variances is not known, but has a prior (scaled inverse chi-square round 1) that is worth
n0 measurements (from general knowledge of Bayesian statistics).

After the fit the answer is checked against physics: enough places, not on one line, one place and not two, near
enough to have been heard at all.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dsp.air import Air, travel_s
from dsp.fix import Fix, NoFix

Floats = NDArray[np.float64]

LEAST_NODES = 4
PRIOR_DOF = 4.0
POLE_HEIGHT_M = 5.0  # the source is taken to be this far below the median microphone...
HEIGHT_SIGMA_M = 10.0  # ...with this sigma: streets climb, and people fire from windows
STEP_M = 80.0  # longest step: about the spacing of poles, so that no step leaps over a minimum
TOLERANCE_M = 0.01
DAMPING = 1e-9  # 1/m2: keeps a step finite where poles on one line leave a direction open
MAX_STEPS = 40
FARTHEST_M = 3000.0  # no shot is heard beyond (the incumbent's pulses end below 800 m on the live fire)
ONE_LINE_M = 5.0  # poles whose spread across their best line is less stand on one line: left and right look the same
TWO_PLACES_CHI2 = 4.0  # a second minimum less than two sigma worse is as good as the first
TWO_PLACES_M = 25.0  # and farther than this it would send people to another address


@dataclass(frozen=True, slots=True)
class Descent:
    """Where Gauss-Newton came to rest in k problems: places (k, 3) m, emission times (k,) s, residuals (k, n) s,
    chi2 (k,), normal matrices (k, 3, 3)."""

    place_m: Floats
    emitted_s: Floats
    residuals_s: Floats
    chi2: Floats
    normal: Floats


def multilaterate(xyz_m: ArrayLike, t_us: ArrayLike, sigma_us: ArrayLike, air: Air) -> Fix | NoFix:
    """Place one sound.

    xyz_m : (n, 3) metres, places that heard it, each once. t_us : (n,) int microseconds UTC. sigma_us : (n,) or one
    number, one sigma of the whole timing error, path included, not just the clock's. Raises ValueError for shapes that
    do not fit or a sigma that is not positive; what cannot be placed comes back as NoFix.
    """
    xyz, t_s, sigma_s, first_us = _as_seconds(xyz_m, t_us, sigma_us)
    refusal = _why_not(xyz)
    if refusal:
        return NoFix(refusal)
    starts = _starts(xyz, t_s, sigma_s, air)
    k = len(starts)
    found = descend(np.tile(xyz, (k, 1, 1)), np.tile(t_s, (k, 1)), np.tile(sigma_s**-2, (k, 1)), air, starts)
    best = int(np.argmin(found.chi2))
    apart_m = np.linalg.norm(found.place_m[:, :2] - found.place_m[best, :2], axis=1)
    rivals = (found.chi2 - found.chi2[best] < TWO_PLACES_CHI2) & (apart_m > TWO_PLACES_M)
    if rivals.any():
        return NoFix(f"two places {apart_m[rivals].min():.0f} m apart fit the arrivals equally well")
    return _checked(xyz, sigma_s, found, best, first_us)


def descend(
    xyz_m: Floats, t_s: Floats, weight: Floats, air: Air, start_m: Floats, max_steps: int = MAX_STEPS
) -> Descent:
    """Gauss-Newton steps from k starts at once, each its own problem.

    xyz_m : (k, n, 3) m. t_s : (k, n) seconds from any common zero. weight : (k, n) one over variance in 1/s2; 0 for
    an arrival that is not there. start_m : (k, 2) or (k, 3) m, its height is not used.
    """
    there = weight > 0
    height_m = (xyz_m[..., 2] * there).sum(axis=1) / there.sum(axis=1) - POLE_HEIGHT_M
    place = np.column_stack([start_m[:, :2], height_m])
    for _ in range(max_steps):
        residual, slope, normal = _normal(xyz_m, t_s, weight, air, place)
        pull = np.einsum("knd,kn->kd", slope, weight * residual)
        pull[:, 2] += (place[:, 2] - height_m) / HEIGHT_SIGMA_M**2
        step = -np.linalg.solve(normal + DAMPING * np.eye(3), pull[..., None])[..., 0]
        length = np.linalg.norm(step, axis=1)
        place = place + step * np.minimum(1.0, STEP_M / np.maximum(length, 1e-12))[:, None]
        if not (length > TOLERANCE_M).any():
            break
    residual, _, normal = _normal(xyz_m, t_s, weight, air, place)
    emitted_s = (weight * (t_s - travel_s(air, xyz_m - place[:, None]))).sum(axis=1) / weight.sum(axis=1)
    chi2 = (weight * residual**2).sum(axis=1) + ((place[:, 2] - height_m) / HEIGHT_SIGMA_M) ** 2
    return Descent(place, emitted_s, residual, chi2, normal)


def _normal(xyz_m: Floats, t_s: Floats, weight: Floats, air: Air, place_m: Floats) -> tuple[Floats, Floats, Floats]:
    """Residuals (k, n) s, their slope (k, n, 3) s/m, and normal matrices (k, 3, 3), emission time projected out."""
    paths = xyz_m - place_m[:, None]
    tau_s = travel_s(air, paths)
    emitted = t_s - tau_s
    share = weight / weight.sum(axis=1, keepdims=True)
    residual = emitted - (share * emitted).sum(axis=1, keepdims=True)
    squared = np.maximum((paths**2).sum(axis=-1), 1.0)  # a source on top of a microphone has no direction
    slope = paths * (tau_s / squared)[..., None]  # -d tau / d place: along the path, tau / distance
    slope = slope - np.einsum("kn,knd->kd", share, slope)[:, None]
    normal = np.einsum("knd,kne->kde", slope * weight[..., None], slope)
    normal[:, 2, 2] += HEIGHT_SIGMA_M**-2
    return residual, slope, normal


def _as_seconds(xyz_m: ArrayLike, t_us: ArrayLike, sigma_us: ArrayLike) -> tuple[Floats, Floats, Floats, int]:
    """Arrays in metres and seconds after the first arrival; times are subtracted while they are still integers."""
    xyz, times_us = np.asarray(xyz_m, float), np.asarray(t_us, np.int64)
    if xyz.ndim != 2 or xyz.shape[1] != 3 or times_us.shape != xyz.shape[:1]:
        raise ValueError(f"places {xyz.shape} and times {times_us.shape}: they must be (n, 3) and (n,)")
    sigma_s = np.broadcast_to(np.asarray(sigma_us, float) / 1e6, times_us.shape)
    if not (np.isfinite(xyz).all() and np.isfinite(sigma_s).all() and (sigma_s > 0).all()):
        raise ValueError("places and sigmas must be finite, sigmas above zero")
    first_us = int(times_us.min()) if times_us.size else 0
    return xyz, (times_us - first_us) / 1e6, np.array(sigma_s), first_us


def _why_not(xyz_m: Floats) -> str | None:
    n = len(np.unique(xyz_m.round(1), axis=0))
    if n < LEAST_NODES:
        return f"only {n} {'pole' if n == 1 else 'poles'} heard it; {LEAST_NODES} are needed"
    across_m = np.linalg.svd(xyz_m[:, :2] - xyz_m[:, :2].mean(axis=0), compute_uv=False)[1]
    if across_m < ONE_LINE_M:
        return "the poles that heard it stand on one line; it could be on either side"
    return None


def _starts(xyz_m: Floats, t_s: Floats, sigma_s: Floats, air: Air) -> Floats:
    """(k, 2) places to start from: the best of a coarse grid round the poles, and the best of it well apart."""
    low, high = xyz_m[:, :2].min(axis=0), xyz_m[:, :2].max(axis=0)
    margin = max(float((high - low).max()), 200.0)
    axes = [np.linspace(a - margin, b + margin, 31) for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    level = np.column_stack([grid, np.full(len(grid), np.median(xyz_m[:, 2]) - POLE_HEIGHT_M)])
    emitted = t_s - travel_s(air, xyz_m[None] - level[:, None])
    weight = sigma_s**-2
    chi2 = ((emitted - (emitted @ weight / weight.sum())[:, None]) ** 2) @ weight
    starts: list[int] = []
    for cell in np.argsort(chi2):
        if all(np.linalg.norm(grid[cell] - grid[other]) > margin / 4 for other in starts):
            starts.append(int(cell))
        if len(starts) == 4:
            break
    return np.asarray(grid[starts])


def _checked(xyz_m: Floats, sigma_s: Floats, found: Descent, best: int, first_us: int) -> Fix | NoFix:
    place_m, residuals_s = found.place_m[best], found.residuals_s[best]
    distance_m = np.linalg.norm(xyz_m - place_m, axis=1)
    if not np.isfinite(place_m).all() or distance_m.max() > FARTHEST_M:
        return NoFix(f"the arrivals fit no place within {FARTHEST_M:.0f} m of the poles")
    factor = (PRIOR_DOF + found.chi2[best]) / (PRIOR_DOF + len(xyz_m) - 3 - 2)
    cov_m2 = np.asarray(np.linalg.inv(found.normal[best])[:2, :2] * factor, float)
    weight = sigma_s**-2
    rms_s = float(np.sqrt(weight @ residuals_s**2 / weight.sum()))
    e_m, n_m, u_m = (float(value) for value in place_m)
    emitted_us = first_us + round(float(found.emitted_s[best]) * 1e6)
    return Fix((e_m, n_m, u_m), emitted_us, cov_m2, residuals_s * 1e6, rms_s * 1e6)
