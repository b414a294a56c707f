"""What one shot tells of the air it went through, and of each pole by itself: a sounding.

Theory. With the source at x, the emission at t0 and the medium m = (temperature C, wind east, wind north m/s),
arrival i is t_i = t0 + tau_i(x, m) + error. One shot cannot tell them all apart: so m comes with a prior of mean and
covariance (what earlier shots, thermometers and weather left), and all is solved together by Gauss-Newton steps on

    sum_i W_i (t_i - t0 - tau_i(x, m))^2 + (height - usual)^2 / HEIGHT_SIGMA^2 + (m - mean)' P^-1 (m - mean) / share

t0 drops out as in `dsp/placing/multilaterate.py`. The m block of the inverse of the normal matrix is then the
covariance of m with position and emission time projected out (the Schur complement): what each pole could say by moving
the source says nothing of the medium. `share` is how much of a whole shot this one counts for.

Weights are 1 / max(clock^2 + path^2, clock^2 + s^2), path being what bends and corners do to the straight path (7.6 ms
RMS on the live fire, notes/localisation.md) and s the robust scale of this shot's residuals, times a factor that falls
with the residual in scales, as Geman and McClure's does, sooner on the late side, and is nothing past a limit. So a
late path or a lying pole loses its say, however small the others' errors are; and while the fit is still bad, the
medium is held by its prior and not bent to the late ones.

Left alone: the residual of pole i against the fit without it is r_i / (1 - h_i), h_i its leverage, and its variance
sigma_i^2 + p_i / (1 - h_i), p_i = h_i / W_i (linear algebra, Sherman and Morrison; from general knowledge).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dsp.air import Air, travel_s
from dsp.placing.multilaterate import HEIGHT_SIGMA_M, POLE_HEIGHT_M

Floats = NDArray[np.float64]

LEAST_NODES = 6  # three unknowns of the shot leave three arrivals to say something of the rest: dispatch grade
LATE, EARLY = 2.0, 3.0  # scales of residual at which a quarter of the weight is left: a path can only be late...
CUT = 1.7  # ...and at this many times that nothing is believed (all chosen on synthetic streets, 20 % of paths late)
MAX_STEPS = 25
STEP_M = 80.0
TOLERANCE_M, TOLERANCE = 0.002, 1e-3  # of the place; of the medium in C and m/s
SLOPE_C, SLOPE_MPS = 0.5, 0.5  # over which the slope of the travel time is taken
LEAST_SCALE_S = 1e-4  # residuals of small groups vanish by chance; no microphone on a pole is better than 0.1 ms


@dataclass(frozen=True, slots=True)
class Sounding:
    """The joint fit: place_m (3,) m, emitted_s after the first arrival, medium (3,): temperature C, wind east and north
    m/s, cov (3, 3) its covariance, residuals_s (n,), trust (n,): 0 to 1, the robust factor, scale_s: the robust scale
    of the residuals. alone_s, alone_sigma_s (n,): each arrival against the fit without it, late is positive."""

    place_m: Floats
    emitted_s: float
    medium: Floats
    cov: Floats
    residuals_s: Floats
    trust: Floats
    alone_s: Floats
    alone_sigma_s: Floats
    scale_s: float


@dataclass(frozen=True, slots=True)
class Heard:
    """A shot's arrivals, ready: xyz_m (n, 3), t_s (n,) after the first, clock_s and sigma_s (n,) one sigma of the clock
    and of clock and path together, there (n,) 1 for poles that may say something, else 0."""

    xyz_m: Floats
    t_s: Floats
    clock_s: Floats
    sigma_s: Floats
    there: Floats


def heard(xyz_m: ArrayLike, t_us: ArrayLike, sigma_us: ArrayLike, path_us: float, there: ArrayLike = True) -> Heard:
    """Arrivals in seconds; times are subtracted while they are integers. Shapes as in `Heard`. ValueError for shapes
    that do not fit."""
    xyz, times_us = np.asarray(xyz_m, float), np.asarray(t_us, np.int64)
    if xyz.ndim != 2 or xyz.shape[1] != 3 or times_us.shape != xyz.shape[:1] or not times_us.size:
        raise ValueError(f"places {xyz.shape} and times {times_us.shape}: they must be (n, 3) and (n,), n at least 1")
    clock_s = np.broadcast_to(np.clip(np.asarray(sigma_us, float), 1, 1e7) / 1e6, times_us.shape)
    used = np.broadcast_to(np.asarray(there, float), times_us.shape)
    return Heard(xyz, (times_us - times_us.min()) / 1e6, clock_s, np.hypot(clock_s, path_us / 1e6), used)


def sound(shot: Heard, place_m: ArrayLike, air: Air, cov: ArrayLike, share: float = 1.0) -> Sounding | None:
    """Fit place and medium to one shot. place_m : (2,) or (3,) m to start from. air, cov (3, 3) : the medium's prior.

    None where fewer than LEAST_NODES may speak, or the fit leaves the range of physics.
    """
    if shot.there.sum() < LEAST_NODES:
        return None
    flat = np.asarray(place_m, float)[:2]
    height_m = float(np.median(shot.xyz_m[:, 2])) - POLE_HEIGHT_M
    prior = np.zeros((6, 6))
    prior[2, 2] = HEIGHT_SIGMA_M**-2
    prior[3:, 3:] = np.linalg.inv(np.asarray(cov, float)) / share
    mean = np.array([*flat, height_m, air.temperature_c, *air.wind_en_mps])
    guess = mean.copy()
    weight = shot.there / shot.sigma_s**2
    for _ in range(MAX_STEPS):
        step, _, residual = _step(shot, air, guess, weight, prior, mean)
        error_s = np.hypot(_scale(shot, residual), shot.clock_s)
        weight = shot.there * _trust(residual / error_s) / np.maximum(error_s, shot.sigma_s) ** 2
        guess = guess + step * min(1.0, STEP_M / max(float(np.linalg.norm(step[:3])), 1e-12))
        if _with(air, guess[3:]) is None:
            return None
        if np.abs(step[:3]).max() < TOLERANCE_M and np.abs(step[3:]).max() < TOLERANCE:
            break
    return _told(shot, air, guess, weight, prior, mean, share)


def _told(
    shot: Heard, air: Air, guess: Floats, weight: Floats, prior: Floats, mean: Floats, share: float
) -> Sounding | None:
    """The sounding at rest; None where the matrix cannot be inverted."""
    _, normal, residual = _step(shot, air, guess, weight, prior, mean)
    now = _with(air, guess[3:])
    if now is None or not np.isfinite(normal).all():
        return None
    inverse = np.linalg.inv(normal)
    slope, emitted_s = _slopes(shot, now, guess)
    slope = slope - weight @ slope / weight.sum()
    spread = np.einsum("nd,de,ne->n", slope, inverse, slope) + 1 / weight.sum()
    free = np.maximum(1 - weight * spread, 1e-3)
    sigma_s = np.sqrt(shot.sigma_s**2 + spread / free)
    emitted = float(weight @ emitted_s / weight.sum())
    scale_s = _scale(shot, residual)
    trust = shot.there * _trust(residual / np.hypot(scale_s, shot.clock_s))
    cov = np.asarray(inverse[3:, 3:] / share)
    return Sounding(guess[:3], emitted, guess[3:], cov, residual, trust, residual / free, sigma_s, scale_s)


def _step(
    shot: Heard, air: Air, guess: Floats, weight: Floats, prior: Floats, mean: Floats
) -> tuple[Floats, Floats, Floats]:
    """Gauss-Newton step (6,), normal matrix (6, 6) and residuals (n,) s at a guess (east, north, up, medium)."""
    now = _with(air, guess[3:])
    assert now is not None, "a guess is looked at before it is taken"
    slope, emitted_s = _slopes(shot, now, guess)
    residual = emitted_s - weight @ emitted_s / weight.sum()
    slope = slope - weight @ slope / weight.sum()
    normal = (slope * weight[:, None]).T @ slope + prior
    pull = slope.T @ (weight * residual) + prior @ (guess - mean)
    return -np.linalg.solve(normal + 1e-9 * np.eye(6), pull), normal, residual


def _slopes(shot: Heard, now: Air, guess: Floats) -> tuple[Floats, Floats]:
    """Slope (n, 6) of when each arrival was emitted against place and medium, and that time (n,) s."""
    paths = shot.xyz_m - guess[:3]
    tau_s = travel_s(now, paths)
    squared = np.maximum((paths**2).sum(axis=1), 1.0)
    columns = [paths * (tau_s / squared)[:, None]]
    for axis, by in enumerate((SLOPE_C, SLOPE_MPS, SLOPE_MPS)):
        towards = by if guess[3 + axis] < 0 else -by  # always towards the middle of what physics allows
        other = _with(now, guess[3:] + towards * np.eye(3)[axis])
        assert other is not None, "towards the middle"
        columns.append((-(travel_s(other, paths) - tau_s) / towards)[:, None])
    return np.hstack(columns), shot.t_s - tau_s


def _scale(shot: Heard, residual: Floats) -> float:
    """Robust scale of the residuals of those that may speak: their median as a normal's sigma, for what was fitted."""
    sizes = np.abs(residual[shot.there > 0])
    free = len(sizes) / max(len(sizes) - 3, 1)
    return max(1.4826 * float(np.median(sizes)) * float(np.sqrt(free)), LEAST_SCALE_S)


def _trust(scales: Floats) -> Floats:
    """How much an arrival is to be believed, by its residual in scales."""
    tuned = np.where(scales > 0, scales / LATE, scales / EARLY)
    return np.asarray(np.where(np.abs(tuned) < CUT, (1 + tuned**2) ** -2, 0.0))


def _with(air: Air, medium: Floats) -> Air | None:
    """This air with another temperature and wind; None where there is no such air on Earth."""
    if not np.isfinite(medium).all():
        return None
    try:
        return Air(float(medium[0]), air.humidity_pct, (float(medium[1]), float(medium[2])), air.pressure_pa)
    except ValueError:
        return None
