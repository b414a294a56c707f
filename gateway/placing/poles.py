"""The poles of a street as arrays, and which stand near a place: work follows what is near, not the city's size."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Place = tuple[float, float, float]
CELL_M = 300.0


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
        if self._tree is None:
            return np.zeros(0)
        lead_m, asked = np.full(len(self.names), np.inf), np.arange(len(self.names))
        if len(self.names) > n_near:
            away_m, nth = (np.ravel(column) for column in self._tree.query(self.xyz_m[:, :2], k=[n_near]))
            apart_m = np.linalg.norm(self.xyz_m - self.xyz_m[nth], axis=1)
            lead_m, asked = away_m, np.flatnonzero(apart_m > hearing_m)  # else that pole leads by more than the radius
        tree = KDTree(self.xyz_m)
        for pole in asked.tolist():
            near = tree.query_ball_point(self.xyz_m[pole], 2 * hearing_m)
            apart_m = np.linalg.norm(self.xyz_m[near] - self.xyz_m[pole], axis=1)
            lead_m[pole] = min(lead_m[pole], np.minimum(apart_m, 2 * hearing_m - apart_m).max())
        return lead_m


def districts(places: Mapping[str, Place], apart_m: float) -> dict[str, int]:
    """The number of each pole's district, by node: poles farther than apart_m from all others' are in another one.

    Poles are put together in cells first, so that a dense street costs no more than a thin one: two districts may be
    told as one where less than a cell's width more lies between them.
    """
    names = sorted(places)
    if not names:
        return {}
    flat_m = np.array([places[name][:2] for name in names], float)
    cells, cell_of = np.unique(np.floor(flat_m / CELL_M), axis=0, return_inverse=True)
    pairs = KDTree(cells * CELL_M).query_pairs(apart_m + CELL_M * 2**0.5, output_type="ndarray")
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(cells),) * 2)
    _, of_cell = connected_components(graph, directed=False)
    return dict(zip(names, of_cell[cell_of.ravel()].tolist(), strict=True))
