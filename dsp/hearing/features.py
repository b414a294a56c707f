"""What an impulse is like: sixteen numbers that separate a blast from a bark, and cannot be turned back into speech.

All but one are taken of the sound from 20 ms before the onset to 100 ms after it in its common form
(dsp/hearing/common_form.py), so that they are nearly the same at 8 and at 96 kHz; none depends on the gain. The
exception is how much the sound is like an N-wave (dsp/hearing/n_wave.py), which others measure and this only carries.
The definitions are our own.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.hearing.common_form import BEFORE_S, FORM_HZ, HIGH_PASS_HZ, LEAST, TOP_HZ, WINDOW_S, n_of

Floats = NDArray[np.float64]

QUIET_S, EARLY_S = 0.020, 0.020  # before and after the onset, compared
BANDS_HZ = (300.0, 700.0, 1500.0)  # edges between the four band energies
SLOTS_S = (0.005, 0.020, 0.060, 0.100)  # ends of the four stretches whose energies are compared
PITCH_S = (0.0012, 0.012)  # periods that voices, dogs and engines have

_N_EARLY = 256  # of the transform of the first 20 ms
_EARLY_HZ = np.arange(_N_EARLY // 2 + 1) * FORM_HZ / _N_EARLY
_EARLY_FADE = np.ones(n_of(EARLY_S))
_EARLY_FADE[n_of(EARLY_S) // 2 :] = np.cos(np.linspace(0, np.pi / 2, n_of(EARLY_S) // 2)) ** 2
_HEARD_FADE = np.hanning(n_of(WINDOW_S))
_SLOT_ENDS = np.array([n_of(end_s) for end_s in SLOTS_S]) - 1
_SLOT_LENGTHS = np.diff(_SLOT_ENDS, prepend=-1)
_BAND_STARTS = np.searchsorted(_EARLY_HZ, (0.0, *BANDS_HZ))
_FLAT = slice(math.ceil(HIGH_PASS_HZ[1] * WINDOW_S), math.floor(TOP_HZ[0] * WINDOW_S) + 1)


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


def describe(form: Floats, n_wave: float) -> Features:
    """Features of the impulse in a common form (n_of(BEFORE_S + WINDOW_S),), and its likeness to an N-wave."""
    onset = n_of(BEFORE_S)
    before, heard = form[onset - n_of(QUIET_S) : onset], form[onset:]
    early = heard[: n_of(EARLY_S)]
    size = np.abs(heard)
    peak_at = int(np.argmax(size[: n_of(EARLY_S)]))
    over = np.flatnonzero(size >= max(float(size[peak_at]), LEAST) / 10)
    grown = np.cumsum(np.square(heard))
    power = np.square(np.abs(np.fft.rfft(early * _EARLY_FADE, _N_EARLY)))
    slots = (np.diff(grown[_SLOT_ENDS], prepend=0.0) / _SLOT_LENGTHS).tolist()
    return Features(
        rise_us=_us(peak_at - int(over[0])) if len(over) and over[0] <= peak_at else 0,
        half_us=_us(int(np.searchsorted(grown, grown[-1] / 2))),
        duration_us=_us(len(over)),
        crossings_per_s=round(float(np.count_nonzero(np.diff(np.signbit(early)))) / EARLY_S),
        centroid_hz=round(float(_EARLY_HZ @ power) / max(float(power.sum()), LEAST)),
        decay_db=(_db(slots[0], slots[1]), _db(slots[1], slots[2]), _db(slots[2], slots[3])),
        before_db=_db(float(np.square(early).mean()), float(np.square(before[: -n_of(0.002)]).mean())),
        kurtosis=float((heard**4).mean()) / max(float(np.square(heard).mean()) ** 2, LEAST**2),
        flatness_db=_flatness_db(heard),
        pitch=_pitch(heard),
        bands_db=_bands(power),
        n_wave=n_wave,
    )


def _us(n_samples: int) -> int:
    return round(n_samples / FORM_HZ * 1e6)


def _flatness_db(sound: Floats) -> float:
    within = np.square(np.abs(np.fft.rfft(sound * _HEARD_FADE)))[_FLAT] + LEAST
    return _db(float(np.exp(np.log(within).mean())), float(within.mean()))


def _pitch(sound: Floats) -> float:
    n = len(sound)
    power = np.square(np.abs(np.fft.rfft(sound, 2 * n)))
    likeness = np.fft.irfft(power)[:n]
    first, last = n_of(PITCH_S[0]), n_of(PITCH_S[1])
    return max(float(likeness[first:last].max()) / max(float(likeness[0]), LEAST), 0.0)


def _bands(power: Floats) -> tuple[float, float, float, float]:
    total = float(power.sum())
    lowest, low, middle, high = (_db(part, total) for part in np.add.reduceat(power, _BAND_STARTS).tolist())
    return lowest, low, middle, high


def _db(part: float, whole: float) -> float:
    return min(max(10 * math.log10(max(part, LEAST) / max(whole, LEAST)), -120.0), 120.0)
