"""The poles of a street as arrays, and which stand near a place: work follows what is near, not the city's size."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist

Floats = NDArray[np.float64]
Place = tuple[float, float, float]
AT_ONCE = 4_000_000  # distances held in memory together


class Poles:
    """places : metres east, north, up by node. Poles are numbered in the order of their nodes' names."""

    def __init__(self, places: Mapping[str, Place]) -> None:
        self.names = sorted(places)
        self.number = {name: i for i, name in enumerate(self.names)}
        self.xyz_m = np.array([places[name] for name in self.names], float).reshape(-1, 3)
        self._tree = KDTree(self.xyz_m[:, :2]) if self.names else None

    def near(self, places_m: Floats, n: int) -> NDArray[np.int64]:
        """(k, min(n, P)) numbers of the poles nearest to places (k, 2 or more) m, nearest first."""
        n = min(n, len(self.names))
        if self._tree is None or not n:
            return np.zeros((len(places_m), 0), np.int64)
        _, numbers = self._tree.query(places_m[:, :2], k=n)
        return np.asarray(numbers, np.int64).reshape(-1, n)

    def lead_m(self, hearing_m: float) -> Floats:
        """(N,) how much farther from a shot another pole that hears it may be than each of these.

        That is no more than d, what lies between the two, and no more than hearing_m - (d - hearing_m), as neither
        hears a shot from farther.
        """
        xyz_m, lead_m = self.xyz_m, np.zeros(len(self.names))
        rows = max(1, AT_ONCE // max(len(xyz_m), 1))
        for start in range(0, len(xyz_m), rows):
            apart_m = cdist(xyz_m[start : start + rows], xyz_m)
            lead_m[start : start + rows] = np.minimum(apart_m, 2 * hearing_m - apart_m).max(axis=1)
        return lead_m
