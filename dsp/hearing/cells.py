"""The numbers that the detector decides on: energy in cells, where there is a gap, how far it rises, how quiet it is.

Energies of cells are integers (units of UNIT), so that sums over windows are exact and do not depend on where a stream
was cut. All arrays are (n_channels, n_cells); a cell is about 1 ms.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

CELL_HZ = 1000
AFTER, BEFORE = 12, 40  # cells compared
GAP_CELLS = 5  # this many cells of exact zeros are no sound: a microphone always has noise
FLOOR_CELLS, FLOOR_PERCENT = 2000, 30
UNIT = 2.0**-46  # of energy: -138 dB of full scale, far below the noise of 24-bit converters
SILENT = -1  # energy of a cell of exact zeros: whether it is a gap depends on its neighbours


def fold(raw: Floats, band: Floats, cell: int) -> tuple[Ints, Bools]:
    """Energies of whole cells, and which of them miss samples (nan in `raw`). raw, band : (n_channels, n) samples."""
    n_cells = raw.shape[1] // cell
    shape = (len(raw), n_cells, cell)
    cells = band[:, : n_cells * cell].reshape(shape)
    energy = np.minimum(np.einsum("kcs,kcs->kc", cells, cells) / (cell * UNIT), 4.0 / UNIT).astype(np.int64)
    samples = raw[:, : n_cells * cell].reshape(shape)
    missing = np.isnan(samples.sum(axis=-1)) if np.isnan(raw.sum()) else np.zeros(shape[:2], bool)
    for channel, silent in np.argwhere(samples[..., 0] == 0):
        if not samples[channel, silent].any():
            energy[channel, silent] = SILENT
    return energy, missing


def gaps(energy: Ints, missing: Bools) -> Bools:
    """Cells that are a gap: something missing, or in a run of at least GAP_CELLS silent ones."""
    silent = energy == SILENT
    if not silent.any():
        return missing
    return np.asarray(missing | ndimage.binary_opening(silent, np.ones((1, GAP_CELLS), bool)))


def rise(energy: Ints, missing: Bools) -> tuple[Floats, Floats]:
    """AFTER over BEFORE in dB, and AFTER, of each cell; -inf where a window would touch a gap or either end."""
    n_channels, n = energy.shape
    rise_db, after = np.full((n_channels, n), -np.inf), np.zeros((n_channels, n))
    if n < BEFORE + AFTER:
        return rise_db, after
    here = slice(BEFORE, n - AFTER + 1)
    total = _running(np.maximum(energy, 0))
    before = np.maximum((total[:, here] - total[:, : n - AFTER - BEFORE + 1]) / BEFORE, 1.0)
    after[:, here] = np.maximum((total[:, BEFORE + AFTER :] - total[:, here]) / AFTER, 1.0)
    rise_db[:, here] = 10 * np.log10(after[:, here] / before)
    hole = gaps(energy, missing)
    if hole.any():
        holes = _running(hole)
        rise_db[:, here][holes[:, BEFORE + AFTER :] > holes[:, : n - AFTER - BEFORE + 1]] = -np.inf
    return rise_db, after


def noise_floor(energy: Ints, missing: Bools) -> Floats:
    """(n_channels,) energy of a quiet cell: the FLOOR_PERCENT percentile of those that are no gap; 1 where all are."""
    hole = gaps(energy, missing)
    return np.array([_quiet(cells[~away]) for cells, away in zip(energy, hole, strict=True)])


def _quiet(heard: Ints) -> float:
    if not len(heard):
        return 1.0
    rank = (len(heard) - 1) * FLOOR_PERCENT // 100
    return max(float(np.partition(heard, rank)[rank]), 1.0)


def _running(values: NDArray[np.generic]) -> Ints:
    """(n_channels, n + 1) exact sums of all values before each."""
    total = np.zeros((values.shape[0], values.shape[1] + 1), np.int64)
    np.cumsum(values, axis=1, out=total[:, 1:])
    return total
