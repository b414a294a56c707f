"""The sound round an onset in the form in which every microphone's sounds are alike.

Only what lies between HIGH_PASS_HZ and TOP_HZ, sampled at FORM_HZ, whatever rate the microphone has. So the same blast
looks nearly the same at 8 and at 96 kHz, and nothing can tell by its rate where a recording came from. The definitions
are our own.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dsp.hearing.samples import stretch_of

Floats = NDArray[np.float64]

BEFORE_S, WINDOW_S = 0.040, 0.100
FORM_HZ = 8000
HIGH_PASS_HZ, TOP_HZ = (100.0, 200.0), (3200.0, 3600.0)  # nothing outside, all within, a raised cosine between
FADE_S = 0.003
LEAST = 1e-12


def common_form(raw: Floats, onset: int, rate_hz: int) -> Floats:
    """(n_of(BEFORE_S + WINDOW_S),) samples round an onset, an index of `raw` (n,), limited to what any rate can hold.

    Scaled to a peak of 1 (silence stays silence); the onset is at BEFORE_S. Past either end of `raw` there is silence.
    """
    n_before, n = round(BEFORE_S * rate_hz), round((BEFORE_S + WINDOW_S) * rate_hz)
    stretch = stretch_of(raw, onset - n_before, n)
    stretch -= stretch.mean()
    fade, gain = _shape_of(n, rate_hz)
    form = np.fft.irfft(np.fft.rfft(stretch * fade)[: len(gain)] * gain, n_of(BEFORE_S + WINDOW_S))
    return np.asarray(form / max(float(np.abs(form).max()), LEAST))


def n_of(span_s: float) -> int:
    """Samples of the common form in so many seconds."""
    return round(span_s * FORM_HZ)


@lru_cache(maxsize=16)
def _shape_of(n: int, rate_hz: int) -> tuple[Floats, Floats]:
    """What n samples are multiplied by, and what the spectrum is up to half of FORM_HZ."""
    edge = round(FADE_S * rate_hz)
    swell = 0.5 - 0.5 * np.cos(np.pi * (np.arange(edge) + 0.5) / edge)
    hz = np.arange(n_of(BEFORE_S + WINDOW_S) // 2 + 1) * rate_hz / n
    gain = _ramp(hz, *HIGH_PASS_HZ) * (1 - _ramp(hz, *TOP_HZ))
    return np.concatenate([swell, np.ones(n - 2 * edge), swell[::-1]]), gain


def _ramp(hz: Floats, low: float, high: float) -> Floats:
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.clip((hz - low) / (high - low), 0, 1)))
