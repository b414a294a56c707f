"""What multilateration answers: a fix, or the reason why there is none."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Fix:
    """Where and when a sound was made.

    xyz_m : (3,) position, metres in the frame of the poles. t_us : UTC of emission. cov_m2 : (2, 2) covariance of
    east and north. residuals_us : (n,) arrival minus what the fix predicts, in the order of the arrivals given.
    rms_us : their weighted root mean square. liars : indices of the arrivals that the fix is not built on: so late
    or so early that they came by way of a wall, off a clock that is wrong, or of another sound.
    """

    xyz_m: tuple[float, float, float]
    t_us: int
    cov_m2: NDArray[np.float64]
    residuals_us: NDArray[np.float64]
    rms_us: float
    liars: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class NoFix:
    """No position can honestly be given; `why` says so in words a dispatcher understands."""

    why: str


@dataclass(frozen=True, slots=True)
class Ellipse:
    """Half axes in metres; azimuth of the major axis in degrees clockwise from north, 0 <= azimuth_deg < 180."""

    major_m: float
    minor_m: float
    azimuth_deg: float


CHI2_2DOF = {0.50: 1.386294361119891, 0.90: 4.605170185988092, 0.95: 5.991464547107979}
"""Quantiles of chi-square with two degrees of freedom, -2 ln(1 - p): the exact inverse of its exponential CDF."""


def ellipse(cov_m2: NDArray[np.float64], probability: float = 0.95) -> Ellipse:
    """The ellipse that holds a two-dimensional normal error with this probability (0.50, 0.90 or 0.95).

    Raises KeyError for any other probability.
    """
    var_m2, axes = np.linalg.eigh(np.asarray(cov_m2, float))
    major_m, minor_m = np.sqrt(np.maximum(var_m2[::-1], 0) * CHI2_2DOF[probability])
    east, north = axes[:, 1]
    return Ellipse(float(major_m), float(minor_m), float(np.degrees(np.arctan2(east, north)) % 180))
