"""Rounds of a burst, told by their likeness to the first: heard where no energy rises any more.

The next round of a gun is the same sound, from the same place, by way of the same walls. Where the echoes of the first
still ring, hardly any energy rises when it comes, and the onset detector misses it or takes an echo for it. But laid
over the first one it fits: so the first LENGTH cells of what may be a gunshot are kept, band-passed, and laid over
all that follows for as long as a burst may last. With T the template and x the sound,

    r(lag) = sum T x(lag) / sqrt(sum T^2 sum x(lag)^2)

is the normalised cross-correlation (a matched filter that knows no loudness; general knowledge). Where it peaks over
ALIKE, a round began as long after the first as its lag is, at every pole to the tenth of a millisecond.

On the live fire nearly all further rounds have r over 0.7, and nearly nothing else has it over ALIKE. ALIKE and LENGTH
were chosen there.

Work is done in frames counted from the first round, so that the result is the same to the last bit however the stream
is cut. The sound is thinned to about THIN_HZ first: that is all the band holds.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.ndimage import maximum_filter1d

Floats = NDArray[np.float64]
First = TypeVar("First")

LEAD, LENGTH = 2, 80  # cells of a template before its onset, and of all of it
SOONEST = 55  # cells to the next round: 950 a minute are 63 ms apart (gateway/placing/acoustics.py)
LASTING = 1200  # cells that a burst may pause for: later, echoes have died away and energy rises again
ALIKE = 0.6
QUIETEST = 0.15  # of the first one's amplitude: no round of one gun is 16 dB weaker than another (chosen)
FRAME, APART = 100, 20  # cells that are looked at together; one round within so many of a better one is the same
SAME = 10  # cells: how far off an onset and a repeat of one round may be
THIN_HZ = 8_000
LATER_SIGMA_US = 6.0  # of simulated rounds in echoes and noise, at 12 and 48 kHz (tried out)
NEEDED = FRAME + 2 * APART + LENGTH
LEAST = 1e-12  # energy a sample below which nothing is like anything


@dataclass(frozen=True, slots=True)
class Repeat(Generic[First]):
    """A round like the first one. later : samples after the first one's onset, with a sigma of LATER_SIGMA_US. gain :
    how much louder it is, as a ratio of amplitudes."""

    first: First
    later: float
    gain: float


class Repeats(Generic[First]):
    """Of one channel. `next_cell` : the first cell whose sound is still needed; None while nothing is waited for."""

    def __init__(self, rate_hz: int, cell: int) -> None:
        self._thin = max(by for by in range(1, cell + 1) if cell % by == 0 and (by == 1 or rate_hz >= by * THIN_HZ))
        self._cell = cell
        self._first: First | None = None
        self._is_sure = False
        self._template = np.zeros(0, np.float32)
        self._energy = self._loudness = 0.0  # of the template, thinned and whole
        self._spectra: dict[int, NDArray[np.complex64]] = {}  # of the template, by length
        self._start_cell = self._heard_cell = 0
        self.next_cell: int | None = None

    def learn(self, first: First, is_sure: bool, onset_cell: int, band: Floats) -> None:
        """What may be a gunshot began in a cell; band : (LENGTH cells,) of its sound, from LEAD cells before. It is the
        first of a burst unless one is waited for already; a doubtful one gives way to a sure one."""
        gives_way = is_sure and not self._is_sure
        if (self.next_cell is None or gives_way) and np.any(band):
            self._is_sure = is_sure
            self._first, self._template, self._spectra = first, self._thinned(band), {}
            self._energy = float(np.square(self._template, dtype=float).sum()) + LEAST * len(self._template)
            self._loudness = float(band @ band)
            self._start_cell = self._heard_cell = onset_cell - LEAD
            self.next_cell = self._start_cell + SOONEST - APART

    def better(self, was: First, now: First) -> None:
        """What the first round is taken for by now, if it is the one that is meant."""
        if self._first is was:
            self._first = now

    def forget(self) -> None:
        """No more is waited for."""
        self._first = self.next_cell = None

    def due(self, known_cell: int) -> bool:
        """Whether the next frame ends before a cell."""
        return self.next_cell is not None and self.frame_end <= known_cell

    @property
    def frame_end(self) -> int:
        """The cell that the next frame ends before."""
        assert self.next_cell is not None, "nothing is waited for"
        return self.next_cell + APART + FRAME

    def look(self, band: Floats) -> list[Repeat[First]]:
        """Rounds in the next frame; band : NEEDED cells of sound from `next_cell` on, fewer where the stream ends."""
        assert self.next_cell is not None, "nothing is due"
        loud_enough = float(band @ band) >= QUIETEST**2 * self._loudness
        found = self._peaks(band) if loud_enough else []
        if found:
            self._heard_cell = self.next_cell + FRAME
        self.next_cell += FRAME
        if self.next_cell > self._heard_cell + LASTING:
            self.forget()
        return found

    def _peaks(self, band: Floats) -> list[Repeat[First]]:
        step = self._cell // self._thin
        alike, gain = self._lay_over(band, (FRAME + 2 * APART) * step)
        inside = slice(APART * step, (APART + FRAME) * step)
        if alike[inside].max() < ALIKE:
            return []
        highest = maximum_filter1d(alike, 2 * APART * step + 1, mode="constant")[inside]
        peaks = (alike[inside] >= ALIKE) & (alike[inside] >= highest) & (gain[inside] >= QUIETEST)
        return [self._repeat(int(peak), alike, gain) for peak in np.flatnonzero(peaks) + inside.start]

    def _repeat(self, peak: int, alike: Floats, gain: Floats) -> Repeat[First]:
        assert self.next_cell is not None and self._first is not None, "as in look"
        left, top, right = alike[peak - 1 : peak + 2].tolist()
        between = 0.5 * (left - right) / min(left - 2 * top + right, -1e-12)
        later = (self.next_cell - self._start_cell) * self._cell + (peak + between) * self._thin
        return Repeat(self._first, later, float(gain[peak]))

    def same(self, onset_cell: int, band: Floats) -> First | None:
        """The first round, where what began in a cell is another one; band : of its sound, LENGTH + 2 SAME cells from
        SAME + LEAD before the cell."""
        if self._first is None or onset_cell - LEAD < self._start_cell + SOONEST:
            return None
        alike, _ = self._lay_over(band, 2 * SAME * (self._cell // self._thin))
        return self._first if alike.max() >= ALIKE else None

    def _lay_over(self, band: Floats, n_lags: int) -> tuple[Floats, Floats]:
        """r and the ratio of amplitudes at each of so many lags, from the sound's first sample on."""
        n = len(self._template)
        sound = np.zeros(n_lags + n, np.float32)
        thin = self._thinned(band)
        sound[: len(thin)] = thin
        size = fft.next_fast_len(len(sound), real=True)  # what wraps round lies past the last lag
        if size not in self._spectra:
            self._spectra[size] = np.conj(fft.rfft(self._template, size))
        overlap = fft.irfft(fft.rfft(sound, size) * self._spectra[size], size)[:n_lags].astype(float)
        energy = np.zeros(len(sound) + 1)
        np.cumsum(np.square(sound, dtype=float), out=energy[1:])
        others = energy[n : n + n_lags] - energy[:n_lags] + LEAST * n
        return overlap / np.sqrt(others * self._energy), overlap / self._energy

    def _thinned(self, band: Floats) -> NDArray[np.float32]:
        """Means of neighbours."""
        whole = len(band) // self._thin * self._thin
        by = self._thin
        return np.asarray(sum(band[first:whole:by] for first in range(by)) / by, np.float32)
