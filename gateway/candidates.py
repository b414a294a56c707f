"""Places where a shot may have been fired: where, for some arrival taken as the first, several others fall in line.

Every shot has one pole that hears it first. So each arrival in turn is taken as that first one, and the cells of a
grid round its pole are asked: had the sound come from here, how many other poles would have heard it about when they
did? The best cells, well apart, are where the exact search starts. The cost follows the poles and arrivals near the
first one, not the size of the city.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.air import Air, travel_s
from gateway.evidence import LEAST_POLES, Bools, Evidence, Floats

CELL_M = 20.0
BLUR_S = CELL_M / 600  # how far off a cell's times may be: half its diagonal, there and back, is two sigma
APART_M = 40.0
TOPS = 6
BELOW_M = 5.0  # cells lie this far below the pole's microphone: near the ground
ECHO_NATS = -1.9  # an arrival that surely looks like an echo is not tried as the first


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """Cells round a pole: places (C, 3) m, and the time sound takes from each to each pole near, (p, C) s."""

    cells_m: Floats
    poles: NDArray[np.int64]
    tau_s: NDArray[np.float32]
    own: int


class Grid:
    """Cells round each pole, made when first needed. One for a set of poles."""

    def __init__(self, poles_m: Floats, air: Air, nearest_m: float, hearing_m: float) -> None:
        self._poles_m, self._air = poles_m, air
        self._nearest_m, self._hearing_m = nearest_m, hearing_m
        self._around: dict[int, _Surroundings] = {}

    def starts(self, evidence: Evidence, free: Bools, first: Bools) -> Iterator[tuple[Floats, float]]:
        """Places (3,) and emission times to start the exact search from; `first` (n,) may be tried as first ones."""
        for arrival in np.flatnonzero(free & first & (evidence.direct > ECHO_NATS)):
            yield from self._starts_with(evidence, int(arrival), free)

    def _starts_with(self, evidence: Evidence, first: int, free: Bools) -> Iterator[tuple[Floats, float]]:
        around = self._surroundings(int(evidence.pole[first]))
        count, fit, emitted_s = self._in_line(evidence, first, free, around)
        fit = np.where(count >= LEAST_POLES - 1, fit, 0.0)
        for _ in range(TOPS):
            cell = int(np.argmax(fit))
            if fit[cell] <= 0:
                return
            yield around.cells_m[cell], float(emitted_s[cell])
            away_m = np.abs(around.cells_m - around.cells_m[cell]).max(axis=1)
            fit[away_m < APART_M] = 0

    def _in_line(
        self, evidence: Evidence, first: int, free: Bools, around: _Surroundings
    ) -> tuple[NDArray[np.int64], Floats, Floats]:
        """(C,) other poles that fall in line, how well they do together, and the emission time, per cell."""
        acoustics = evidence.acoustics
        row = np.full(len(self._poles_m), -1)
        row[around.poles] = np.arange(len(around.poles))
        since_s = evidence.t_s - evidence.t_s[first]
        near = free & (row[evidence.pole] >= 0) & (evidence.pole != evidence.pole[first])
        near &= (since_s > -acoustics.early_us / 1e6) & (since_s < self._hearing_m / 300)
        others = np.flatnonzero(near)
        emitted_s = np.float32(evidence.t_s[first]) - around.tau_s[around.own]
        count, fit = np.zeros(len(emitted_s), np.int64), np.zeros(len(emitted_s))
        if len({*evidence.pole[others].tolist()}) < LEAST_POLES - 1:
            return count, fit, emitted_s
        rows = row[evidence.pole[others]]
        late_s = evidence.t_s[others].astype(np.float32)[:, None] - emitted_s - around.tau_s[rows]
        early_s, latest_s = acoustics.early_us / 1e6 + 2 * BLUR_S, acoustics.latest_us / 1e6 + 2 * BLUR_S
        in_line = (late_s > np.float32(-early_s)) & (late_s < np.float32(latest_s))
        worth = np.exp(0.3 * evidence.direct[others], dtype=np.float32)[:, None]
        value = in_line * (worth / (1 + np.square(late_s * np.float32(1 / BLUR_S))))
        starts = np.flatnonzero(np.diff(rows, prepend=-1))  # arrivals are in order of pole
        best = np.maximum.reduceat(value, starts, axis=0)
        return (best > 0).sum(axis=0), np.asarray(best.sum(axis=0), float), np.asarray(emitted_s, float)

    def _surroundings(self, pole: int) -> _Surroundings:
        if pole not in self._around:
            self._around[pole] = self._survey(pole)
        return self._around[pole]

    def _survey(self, pole: int) -> _Surroundings:
        centre = self._poles_m[pole]
        axis = np.arange(-self._nearest_m, self._nearest_m + CELL_M, CELL_M)
        flat = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
        flat = flat[np.linalg.norm(flat, axis=1) <= self._nearest_m]
        cells_m = np.column_stack([flat + centre[:2], np.full(len(flat), centre[2] - BELOW_M)])
        away_m = np.linalg.norm(self._poles_m - centre, axis=1)
        poles = np.flatnonzero(away_m <= self._nearest_m + self._hearing_m)
        tau_s = travel_s(self._air, self._poles_m[poles][:, None] - cells_m[None])
        return _Surroundings(cells_m, poles, tau_s.astype(np.float32), int(np.flatnonzero(poles == pole)[0]))
