"""Places where a shot may have been fired: where, for some arrival taken as an early one, several others fall in line.

Every shot is heard by one of the poles nearest to it. So each arrival in turn is taken as what such a pole heard, and
the cells of a grid round it are asked: had the sound come from here, how many other poles would have heard it about
when they did? The best cells, well apart, are where the exact search starts. How far round a pole the cells reach, and
how fine they are, follows from how dense the poles stand there; the cost follows the arrivals near it, not the city.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dsp.air import Air, travel_s
from gateway.evidence import LEAST_POLES, Bools, Evidence, Floats, Ints
from gateway.poles import Poles

CELLS_ACROSS = 22
CELL_M = (10.0, 20.0)
NEAREST = 12  # of so many poles nearest to a shot, one hears it
ASKED = 32  # poles that are asked, nearest first
TOPS = 6
HALF = 0.5  # a cell that fits less well than this share of the best one is not looked at
ALIKE_M, ALIKE_S = 25.0, 0.05  # starts within this of each other lead to the same: the best is enough
BELOW_M = 5.0  # cells lie this far below the pole's microphone: near the ground
ECHO_NATS = -1.9  # an arrival that surely looks like an echo is not tried


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
    """Cells round a pole: places (C, 3) m, the poles asked (p,), the time sound takes from each to each, (p, C) s."""

    cells_m: Floats
    cell_m: float
    poles: Ints
    tau_s: NDArray[np.float32]


class Grid:
    """Cells round each pole, made when first needed and kept for a thousand poles. One for a set of poles."""

    def __init__(self, poles: Poles, air: Air, nearest_m: float) -> None:
        self._poles, self._air, self._nearest_m = poles, air, nearest_m
        self._surroundings = lru_cache(maxsize=1200)(self._survey)

    def starts(self, evidence: Evidence, cost: Floats, first: Bools) -> list[Start]:
        """Where to start the exact search; `first` (n,) may be tried as early ones, cost (n,) nats: see Evidence."""
        best: dict[tuple[int, ...], Start] = {}
        for arrival in np.flatnonzero((cost == 0) & first & (evidence.direct > ECHO_NATS)):
            for start in self._starts_with(evidence, int(arrival), cost):
                where = (*(start.place_m[:2] / ALIKE_M).astype(int).tolist(), int(start.emitted_s / ALIKE_S))
                if where not in best or best[where].fit < start.fit:
                    best[where] = start
        return list(best.values())

    def _starts_with(self, evidence: Evidence, first: int, cost: Floats) -> Iterator[Start]:
        around = self._surroundings(int(evidence.pole[first]))
        emitted_s = np.float32(evidence.t_s[first]) - around.tau_s[0]
        fit = _in_line(evidence, first, cost, around, emitted_s)
        if fit is None:
            return
        most = float(fit.max())
        for _ in range(TOPS):
            cell = int(np.argmax(fit))
            if fit[cell] <= HALF * most:
                return
            yield Start(around.cells_m[cell], float(emitted_s[cell]), around.cell_m / 600, float(fit[cell]))
            fit[np.abs(around.cells_m - around.cells_m[cell]).max(axis=1) < 2.5 * around.cell_m] = 0

    def _survey(self, pole: int) -> _Surroundings:
        centre = self._poles.xyz_m[pole]
        poles = self._poles.near(centre[None], ASKED)[0]
        poles = np.concatenate([[pole], poles[poles != pole]])
        away_m = np.linalg.norm(self._poles.xyz_m[poles, :2] - centre[:2], axis=1)
        reach_m = (
            min(1.5 * float(away_m[: NEAREST + 1].max()), self._nearest_m) if len(poles) > NEAREST else self._nearest_m
        )
        cell_m = float(np.clip(2 * reach_m / CELLS_ACROSS, *CELL_M))
        axis = np.arange(-reach_m, reach_m + cell_m, cell_m)
        flat = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
        flat = flat[np.linalg.norm(flat, axis=1) <= reach_m]
        cells_m = np.column_stack([flat + centre[:2], np.full(len(flat), centre[2] - BELOW_M)])
        tau_s = travel_s(self._air, self._poles.xyz_m[poles][:, None] - cells_m[None])
        return _Surroundings(cells_m, cell_m, poles, tau_s.astype(np.float32))


def _in_line(
    evidence: Evidence, first: int, cost: Floats, around: _Surroundings, emitted_s: NDArray[np.float32]
) -> Floats | None:
    """(C,) how well other poles' arrivals fall in line with `first`, 0 under four poles; None where none can."""
    acoustics, blur_s = evidence.acoustics, around.cell_m / 600
    slots = evidence.table[evidence.row[around.poles[1:]]]
    since_s = evidence.t_s[slots] - evidence.t_s[first]
    near = (slots >= 0) & np.isfinite(cost)[slots] & (since_s > -around.tau_s[0].max()) & (since_s < around.tau_s.max())
    asked, rank = np.nonzero(near)
    starts = np.flatnonzero(np.diff(asked, prepend=-1))
    if len(starts) < LEAST_POLES - 1:
        return None
    others = slots[asked, rank]
    late_s = evidence.t_s[others].astype(np.float32)[:, None] - emitted_s - around.tau_s[1:][asked]
    early_s, latest_s = acoustics.early_us / 1e6 + 2 * blur_s, acoustics.latest_us / 1e6 + 2 * blur_s
    in_line = (late_s > np.float32(-early_s)) & (late_s < np.float32(latest_s))
    worth = np.exp(0.3 * evidence.direct[others], dtype=np.float32)[:, None]
    value = in_line * (worth / (1 + np.square(late_s * np.float32(1 / blur_s))))
    best = np.maximum.reduceat(value, starts, axis=0)
    return np.where((best > 0).sum(axis=0) >= LEAST_POLES - 1, best.sum(axis=0), 0.0)
