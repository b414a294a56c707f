"""The onset to a fraction of a sample: where a stretch of sound is best cut in two, and where a blast lies best on it.

First the cut. The Akaike information criterion for one change of variance in a stretch x of N samples, as ObsPy's
`aic_simple` gives it after Maeda (1985): AIC(k) = k log(var(x[:k])) + (N - k - 1) log(var(x[k:])); its minimum is the
onset. The stretch ends at its peak, so that the end of a short blast is not taken for its beginning. The band is free
of a mean, so mean squares stand for variances.

Then the fit. Friedlander waves (`dsp/blast.py`) of many lengths, through the same band-pass, are laid over the sound
round the cut; where one correlates well, the place of its front is better than the cut (a matched filter; from general
knowledge of estimation theory). Where none does, because an echo or another noise is mixed in, the cut stands.

The sigmas are those of simulated blasts of 0.25 to 1 ms in white noise, 10 to 40 dB, at 12 and 48 kHz. They hold for
the onset in the microphone's signal; what the street did to the sound on its way is not theirs to know.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from dsp.blast import friedlander

Floats = NDArray[np.float64]

BACK_CELLS, ON_CELLS = 10, 14
EDGE = 8  # samples at the start that no mean square can be trusted in
POSITIVE_S = tuple(np.geomspace(1.5e-4, 1.5e-3, 49))  # lengths of the positive phase: pistol near to rifle far
PHASES = 8  # steps of a sample at which templates begin
COARSE, NEAR_LAGS = 4, 2  # the search looks at every fourth length and whole samples first, then this near to the best
LEAD_S, LENGTH_S, REACH_S = 0.5e-3, 4e-3, 0.6e-3  # of a template before its front, of all of it, and of the search
ALIKE = 0.90  # least correlation for the fit to be believed
PAD, FINE = 20, 16  # samples of run-up and steps of a sample while templates are made
FIT_SIGMA_US, FIT_NOISE_US, FIT_SAMPLES = 1.8, 12.0, 0.05  # sigma of the fit: at best, at 0 dB, for counting samples
CUT_SIGMA_US, CUT_NOISE_US, CUT_SAMPLES = 9.0, 75.0, 0.35  # the same of the cut


@dataclass(frozen=True, slots=True)
class Pick:
    """An onset: index into the band and a fraction of a sample to be added, and one sigma of it.

    The two are kept apart so that the fraction does not depend on where the band begins.
    """

    index: int
    fraction: float
    sigma_us: float


class Picker:
    """Picks onsets in sound that went through one band-pass (second-order sections) at one rate."""

    def __init__(self, sos: Floats, rate_hz: int, cell: int) -> None:
        self._rate_hz, self._cell = rate_hz, cell
        self._lead, self._length = round(LEAD_S * rate_hz), round(LENGTH_S * rate_hz)
        self._reach = round(REACH_S * rate_hz) + 1
        self._templates = _templates(tuple(map(tuple, sos.tolist())), rate_hz, self._lead, self._length)

    def pick(self, band: Floats, near: int, snr_db: float) -> Pick:
        """Refine an onset known to a cell. band : (n,) band-passed samples. near : first sample of the cell."""
        cut = self._cut(band, near)
        fitted = self._fit(band, cut)
        if fitted is not None:
            return Pick(*fitted, self._sigma_us(FIT_SIGMA_US, FIT_NOISE_US, FIT_SAMPLES, snr_db))
        return Pick(cut, 0.0, self._sigma_us(CUT_SIGMA_US, CUT_NOISE_US, CUT_SAMPLES, snr_db))

    def _sigma_us(self, best_us: float, noise_us: float, samples: float, snr_db: float) -> float:
        return float(np.hypot(best_us, np.hypot(noise_us * 10 ** (-snr_db / 20), samples / self._rate_hz * 1e6)))

    def _cut(self, band: Floats, near: int) -> int:
        first = max(near - BACK_CELLS * self._cell, 0)
        stretch = band[first : near + ON_CELLS * self._cell]
        stretch = stretch[: max(int(np.argmax(np.abs(stretch))) + 2, 3 * EDGE)]
        n = len(stretch)
        k = np.arange(EDGE, n - 1)
        if not len(k):
            return near
        energy = np.cumsum(np.square(stretch)) + 1e-20
        before = energy[k - 1] / k
        after = np.maximum(energy[-1] - energy[k - 1], 1e-20) / (n - k)
        return first + int(k[np.argmin(k * np.log(before) + (n - k - 1) * np.log(after))])

    def _fit(self, band: Floats, cut: int) -> tuple[int, float] | None:
        """Index and fraction of the front of the blast that lies best round the cut; None where none lies well."""
        first = cut - self._lead - self._reach
        stretch = band[max(first, 0) : cut - self._lead + self._reach + self._length]
        if first < 0 or len(stretch) < self._length + 2 * self._reach:
            return None
        windows = np.lib.stride_tricks.sliding_window_view(stretch, self._length)
        lag, length = _best(windows, self._templates[::COARSE, :1])[:2]
        lags = slice(max(lag - NEAR_LAGS, 0), lag + NEAR_LAGS + 1)
        lengths = slice(max((length - 1) * COARSE, 0), (length + 1) * COARSE + 1)
        at, _, along = _best(windows[lags], self._templates[lengths])
        likeness = along[at] / max(float(np.linalg.norm(windows[lags][at // PHASES])), 1e-20)
        if likeness < ALIKE or not 0 < at < len(along) - 1:
            return None
        left, top, right = along[at - 1 : at + 2]
        between = 0.5 * (left - right) / min(left - 2 * top + right, -1e-20)
        later = lags.start * PHASES + at
        return first + self._lead + later // PHASES, float((later % PHASES + between) / PHASES)


def _best(windows: Floats, templates: Floats) -> tuple[int, int, Floats]:
    """Where the overlap is largest: step of the front (lag x phases + phase), length, and that length's overlaps.

    windows : (lags, n). templates : (lengths, phases, n). Not by BLAS, whose last bits depend on alignment.
    """
    overlap = np.abs(np.einsum("wl,tpl->twp", windows, templates)).reshape(len(templates), -1)
    length, at = np.unravel_index(int(np.argmax(overlap)), overlap.shape)
    return int(at), int(length), overlap[length]


@lru_cache(maxsize=16)
def _templates(sos: tuple[tuple[float, ...], ...], rate_hz: int, lead: int, length: int) -> Floats:
    """(lengths, phases, length) blasts through the band-pass, fronts `lead` samples and a phase in, each of norm 1."""
    sample = np.arange((length + 2 * PAD) * FINE) / FINE - PAD - lead
    waves = [
        friedlander((sample - phase / PHASES) / rate_hz, 1.0, positive_s)
        for positive_s in POSITIVE_S
        for phase in range(PHASES)
    ]
    coarse = signal.resample_poly(np.array(waves), 1, FINE, axis=1)
    heard = signal.sosfilt(np.array(sos), coarse, axis=1)[:, PAD : PAD + length]
    heard /= np.linalg.norm(heard, axis=1, keepdims=True)
    return np.asarray(heard.reshape(len(POSITIVE_S), PHASES, length), float)
