"""What the detector weighs, for pictures: cell by cell the sound's extent, its level, the noise floor and the rise.

Reckoned with the detector's band, windows and percentile (`dsp/hearing/detect.py`) but in floating point and over the
whole stream at once: to be looked at, not to be decided on.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import signal

from dsp.hearing.cells import AFTER, BEFORE, CELL_HZ, FLOOR_CELLS, FLOOR_PERCENT
from dsp.hearing.stream import BAND_HZ

QUIET = 1e-14  # of cell energy: -140 dB of full scale, where a picture ends
FLOOR_STEP = 64  # cells: the floor is reckoned this often

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Curves:
    """Per channel and cell, (n_channels, n_cells); cell k covers k to k + 1 times cell_s from the stream's start.

    low, high : least and most sample, full scale +-1. level_db : mean energy of the cells that follow, in the band;
    floor_db : the noise floor up to it (both dB of full scale); rise_db : level over the mean of the cells before,
    NaN where the windows reach past the ends.
    """

    cell_s: float
    low: Floats
    high: Floats
    level_db: Floats
    floor_db: Floats
    rise_db: Floats


class Sketch:
    """Folds a stream into cells of about 1 ms as it goes by; memory grows by 24 bytes a cell and channel."""

    def __init__(self, rate_hz: int, n_channels: int = 1) -> None:
        self._cell = round(rate_hz / CELL_HZ)
        self._cell_s = self._cell / rate_hz
        top_hz = min(BAND_HZ[1], 0.45 * rate_hz)
        self._sos = signal.butter(2, (BAND_HZ[0], top_hz), "bandpass", fs=rate_hz, output="sos")
        self._state = np.zeros((len(self._sos), n_channels, 2))
        self._rest = np.empty((n_channels, 0))
        self._folded: list[Floats] = []  # (3, n_channels, some cells) each: low, high, energy
        self._n_channels = n_channels

    def feed(self, samples: ArrayLike) -> None:
        """The next samples, (n,) or (n, n_channels), full scale +-1. What is no number counts as silence."""
        block = np.nan_to_num(np.asarray(samples, float).reshape(-1, self._n_channels).T, posinf=0.0, neginf=0.0)
        sound = np.concatenate([self._rest, block], axis=1)
        whole = sound.shape[1] // self._cell * self._cell
        cells, self._rest = sound[:, :whole], sound[:, whole:]
        if not whole:
            return
        band, self._state = signal.sosfilt(self._sos, cells, axis=-1, zi=self._state)
        shape = (self._n_channels, whole // self._cell, self._cell)
        low, high = cells.reshape(shape).min(axis=-1), cells.reshape(shape).max(axis=-1)
        self._folded.append(np.stack([low, high, np.square(band).reshape(shape).mean(axis=-1)]))

    def curves(self) -> Curves:
        """What has gone by so far. ValueError where that is less than one cell."""
        if not self._folded:
            raise ValueError("less than 1 ms of sound: nothing to show")
        low, high, energy = np.concatenate(self._folded, axis=-1)
        level_db = _db(_following(energy, AFTER))
        earlier = np.concatenate([np.repeat(energy[:, :1], BEFORE, axis=1), energy[:, :-1]], axis=1)
        before_db = _db(_following(earlier, BEFORE)[:, : energy.shape[1]])
        rise_db = level_db - before_db
        rise_db[:, :BEFORE], rise_db[:, -AFTER:] = np.nan, np.nan
        return Curves(self._cell_s, low, high, level_db, _db(_floor(energy)), rise_db)


def _following(energy: Floats, n_cells: int) -> Floats:
    """Mean of each cell and those after it, n_cells in all; past the end the last cell goes on."""
    longer = np.concatenate([energy, np.repeat(energy[:, -1:], n_cells, axis=1)], axis=1)
    total = np.cumsum(longer, axis=1)
    return np.asarray((total[:, n_cells - 1 : -1] - total[:, :-n_cells] + longer[:, :-n_cells]) / n_cells)


def _floor(energy: Floats) -> Floats:
    at = range(0, energy.shape[-1], FLOOR_STEP)
    steps = [np.percentile(energy[:, max(0, k - FLOOR_CELLS) : k + 1], FLOOR_PERCENT, axis=-1) for k in at]
    return np.repeat(np.stack(steps, axis=-1), FLOOR_STEP, axis=-1)[:, : energy.shape[-1]]


def _db(energy: Floats) -> Floats:
    return np.asarray(10 * np.log10(np.maximum(energy, QUIET)))
