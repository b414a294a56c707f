"""What an impulse is like: sixteen numbers that separate a blast from a bark, and cannot be turned back into speech.

All but one are taken from 20 ms before the onset to 100 ms after it, brought to a common form first (`common_form`):
only what lies between HIGH_PASS_HZ and TOP_HZ, sampled at FORM_HZ, whatever rate the microphone has. So the same blast
gives nearly the same numbers at 8 and at 96 kHz, and no number can tell by its rate where a recording came from. None
depends on the gain. The exception is the N-wave test for a supersonic crack, which is over within half a millisecond:
it needs the samples themselves, at a rate of at least N_WAVE_RATE_HZ, and is 0 below.

The definitions are our own; that a crack is an N-wave of 0.1 to 0.6 ms is from general knowledge.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dsp.blast import n_wave

Floats = NDArray[np.float64]

BEFORE_S, WINDOW_S = 0.020, 0.100
FORM_HZ = 8000
HIGH_PASS_HZ, TOP_HZ = (100.0, 200.0), (3200.0, 3600.0)  # nothing outside, all within, a raised cosine between
EARLY_S = 0.020
BANDS_HZ = (300.0, 700.0, 1500.0)  # edges between the four band energies
SLOTS_S = (0.0, 0.005, 0.020, 0.060, 0.100)  # edges between the four stretches whose energies are compared
PITCH_S = (0.0012, 0.012)  # periods that voices, dogs and engines have
N_WAVE_RATE_HZ = 24_000
N_WAVES_US = (150, 165, 182, 200, 220, 242, 266, 293, 322, 354, 390, 429, 472, 519, 571)  # a tenth apart
N_WAVE_SPAN_S = 1.5e-3  # the stretch round the onset that an N-wave must explain
LEAST = 1e-12


@dataclass(frozen=True, slots=True)
class Features:
    """Shape of an impulse. None of it depends on how loud it is.

    rise_us : from a tenth of the peak of the first 20 ms to that peak. half_us : until half of all its energy has come.
    duration_us : how long the sound stays over a tenth of the peak, all such stretches together. crossings_per_s : zero
    crossings of the first 20 ms. centroid_hz : of their power spectrum. decay_db : energy of 0 to 5 ms over that of
    5 to 20, of that over 20 to 60, of that over 60 to 100, each a mean over time. before_db : the first 20 ms over the
    20 before, likewise. kurtosis : fourth moment over the squared second (3 for noise). flatness_db : geometric over
    arithmetic mean of the power spectrum (0 for white noise, far below for a tone). pitch : highest autocorrelation at
    the period of a voice, 0 to 1. bands_db : four energies of the first 20 ms (under 300 Hz, to 700 Hz, to 1.5 kHz,
    over) against their sum. n_wave : how much of the first millisecond an N-wave explains, 0 to 1.
    """

    rise_us: int
    half_us: int
    duration_us: int
    crossings_per_s: int
    centroid_hz: int
    decay_db: tuple[float, float, float]
    before_db: float
    kurtosis: float
    flatness_db: float
    pitch: float
    bands_db: tuple[float, float, float, float]
    n_wave: float


def describe(raw: Floats, onset: int, rate_hz: int) -> Features:
    """Features of the impulse at an index of `raw` (n,) samples; past either end of them there is silence."""
    form = common_form(raw, onset, rate_hz)
    before, heard = form[: _n(BEFORE_S)], form[_n(BEFORE_S) :]
    early = heard[: _n(EARLY_S)]
    size = np.abs(heard)
    peak_at = int(np.argmax(size[: _n(EARLY_S)]))
    over = np.flatnonzero(size >= max(float(size[peak_at]), LEAST) / 10)
    grown = np.cumsum(np.square(heard))
    hz, power = _spectrum(early)
    slots = [float(np.square(heard[_n(start) : _n(end)]).mean()) for start, end in pairwise(SLOTS_S)]
    return Features(
        rise_us=_us(peak_at - int(over[0])) if len(over) and over[0] <= peak_at else 0,
        half_us=_us(int(np.searchsorted(grown, grown[-1] / 2))),
        duration_us=_us(len(over)),
        crossings_per_s=round(float(np.count_nonzero(np.diff(np.signbit(early)))) / EARLY_S),
        centroid_hz=round(float(hz @ power) / max(float(power.sum()), LEAST)),
        decay_db=(_db(slots[0], slots[1]), _db(slots[1], slots[2]), _db(slots[2], slots[3])),
        before_db=_db(float(np.square(early).mean()), float(np.square(before[: -_n(0.002)]).mean())),
        kurtosis=float((heard**4).mean()) / max(float(np.square(heard).mean()) ** 2, LEAST**2),
        flatness_db=_flatness_db(heard),
        pitch=_pitch(heard),
        bands_db=_bands(hz, power),
        n_wave=_n_wave(raw, onset, rate_hz),
    )


def common_form(raw: Floats, onset: int, rate_hz: int) -> Floats:
    """The sound round an onset, limited to what any rate can hold: ((BEFORE_S + WINDOW_S) * FORM_HZ,) samples.

    Scaled to a peak of 1 (silence stays silence); the onset is at BEFORE_S.
    """
    n_before, n = round(BEFORE_S * rate_hz), round((BEFORE_S + WINDOW_S) * rate_hz)
    stretch = np.zeros(n)
    first = onset - n_before
    part = raw[max(first, 0) : first + n]
    stretch[max(-first, 0) : max(-first, 0) + len(part)] = part
    stretch -= stretch.mean()
    edge = round(0.003 * rate_hz)
    swell = 0.5 - 0.5 * np.cos(np.pi * (np.arange(edge) + 0.5) / edge)
    stretch[:edge] *= swell
    stretch[-edge:] *= swell[::-1]
    hz = np.asarray(np.fft.rfftfreq(n, 1 / rate_hz), float)
    spectrum = np.fft.rfft(stretch) * _ramp(hz, *HIGH_PASS_HZ) * (1 - _ramp(hz, *TOP_HZ))
    n_form = _n(BEFORE_S + WINDOW_S)
    form = np.fft.irfft(spectrum[: n_form // 2 + 1], n_form)
    return np.asarray(form / max(float(np.abs(form).max()), LEAST))


def _n(span_s: float) -> int:
    return round(span_s * FORM_HZ)


def _us(n_samples: int) -> int:
    return round(n_samples / FORM_HZ * 1e6)


def _ramp(hz: Floats, low: float, high: float) -> Floats:
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.clip((hz - low) / (high - low), 0, 1)))


def _spectrum(sound: Floats) -> tuple[Floats, Floats]:
    """Frequencies in Hz and power of a stretch that fades at its end only, for its beginning is what matters."""
    fade = np.ones(len(sound))
    fade[len(sound) // 2 :] = np.cos(np.linspace(0, np.pi / 2, len(sound) - len(sound) // 2)) ** 2
    power = np.square(np.abs(np.fft.rfft(sound * fade, 256)))
    return np.asarray(np.fft.rfftfreq(256, 1 / FORM_HZ), float), np.asarray(power, float)


def _flatness_db(sound: Floats) -> float:
    power = np.square(np.abs(np.fft.rfft(sound * np.hanning(len(sound)))))
    hz = np.fft.rfftfreq(len(sound), 1 / FORM_HZ)
    within = power[(hz >= HIGH_PASS_HZ[1]) & (hz <= TOP_HZ[0])] + LEAST
    return _db(float(np.exp(np.log(within).mean())), float(within.mean()))


def _pitch(sound: Floats) -> float:
    n = len(sound)
    power = np.square(np.abs(np.fft.rfft(sound, 2 * n)))
    likeness = np.fft.irfft(power)[:n]
    first, last = _n(PITCH_S[0]), _n(PITCH_S[1])
    return max(float(likeness[first:last].max()) / max(float(likeness[0]), LEAST), 0.0)


def _bands(hz: Floats, power: Floats) -> tuple[float, float, float, float]:
    total = float(power.sum())
    edges = (0.0, *BANDS_HZ, np.inf)
    lowest, low, middle, high = (
        _db(float(power[(hz >= start) & (hz < end)].sum()), total) for start, end in pairwise(edges)
    )
    return lowest, low, middle, high


def _n_wave(raw: Floats, onset: int, rate_hz: int) -> float:
    """The greatest squared correlation of the stretch that begins a quarter before the onset with an N-wave."""
    span = round(N_WAVE_SPAN_S * rate_hz)
    first = onset - span // 4
    sound = raw[max(first, 0) : max(first, 0) + span]
    if rate_hz < N_WAVE_RATE_HZ or len(sound) < span:
        return 0.0
    sound = sound - sound[: span // 8].mean()
    energy = float(np.square(sound).sum())
    best = 0.0
    for wave in _n_waves(rate_hz):
        fit = float(np.square(np.correlate(sound, wave)).max()) / max(float(np.square(wave).sum()) * energy, LEAST**2)
        best = max(best, fit)
    return min(best, 1.0)


@lru_cache(maxsize=16)
def _n_waves(rate_hz: int) -> tuple[Floats, ...]:
    spans_s = (length_us / 1e6 for length_us in N_WAVES_US)
    return tuple(n_wave(np.arange(round(span_s * rate_hz) + 1) / rate_hz, 1.0, span_s) for span_s in spans_s)


def _db(part: float, whole: float) -> float:
    return min(max(10 * math.log10(max(part, LEAST) / max(whole, LEAST)), -120.0), 120.0)
