"""What a street's poles can do as they stand: how far each is from the next, and where a shot could be placed with
grade A. Estimates to look at before anything is hung up, not promises.

Grade A needs six agreeing poles, and its ellipse should be one address. How well times place a shot (the least squares
of arrival times with an unknown time of fire): with unit vectors u_i to n poles and sigma_t of each arrival, the
covariance is sigma_t^2 c^2 (sum (u_i - mean u)(u_i - mean u)^T)^-1, from general knowledge of Gauss-Newton.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.placing.fix import CHI2_2DOF
from gateway.placing.acoustics import Acoustics
from gateway.street import Place

Floats = NDArray[np.float64]
NEAR_M = Acoustics().nearest_m
"""Within this a pole is taken to hear a shot in a street; the placing takes it that the nearest does."""
LEAST_A, MAJOR_M = 6, 10.0
SIGMA_S, SPEED_MPS = 1e-3, 343.0
"""Of an arrival over a path that is a little bent, and of sound at 20 degrees Celsius: rough, as this is."""
TOO_NEAR_M, TOO_FAR_M = 15.0, 250.0
"""Poles so near tell little more than one; from so far a shot between them is heard by few. Estimates."""
BEYOND_M, MOST_CELLS = 150.0, 60


@dataclass(frozen=True, slots=True)
class Next:
    """A node's next one, and how far away over ground."""

    node: str
    other: str
    away_m: float

    @property
    def remark(self) -> str:
        """What is to be said of it, or ""."""
        if self.away_m < TOO_NEAR_M:
            return f"nearer than {TOO_NEAR_M:g} m: together they tell little more than one"
        return f"farther than {TOO_FAR_M:g} m: shots between may be heard by too few" if self.away_m > TOO_FAR_M else ""


def next_ones(places: Mapping[str, Place]) -> list[Next]:
    """Of each node, in the order given."""
    names, flat_m = list(places), _flat(places)
    away_m = np.linalg.norm(flat_m[:, None] - flat_m[None], axis=2) + np.diag(np.full(len(names), np.inf))
    return [Next(name, names[int(np.argmin(row))], float(np.min(row))) for name, row in zip(names, away_m, strict=True)]


def grade_a_cells(places: Mapping[str, Place]) -> tuple[float, list[tuple[float, float]]]:
    """The side of a square (m), and the south-west corners of those in whose middle grade A is possible."""
    flat_m = _flat(places)
    low_m, high_m = flat_m.min(axis=0) - BEYOND_M, flat_m.max(axis=0) + BEYOND_M
    side_m = max(5.0, float(np.max(high_m - low_m)) / MOST_CELLS)
    east_m, north_m = (np.arange(low, high, side_m) for low, high in zip(low_m, high_m, strict=True))
    corners_m = np.stack(np.meshgrid(east_m, north_m), axis=-1).reshape(-1, 2)
    good = [_major_m(middle, flat_m) <= MAJOR_M for middle in corners_m + side_m / 2]
    return side_m, [(float(e_m), float(n_m)) for e_m, n_m in corners_m[good]]


def _major_m(at_m: Floats, poles_m: Floats) -> float:
    """The longer half axis of the 95 % ellipse there; infinite where too few poles are near."""
    to_m = poles_m - at_m
    away_m = np.linalg.norm(to_m, axis=1)
    heard = (away_m <= NEAR_M) & (away_m > 0)
    if np.count_nonzero(heard) < LEAST_A:
        return np.inf
    units = to_m[heard] / away_m[heard, None]
    about = units - units.mean(axis=0)
    least = float(np.linalg.eigvalsh(about.T @ about)[0])
    return SIGMA_S * SPEED_MPS * float(np.sqrt(CHI2_2DOF[0.95] / least)) if least > 0 else np.inf


def _flat(places: Mapping[str, Place]) -> Floats:
    return np.array([place[:2] for place in places.values()], float).reshape(-1, 2)
