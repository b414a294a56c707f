"""How much a sound is like a supersonic bullet's crack: an N-wave, over within half a millisecond.

The test needs the samples themselves, at a rate of at least N_WAVE_RATE_HZ. That a crack is an N-wave of 0.1 to 0.6 ms
is from general knowledge.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dsp.blast import n_wave

Floats = NDArray[np.float64]

N_WAVE_RATE_HZ = 24_000
N_WAVES_US = (150, 165, 182, 200, 220, 242, 266, 293, 322, 354, 390, 429, 472, 519, 571)  # a tenth apart
N_WAVE_SPAN_S = 1.5e-3  # the stretch round the onset that an N-wave must explain
LEAST = 1e-12


def likeness(raw: Floats, onset: int, rate_hz: int) -> float:
    """0 to 1; 0 below N_WAVE_RATE_HZ, or where `raw` (n,) ends too soon.

    The greatest squared correlation with an N-wave of the stretch that begins a quarter before the onset, an index.
    """
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
