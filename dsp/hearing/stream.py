"""What is held of a stream: samples, their band, the energy of cells and how far it rises, each while it is needed."""

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from dsp.hearing import cells
from dsp.hearing.cells import AFTER, BEFORE, CELL_HZ, FLOOR_CELLS, GAP_CELLS
from dsp.hearing.samples import FULL

Floats = NDArray[np.float64]

BAND_HZ = (350.0, 4000.0)  # a handgun's blast at 50 to 400 m; below lies traffic and wind, above lies what air swallows
TOGETHER = 50  # cells that are worked on at once: small blocks cost no more than large ones


class Stream:
    """Of one or more channels; cells and samples are counted from its beginning. n_missing, n_clipped : samples so far
    that were lost or no numbers, and that were at the end of the scale."""

    def __init__(self, rate_hz: int, n_channels: int) -> None:
        self.cell = round(rate_hz / CELL_HZ)  # samples
        top_hz = min(BAND_HZ[1], 0.45 * rate_hz)
        self.sos = signal.butter(2, (BAND_HZ[0], top_hz), "bandpass", fs=rate_hz, output="sos")
        self._state = np.zeros((len(self.sos), n_channels, 2))
        self._waiting: list[Floats] = []
        self._n_waiting = 0
        self._raw = np.empty((n_channels, 0))  # samples still needed; the first is the first of cell _sample_cell
        self._band = np.empty((n_channels, 0))
        self._sample_cell = 0
        self._energy = np.empty((n_channels, 0), np.int64)  # of cells; the first is cell _first_cell
        self._missing = np.empty((n_channels, 0), bool)
        self._rise_db = np.empty((n_channels, 0))  # of the same cells, as far as it is known
        self._after = np.empty((n_channels, 0))
        self._first_cell = 0
        self.n_missing = self.n_clipped = 0

    @property
    def zero(self) -> int:
        """The sample that `raw` and `band` begin with."""
        return self._sample_cell * self.cell

    @property
    def end_cell(self) -> int:
        """The cell behind the last whole one."""
        return self._first_cell + self._energy.shape[1]

    def put(self, block: Floats) -> bool:
        """The next samples (n_channels, n), nan where there is none. Whether there is enough to go on."""
        self._waiting.append(block)
        self._n_waiting += block.shape[1]
        if self._n_waiting < TOGETHER * self.cell:
            return False
        self.take()
        return True

    def take(self) -> None:
        """Filter what waits, and fold whole cells of it into energies."""
        if not self._n_waiting:
            return
        block = np.concatenate(self._waiting, axis=1)
        self._waiting, self._n_waiting = [], 0
        low, high = float(np.min(block)), float(np.max(block))
        any_lost = not np.isfinite(high - low)
        lost = ~np.isfinite(block) if any_lost else np.False_
        self.n_missing += int(np.count_nonzero(lost))
        clean = np.where(lost, 0.0, block) if any_lost else block
        if any_lost or high >= FULL or low <= -FULL:
            self.n_clipped += int(np.count_nonzero(np.abs(clean) >= FULL))
        band, self._state = signal.sosfilt(self.sos, clean, axis=-1, zi=self._state)
        folded = (self.end_cell - self._sample_cell) * self.cell
        self._raw = np.concatenate([self._raw, np.where(lost, np.nan, block) if any_lost else block], axis=1)
        self._band = np.concatenate([self._band, band], axis=1)
        energy, missing = cells.fold(self._raw[:, folded:], self._band[:, folded:], self.cell)
        self._energy = np.concatenate([self._energy, energy], axis=1)
        self._missing = np.concatenate([self._missing, missing], axis=1)

    def weigh(self, last: int) -> None:
        """Know the rise of cells up to `last`: those whose windows cannot change any more."""
        known = self._rise_db.shape[1]
        wanted = last - self._first_cell
        if wanted <= known:
            return
        start = max(known - BEFORE - GAP_CELLS, 0)
        stop = wanted + AFTER + GAP_CELLS
        rise_db, after = cells.rise(self._energy[:, start:stop], self._missing[:, start:stop])
        fresh = slice(known - start, wanted - start)
        self._rise_db = np.concatenate([self._rise_db, rise_db[:, fresh]], axis=1)
        self._after = np.concatenate([self._after, after[:, fresh]], axis=1)

    def rise_db(self, first: int, end: int) -> tuple[Floats, int]:
        """(n_channels, n) rises of the cells from the first of these on that is still held, and which that is."""
        first = max(first, self._first_cell)
        return self._rise_db[:, first - self._first_cell : end - self._first_cell], first

    def snr_db(self, channel: int, cell: int) -> float:
        """How far a cell's AFTER stands over the floor of what came before."""
        past = slice(max(cell - FLOOR_CELLS - self._first_cell, 0), cell - self._first_cell)
        one = slice(channel, channel + 1)
        floor = float(cells.noise_floor(self._energy[one, past], self._missing[one, past])[0])
        return 10 * float(np.log10(self._after[channel, cell - self._first_cell] / floor))

    def raw(self, channel: int) -> Floats:
        """(n,) samples from `zero` on, 0 where there is none."""
        return np.asarray(np.nan_to_num(self._raw[channel]))

    def band(self, channel: int) -> Floats:
        """(n,) the same, band-passed."""
        return np.asarray(self._band[channel])

    def sound(self, channel: int, first_cell: int, n_cells: int) -> Floats:
        """Band-passed sound of these cells, as much as there is."""
        start = (first_cell - self._sample_cell) * self.cell
        return np.asarray(self._band[channel, max(start, 0) : start + n_cells * self.cell])

    def is_behind_gap(self, channel: int, cell: int) -> bool:
        """Whether a gap, or the stream's beginning, lies within BEFORE of a cell: the pick may have moved that far."""
        first = cell - BEFORE - self._first_cell
        if first < 0:
            return True
        near, one = slice(max(first - GAP_CELLS, 0), cell - self._first_cell), slice(channel, channel + 1)
        hole = cells.gaps(self._energy[one, near], self._missing[one, near])[0]
        return bool(hole[min(first, GAP_CELLS) :].any())

    def forget(self, cell: int, sample_cell: int) -> None:
        """No energy before a cell is needed any more, and no sample before another."""
        spare = cell - self._first_cell
        if spare > FLOOR_CELLS:  # seldom, so that the copying is paid for
            self._energy, self._missing = self._energy[:, spare:], self._missing[:, spare:]
            self._rise_db, self._after = self._rise_db[:, spare:], self._after[:, spare:]
            self._first_cell += spare
        past = sample_cell - self._sample_cell
        if past > 0:
            self._raw, self._band = self._raw[:, past * self.cell :], self._band[:, past * self.cell :]
            self._sample_cell += past
