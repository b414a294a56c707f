"""Places where a shot may have been fired: where, for some arrival taken as an early one, several others fall in line.

Every shot is heard by one of the poles nearest to it. So each arrival in turn is taken as what such a pole heard, and
the cells of a grid round it are asked: had the sound come from here, how many other poles would have heard it about
when they did? The best cells, well apart, are where the exact search starts. How far round a pole the cells reach, and
how fine they are, follows from how dense the poles stand there; the cost follows the arrivals near it, not the city.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dsp.air import Air, crossing_s
from gateway.placing.evidence import LEAST_POLES, Bools, Evidence, Floats, Ints
from gateway.placing.poles import Poles

CELLS_ACROSS = 22
CELL_M = (10.0, 20.0)
NEAREST = 12  # of so many poles nearest to a shot, one hears it
ASKED = 32  # poles that are asked, nearest first
TOPS = 6
HALF = 0.5  # a cell that fits less well than this share of the best one is not looked at
APART = 2  # cells between two starts
ALIKE_M, ALIKE_S = 25.0, 0.05  # starts within this of each other lead to the same: the best is enough
IN_LINE = 0.4  # an arrival whose value is more falls well in line: 1 is exactly, 1/2 one sigma of blur off
SPOKEN_FOR = 3  # an arrival in line with the best starts of so many others is not tried
BELOW_M = 5.0  # cells lie this far below the pole's microphone: near the ground
ECHO_NATS = -1.9  # an arrival that surely looks like an echo is not tried


Float32s = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Start:
    """Where the exact search starts: place (3,) m, emission s, one sigma of what the cell's size does to times, and
    how many arrivals fall in line, those well in line counting most."""

    place_m: Floats
    emitted_s: float
    blur_s: float = 0.0
    fit: float = 0.0


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """Cells in a square round a pole: places (C, 3) m, so far apart; the poles asked, itself first (p,); the time that
    sound takes from each cell to each of them (p, C) s, and the longest."""

    cells_m: Floats
    cell_m: float
    poles: Ints
    tau_s: Float32s
    longest_s: float

    @property
    def blur_s(self) -> float:
        """One sigma of what the cells' size does to times."""
        return self.cell_m / 600


@dataclass(frozen=True, slots=True)
class _Line:
    """What falls in line with an arrival, had it come from each cell: when that was emitted (C,) s, the others (m,),
    how well each does (m, C), and all together (C,), 0 under four poles."""

    around: _Surroundings
    emitted_s: Floats
    others: Ints
    value: Float32s
    fit: Floats

    def with_best(self) -> Ints:
        """Numbers of the arrivals that fall well in line with the best cell."""
        return np.asarray(self.others[self.value[:, self.fit.argmax()] > IN_LINE])

    def best(self) -> Iterator[Start]:
        """Starts at the best cells, well apart, the best one first."""
        left = self.fit.copy()
        across = math.isqrt(len(left))
        square, least = left.reshape(across, across), HALF * float(left.max())
        for _ in range(TOPS):
            cell = int(left.argmax())
            if left[cell] <= least:
                return
            place_m, emitted_s, fit = self.around.cells_m[cell], float(self.emitted_s[cell]), float(left[cell])
            yield Start(place_m, emitted_s, self.around.blur_s, fit)
            north, east = divmod(cell, across)
            square[max(north - APART, 0) : north + APART + 1, max(east - APART, 0) : east + APART + 1] = 0


class Grid:
    """Cells round each pole, made when first needed and kept for a thousand poles. One for a set of poles."""

    def __init__(self, poles: Poles, air: Air, nearest_m: float) -> None:
        self._poles, self._air, self._nearest_m = poles, air, nearest_m
        self._surroundings = lru_cache(maxsize=1200)(self._survey)

    def starts(self, evidence: Evidence, cost: Floats, first: Bools) -> list[Start]:
        """Where to start the exact search; `first` (n,) may be tried as early ones, cost (n,) nats: see Evidence."""
        starts: list[Start] = []
        spoken_for = np.zeros(len(cost), int)
        tried = np.flatnonzero((cost == 0) & first & (evidence.direct > ECHO_NATS))
        for arrival in tried[np.argsort(evidence.t_us[tried], kind="stable")].tolist():
            if spoken_for[arrival] < SPOKEN_FOR:
                line = _in_line(evidence, arrival, cost, self._surroundings(int(evidence.pole[arrival])))
                if line:
                    starts += line.best()
                    spoken_for[line.with_best()] += 1
        return _unlike(starts)

    def _survey(self, pole: int) -> _Surroundings:
        centre = self._poles.xyz_m[pole]
        poles = self._poles.near_one(centre, ASKED)
        poles = np.concatenate([[pole], poles[poles != pole]])
        away_m = np.linalg.norm(self._poles.xyz_m[poles, :2] - centre[:2], axis=1)
        reach_m = self._nearest_m
        if len(poles) > NEAREST:
            reach_m = min(1.5 * float(away_m[: NEAREST + 1].max()), reach_m)
        cell_m = float(np.clip(2 * reach_m / CELLS_ACROSS, *CELL_M))
        axis = np.arange(-reach_m, reach_m + cell_m, cell_m)
        flat = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
        cells_m = np.column_stack([flat + centre[:2], np.full(len(flat), centre[2] - BELOW_M)])
        tau_s = self._crossings_s(self._poles.xyz_m[poles] - (centre - (0.0, 0.0, BELOW_M)), axis)
        return _Surroundings(cells_m, cell_m, poles, tau_s, float(tau_s.max()))

    def _crossings_s(self, poles_m: Floats, axis_m: Floats) -> Float32s:
        """(p, C) s from the cells, axis by axis, to poles (p, 3) m."""
        along = poles_m.astype(np.float32)[:, :2, None] - axis_m.astype(np.float32)
        squared = np.square(along)
        squared_m2 = squared[:, 1, :, None] + (squared[:, 0] + np.float32(poles_m[:, 2:] ** 2))[:, None]
        downwind = along * np.array(self._air.wind_en_mps, np.float32)[:, None]
        tau_s = crossing_s(
            self._air.speed_mps, self._air.wind_en_mps, squared_m2, downwind[:, 1, :, None] + downwind[:, 0][:, None]
        )
        return np.asarray(tau_s.reshape(len(poles_m), -1), np.float32)


def _in_line(evidence: Evidence, first: int, cost: Floats, around: _Surroundings) -> _Line | None:
    """How well other poles' arrivals fall in line with `first`; None where four poles cannot."""
    slots = evidence.table[evidence.row[around.poles[1:]]]
    since_s = evidence.t_s[slots] - evidence.t_s[first]
    asked, rank = np.nonzero((slots >= 0) & np.isfinite(cost)[slots] & (np.abs(since_s) < around.longest_s))
    starts = np.flatnonzero(np.diff(asked, prepend=-1))
    if len(starts) < LEAST_POLES - 1:
        return None
    others, blur_s = slots[asked, rank], around.blur_s
    emitted_s = evidence.t_s[first] - around.tau_s[0].astype(float)
    late_s = since_s[asked, rank].astype(np.float32)[:, None] + around.tau_s[0] - around.tau_s[1:][asked]
    early_s, latest_s = evidence.acoustics.early_us / 1e6 + 2 * blur_s, evidence.acoustics.latest_us / 1e6 + 2 * blur_s
    may = (late_s > np.float32(-early_s)) & (late_s < np.float32(latest_s))
    worth = np.exp(0.3 * evidence.direct[others], dtype=np.float32)[:, None]
    value = may * (worth / (1 + np.square(late_s * np.float32(1 / blur_s))))
    best = np.maximum.reduceat(value, starts, axis=0)
    fit = np.where((best > 0).sum(axis=0) >= LEAST_POLES - 1, best.sum(axis=0), 0.0)
    return _Line(around, emitted_s, others, value, fit)


def _unlike(starts: Iterable[Start]) -> list[Start]:
    """Of starts so near each other that they lead to the same, the best."""
    best: dict[tuple[int, ...], Start] = {}
    for start in starts:
        where = (*(start.place_m[:2] / ALIKE_M).astype(int).tolist(), int(start.emitted_s / ALIKE_S))
        if where not in best or best[where].fit < start.fit:
            best[where] = start
    return list(best.values())
