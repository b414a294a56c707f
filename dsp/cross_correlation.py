"""The time between two clips of one sound, by laying one over the other; and the times of many, all pairs together.

Generalised cross-correlation (Knapp and Carter, IEEE Trans. ASSP 24, 320, 1976, read as PySDR's chapter on time
difference of arrival states it): with G(f) the cross spectrum of two clips and W(f) a weight,

    R(lag) = integral of W(f) G(f) exp(2 pi j f lag) df

has its peak at the delay. W = 1 is plain correlation, W = 1 / |G| the phase transform, |G|^-whitening what lies
between. Plain is what is used: gunshots repeat best with it from pole to pole (simulators/locating/clips_figures.py).
Spectra are taken at the same frequencies whatever the clips' rates, each from its own time of the first sample.

Sigma. Let r be the correlation at the peak, 1 for clips that are alike but for a factor. What they do not share is
taken as noise in M = 2 B T independent values (B the band, T the stretch); then

    sigma^2 = (1 - r^2) / r^2 / (M (2 pi f_rms)^2),      f_rms^2 the mean of f^2 over |G|,

the Cramer-Rao bound 1 / (8 pi^2 f_rms^2 T SNR) of the same chapter with r for the SNR (our own step). Most of what two
places do not share is no noise but reflections, which shift the peak: SIGMA_FACTOR and REFLECTED_S make the sigma true
of simulated blasts with a reflection off the ground and reverberation, at 10 to 30 dB.

Where no one peak is clear there is no answer: poles may hear a shot so differently that nothing can be laid over
anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

LOW_HZ, HIGH_HZ, STEP_HZ = 100.0, 4000.0, 25.0  # what is compared; a period of the step outlasts two stretches
TOP_SHARE = 0.45  # of the rate: what a converter's filter leaves whole
LENGTH_S, FADE_S = 0.007, 0.001  # of a clip: after it come echoes, of which each place has its own
REACH_S, LAG_S = 0.002, 20e-6  # how far from what is expected the peak is looked for, and in what steps
ALIKE = 0.6  # least correlation at the peak: the least that does no harm on the live fire (clips_figures.py)
SECOND = 0.85  # a second peak as high as this share of the first leaves it open which is meant
SIGMA_FACTOR, REFLECTED_S = 2.0, 20e-6


@dataclass(frozen=True, slots=True)
class Clip:
    """Sound round an onset. samples : (n,), any scale. start_s : time of the first one, seconds from a zero that all
    clips share. Raises ValueError for fewer than two samples or a rate that is not positive."""

    samples: Floats = field(repr=False)
    rate_hz: int
    start_s: float

    def __post_init__(self) -> None:
        if self.samples.ndim != 1 or len(self.samples) < 2 or self.rate_hz <= 0:
            raise ValueError(f"a clip of shape {self.samples.shape} at {self.rate_hz} Hz")


@dataclass(frozen=True, slots=True)
class Delay:
    """How much later a sound is in one clip than in another, one sigma of it, and how alike they are then, 0 to 1."""

    delay_s: float
    sigma_s: float
    alike: float


def delay(later: Clip, earlier: Clip, expected_s: float, whitening: float = 0.0, least: float = ALIKE) -> Delay | None:
    """The delay of one clip's sound behind another's, within REACH_S of what is expected; None where no peak is clear.

    whitening : 0 plain correlation, 1 the phase transform. least : how alike they must be.
    """
    hz = _frequencies(min(later.rate_hz, earlier.rate_hz))
    one, other = _spectrum(later, hz), _spectrum(earlier, hz)
    cross = one * np.conj(other) * np.exp(2j * np.pi * hz * expected_s)
    energy = float(np.sqrt((np.abs(one) ** 2).sum() * (np.abs(other) ** 2).sum()))
    if not 0 < energy < np.inf:
        return None
    size = np.abs(cross)
    weighted = cross * np.maximum(size, 1e-6 * size.max()) ** -whitening
    along = np.asarray(np.real(_turns(len(hz)) @ weighted), float)
    at = _clear_peak(along)
    if at is None:
        return None
    left, top, right = along[at - 1 : at + 2]
    lag_s = float((at + 0.5 * (left - right) / (left - 2 * top + right)) * LAG_S - REACH_S)
    alike = float(np.real(cross @ np.exp(2j * np.pi * hz * lag_s))) / energy
    return Delay(expected_s + lag_s, _sigma_s(hz, size, alike), alike) if alike >= least else None


def sharpen(times_s: Floats, sigma_s: Floats, delays: Mapping[tuple[int, int], Delay]) -> tuple[Floats, Floats]:
    """Times (n,) of one sound's arrivals and sigmas (n,) of them, made better by delays between pairs of them.

    delays : (i, j) -> how much later i is than j. Least squares: each time is held to what it was with its own sigma,
    each difference to its delay with the delay's. A time in no pair stays what it was.
    """
    rows = np.zeros((len(delays), len(times_s)))
    for row, (one, other) in zip(rows, delays, strict=True):
        row[one], row[other] = 1.0, -1.0
    weight = np.array([each.sigma_s**-2 for each in delays.values()])
    wanted = np.array([each.delay_s for each in delays.values()])
    cov = np.linalg.inv(np.diag(sigma_s**-2.0) + (rows.T * weight) @ rows)
    shift_s = cov @ (rows.T @ (weight * (wanted - rows @ times_s)))
    return times_s + shift_s, np.sqrt(np.diag(cov))


def moved(samples: Floats, by: float) -> Floats:
    """Samples (n,) read this part of a sample later on, as a band-limited signal that repeats itself."""
    if by == 0:
        return samples
    turns = np.exp(2j * np.pi * by * np.fft.rfftfreq(len(samples)))
    return np.asarray(np.fft.irfft(np.fft.rfft(samples) * turns, len(samples)), float)


def _frequencies(rate_hz: int) -> Floats:
    return np.arange(LOW_HZ, min(HIGH_HZ, TOP_SHARE * rate_hz) + STEP_HZ / 2, STEP_HZ)


@lru_cache(maxsize=32)
def _turns(n_hz: int) -> Complexes:
    """(lags, n_hz): what turns a cross spectrum into correlations REACH_S either way."""
    lag_s = np.arange(round(2 * REACH_S / LAG_S) + 1) * LAG_S - REACH_S
    hz = LOW_HZ + STEP_HZ * np.arange(n_hz)
    return np.asarray(np.exp(2j * np.pi * hz * lag_s[:, None]))


def _spectrum(clip: Clip, hz: Floats) -> Complexes:
    """(len(hz),) spectrum of the clip's first LENGTH_S, faded at the end, about its own time's zero."""
    stretch = clip.samples[: round(LENGTH_S * clip.rate_hz)]
    fade = np.clip((len(stretch) - np.arange(len(stretch))) / (FADE_S * clip.rate_hz), 0, 1)
    spectrum = _fourier(clip.rate_hz, len(hz), len(stretch)) @ (stretch * fade)
    return np.asarray(spectrum * np.exp(-2j * np.pi * hz * clip.start_s))


@lru_cache(maxsize=32)
def _fourier(rate_hz: int, n_hz: int, n_samples: int) -> Complexes:
    hz = LOW_HZ + STEP_HZ * np.arange(n_hz)
    return np.asarray(np.exp(-2j * np.pi * hz[:, None] * (np.arange(n_samples) / rate_hz)) / rate_hz)


def _clear_peak(along: Floats) -> int | None:
    """Index of the one highest peak; None where it is at an end, or another is nearly as high."""
    peaks = np.flatnonzero((along[1:-1] >= along[:-2]) & (along[1:-1] > along[2:])) + 1
    height = np.sort(along[peaks])[::-1]
    if not len(peaks) or height[0] <= max(along[0], along[-1], 0.0):
        return None
    if len(peaks) > 1 and height[1] > SECOND * height[0]:
        return None
    return int(peaks[np.argmax(along[peaks])])


def _sigma_s(hz: Floats, size: Floats, alike: float) -> float:
    rms_hz = float(np.sqrt((hz**2 * size).sum() / size.sum()))
    n_values = 2 * float(hz[-1] - hz[0]) * LENGTH_S
    unlike = max(1 - alike**2, 1e-4) / max(alike, 0.1) ** 2
    bound_s = float(np.sqrt(unlike / n_values)) / (2 * np.pi * rms_hz)
    return float(np.hypot(SIGMA_FACTOR * bound_s, REFLECTED_S))
