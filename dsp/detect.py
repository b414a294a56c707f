"""The impulse detector: a stream of samples in, onsets out, whatever the block size.

Theory. The sound is band-passed to where a muzzle blast is loud and a street is not, and its energy is kept in cells
of about 1 ms. At each cell three means of energy are compared: AFTER (the 12 ms from it on), BEFORE (the 40 ms up to
it) and the FLOOR (30th percentile of the last 2 s). An onset is where AFTER stands out from both, and stands out from
BEFORE more than at any cell within 40 ms: what tells a shot from traffic is the silence before it as much as the
energy after it. The onset is then picked to the sample (`dsp/pick.py`) and described (`dsp/features.py`).

What is not there cannot rise: runs of exact zeros (digital silence), samples that are no numbers, and samples that the
source says were lost are gaps. No onset is found in a gap, nor within the BEFORE window behind one; the stream's own
beginning counts as the end of a gap.

Cell energies are kept as integers, so that sums over windows are exact and the onsets are the same to the last bit
however the stream is cut into blocks. The thresholds are those of a prototype on the live-fire recordings.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage, signal

from dsp.features import Features, describe, kind_of, p_gunshot
from dsp.pick import ON_CELLS, pick

Floats = NDArray[np.float64]

MIN_RATE_HZ, MAX_RATE_HZ = 8_000, 96_000
BAND_HZ = (350.0, 4000.0)  # a handgun's blast at 50 to 400 m; below lies traffic and wind, above lies what air swallows
CELL_HZ = 1000
AFTER, BEFORE, APART = 12, 40, 40  # cells: windows of the statistic, and how close two onsets may be
FLOOR_CELLS, FLOOR_PERCENT, FLOOR_EVERY = 2000, 30, 64
GAP_CELLS = 5  # this many cells of exact zeros are no sound: a microphone always has noise
RISE_DB, SNR_DB = 8.0, 6.0  # AFTER over BEFORE, and over FLOOR
DESCRIBED = 100  # cells of sound after an onset that `describe` looks at
LOOK_AHEAD = DESCRIBED + ON_CELLS + 2  # the pick may lie this far behind the cell
CLIP_S = 0.020  # DESIGN section 7: too short to hold speech
UNIT = 2.0**-46  # of cell energy: -138 dB of full scale, far below the noise of 24-bit converters


@dataclass(frozen=True, slots=True)
class Onset:
    """Where an impulse begins, and what it is like.

    sample : of its channel, counted from the stream's first. sigma_us : one sigma of it in time. level_db : peak in the
    detector's band, dB of full scale, or dB SPL where the microphone's full scale is known. snr_db : over the noise
    floor. clip : at most 20 ms of samples round it.
    """

    channel: int
    sample: float
    sigma_us: float
    level_db: float
    snr_db: float
    p_gunshot: float
    kind: str
    features: Features
    clip: NDArray[np.float32]


class Detector:
    """Finds onsets in one stream of one or more channels, each channel by itself.

    Raises ValueError for a rate or channel count out of range. full_scale_db : dB SPL of an amplitude of 1.
    """

    def __init__(self, rate_hz: int, n_channels: int = 1, full_scale_db: float | None = None) -> None:
        if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
            raise ValueError(f"sample rate {rate_hz} Hz is outside {MIN_RATE_HZ} to {MAX_RATE_HZ} Hz")
        if n_channels < 1:
            raise ValueError(f"{n_channels} channels; at least 1 is needed")
        self.rate_hz, self.n_channels = rate_hz, n_channels
        self._full_scale_db = full_scale_db or 0.0
        self._cell = round(rate_hz / CELL_HZ)
        top_hz = min(BAND_HZ[1], 0.45 * rate_hz)
        self._sos = signal.butter(2, (BAND_HZ[0], top_hz), "bandpass", fs=rate_hz, output="sos")
        centre_hz = float(np.sqrt(BAND_HZ[0] * top_hz))
        self._delay = _group_delay(self._sos, centre_hz, rate_hz)
        self._state = np.zeros((len(self._sos), n_channels, 2))
        self._raw = np.empty((n_channels, 0))  # samples still needed; the first is the first of cell _sample_cell
        self._band = np.empty((n_channels, 0))
        self._sample_cell = 0
        self._energy = np.empty((n_channels, 0), np.int64)  # per cell, units of UNIT; the first is cell _first_cell
        self._missing = np.empty((n_channels, 0), bool)
        self._first_cell = 0
        self._next = 0  # the first cell not yet decided
        self._floor = np.full(n_channels, np.inf)
        self._skipped = 0  # samples of gaps too long to be held

    def feed(self, samples: ArrayLike) -> list[Onset]:
        """The next samples, (n,) or (n, n_channels), full scale +-1. Returns the onsets that are certain by now.

        Samples that are no numbers count as missing. Raises ValueError for another number of channels.
        """
        block = np.asarray(samples, float)
        block = block[:, None] if block.ndim == 1 else block
        if block.ndim != 2 or block.shape[1] != self.n_channels:
            raise ValueError(f"a block of shape {block.shape}; this stream has {self.n_channels} channel(s)")
        if not len(block):
            return []
        self._take(np.ascontiguousarray(block.T))
        return self._decide(self._end_cell - LOOK_AHEAD)

    def skip(self, n_samples: int) -> list[Onset]:
        """These many samples were lost. Returns the onsets that are certain by now."""
        if n_samples < 0:
            raise ValueError(f"{n_samples} samples lost; the stream cannot go back")
        held = min(n_samples, self.rate_hz)
        onsets = self.feed(np.full((held, self.n_channels), np.nan))
        self._skipped += n_samples - held
        return onsets

    def flush(self) -> list[Onset]:
        """The stream has ended: the onsets that still lacked something to come."""
        return self._decide(self._end_cell - AFTER)

    @property
    def _end_cell(self) -> int:
        return self._first_cell + self._energy.shape[1]

    def _take(self, block: Floats) -> None:
        """Filter new samples and fold whole cells of them into energies."""
        missing = ~np.isfinite(block)
        block = np.where(missing, 0.0, block)
        band, self._state = signal.sosfilt(self._sos, block, axis=-1, zi=self._state)
        folded = (self._end_cell - self._sample_cell) * self._cell
        self._raw = np.concatenate([self._raw, np.where(missing, np.nan, block)], axis=1)
        self._band = np.concatenate([self._band, band], axis=1)
        n_cells = (self._raw.shape[1] - folded) // self._cell
        cells = (self.n_channels, n_cells, self._cell)
        fresh = slice(folded, folded + n_cells * self._cell)
        mean = np.square(self._band[:, fresh]).reshape(cells).mean(axis=-1)
        lost = np.isnan(self._raw[:, fresh]).reshape(cells).any(axis=-1)
        silent = (self._raw[:, fresh] == 0).reshape(cells).all(axis=-1)
        # -1 marks a silent cell: whether it is a gap depends on its neighbours, `_gaps` decides
        energy = np.where(silent, -1, np.minimum(mean, 4.0) / UNIT).astype(np.int64)
        self._energy = np.concatenate([self._energy, energy], axis=1)
        self._missing = np.concatenate([self._missing, lost], axis=1)

    def _decide(self, last: int) -> list[Onset]:
        """Onsets in cells up to `last`, and forget what no later onset needs."""
        onsets: list[Onset] = []
        while self._next < last:
            hop_end = min(last, (self._next // FLOOR_EVERY + 1) * FLOOR_EVERY)
            if self._next % FLOOR_EVERY == 0:
                self._floor = self._noise_floor()
            for channel in range(self.n_channels):
                onsets += self._in_cells(channel, self._next, hop_end)
            self._next = hop_end
        self._forget()
        return sorted(onsets, key=lambda onset: onset.sample)

    def _noise_floor(self) -> Floats:
        """(n_channels,) mean energy of a quiet cell; the old value where there has been none."""
        first = max(self._next - FLOOR_CELLS, self._first_cell)
        past = slice(first - self._first_cell, self._next - self._first_cell)
        floor = self._floor.copy()
        for channel in range(self.n_channels):
            cells = self._energy[channel, past]
            cells = cells[~_gaps(self._energy[channel], self._missing[channel])[past]]
            if len(cells):
                floor[channel] = max(float(np.percentile(np.maximum(cells, 0), FLOOR_PERCENT)), 1.0)
        return floor

    def _in_cells(self, channel: int, first: int, last: int) -> list[Onset]:
        """Onsets of one channel in cells [first, last)."""
        low = max(first - APART - BEFORE, self._first_cell)
        high = min(last + APART + AFTER, self._end_cell)
        part = slice(low - self._first_cell, high - self._first_cell)
        rise_db, after = _rise(self._energy[channel, part], self._missing[channel, part])
        highest = ndimage.maximum_filter1d(rise_db, 2 * APART + 1, mode="constant", cval=-np.inf)
        here = slice(first - low, last - low)
        floor = self._floor[channel] if np.isfinite(self._floor[channel]) else 1.0
        loud = after[here] > floor * 10 ** (SNR_DB / 10)
        peaks = np.flatnonzero((rise_db[here] >= RISE_DB) & (rise_db[here] >= highest[here]) & loud)
        return [
            self._onset(channel, first + int(cell), 10 * float(np.log10(after[here][cell] / floor))) for cell in peaks
        ]

    def _onset(self, channel: int, cell: int, snr_db: float) -> Onset:
        zero = self._sample_cell * self._cell
        raw, band = np.nan_to_num(self._raw[channel]), self._band[channel]
        index, sigma_samples = pick(band, cell * self._cell - zero, self._cell, snr_db)
        start = max(index - self._cell, 0)
        peak = float(np.abs(band[start : index + AFTER * self._cell]).max())
        features = describe(raw, band, index, self.rate_hz)
        p = p_gunshot(features, snr_db)
        return Onset(
            channel=channel,
            sample=float(zero + index + self._skipped) - self._delay,
            sigma_us=sigma_samples / self.rate_hz * 1e6,
            level_db=20 * float(np.log10(max(peak, 1e-9))) + self._full_scale_db,
            snr_db=snr_db,
            p_gunshot=p,
            kind=kind_of(features, p),
            features=features,
            clip=raw[start : start + int(CLIP_S * self.rate_hz)].astype(np.float32),
        )

    def _forget(self) -> None:
        spare = self._next - APART - BEFORE - FLOOR_CELLS - GAP_CELLS - self._first_cell
        if spare > FLOOR_CELLS:  # seldom, so that the copying is paid for
            self._energy, self._missing = self._energy[:, spare:], self._missing[:, spare:]
            self._first_cell += spare
        cells = self._next - BEFORE - self._sample_cell
        if cells > 0:
            self._raw = self._raw[:, cells * self._cell :]
            self._band = self._band[:, cells * self._cell :]
            self._sample_cell += cells


def _gaps(energy: NDArray[np.int64], missing: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Cells that are a gap: something missing, or in a run of at least GAP_CELLS silent ones."""
    silent = energy < 0
    opened = ndimage.binary_opening(silent, np.ones(GAP_CELLS, bool)) if silent.any() else silent
    return np.asarray(missing | opened)


def _rise(energy: NDArray[np.int64], missing: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """AFTER over BEFORE in dB, and AFTER, per cell; -inf where a window would touch a gap or the ends."""
    n = len(energy)
    rise_db, after = np.full(n, -np.inf), np.zeros(n)
    cells = np.arange(BEFORE, n - AFTER + 1)
    if not len(cells):
        return rise_db, after
    total = np.concatenate([[0], np.cumsum(np.maximum(energy, 0))])
    holes = np.concatenate([[0], np.cumsum(_gaps(energy, missing))])
    after[cells] = (total[cells + AFTER] - total[cells]) / AFTER
    before = np.maximum((total[cells] - total[cells - BEFORE]) / BEFORE, 1.0)
    whole = holes[cells + AFTER] == holes[cells - BEFORE]
    rise_db[cells] = np.where(whole, 10 * np.log10(np.maximum(after[cells], 1.0) / before), -np.inf)
    return rise_db, after


def _group_delay(sos: Floats, at_hz: float, rate_hz: int) -> float:
    """Samples by which the band-pass delays a sound of this frequency: minus the slope of its phase."""
    step_hz = 1.0
    _, response = signal.sosfreqz(sos, [at_hz - step_hz, at_hz + step_hz], fs=rate_hz)
    turned = float(np.angle(response[1] / response[0]))
    return -turned / (2 * np.pi * 2 * step_hz) * rate_hz
