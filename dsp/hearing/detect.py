"""The impulse detector: a stream of samples in, onsets out, whatever the block size.

Theory. The sound is band-passed to where a muzzle blast is loud and a street is not, and its energy is kept in cells of
about 1 ms. At each cell three means of energy are compared: AFTER (the 12 ms from it on), BEFORE (the 40 ms up to it)
and the FLOOR (30th percentile of the last 2 s). An onset is where AFTER stands out from both, and stands out from
BEFORE more than at any cell within 40 ms: what tells a shot from traffic is the silence before it as much as the energy
after it. The onset is then picked to a fraction of a sample (`dsp/hearing/pick.py`) and described
(`dsp/hearing/features.py`).

Where what may be a gunshot was heard, what sounds like it again is the next round, whether any energy rises or not
(`dsp/hearing/template_match.py`): it is told with the first one's description and its own time and level.

A step of direct current or a square wave's edge rises too, but is no sound: it stays flat on either side
(`dsp/hearing/samples.py`). What is not there cannot rise: runs of exact zeros (digital silence), samples that are no
numbers, and samples that the source says were lost are gaps. No onset is found in a gap, nor within the BEFORE window
behind one; the stream's own beginning counts as the end of a gap.

Cell energies are kept as integers, so that sums over windows are exact and the onsets are the same to the last bit
however the stream is cut into blocks. The thresholds were chosen on the live-fire recordings.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from dsp.hearing.cells import AFTER, BEFORE, FLOOR_CELLS, GAP_CELLS
from dsp.hearing.classify import inputs, kind_of
from dsp.hearing.common_form import common_form
from dsp.hearing.features import describe
from dsp.hearing.judge import Judge
from dsp.hearing.looks import Looks
from dsp.hearing.n_wave import likeness
from dsp.hearing.onset import CLIP_S, Look, Onset
from dsp.hearing.patch import LOOKS_MS
from dsp.hearing.pick import BACK_CELLS, ON_CELLS, Picker
from dsp.hearing.samples import FULL, full_scale, is_step
from dsp.hearing.spectrogram import spectrogram
from dsp.hearing.stream import Stream
from dsp.hearing.template_match import FRAME, LATER_SIGMA_US, LEAD, LENGTH, NEEDED, SAME, Repeat, Repeats

Floats = NDArray[np.float64]

MIN_RATE_HZ, MAX_RATE_HZ = 8_000, 96_000
APART = 40  # cells: how close two onsets may be
RISE_DB, SNR_DB = 7.0, 6.0  # AFTER over BEFORE, and over FLOOR
SEEN = 60  # cells of sound before an onset that are looked at
DESCRIBED = 100  # cells of sound after an onset that `describe` looks at
LOOK_AHEAD = DESCRIBED + ON_CELLS + 2  # the pick may lie this far behind the cell
MAYBE, SURE = 0.2, 0.5  # p_gunshot of what may be the first round of a burst, and of what gives way to nothing
TOLD = 20  # onsets remembered, longer than any frame lies back
KEPT = FLOOR_CELLS + BEFORE + APART + GAP_CELLS  # cells before the next one that are still needed


class Detector:
    """Finds onsets in one stream of one or more channels, each channel by itself.

    Raises ValueError for a rate or channel count out of range. full_scale_db : dB SPL of an amplitude of 1. judge : who
    says what an impulse is; the trees alone where it is not given.
    """

    def __init__(
        self, rate_hz: int, n_channels: int = 1, full_scale_db: float | None = None, judge: Judge | None = None
    ) -> None:
        if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
            raise ValueError(f"sample rate {rate_hz} Hz is outside {MIN_RATE_HZ} to {MAX_RATE_HZ} Hz")
        if n_channels < 1:
            raise ValueError(f"{n_channels} channels; at least 1 is needed")
        self.rate_hz, self.n_channels = rate_hz, n_channels
        self._full_scale_db = full_scale_db or 0.0
        self._stream = Stream(rate_hz, n_channels)
        self._cell = self._stream.cell
        self._picker = Picker(self._stream.sos, rate_hz, self._cell)
        self._next = 0  # the first cell not yet decided
        self._last = np.full(n_channels, -APART - 1)  # the cell of the last onset
        self._judge = judge or Judge()
        self._looks = Looks(self._judge, rate_hz)
        self._repeats: list[Repeats[Onset]] = [Repeats(rate_hz, self._cell) for _ in range(n_channels)]
        self._told: list[list[float]] = [[] for _ in range(n_channels)]  # samples of the latest onsets
        self._skipped = 0  # samples of gaps too long to be held
        self.n_other_rate = 0  # samples so far of blocks at another rate

    @property
    def n_missing(self) -> int:
        """Samples so far that were lost or no numbers."""
        return self._stream.n_missing

    @property
    def n_clipped(self) -> int:
        """Samples so far at the end of the scale."""
        return self._stream.n_clipped

    def feed(self, samples: ArrayLike, rate_hz: int | None = None) -> list[Onset]:
        """The next samples, (n,) or (n, n_channels): floats, full scale +-1, or integers, full scale their range.

        rate_hz : of this block, where its source says so. A block at another rate than the stream's is not heard: it
        is a gap as long as the block, counted in n_other_rate. Returns the onsets that are certain by now. Samples
        that are no numbers count as missing. Raises ValueError for another number of channels.
        """
        block = full_scale(np.asarray(samples))
        block = block[:, None] if block.ndim == 1 else block
        if block.ndim != 2 or block.shape[1] != self.n_channels:
            raise ValueError(f"a block of shape {block.shape}; this stream has {self.n_channels} channel(s)")
        if rate_hz not in (None, self.rate_hz):
            self.n_other_rate += len(block)
            return self.skip(round(len(block) * self.rate_hz / max(rate_hz or 1, 1)))
        if not self._stream.put(block.T):
            return []
        self._stream.weigh(self._stream.end_cell - AFTER - GAP_CELLS)
        return self._decide(self._stream.end_cell - LOOK_AHEAD)

    def skip(self, n_samples: int) -> list[Onset]:
        """These many samples were lost. Returns the onsets that are certain by now."""
        if n_samples < 0:
            raise ValueError(f"{n_samples} samples lost; the stream cannot go back")
        held = min(n_samples, self.rate_hz)
        onsets = self.feed(np.full((held, self.n_channels), np.nan))
        self._skipped += n_samples - held
        if n_samples > held:
            for repeats in self._repeats:
                repeats.forget()
        return onsets

    def looks(self) -> list[Look]:
        """The later looks at onsets that are certain by now and were not asked for before."""
        return self._looks.take()

    def awaits(self, onset: Onset) -> bool:
        """Whether an onset will be looked at again."""
        return self._looks.awaits(onset)

    def flush(self) -> list[Onset]:
        """The stream has ended: the onsets that still lacked something to come."""
        self._stream.take()
        self._stream.weigh(self._stream.end_cell - AFTER + 1)
        onsets = self._decide(self._stream.end_cell - AFTER + 1)
        last = self._stream.end_cell + FRAME + SAME + BACK_CELLS
        repeats = [repeat for channel in range(self.n_channels) for repeat in self._again(channel, last)]
        for channel in range(self.n_channels):
            self._look_again(channel, self._stream.end_cell + 2 * LOOKS_MS[-1])
        return sorted(onsets + repeats, key=lambda onset: onset.sample)

    def _decide(self, last: int) -> list[Onset]:
        """Onsets in cells from the next to `last`, and forget what no later onset needs."""
        if last <= self._next:
            return []
        near, first = self._stream.rise_db(self._next - APART, last + APART)
        highest = ndimage.maximum_filter1d(near, 2 * APART + 1, axis=1, mode="constant", cval=-np.inf)
        peaks = ((near >= RISE_DB) & (near >= highest))[:, self._next - first : last - first]
        found: list[Onset] = []
        for channel, after in np.argwhere(peaks).tolist():
            found += self._again(channel, self._next + after)
            self._look_again(channel, self._next + after)
            found += self._look_at(channel, self._next + after)
        self._next = last
        for channel in range(self.n_channels):
            found += self._again(channel, last)
            self._look_again(channel, last)
        waited_for = [repeats.next_cell for repeats in self._repeats if repeats.next_cell is not None]
        held = self._looks.first_needed(last * self._cell) // self._cell
        self._stream.forget(last - KEPT, min(last - SEEN - BACK_CELLS - 1, held, *waited_for, last))
        return sorted(found, key=lambda onset: onset.sample)

    def _look_again(self, channel: int, cell: int) -> None:
        """Later looks that are known when a cell is decided: those whose sound ends by then, and no others, however
        much more has come already."""
        end = (cell + LOOK_AHEAD) * self._cell
        while self._looks.is_due(channel, end):
            for was, now in self._looks.look(channel, end, self._stream.raw(channel), self._stream.zero):
                self._repeats[channel].better(was, now)

    def _again(self, channel: int, known_cell: int) -> list[Onset]:
        """Rounds like the first of a burst, well before a cell up to which all else has been decided."""
        repeats, told, found = self._repeats[channel], self._told[channel], list[Onset]()
        while repeats.due(known_cell - SAME - BACK_CELLS):
            self._look_again(channel, repeats.frame_end + SAME + BACK_CELLS)
            again = repeats.look(self._stream.sound(channel, repeats.next_cell or 0, NEEDED))
            rounds = [self._repeated(each) for each in again]
            fresh = [one for one in rounds if all(abs(one.sample - at) > SAME * self._cell for at in told)]
            for one in fresh:
                self._looks.liken(one, one.like or 0.0)
            found += fresh
        return found

    def _repeated(self, repeat: Repeat[Onset]) -> Onset:
        """A round like the first one, which says what it is like."""
        first, louder_db = repeat.first, 20 * float(np.log10(max(repeat.gain, 1e-9)))
        sample = first.sample + repeat.later
        start = int(sample) - self._cell - self._skipped - self._stream.zero
        raw = self._stream.raw(first.channel)[max(start, 0) : start + DESCRIBED * self._cell]
        return replace(
            first,
            sample=sample,
            sigma_us=float(np.hypot(first.sigma_us, LATER_SIGMA_US)),
            level_db=first.level_db + louder_db,
            snr_db=first.snr_db + louder_db,
            clip=raw[: int(CLIP_S * self.rate_hz)].astype(np.float32),
            clip_sample=int(sample) - self._cell,
            clipped=bool(np.abs(raw).max(initial=0) >= FULL),
            like=first.sample,
        )

    def _look_at(self, channel: int, cell: int) -> list[Onset]:
        """The onset in a cell where the rise peaks; none where it does not stand out from the floor."""
        snr_db = self._stream.snr_db(channel, cell)
        if snr_db < SNR_DB or cell - self._last[channel] <= APART:
            return []
        onset = self._onset(channel, cell, snr_db)
        return [] if onset is None else [self._remembered(onset)]

    def _remembered(self, onset: Onset) -> Onset:
        """An onset, taken for what the first of its burst was where it is like it; so that rounds like it can be told,
        and none is told twice."""
        repeats, told = self._repeats[onset.channel], self._told[onset.channel]
        told[:] = [*told[-TOLD:], onset.sample]
        cell = (int(onset.sample) - self._skipped) // self._cell
        first = repeats.same(cell, self._stream.sound(onset.channel, cell - LEAD - SAME, LENGTH + 2 * SAME))
        if first is not None and first.p_gunshot > onset.p_gunshot:
            onset = replace(onset, p_gunshot=first.p_gunshot, kind=first.kind)
            self._looks.liken(onset, first.sample)
        else:
            self._looks.expect(onset, int(onset.sample) - self._skipped)
        if onset.p_gunshot >= MAYBE:
            repeats.learn(onset, onset.p_gunshot >= SURE, cell, self._stream.sound(onset.channel, cell - LEAD, LENGTH))
        return onset

    def _onset(self, channel: int, cell: int, snr_db: float) -> Onset | None:
        zero, raw, band = self._stream.zero, self._stream.raw(channel), self._stream.band(channel)
        picked = self._picker.pick(band, cell * self._cell - zero, snr_db)
        index = picked.index
        start = max(index - self._cell, 0)
        peak = float(np.abs(band[start : index + AFTER * self._cell]).max())
        behind_gap = self._stream.is_behind_gap(channel, (zero + index) // self._cell)
        if behind_gap or is_step(raw, index, self._cell, peak):
            return None
        self._last[channel] = cell
        form = common_form(raw, index, self.rate_hz)
        features = describe(form, likeness(raw, index, self.rate_hz))
        row = inputs(features, spectrogram(form))
        p = self._judge.p(row, raw, index, self.rate_hz, 0)
        return Onset(
            channel=channel,
            sample=zero + self._skipped + index + picked.fraction,
            sigma_us=picked.sigma_us,
            level_db=20 * float(np.log10(max(peak, 1e-9))) + self._full_scale_db,
            snr_db=snr_db,
            p_gunshot=p,
            kind=kind_of(features, p),
            features=features,
            row=row,
            clip=raw[start : start + int(CLIP_S * self.rate_hz)].astype(np.float32),
            clip_sample=zero + self._skipped + start,
            clipped=bool(np.abs(raw[start : index + DESCRIBED * self._cell]).max() >= FULL),
        )
