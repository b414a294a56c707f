"""Where a sound was made, from when it reached known places: placed, or refused with the reason.

Theory. A sound made at x at time t0 reaches place i at t0 + tau_i(x), tau being distance over the speed of sound along
the path (wind included, `dsp/air.py`), and late_i, which `dsp/placing/lateness.py` has a likelihood for. What maximises
it, and which arrivals that is built on, is `dsp/placing/consensus.py`'s to find. The emission time is not of interest:
for any x the best t0 is the weighted mean of t_i - tau_i(x), so it is put in and drops out ("projected out"), and no
place has to serve as the reference. Assumptions: straight paths but for what is late, one air for all, independent
errors.

After the fit the answer is checked: enough places that agree, not on one line, one place and not two, near enough to
have been heard at all. Four agreeing poles leave one number over to check three unknowns by, which shows nothing: there
the geometry must be good enough by itself.

`descend` is the least-squares step of `gateway/placing/select.py`, which weighs arrivals itself:

    residual_i = (t_i - tau_i(x)) - mean_w(t - tau(x)),      minimise  sum_i weight_i residual_i^2 + prior(height)
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dsp.air import Air, travel_s
from dsp.placing.consensus import APART_M, Consensus, agree
from dsp.placing.fix import Fix, NoFix

Floats = NDArray[np.float64]

LEAST_NODES = 4
POLE_HEIGHT_M = 5.0  # in `descend` the source is taken to be this far below the mean microphone...
HEIGHT_SIGMA_M = 10.0  # ...with this sigma: streets climb, and people fire from windows
STEP_M = 80.0  # longest step: about the spacing of poles, so that no step leaps over a minimum
TOLERANCE_M = 0.01
DAMPING = 1e-9  # 1/m2: keeps a step finite where poles on one line leave a direction open
MAX_STEPS = 40
FARTHEST_M = 3000.0  # no shot is heard beyond (the incumbent's pulses end below 800 m on the live fire)
ONE_LINE_M = 5.0  # poles whose spread across their best line is less stand on one line: left and right look the same
DIRECT = 0.5  # an arrival less likely than this to have come direct is not what the fix is built on
ELSEWHERE = 0.1  # a place elsewhere with this probability is not to be kept quiet about
FOUR_SIGMA_M = APART_M / 1.645  # of four poles: nine in ten are at the address that people are sent to
WIDEST_SIGMA_M = 300.0  # a fix that could be a street away in any direction helps nobody (chosen)
SIGMA_S = (1e-6, 100.0)  # stated sigmas are held to this; past it they say the same
SPAN_S = 100.0  # arrivals a longer time after the first one are all alike: of another sound


@dataclass(frozen=True, slots=True)
class Descent:
    """Where Gauss-Newton came to rest in k problems: places (k, 3) m, emission times (k,) s, residuals (k, n) s,
    chi2 (k,), normal matrices (k, 3, 3)."""

    place_m: Floats
    emitted_s: Floats
    residuals_s: Floats
    chi2: Floats
    normal: Floats


def multilaterate(
    xyz_m: ArrayLike, t_us: ArrayLike, sigma_us: ArrayLike, air: Air, farthest_m: float = FARTHEST_M
) -> Fix | NoFix:
    """Place one sound.

    xyz_m : (n, 3) metres, places that heard it, each once. t_us : (n,) int microseconds UTC. sigma_us : (n,) or one
    number, one sigma of the nodes' own timing; what the street does to the paths comes on top by itself. farthest_m :
    that such a sound is heard. Raises ValueError for shapes that do not fit or a sigma that is not positive; what
    cannot be placed comes back as NoFix.
    """
    xyz, t_s, sigma_s, first_us = _as_seconds(xyz_m, t_us, sigma_us)
    refusal = _why_not(xyz)
    if refusal:
        return NoFix(refusal)
    middle_s, middle_m = float(np.median(t_s)), np.append(xyz[:, :2].mean(axis=0), 0.0)
    since_s = np.clip(t_s - middle_s, -SPAN_S, SPAN_S)
    found = agree(xyz - middle_m, since_s, np.clip(sigma_s, *SIGMA_S), air, farthest_m)
    doubt = _doubt(xyz - middle_m, found, middle_m, farthest_m)
    if doubt:
        return NoFix(doubt)
    e_m, n_m, u_m = (float(value) for value in found.place_m + middle_m)
    late_s = found.late_s + (t_s - middle_s - since_s)
    rms_s = float(np.sqrt(found.direct @ late_s**2 / found.direct.sum()))
    emitted_us = first_us + round((found.emitted_s + middle_s) * 1e6)
    liars = tuple(np.flatnonzero(found.direct < DIRECT).tolist())
    return Fix((e_m, n_m, u_m), emitted_us, found.cov_m2, late_s * 1e6, rms_s * 1e6, liars)


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
    n = len({tuple(place) for place in xyz_m.round(1).tolist()})
    if n < LEAST_NODES:
        return f"only {n} {'pole' if n == 1 else 'poles'} heard it; {LEAST_NODES} are needed"
    east, north = (xyz_m[:, :2] - xyz_m[:, :2].mean(axis=0)).T
    across_m = _smaller_axis(float(east @ east), float(north @ north), float(east @ north))
    if across_m < ONE_LINE_M:
        return "the poles that heard it stand on one line; it could be on either side"
    return None


def _smaller_axis(ee_m2: float, nn_m2: float, en_m2: float) -> float:
    """Root of the smaller eigenvalue of [[ee, en], [en, nn]]: of places, their spread across their best line."""
    larger_m2 = (ee_m2 + nn_m2) / 2 + math.hypot((ee_m2 - nn_m2) / 2, en_m2)
    return math.sqrt(max(ee_m2 * nn_m2 - en_m2**2, 0.0) / larger_m2) if larger_m2 > 0 else 0.0


def _doubt(xyz_m: Floats, found: Consensus, zero_m: Floats, farthest_m: float) -> str | None:
    """Why the answer, which the arrivals agree on best, is not to be given; None where nothing speaks against it."""
    direct = found.direct >= DIRECT
    refusal = _why_not(xyz_m[direct])
    if refusal:
        return f"{int(direct.sum())} of {len(xyz_m)} arrivals agree, and {refusal}"
    if not np.isfinite(found.place_m).all() or not np.isfinite(found.cov_m2).all():
        return "the arrivals fit no place"
    if np.linalg.norm(xyz_m[direct] - found.place_m, axis=1).max() > farthest_m:
        return f"the arrivals fit no place within {farthest_m:.0f} m of the poles"
    if found.elsewhere > ELSEWHERE:
        places = " and ".join(f"{e:.0f} m east {n:.0f} m north" for e, n in (
            found.place_m[:2] + zero_m[:2], found.other_m + zero_m[:2]))  # fmt: skip
        apart_m = float(np.linalg.norm(found.place_m[:2] - found.other_m))
        return f"two places {max(apart_m, APART_M):.0f} m apart fit the arrivals: {places}"
    sigma_m = float(np.sqrt(np.linalg.eigvalsh(found.cov_m2)[1]))
    most_m = FOUR_SIGMA_M if direct.sum() == LEAST_NODES else WIDEST_SIGMA_M
    if sigma_m > most_m:
        return f"the {int(direct.sum())} poles that agree stand so that it could be {sigma_m:.0f} m off (one sigma)"
    return None
