"""The poles of a street as arrays, and which stand near a place: work follows what is near, not the city's size."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Place = tuple[float, float, float]
AT_ONCE = 4_000_000  # distances held in memory together


class Poles:
    """places : metres east, north, up by node. Poles are numbered in the order of their nodes' names."""

    def __init__(self, places: Mapping[str, Place]) -> None:
        self.names = sorted(places)
        self.number = {name: i for i, name in enumerate(self.names)}
        self.xyz_m = np.array([places[name] for name in self.names], float).reshape(-1, 3)
        self._tree = KDTree(self.xyz_m[:, :2]) if self.names else None
        self._near_one = lru_cache(maxsize=4096)(self._ask)

    def near(self, places_m: Floats, n: int) -> Ints:
        """(k, min(n, P)) numbers of the poles nearest to places (k, 2 or more) m, nearest first."""
        return self._numbers(np.ascontiguousarray(places_m[:, :2]), n)

    def near_one(self, place_m: Floats, n: int) -> Ints:
        """(min(n, P),) the same of one place (2 or more,), which is remembered."""
        return self._near_one(place_m[:2].tobytes(), n)

    def _ask(self, place: bytes, n: int) -> Ints:
        return np.asarray(self._numbers(np.frombuffer(place).reshape(1, 2), n)[0])

    def _numbers(self, flat_m: Floats, n: int) -> Ints:
        n = min(n, len(self.names))
        if self._tree is None or not n:
            return np.zeros((len(flat_m), 0), np.int64)
        return np.asarray(self._tree.query(flat_m, k=n)[1], np.int64).reshape(-1, n)

    def lead_m(self, hearing_m: float, n_near: int) -> Floats:
        """(N,) how much farther from a shot another pole that tells of it may be than each of these.

        Asked are the n_near poles nearest to the shot. If a disc round a pole holds so many, so does the disc round
        the shot that is wider by what lies between the two: none of those asked is farther from the shot by more than
        the radius of the first. Nor is it by more than d, what lies between two poles, nor than
        hearing_m - (d - hearing_m), as neither hears a shot from farther.
        """
        xyz_m, n = self.xyz_m, len(self.names)
        lead_m = np.full(n, np.inf)
        if self._tree is not None and n > n_near:
            away_m, _ = self._tree.query(xyz_m[:, :2], k=[n_near])
            lead_m = np.ravel(away_m)
        rows = max(1, AT_ONCE // max(n, 1))
        for start in range(0, n, rows):
            apart_m = cdist(xyz_m[start : start + rows], xyz_m)
            heard_m = np.minimum(apart_m, 2 * hearing_m - apart_m).max(axis=1)
            lead_m[start : start + rows] = np.minimum(lead_m[start : start + rows], heard_m)
        return lead_m
