"""Along which line a shot was fired, from the cracks that places heard and the fix of its blast.

Theory. The fix gives the muzzle m with its covariance, and the time of the shot as the mean over the blast's places of
arrival less travel time; so where the muzzle is off by dm, that time is off by h . dm, h being the mean of (path /
distance) / c. Muzzle, height, time, azimuth a, elevation, speed v0 at the muzzle and slowing k are fitted together:

    sum_i ((t_i - t0 - crack_i) / sigma_i)^2  +  what is known of m, height, time, elevation, v0 and k beforehand,

by damped Gauss-Newton steps from every promising azimuth and speed of a coarse grid (`dsp/placing/crack.py` has the
crack's time; its slope in every unknown is that at a fixed point of radiation, since that point is where time is
stationary). Lindgren and others (EURASIP J. Adv. Sig. Proc. 2010, 690732; abstract and notes/field.md section 2) fit
shooter and aim to differences of crack and blast in the same way; theirs need no common clock, ours has one.

Both sides. Places that lie in one direction from the muzzle (poles along the street that is fired down) hear the same
of a bullet that passes them on the left and of one that passes them on the right. What tells the two apart is who heard
no crack: a place that heard the blast, and lies where a crack would pass, speaks against a line. Where that does not
decide, both lines are named and none is given. And on one side of the line the shock is nearly a plane wave, whose
times tell a + acos(c / v0), on the other side a - acos(c / v0): places on both sides tell azimuth and speed, places
on one side the azimuth only as well as the speed is known beforehand. (Our own derivation.)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from dsp.air import Air
from dsp.placing.crack_fit import (
    AZIMUTH,
    RIVAL_DEG,
    SPEED,
    Floats,
    Lines,
    Scene,
    chi2_of,
    kept_of,
    normal_of,
    scene_of,
    settle,
    starts_of,
    turn_deg,
    weight_of,
)  # fmt: skip
from dsp.placing.fix import Fix

LEAST_CRACKS = 4  # three leave nothing over to see a late one by
PRIOR_DOF = 4.0  # as in dsp/placing/multilaterate.py: how much stated sigmas are worth against the residuals
RIVAL_CHI2 = 4.0  # another line less than two sigma worse is as good
VAGUE_DEG = 20.0  # no line is given whose azimuth has a greater sigma
PROFILE = 33  # azimuths looked at round the best, out to where chi2 is worse by PROFILE_CHI2
PROFILE_CHI2 = 12.0
MODES = 3  # ways to leave cracks aside that are tried at each of them


@dataclass(frozen=True, slots=True)
class LineOfFire:
    """azimuth_deg : 0 <= azimuth_deg < 360, clockwise from north, with one sigma; likewise the speed at the muzzle.

    residuals_us : (n,) of the cracks in the order given; nan for those that were left aside. rms_us : of the others.
    """

    azimuth_deg: float
    azimuth_sigma_deg: float
    speed_mps: float
    speed_sigma_mps: float
    residuals_us: Floats
    rms_us: float


@dataclass(frozen=True, slots=True)
class NoLine:
    """No line of fire can honestly be given; `why` says so in words a dispatcher understands."""

    why: str


def line_of_fire(
    fix: Fix, blast_xyz_m: ArrayLike, crack_xyz_m: ArrayLike, crack_t_us: ArrayLike, crack_sigma_us: ArrayLike, air: Air
) -> LineOfFire | NoLine:
    """The line of fire of the shot that has this fix.

    blast_xyz_m : (b, 3) m, places whose blast agrees with it. crack_xyz_m : (n, 3) m, crack_t_us : (n,) int
    microseconds UTC, crack_sigma_us : (n,) or one number: cracks that may be of this shot; of several of one place
    the one that fits best is taken. Raises ValueError for shapes that do not fit or a sigma that is not positive.
    """
    scene = scene_of(fix, np.asarray(blast_xyz_m, float), crack_xyz_m, crack_t_us, crack_sigma_us, air)
    if len(scene.places_m) < LEAST_CRACKS:
        return NoLine(f"{len(scene.places_m)} poles heard the crack; {LEAST_CRACKS} are needed")
    lines = settle(scene, starts_of(scene))
    chi2 = chi2_of(scene, lines)
    best = int(chi2.argmin())
    azimuth_deg = np.degrees(lines.unknowns[:, AZIMUTH]) % 360
    apart_deg = np.abs(turn_deg(azimuth_deg, azimuth_deg[best]))
    rivals = np.flatnonzero((chi2 - chi2[best] < RIVAL_CHI2) & (apart_deg > RIVAL_DEG))
    if len(rivals):
        other = rivals[chi2[rivals].argmin()]
        return NoLine(f"two lines of fire, {azimuth_deg[best]:.0f} and {azimuth_deg[other]:.0f} degrees, fit alike")
    near = np.flatnonzero((chi2 - chi2[best] < PROFILE_CHI2) & (apart_deg <= RIVAL_DEG))
    _, alike = np.unique(chi2[near].round(2), return_index=True)  # sorted by chi2; starts that came to rest together
    return _checked(scene, lines, best, lines.unknowns[near[alike[:MODES]]])


def _checked(scene: Scene, lines: Lines, best: int, near: Floats) -> LineOfFire | NoLine:
    kept = kept_of(lines)[best]
    n_kept = int(kept.sum())
    if n_kept < LEAST_CRACKS or 3 * n_kept < 2 * len(kept):
        return NoLine(f"only {n_kept} of {len(kept)} cracks agree on a line of fire")
    normal = normal_of(scene, lines, weight_of(scene, lines))[best]
    agreed = float((lines.sigmas[best][kept] ** 2).sum())
    factor = (PRIOR_DOF + agreed) / (PRIOR_DOF + n_kept - 2 - 2)
    azimuth_deg, azimuth_sigma_deg, speed_mps, speed_sigma_mps = _spread(scene, normal, near, factor)
    if azimuth_sigma_deg > VAGUE_DEG:
        return NoLine(f"the cracks leave the line of fire open by {azimuth_sigma_deg:.0f} degrees")
    residuals_us = np.full(len(scene.t_s), np.nan)
    residuals_us[scene.order[lines.used[best][kept]]] = lines.off_s[best][kept] * 1e6
    rms_us = float(np.sqrt(np.nanmean(residuals_us**2)))
    return LineOfFire(azimuth_deg % 360, azimuth_sigma_deg, speed_mps, speed_sigma_mps, residuals_us, rms_us)


def _spread(scene: Scene, normal: Floats, near: Floats, factor: float) -> tuple[float, float, float, float]:
    """Mean and sigma of azimuth (degrees) and speed under exp(-chi2 / 2 factor), all else at its best for each azimuth.

    Not the normal matrix's sigmas: along azimuth and speed chi2 is a bent valley, and has steps where a crack is left
    aside.
    """
    half = 5 * float(np.sqrt(np.linalg.inv(normal)[AZIMUTH, AZIMUTH] * factor))
    for _ in range(5):
        half = min(half, np.radians(3 * RIVAL_DEG))
        azimuth = near[0, AZIMUTH] + np.linspace(-half, half, PROFILE)
        starts = np.repeat(near, PROFILE, axis=0)
        starts[:, AZIMUTH] = np.tile(azimuth, len(near))
        rest = settle(scene, starts, hold=True)
        chi2 = chi2_of(scene, rest).reshape(len(near), PROFILE)
        worse = (chi2.min(axis=0) - chi2.min()) / factor
        inside = np.flatnonzero(worse < PROFILE_CHI2)
        wide = max(PROFILE // 2 - inside[0], inside[-1] - PROFILE // 2) / (PROFILE // 2)
        if 0.3 < wide < 1.0:
            break
        half *= 2.0 if wide >= 1.0 else max(wide, 0.05) * 1.5
    share = np.exp(-worse / 2) / np.exp(-worse / 2).sum()
    speed = rest.unknowns[:, SPEED].reshape(len(near), PROFILE)[chi2.argmin(axis=0), np.arange(PROFILE)]
    others = np.flatnonzero(np.arange(8) != AZIMUTH)
    beside = np.linalg.inv(normal[np.ix_(others, others)])[SPEED - 1, SPEED - 1] * factor
    mean, mean_mps = float(share @ azimuth), float(share @ speed)
    sigma = np.sqrt(share @ (azimuth - mean) ** 2)
    sigma_mps = np.sqrt(share @ (speed - mean_mps) ** 2 + beside)
    return float(np.degrees(mean)), float(np.degrees(sigma)), mean_mps, float(sigma_mps)
