"""How late first arrivals come, against the straight path: one likelihood for all that weighs arrivals.

A pole reports when it heard a sound, with the sigma of its own timing. What the street does to the sound on its way
comes on top, and is never told. Of each arrival one of four things is true, with the shares of `Path`:

    straight   normal, the node's sigma and straight_s: wind in gusts, a survey good to some decimetres
    bent       normal, the node's sigma and bent_s: over a roof, round a corner, up a hill that the survey levels out
    late       exponential of mean late_s: it came by way of a wall. Only ever to the late side
    stray      Cauchy of scale stray_s: a clock that lies, another sound. So wide that nothing is impossible

    f(late) = sum of share * density

The late side's onset is blurred by the normal distribution function of the straight part, which is the convolution of
the exponential with that normal as long as its sigma is small against late_s.

Weights are those of iterated re-weighting (expectation maximisation, general knowledge of statistics): with p the
probabilities of straight, bent and stray given how late the arrival came,

    weight = p_straight / sigma_straight^2 + p_bent / sigma_bent^2 + 2 p_stray / (stray_s^2 + late^2)

so that weight * late is the slope of -ln f but for that of the late part, 1 / late_s at most, which is left out: it
would pull every fix towards being late for no reason that is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Path:
    """What streets do to first arrivals, in seconds. What is neither bent, late nor stray came straight.

    straight_s : chosen, 1 ms. bent_s : residuals of the live fire's four positions, place and time solved for, are
    nearly normal with 7 to 10 ms by position, all freedoms counted (7.6 ms RMS: notes/localisation.md).
    late_share, late_s : a fifth are late by 5 to 100 ms there, half of these by less than late_s ln 2 + a few ms.
    bent_share, stray_share, stray_s : chosen; on the live fire nearly all is bent, on synthetic streets nothing.
    """

    straight_s: float | Floats = 0.001
    bent_s: float | Floats = 0.008
    bent_share: float | Floats = 0.38
    late_s: float | Floats = 0.040
    late_share: float | Floats = 0.20
    stray_s: float | Floats = 0.100
    stray_share: float | Floats = 0.02

    def of(self, which: ArrayLike) -> "Path":
        """Of several streets told as arrays, the street of each: shapes as `which`, or as they broadcast."""
        index = np.asarray(which)
        return Path(*(np.asarray(getattr(self, field.name))[index] for field in fields(self)))


PATH = Path()


def several(streets: Sequence[Path]) -> Path:
    """Streets as one whose fields are arrays (n,), to be told apart with `of`."""
    return Path(*(np.array([getattr(street, field.name) for street in streets]) for field in fields(Path)))


def log_density(late_s: ArrayLike, sigma_s: ArrayLike, path: Path = PATH) -> Floats:
    """ln f in nats of 1/s: how likely first arrivals are to be this late. Shapes as they broadcast; finite always.

    late_s : seconds behind the straight path, negative for early. sigma_s : one sigma of the node's own timing.
    """
    late = np.asarray(late_s, float)
    return np.asarray(np.log(sum(_parts(late, *_variances(sigma_s, path), path))))


def weights(late_s: ArrayLike, sigma_s: ArrayLike, path: Path = PATH) -> Floats:
    """One over variance, 1/s2, that each arrival is worth in the next step of a fit. Above zero always."""
    late, (straight_s2, bent_s2) = np.asarray(late_s, float), _variances(sigma_s, path)
    straight, bent, delayed, stray = _parts(late, straight_s2, bent_s2, path)
    worth = straight / straight_s2 + bent / bent_s2 + stray * 2 / (path.stray_s**2 + late**2)
    return np.asarray(worth / (straight + bent + delayed + stray))


def _variances(sigma_s: ArrayLike, path: Path) -> tuple[Floats, Floats]:
    """Variances of what came straight, and of what was bent."""
    sigma_s2 = np.square(np.asarray(sigma_s, float))
    return np.asarray(sigma_s2 + path.straight_s**2), np.asarray(sigma_s2 + path.bent_s**2)


def _parts(late: Floats, straight_s2: Floats, bent_s2: Floats, path: Path) -> tuple[Floats, Floats, Floats, Floats]:
    """Share times density, 1/s, of what came straight, was bent, came late, and is stray."""
    late2 = late**2
    share = 1 - path.bent_share - path.late_share - path.stray_share
    straight = share / np.sqrt(2 * np.pi * straight_s2) * np.exp(-0.5 * late2 / straight_s2)
    bent = path.bent_share / np.sqrt(2 * np.pi * bent_s2) * np.exp(-0.5 * late2 / bent_s2)
    delayed = path.late_share / path.late_s * np.exp(-np.maximum(late, 0.0) / path.late_s)
    stray = path.stray_share / np.pi * path.stray_s / (path.stray_s**2 + late2)
    return straight, bent, delayed * ndtr(late / np.sqrt(straight_s2)), stray
