"""The least-squares problem behind a line of fire: cracks against flights. `dsp/placing/line_of_fire.py` has the
theory.

Many lines are worked on at once, from many starts: arrays are (k lines, p places that heard a crack, 8 unknowns).
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dsp.air import Air
from dsp.placing.crack import SLOWING_PER_S, SLOWING_SIGMA_PER_S, Flight, crack, direction, slowness
from dsp.placing.fix import Fix

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

SPEED_MPS, SPEED_SIGMA_MPS = 750.0, 200.0  # chosen: from supersonic pistols to .223 rifles, before anything is heard
SPEEDS_MPS = (1.05, 1300.0)  # legal: the lower one times the speed of sound
ELEVATION_SIGMA_DEG = 3.0  # chosen: people fire along streets; level is the most likely
HEIGHT_SIGMA_M = 5.0  # chosen: the fix's height is hardly measured (dsp/placing/multilaterate.py)
TIME_SIGMA_US = 100.0  # least sigma of the fix's time: an onset's (notes/field.md section 1.1)
SILENT_CHI2 = 2.4  # a place in the cone that heard the blast, but no crack: -2 ln 0.3 (chosen)
SILENT_M = 150.0  # ...if the line passes it within this; farther off a crack may be lost in the noise
LATE_CHI2 = 10.0  # what a crack that is far too late costs: -2 ln of one in five over 100 ms, against sigmas of 1 ms
EARLY_CHI2 = 25.0  # and one that is too early: sound takes no short cut, so it is none of this shot
RIVAL_DEG = 15.0  # this far off, a line is another one (chosen)
GRID = (np.arange(0.0, 360.0, 5.0), np.array([400.0, 550.0, 700.0, 850.0, 1000.0]))
GRID_S = 0.010  # one sigma of what a cell of the grid is off: 2.5 degrees at 100 m
STARTS = 12
BLURS_S = (0.010, 0.003, 0.0)  # added to every sigma in turn, so that steps from afar are not lost among outliers
STEPS = 8  # at each blur
LONGEST = np.array([30.0, 30.0, 10.0, 0.03, 0.2, 0.1, 120.0, 0.5])  # step, in the units of the unknowns
DAMPING = 1e-6  # 1/rad2: keeps a step finite where the azimuth is open
E, N, U, T0, AZIMUTH, ELEVATION, SPEED, SLOWING = range(8)
"""The unknowns: muzzle less the fix in m, time less the fix in s, radians, m/s, 1/s."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Cracks in seconds after the fix, and what is known beforehand. place : (n,) index into places (p, 3), sorted;
    order : (n,) which of the cracks given each is."""

    places_m: Floats
    place: Ints
    order: Ints
    t_s: Floats
    sigma_s: Floats
    silent_m: Floats
    muzzle_m: Floats
    lead_s_per_m: Floats
    mean: Floats
    known: Floats
    air: Air


@dataclass(frozen=True, slots=True)
class Lines:
    """k lines: unknowns (k, 8), the crack used of each place (k, p), its residual in s and how far off it is in
    sigmas, and the slope (k, p, 8) of its time in the unknowns."""

    unknowns: Floats
    used: Ints
    off_s: Floats
    sigmas: Floats
    slope: Floats


def scene_of(
    fix: Fix, blast_m: Floats, crack_xyz_m: ArrayLike, crack_t_us: ArrayLike, crack_sigma_us: ArrayLike, air: Air
) -> Scene:
    """Arguments and errors are those of `line_of_fire`."""
    xyz, t_us = np.asarray(crack_xyz_m, float).reshape(-1, 3), np.asarray(crack_t_us, np.int64)
    if t_us.shape != xyz.shape[:1] or blast_m.ndim != 2 or blast_m.shape[1] != 3 or not len(blast_m):
        raise ValueError(f"blasts {blast_m.shape}, cracks {xyz.shape}, times {t_us.shape}: (b, 3), (n, 3), (n,)")
    sigma_s = np.broadcast_to(np.asarray(crack_sigma_us, float) / 1e6, t_us.shape)
    if not (np.isfinite(xyz).all() and np.isfinite(sigma_s).all() and (sigma_s > 0).all()):
        raise ValueError("places and sigmas must be finite, sigmas above zero")
    places_m, place = np.unique(xyz, axis=0, return_inverse=True)
    order = np.argsort(place.reshape(-1), kind="stable")
    muzzle_m = np.array(fix.xyz_m)
    cracked = (blast_m[:, None] == places_m).all(axis=-1).any(axis=1)
    mean, known = _known(fix, len(blast_m))
    return Scene(
        places_m, place.reshape(-1)[order], order, (t_us[order] - fix.t_us) / 1e6, sigma_s[order], blast_m[~cracked],
        muzzle_m, slowness(air, blast_m - muzzle_m).mean(axis=0), mean, known, air,
    )  # fmt: skip


def _known(fix: Fix, n_blasts: int) -> tuple[Floats, Floats]:
    """What is known of the unknowns beforehand: mean (8,) and inverse covariance (8, 8)."""
    mean, known = np.zeros(8), np.zeros((8, 8))
    mean[[SPEED, SLOWING]] = SPEED_MPS, SLOWING_PER_S
    known[:2, :2] = np.linalg.inv(fix.cov_m2)
    time_s = max(fix.rms_us / np.sqrt(n_blasts), TIME_SIGMA_US) / 1e6
    sigma = {U: HEIGHT_SIGMA_M, T0: time_s, ELEVATION: np.radians(ELEVATION_SIGMA_DEG)}
    for unknown, one in (*sigma.items(), (SPEED, SPEED_SIGMA_MPS), (SLOWING, SLOWING_SIGMA_PER_S)):
        known[unknown, unknown] = one**-2
    return mean, known


def starts_of(scene: Scene) -> Floats:
    """(k, 8) unknowns to start from: the azimuths and speeds of the grid that fit best, well apart."""
    azimuth_deg, speed_mps = (axis.ravel() for axis in np.meshgrid(*GRID))
    flights = Flight(scene.muzzle_m[None], azimuth_deg, np.zeros_like(azimuth_deg), speed_mps)
    off_s = scene.t_s - crack(flights, scene.places_m, scene.air).t_s[:, scene.place]
    sigmas = _nearest(scene, off_s / np.hypot(scene.sigma_s, GRID_S))[1]
    order = np.argsort(_cost(sigmas).sum(axis=1), kind="stable")
    chosen: list[int] = []
    for one in order:
        if (np.abs(turn_deg(azimuth_deg[chosen], azimuth_deg[one])) >= 2 * RIVAL_DEG).all():
            chosen.append(int(one))
    starts = np.tile(scene.mean, (len(chosen[:STARTS]), 1))
    starts[:, AZIMUTH] = np.radians(azimuth_deg[chosen[:STARTS]])
    starts[:, SPEED] = speed_mps[chosen[:STARTS]]
    return starts


def _nearest(scene: Scene, sigmas: Floats) -> tuple[Ints, Floats]:
    """Of how far off cracks are (k, n): per place the index of the nearest, and it: (k, p)."""
    bounds = np.searchsorted(scene.place, np.arange(len(scene.places_m) + 1))
    own = [np.abs(sigmas[:, a:b]).argmin(axis=1) + a for a, b in pairwise(bounds)]
    used = np.stack(own, axis=1)
    return used, np.take_along_axis(sigmas, used, axis=1)


def settle(scene: Scene, starts: Floats, hold: bool = False) -> Lines:
    """Gauss-Newton steps to rest, outliers ever less heeded (weights of Geman and McClure, from general knowledge).

    hold : leave the azimuth where it is, and take half the steps.
    """
    unknowns = starts
    for blur_s in BLURS_S[-1:] if hold else BLURS_S:
        for _ in range(STEPS // 2 if hold else STEPS):
            lines = measure(scene, unknowns)
            sigma_s = np.hypot(scene.sigma_s[lines.used], blur_s)
            sigmas = lines.off_s / sigma_s
            weight = (1 + sigmas**2 / _most(sigmas)) ** -2 / sigma_s**2
            unknowns = _step(scene, lines, weight, hold)
    for _ in range(STEPS // 2 if hold else STEPS):
        lines = measure(scene, unknowns)
        unknowns = _step(scene, lines, weight_of(scene, lines), hold)
    return measure(scene, unknowns)


def _most(sigmas: Floats) -> Floats:
    """The most that a crack so far off, late above zero, can cost."""
    return np.where(sigmas > 0, LATE_CHI2, EARLY_CHI2)


def _cost(sigmas: Floats) -> Floats:
    return np.minimum(sigmas**2, _most(sigmas))


def measure(scene: Scene, unknowns: Floats) -> Lines:
    """How lines with these unknowns (k, 8) fit."""
    flights = _flights(scene, unknowns)
    heard = crack(flights, scene.places_m, scene.air)
    lead_s = unknowns[:, T0] + unknowns[:, :3] @ scene.lead_s_per_m
    off_s = scene.t_s - lead_s[:, None] - heard.t_s[:, scene.place]
    used, sigmas = _nearest(scene, off_s / scene.sigma_s)
    return Lines(
        unknowns, used, np.take_along_axis(off_s, used, axis=1), sigmas, _slope(scene, unknowns, flights, heard.along_m)
    )


def _step(scene: Scene, lines: Lines, weight: Floats, hold: bool) -> Floats:
    """(k, 8) unknowns after one step."""
    if hold:
        lines = replace(lines, slope=lines.slope * (np.arange(8) != AZIMUTH))
    normal = normal_of(scene, lines, weight)
    pull = np.einsum("kpd,kp->kd", lines.slope, weight * lines.off_s) - _beside(scene, lines.unknowns) @ scene.known
    step = np.linalg.solve(normal, pull[..., None])[..., 0]
    step /= np.maximum(np.abs(step / LONGEST).max(axis=1, keepdims=True), 1.0)
    unknowns = lines.unknowns + step
    unknowns[:, SPEED] = np.clip(unknowns[:, SPEED], SPEEDS_MPS[0] * scene.air.speed_mps, SPEEDS_MPS[1])
    unknowns[:, SLOWING] = np.clip(unknowns[:, SLOWING], 0.0, 3.0)
    return np.asarray(unknowns)


def normal_of(scene: Scene, lines: Lines, weight: Floats) -> Floats:
    """(k, 8, 8) normal matrices, what is known beforehand included."""
    normal = np.einsum("kpd,kpe->kde", lines.slope * weight[..., None], lines.slope) + scene.known
    normal[:, AZIMUTH, AZIMUTH] += DAMPING
    return np.asarray(normal)


def _beside(scene: Scene, unknowns: Floats) -> Floats:
    """Unknowns less what they were taken to be; nothing is taken of the azimuth."""
    beside = unknowns - scene.mean
    beside[:, AZIMUTH] = 0.0
    return np.asarray(beside)


def weight_of(scene: Scene, lines: Lines) -> Floats:
    """(k, p) one over the variance of those that count, else 0."""
    return np.asarray(kept_of(lines) / scene.sigma_s[lines.used] ** 2)


def kept_of(lines: Lines) -> NDArray[np.bool_]:
    """(k, p) the cracks that count."""
    return np.asarray(lines.sigmas**2 < _most(lines.sigmas))


def _flights(scene: Scene, unknowns: Floats) -> Flight:
    azimuth_deg, elevation_deg = np.degrees(unknowns[:, [AZIMUTH, ELEVATION]]).T
    return Flight(
        scene.muzzle_m + unknowns[:, :3], azimuth_deg, elevation_deg, unknowns[:, SPEED], unknowns[:, SLOWING]
    )


def _slope(scene: Scene, unknowns: Floats, flights: Flight, along_m: Floats) -> Floats:
    """(k, p, 8) what each place's time gains by each unknown."""
    bullet = np.asarray(flights.muzzle_m)[:, None] + along_m[..., None] * _ahead(unknowns)[:, None]
    ray = slowness(scene.air, scene.places_m - bullet)
    (sin_a, cos_a), (sin_e, cos_e) = ((np.sin(x), np.cos(x)) for x in unknowns[:, [AZIMUTH, ELEVATION]].T)
    by_azimuth = np.column_stack([cos_e * cos_a, -cos_e * sin_a, np.zeros_like(sin_a)])
    by_elevation = np.column_stack([-sin_e * sin_a, -sin_e * cos_a, cos_e])
    v0, k = unknowns[:, [SPEED]], np.maximum(unknowns[:, [SLOWING]], 1e-3)
    speed = v0 - k * along_m
    slope = np.ones((*along_m.shape, 8))
    slope[..., :3] = scene.lead_s_per_m - ray
    slope[..., AZIMUTH] = -along_m * np.einsum("kpd,kd->kp", ray, by_azimuth)
    slope[..., ELEVATION] = -along_m * np.einsum("kpd,kd->kp", ray, by_elevation)
    slope[..., SPEED] = -along_m / (v0 * speed)
    slope[..., SLOWING] = along_m / (k * speed) + np.log1p(-k * along_m / v0) / k**2
    return slope


def _ahead(unknowns: Floats) -> Floats:
    return direction(*np.degrees(unknowns[:, [AZIMUTH, ELEVATION]]).T)


def chi2_of(scene: Scene, lines: Lines) -> Floats:
    """(k,) what speaks against each line: residuals, silence, and what is known beforehand."""
    beside = _beside(scene, lines.unknowns)
    known = np.einsum("kd,de,ke->k", beside, scene.known, beside)
    return np.asarray(_cost(lines.sigmas).sum(axis=1) + known + _silence(scene, lines.unknowns))


def _silence(scene: Scene, unknowns: Floats) -> Floats:
    """(k,) what the places speak against each line that heard the blast, should have heard the crack, and did not."""
    if not len(scene.silent_m):
        return np.zeros(len(unknowns))
    flights, ahead = _flights(scene, unknowns), _ahead(unknowns)[:, None]
    off = scene.silent_m - np.asarray(flights.muzzle_m)[:, None]
    across_m = np.linalg.norm(off - (off * ahead).sum(axis=-1, keepdims=True) * ahead, axis=-1)
    heard = crack(flights, scene.silent_m, scene.air).heard
    return np.asarray(SILENT_CHI2 * (heard & (across_m < SILENT_M)).sum(axis=1))


def turn_deg(a_deg: ArrayLike, b_deg: ArrayLike) -> Floats:
    """From b to a, -180 to 180."""
    return np.asarray((np.asarray(a_deg, float) - np.asarray(b_deg, float) + 180) % 360 - 180)
