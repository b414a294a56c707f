"""How a camera's mount stands, from landmarks: where its pan 0 and its tilt 0 look, and how it leans. Pure.

The camera is turned until a surveyed thing is in the middle of its picture, and says its pan and tilt. For each the
mount's model (gateway/street.py, Mount.pan_tilt) predicts them; least squares over bearing, tilt zero and, where the
landmarks stand all round enough, the lean's two parts. The mount's place is not sought: it is surveyed like any other.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from dsp.geodesy import bearing
from gateway.street import Place, upright

FEWEST = 3
ROUND_DEG = 90.0
"""How much of the round the landmarks must take up for a lean to be told from a tilt."""
TOO_NEAR_DEG = 5.0
SURE_DEG = 0.1
"""No reading of a pan or tilt is taken to be better than this."""


@dataclass(frozen=True, slots=True)
class Landmark:
    """A surveyed thing, and the camera's own pan and tilt with it in the middle of the picture."""

    name: str
    xyz_m: Place
    pan_deg: float
    tilt_deg: float


@dataclass(frozen=True, slots=True)
class Residual:
    """What the camera said less what the mount as found predicts, degrees. off_deg : the angle between the two."""

    name: str
    pan_deg: float
    tilt_deg: float
    off_deg: float


@dataclass(frozen=True, slots=True)
class Survey:
    """How a mount stands; sigma_deg : of bearing, tilt zero and lean (NaN for what was not sought). rms_deg : of the
    residuals. is_mirrored : the pans fit far better counted the other way round."""

    bearing_deg: float
    tilt_zero_deg: float
    lean_deg: float
    lean_to_deg: float
    sigma_deg: tuple[float, float, float]
    residuals: tuple[Residual, ...]
    rms_deg: float
    with_lean: bool
    is_mirrored: bool


def survey(mount_m: Place, landmarks: Sequence[Landmark]) -> Survey:
    """Raises ValueError for too few landmarks, or such that nothing follows from them."""
    _check(mount_m, landmarks)
    ways = np.array([bearing(mount_m, each.xyz_m)[:2] for each in landmarks])
    told = np.array([(each.pan_deg, each.tilt_deg) for each in landmarks])
    with_lean = _round_deg(ways[:, 0]) >= ROUND_DEG
    found, sigma_deg, rms_deg = _fit(ways, told, with_lean=with_lean)
    mirrored_deg = _fit(ways, told * (-1, 1), with_lean=False)[2]
    off = _off(found, ways, told)
    lean_deg, lean_to_deg = math.hypot(*found[2:]), math.degrees(math.atan2(found[2], found[3])) % 360
    residuals = tuple(
        Residual(each.name, float(pan), float(tilt), math.hypot(pan * math.cos(math.radians(way[1])), tilt))
        for each, way, (pan, tilt) in zip(landmarks, ways, off, strict=True)
    )
    return Survey(
        (found[0] + 180) % 360 - 180, found[1], lean_deg, lean_to_deg if lean_deg else 0.0, sigma_deg, residuals,
        rms_deg, with_lean, mirrored_deg < rms_deg / 4 and rms_deg > 1.0,
    )  # fmt: skip


Numbers = NDArray[np.float64]


def _fit(ways: Numbers, told: Numbers, *, with_lean: bool) -> tuple[list[float], tuple[float, float, float], float]:
    """(bearing, tilt zero, lean east, lean north), the sigmas of bearing, tilt zero and lean, and the rms; degrees."""
    turns = np.radians(ways[:, 0] - told[:, 0])
    start = [
        math.degrees(math.atan2(np.sin(turns).sum(), np.cos(turns).sum())),
        float(np.median(ways[:, 1] - told[:, 1])),
    ]
    n_sought = 4 if with_lean else 2

    def misfit(sought: Numbers) -> Numbers:
        off = _off([*sought, 0.0, 0.0][:4], ways, told)
        across: Numbers = off * np.stack((np.cos(np.radians(ways[:, 1])), np.ones(len(ways))), axis=1)
        return across.ravel()

    fit = least_squares(misfit, [*start, 0.0, 0.0][:n_sought])
    rms_deg = math.sqrt(2 * fit.cost / len(ways))
    spare = max(1, 2 * len(ways) - n_sought)
    slopes = np.asarray(fit.jac, float)
    sigma = np.sqrt(max(SURE_DEG**2, 2 * fit.cost / spare) * np.diag(np.linalg.pinv(slopes.T @ slopes)))
    lean = float(np.hypot(*sigma[2:])) if with_lean else math.nan
    found = [float(each) for each in (*fit.x, 0.0, 0.0)][:4]
    return found, (float(sigma[0]), float(sigma[1]), lean), rms_deg


def _off(sought: Sequence[float], ways: Numbers, told: Numbers) -> Numbers:
    """(n, 2) pan and tilt that the camera said less those that a mount so standing has."""
    bearing_deg, tilt_zero_deg, lean_east, lean_north = sought
    lean_deg, lean_to_deg = math.hypot(lean_east, lean_north), math.degrees(math.atan2(lean_east, lean_north))
    seen = np.array([upright(azimuth, elevation, lean_deg, lean_to_deg) for azimuth, elevation in ways])
    off = told - (seen - (bearing_deg, tilt_zero_deg))
    off[:, 0] = (off[:, 0] + 180) % 360 - 180
    return off


def _check(mount_m: Place, landmarks: Sequence[Landmark]) -> None:
    if len(landmarks) < FEWEST:
        raise ValueError(f"{len(landmarks)} landmarks; a mount needs {FEWEST} or more")
    for each in landmarks:
        if bearing(mount_m, each.xyz_m)[2] < 1.0:
            raise ValueError(f"landmark {each.name}: stands less than 1 m from the camera")
    azimuths = np.array([bearing(mount_m, each.xyz_m)[0] for each in landmarks])
    if _round_deg(azimuths) < TOO_NEAR_DEG:
        raise ValueError(
            f"the landmarks stand within {TOO_NEAR_DEG:g} degrees, as the camera sees them; spread them out"
        )


def _round_deg(azimuths: Numbers) -> float:
    """How much of the round they take up: all but the widest gap."""
    in_turn = np.sort(azimuths % 360)
    gaps = np.diff(np.append(in_turn, in_turn[0] + 360))
    return 360.0 - float(gaps.max())
