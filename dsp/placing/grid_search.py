"""Where to start looking for the place of a sound: the hollows of a coarse grid along the poles that heard it.

Each cell is asked how well the arrivals agree on when the sound was made there: the sum of how far each lies from the
median, cut off so that what comes late, or from elsewhere, costs the same wherever it comes from. Arrays lie so that
the sums run along memory: that, not the arithmetic, is what a fix takes its time for.
"""

import math

import numpy as np
from numpy.typing import NDArray

from dsp.air import Air, crossing_s

Floats = NDArray[np.float64]

POLE_HEIGHT_M = 5.0  # how far a source is taken to be below the poles near it
CELLS = 4500  # of the first grid, places times arrivals
FEW, STARTS, MORE_STARTS = 8, 3, 6  # up to `few` arrivals there is time for more starts, and need
LATEST_S = 0.1  # late arrivals are not worth more than this in choosing where to start


def starts_near(xyz_m: Floats, t_s: Floats, air: Air) -> tuple[Floats, float]:
    """(k, 2) places to start from, the best hollows of a coarse grid round the poles, and how far off in time."""
    turn = _axes(xyz_m)
    starts_m, blur_s = _hollows(
        np.column_stack([xyz_m[:, :2] @ turn, xyz_m[:, 2]]), t_s, air.speed_mps, np.array(air.wind_en_mps) @ turn
    )
    return starts_m @ turn.T, blur_s


def _axes(xyz_m: Floats) -> Floats:
    """(2, 2) columns: along the poles and across. A grid laid so finds the same starts however the map is turned."""
    off_m = xyz_m[:, :2] - xyz_m[:, :2].mean(axis=0)
    return np.asarray(np.linalg.eigh(off_m.T @ off_m)[1][:, ::-1])


def _hollows(xyz_m: Floats, t_s: Floats, speed_mps: float, wind_mps: Floats) -> tuple[Floats, float]:
    few, n = len(t_s) <= FEW, len(t_s)
    side = max(11, min(33, int(math.sqrt(CELLS / n))))
    low, high = xyz_m[:, :2].min(axis=0), xyz_m[:, :2].max(axis=0)
    margin = max(float((high - low).max()) / (1 if few else 2), 100.0)
    east, north = (np.linspace(a - margin, b + margin, side) for a, b in zip(low, high, strict=True))
    up_m = xyz_m[:, 2] - (np.median(xyz_m[:, 2]) - POLE_HEIGHT_M)
    along_e, along_n = xyz_m[:, 0] - east[:, None], xyz_m[:, 1] - north[:, None]
    squared = (along_e**2 + up_m**2)[:, None] + along_n**2
    downwind = (along_e * wind_mps[0])[:, None] + along_n * wind_mps[1]
    emitted = (t_s - crossing_s(speed_mps, wind_mps, squared, downwind)).reshape(-1, n)
    middle = np.partition(emitted, n // 2, axis=1)[:, n // 2]
    blur_s = float(max(east[1] - east[0], north[1] - north[0])) / speed_mps
    cost = np.minimum(np.abs(emitted - middle[:, None]), blur_s + LATEST_S).sum(axis=1).reshape(side, side)
    best = _apart(cost, MORE_STARTS if few else STARTS)
    return np.column_stack([east[best // side], north[best % side]]), blur_s


def _apart(cost: Floats, count: int) -> NDArray[np.int64]:
    """The cheapest cells, none next to another."""
    side, free, best = len(cost), cost.copy(), []
    for _ in range(count):
        cell = int(free.argmin())
        i, j = divmod(cell, side)
        best.append(cell)
        free[max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2] = np.inf
    return np.array(best)


def travel(air: Air, paths_m: Floats) -> tuple[Floats, Floats]:
    """(k, n) seconds along paths (k, 3, n), and their squared lengths."""
    squared = (paths_m * paths_m).sum(axis=1)
    east, north = air.wind_en_mps
    return crossing_s(
        air.speed_mps, air.wind_en_mps, squared, paths_m[:, 0] * east + paths_m[:, 1] * north if east or north else 0.0
    ), squared
