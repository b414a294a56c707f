"""The integer detector of dsp/fixed in whole arrays: slower to start, plain to read, and the same to the last bit.

dsp/fixed/detector.py says what it does and why. Here each step is one formula on int64, and asserts what the kernels
rely on: that nothing passes 31 bits and a sign. A recording is taken at once; channels are worked on side by side.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from dsp.fixed.bands import FULL, band_of
from dsp.fixed.detector import (
    AFTER,
    BACK_CELLS,
    BEFORE,
    CLIPPED,
    CUT_CELLS,
    FLOOR_CELLS,
    LOOK,
    SNR,
    STEP_CELLS,
    Onset,
    sigma_us,
)
from dsp.fixed.levels import decibels, log2
from dsp.fixed.shape import BEFORE_CELLS, EARLY_CELLS, LAGS_US, LEAD_CELLS, SHAPE_CELLS, describe

Ints = NDArray[np.int64]

APART, GAP_CELLS = 40, 5
STRETCHES = ((0, 20), (20, 60), (60, 100))  # cells over which changes are summed
RISE, NO_RISE = 2382, -(1 << 20)  # 7 dB in 1/1024 of a doubling
MOST = 1 << 31


def words_of(samples: ArrayLike) -> NDArray[np.int32]:
    """Floats, full scale +-1, as the words of a microphone; at the ends they clip. Any shape."""
    scaled = np.round(np.asarray(samples, float) * 2.0**31)
    return np.clip(scaled, -(2.0**31), 2.0**31 - 256).astype(np.int32)


def band_passed(words: NDArray[np.int32], rate_hz: int) -> Ints:
    """(n_channels, n) words through the band-pass of their rate, of full scale FULL. ValueError for another rate."""
    gain, pole_1, pole_2, edge_1, edge_0 = band_of(rate_hz)
    sound = np.ascontiguousarray(_sound(words).T)
    band = np.empty_like(sound)
    low_1 = low_2 = high_1 = high_0 = np.zeros(len(words), np.int64)
    largest = np.zeros(len(words), np.int64)
    for n, x in enumerate(sound):
        push = gain * x
        low = (push + low_1) >> 13
        low_1 = low_2 + 2 * push - pole_1 * low
        low_2 = push - pole_2 * low
        band[n] = y = low + (high_1 >> 14)
        high_1 = high_1 + high_0 - edge_1 * y
        high_0 = high_0 - edge_0 * y
        np.maximum(largest, np.maximum(np.abs(low_1), np.abs(high_1)), out=largest)
    assert largest.max(initial=0) < MOST
    return band.T


def folded(words: NDArray[np.int32], band: Ints, cell: int, lost: NDArray[np.bool_]) -> Ints:
    """(n_channels, n_cells) sums of magnitudes: 0 where the samples never change, -1 where one was lost."""
    n_cells = band.shape[1] // cell
    sound = _sound(words)
    change = np.diff(sound, axis=1, prepend=0) != 0
    whole = (len(band), n_cells, cell)
    varied = change[:, : n_cells * cell].reshape(whole).any(-1)
    total = np.abs(band[:, : n_cells * cell]).reshape(whole).sum(-1)
    return np.where(lost[:, : n_cells * cell].reshape(whole).any(-1), -1, np.where(varied, total, 0))


def rises(cells: Ints) -> tuple[Ints, Ints]:
    """Rise and energy after of each of (n_channels, n_cells), logarithms in 1/1024; NO_RISE where there is a gap."""
    energy = np.square(np.maximum(cells, 0))
    grown = _running(energy)
    n = cells.shape[1]
    rise, after = np.full(cells.shape, NO_RISE), np.zeros(cells.shape, np.int64)
    here = slice(BEFORE, max(n - AFTER + 1, BEFORE))
    behind, ahead = grown[:, : n - AFTER - BEFORE + 1], grown[:, AFTER + BEFORE :]
    sum_after, sum_before = ahead - grown[:, here], grown[:, here] - behind
    assert sum_before.max(initial=0) >> 20 < MOST
    log_after, log_before = logs(np.maximum(sum_after, 1)), logs(np.maximum(sum_before, 1))
    more = sum_after >= sum_before  # a rise of 5.2 dB
    rise[:, here] = np.where(more, log_after - log_before + 1779, NO_RISE)  # log2(40 / 12)
    after[:, here] = log_after - 3671  # log2(12)
    gaps = (cells < 0) | ndimage.binary_opening(cells == 0, np.ones((1, GAP_CELLS), bool))
    holes = _running(gaps.astype(np.int64))
    rise[:, here][holes[:, AFTER + BEFORE :] > holes[:, : n - AFTER - BEFORE + 1]] = NO_RISE
    return rise, after


def logs(values: Ints) -> Ints:
    """`detector.log2` of an array."""
    exponent = np.frexp(values.astype(float))[1] - 1
    exponent = np.where(values >> exponent == 0, exponent - 1, exponent)  # a float may have been rounded up
    part = (
        np.where(exponent >= 10, values >> np.maximum(exponent - 10, 0), values << np.maximum(10 - exponent, 0)) - 1024
    )
    return np.asarray(1024 * exponent + part + (352 * part * (1024 - part) >> 20))


def quiet(cells: Ints) -> int:
    """The 30th percentile of cells that hold sound; 1 where none does."""
    heard = np.sort(cells[cells > 0])
    return int(heard[(len(heard) - 1) * 307 >> 10]) if len(heard) else 1


def cut(stretch: Ints) -> int:
    """Where a stretch of the band is best cut in two, by Akaike's criterion (dsp/hearing/pick.py)."""
    size = np.abs(stretch)
    size = size[: max(int(np.argmax(size)) + 2, 24)]
    shift = 0
    while (size >> shift).max() > 32767 or _energy(size >> shift).sum() >= 1 << 30:
        shift += 1
    grown = np.cumsum(_energy(size >> shift))
    n = len(size)
    k = np.arange(8, n - 1)
    before, after = np.maximum(grown[k - 1], 1), np.maximum(grown[-1] - grown[k - 1], 1)
    score = k * (logs(before) - logs(k)) + (n - k - 1) * (logs(after) - logs(n - k))
    assert np.abs(score).max() < MOST
    return int(k[np.argmin(score)])


def measured(heard: Ints, n_early: int) -> list[int]:
    """What kernel.measure tells of samples from an onset on."""
    early, size = heard[:n_early], np.abs(heard)
    peak_at = int(np.argmax(size[:n_early]))
    over = np.flatnonzero(10 * size >= size[peak_at])
    crossings = int(np.count_nonzero(np.diff(early < 0)))
    return [peak_at - int(over[0]), len(over), crossings, int(size[:n_early].sum()), int(np.abs(np.diff(early)).sum())]


def lags_of(rate_hz: int) -> list[int]:
    """In samples."""
    return [(rate_hz * lag_us + 500_000) // 1_000_000 for lag_us in LAGS_US]


def changed(heard: Ints, cell: int, rate_hz: int) -> list[int]:
    """The changes that `describe` takes, of samples from LEAD_CELLS before an onset on."""
    told = []
    for first, end in STRETCHES:
        at = np.arange((LEAD_CELLS + first) * cell, (LEAD_CELLS + end) * cell)
        told += [int(np.abs(heard[at] - heard[at - lag]).sum()) for lag in lags_of(rate_hz)]
    assert max(told) < MOST >> 1
    return told


def _energy(size: Ints) -> Ints:
    """Of each sample, over a floor 36 dB under the peak."""
    return np.asarray(np.square(size) + (size.max() ** 2 >> 12))


def onsets(words: NDArray[np.int32], rate_hz: int, lost: NDArray[np.bool_] | None = None) -> list[list[Onset]]:
    """The onsets of each of (n_channels, n) words, whole recordings. lost : of their shape, which are missing."""
    lost = np.zeros(words.shape, bool) if lost is None else lost
    cell = (rate_hz + 500) // 1000
    end = ((0, 0), (0, (LOOK + 2) * cell))  # as at the end of a stream, nothing comes behind it
    words, lost = np.pad(np.where(lost, 0, words), end), np.pad(lost, end, constant_values=True)
    band = band_passed(words, rate_hz)
    cells = folded(words, band, cell, lost)
    rise, after = rises(cells)
    return [
        [
            onset
            for peak in _peaks(rise[channel])
            for onset in _look_at(peak, after[channel], cells[channel], band[channel], words[channel] >> 16, rate_hz)
        ]
        for channel in range(len(words))
    ]


def _peaks(rise: Ints) -> Sequence[int]:
    """Cells that rise by RISE, more than any within APART before and no less than any within APART behind."""
    padded = np.pad(rise, APART, constant_values=NO_RISE)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * APART + 1)
    stands_out = (rise > around[:, :APART].max(1)) & (rise >= around[:, APART + 1 :].max(1)) & (rise >= RISE)
    return [int(peak) for peak in np.flatnonzero(stands_out)]


def _look_at(peak: int, after: Ints, cells: Ints, band: Ints, raw: NDArray[np.int32], rate_hz: int) -> Sequence[Onset]:
    snr = int(after[peak]) - 2 * log2(quiet(cells[max(peak - FLOOR_CELLS, 0) : peak]))
    cell = (rate_hz + 500) // 1000
    first = (peak - BACK_CELLS) * cell
    if snr < SNR:
        return []
    index = first + cut(band[first : first + CUT_CELLS * cell])
    loudest = max(int(np.abs(band[index - cell : index + AFTER * cell]).max()), 1)
    behind = index // cell - BEFORE
    if behind < 0 or (cells[behind : peak - BEFORE] <= 0).any() or _is_step(raw, index, cell, loudest):
        return []
    near = raw[index - cell : index + SHAPE_CELLS * cell]
    clip = near[: rate_hz // 50].astype("<i2").tobytes()
    told = measured(band[index : index + SHAPE_CELLS * cell], EARLY_CELLS * cell)
    around = cells[behind + BEFORE - BEFORE_CELLS :][: BEFORE_CELLS + SHAPE_CELLS].tolist()
    shape = describe(told, changed(band[index - LEAD_CELLS * cell :], cell, rate_hz), around, rate_hz)
    clipped = bool(np.abs(near).max() >= CLIPPED)
    level_cdb = decibels(2 * (log2(loudest) - log2(FULL)))
    return [Onset(index, sigma_us(snr, rate_hz), level_cdb, decibels(snr), shape, clipped, clip)]


def _is_step(raw: NDArray[np.int32], index: int, cell: int, peak: int) -> bool:
    n = STEP_CELLS * cell
    before, after = raw[index - n - cell : index - cell], raw[index + 2 * cell : index + 2 * cell + n]
    jump = 2 * abs(int(after.sum()) - int(before.sum()))
    spread = 2 * int(max(np.ptp(before), np.ptp(after)))
    return 2 * jump > 3 * spread * n and 3 * jump <= 10 * peak * n <= 12 * jump


def _sound(words: NDArray[np.int32]) -> Ints:
    return (words.astype(np.int64) >> 16) * (FULL >> 15)


def _running(values: Ints) -> Ints:
    total = np.zeros((values.shape[0], values.shape[1] + 1), np.int64)
    np.cumsum(values, axis=1, out=total[:, 1:])
    return total
