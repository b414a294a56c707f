"""The integer impulse detector of a microcontroller: blocks of samples in, onsets out.

Theory. It is the float detector (dsp/hearing/detect.py) in integers, with its band, windows and thresholds: sound is
band-passed (dsp/fixed/bands.py) and folded into cells of about 1 ms; where the energy of the 12 cells from one on
stands out from the 40 before it by 7 dB, more than at any cell within 40, and by 6 dB from the 30th percentile of the
last 1.9 s, there is an onset. It differs in six things. Samples have 16 bits. The energy of a cell is the square of its
mean magnitude, which needs no more than 31 bits a sample. Logarithms are in 1/1024 of a doubling, by a parabola that is
right to 0.01. The onset is where Akaike's criterion cuts the sound best (dsp/hearing/pick.py), to a sample; no blast is
fitted to it. What is 36 dB under the peak counts as noise there, because filters, the converter's too, ring before a
blast. A line that is stuck at any level, not only at nought, is a gap.

The loops over samples and cells are in dsp/fixed/kernel.py; here is what is done once a block and once an onset. Of an
onset the sound is band-passed once more, some 150 ms of it: to hold it would take more than all the rest does.
Everything is reckoned from the samples alone, so that the onsets are the same however the stream is cut into blocks.
"""

from array import array
from collections import namedtuple

from dsp.fixed.bands import FULL, band_of
from dsp.fixed.levels import decibels, log2
from dsp.fixed.shape import (
    BEFORE_CELLS,
    EARLY_CELLS,
    LAGS_US,
    LEAD_CELLS,
    N_CHANGES,
    N_TOLD,
    SHAPE_CELLS,
    describe,
)

RING_CELLS, N_CELLS, N_RISES = 160, 2048, 256  # held: of samples, of cells, of rises
WEIGHED_WORDS, STATE_WORDS = 640, 107
PIECE_CELLS = 20  # at most as many come at once
AFTER, BEFORE = 12, 40  # cells compared
LOOK = 116  # cells between one that is decided on and the last that is known
FLOOR_CELLS = 1900
SNR = 2041  # 6 dB, in 1/1024 of a doubling of energy
BACK_CELLS, CUT_CELLS = 10, 24  # the stretch that is cut: from so many cells before on, so many
STEP_CELLS = 5
CLIPPED = 32113  # 0.98 of full scale, as dsp/hearing/detect.py has it
WRAP, MANY = 10240, 1 << 20  # cells: a whole number of every ring; when to count anew, for a board's words are short
AT_LEFT, AT_CELL, AT_SPAN, AT_LOST, AT_HOLD, AT_CELLS, AT_WEIGHED = 10, 14, 15, 16, 17, 18, 19
"""Places of the kernel's state."""

Onset = namedtuple("Onset", ("sample", "sigma_us", "level_cdb", "snr_cdb", "shape", "clipped", "clip"))
"""sample: of the stream, from its first. level_cdb: peak in the band, of full scale. shape: dsp/fixed/shape.py.
clipped: the converter was at its end. clip: int16, at most 20 ms, from 1 ms before; None where memory is short."""


class Detector:
    """Finds onsets in one microphone's words: signed, 32 bits, the sound in the upper ones, as I2S gives them.

    rate_hz: one of bands.BANDS, else ValueError. kernel: dsp/fixed/kernel.py, or what has its functions.
    """

    def __init__(self, rate_hz: int, kernel) -> None:  # type: ignore[no-untyped-def]
        band = band_of(rate_hz)
        self.rate_hz = rate_hz
        self.cell = (rate_hz + 500) // 1000
        self.span = RING_CELLS * self.cell
        self._lags = [(rate_hz * lag_us + 500_000) // 1_000_000 for lag_us in LAGS_US]  # samples
        self._kernel = kernel
        self._raw = array("h", bytes(2 * self.span))
        self._cells = array("i", bytes(4 * N_CELLS))
        self._weighed = array("i", bytes(4 * WEIGHED_WORDS))
        self._band = array("i", bytes(4 * CUT_CELLS * self.cell))
        self._told = array("i", bytes(4 * N_TOLD))
        self._state = array("i", bytes(4 * STATE_WORDS))
        for place, value in enumerate(band):
            self._state[place] = value
        self._state[AT_LEFT] = self._state[AT_CELL] = self.cell
        self._state[AT_SPAN] = self.span
        self._zero = 0  # sample of the stream with which cell 0 begins

    def feed(self, words: "array[int]") -> list[Onset]:
        """The next samples, an array of 32-bit words; comes back: the onsets that are certain by now."""
        found = []
        piece = PIECE_CELLS * self.cell
        for first in range(0, len(words), piece):
            end = min(first + piece, len(words))
            self._kernel.hear(first, end, self._raw, self._cells, words, self._state)
            cell = self._kernel.weigh(self._state, self._cells, self._weighed)
            while cell >= 0:
                onset = self._look_at(cell)
                if onset is not None:
                    found.append(onset)
                cell = self._kernel.weigh(self._state, self._cells, self._weighed)
            if self._state[AT_CELLS] > MANY:
                self._count_anew()
        return found

    def skip(self, n_samples: int) -> list[Onset]:
        """So many samples were lost here; comes back: the onsets that are certain by now."""
        if n_samples < 1:
            return []
        found = []
        held = min(n_samples, (LOOK + 2) * self.cell)
        self._zero += n_samples - held
        self._state[AT_LOST] = self._state[AT_HOLD] = 1
        nothing = array("i", bytes(4 * self.cell))
        for _ in range(held // self.cell):
            found.extend(self.feed(nothing))
        found.extend(self.feed(nothing[: held % self.cell]))
        self._state[AT_HOLD] = 0
        return found

    def flush(self) -> list[Onset]:
        """The stream has ended; comes back: the onsets that were still open."""
        return self.skip((LOOK + 2) * self.cell)

    def noise_cdb(self) -> int | None:
        """Level of the floor in the band, of full scale, as of noise; None where no sound is known."""
        n = min(self._state[AT_CELLS], FLOOR_CELLS)
        floor = self._kernel.floor(self._cells, self._state[AT_CELLS] - n, n)
        # of noise the root of the mean square is 1.253 times the mean magnitude
        return decibels(2 * (log2(floor * 1253) - log2(FULL * 1000 * self.cell))) if floor > 1 else None

    def _look_at(self, cell: int) -> Onset | None:
        """The onset in a cell where the rise peaks; None where it is none, or too faint."""
        floor = self._kernel.floor(self._cells, cell - FLOOR_CELLS, FLOOR_CELLS)
        snr = self._weighed[(cell & N_RISES - 1) + N_RISES] - 2 * log2(floor)
        if snr < SNR:
            return None
        first = (cell - BACK_CELLS) * self.cell
        index = first + self._kernel.cut(self._band, self._pass_again(first, CUT_CELLS))
        self._pass_again(index - LEAD_CELLS * self.cell, LEAD_CELLS + EARLY_CELLS)
        near = memoryview(self._band)[(LEAD_CELLS - 1) * self.cell : (LEAD_CELLS + AFTER) * self.cell]
        peak = max([1, max(near), -min(near)])
        if self._is_behind_gap(index // self.cell, cell) or self._is_step(index, peak):
            return None
        shape = self._shape(index)
        low, high, _ = self._summed(index - self.cell, (1 + SHAPE_CELLS) * self.cell)
        return Onset(
            sample=self._zero + index, sigma_us=sigma_us(snr, self.rate_hz),
            level_cdb=decibels(2 * (log2(peak) - log2(FULL))), snr_cdb=decibels(snr), shape=shape,
            clipped=high >= CLIPPED or low <= -CLIPPED,
            clip=self._clip(index),
        )  # fmt: skip

    def _clip(self, index: int) -> "bytes | None":
        try:
            parts = self._stretch(index - self.cell, self.rate_hz // 50)
            return bytes(parts[0]) if len(parts) == 1 else bytes(parts[0]) + bytes(parts[1])
        except MemoryError:  # an onset must not be lost for it
            return None

    def _pass_again(self, first: int, n_cells: int) -> int:
        """The band of so many cells, at most CUT_CELLS, from a sample on is in _band; comes back: how many samples."""
        n = n_cells * self.cell
        self._kernel.again(first % self.span, n, self._raw, self._band, self._state)
        return n

    def _shape(self, index: int) -> "tuple[int, ...]":
        """Once the first EARLY_CELLS are in _band, behind LEAD_CELLS."""
        lead, early = LEAD_CELLS * self.cell, EARLY_CELLS * self.cell
        changes = [0] * N_CHANGES
        peak = self._kernel.measure(self._band, lead, early, self._told)
        for n in range(SHAPE_CELLS // EARLY_CELLS):
            if n:
                self._pass_again(index + n * early - lead, LEAD_CELLS + EARLY_CELLS)
                self._told[1] += self._kernel.loud(self._band, lead, lead + early, peak)
            place = (n + 1) // 2 * len(self._lags)  # of the stretches the first is one such piece, the others are two
            for i, lag in enumerate(self._lags):
                changes[place + i] += self._kernel.differ(self._band, lead, lead + early, lag)
        first = index // self.cell - BEFORE_CELLS
        cells = [self._cells[i & N_CELLS - 1] for i in range(first, first + BEFORE_CELLS + SHAPE_CELLS)]
        return describe(list(self._told), changes, cells, self.rate_hz)

    def _is_behind_gap(self, picked: int, cell: int) -> bool:
        """Whether the onset was picked so much before its cell that it lies within BEFORE of a gap."""
        return any(self._cells[i & N_CELLS - 1] <= 0 for i in range(picked - BEFORE, cell - BEFORE))

    def _is_step(self, index: int, peak: int) -> bool:
        """Whether the level just jumps there: flat before and after, and the jump is all that the band holds."""
        n = STEP_CELLS * self.cell
        before, after = self._summed(index - n - self.cell, n), self._summed(index + 2 * self.cell, n)
        jump = 2 * abs(after[2] - before[2])  # times n, in units of the band
        spread = 2 * max(before[1] - before[0], after[1] - after[0])
        return 2 * jump > 3 * spread * n and 3 * jump <= 10 * peak * n <= 12 * jump

    def _summed(self, first: int, n: int) -> "tuple[int, int, int]":
        """Least, greatest and sum of raw samples."""
        parts = self._stretch(first, n)
        least, greatest = min([min(part) for part in parts]), max([max(part) for part in parts])
        return least, greatest, sum([sum(part) for part in parts])

    def _stretch(self, first: int, n: int) -> "list[memoryview]":
        """Raw samples, in one piece or two."""
        first %= self.span
        raw = memoryview(self._raw)
        return [part for part in (raw[first : first + n], raw[: max(0, first + n - self.span)]) if len(part)]

    def _count_anew(self) -> None:
        fewer = self._state[AT_CELLS] // WRAP * WRAP - WRAP
        self._zero += fewer * self.cell
        self._state[AT_CELLS] -= fewer
        self._state[AT_WEIGHED] -= fewer


def sigma_us(snr: int, rate_hz: int) -> int:
    """One sigma of an onset, of its SNR in 1/1024 of a doubling.

    Squares of 15 us at best, of 75 us at 0 dB, and of 0.27 of a sample for counting them: the error on simulated blasts
    of 0.25 to 1 ms in white noise of 10 to 40 dB, at 12, 16 and 48 kHz.
    """
    noise_us2 = 5625 * (2048 - (snr & 1023)) >> 11 + (snr >> 10)
    counting_us = 270_000 // rate_hz
    square = 225 + noise_us2 + counting_us * counting_us
    root = 1
    while root * root < square:
        root += 1
    return root
