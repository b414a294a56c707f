"""What the wide ear is asked about an impulse, and what of its answer is listened to."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from dsp.hearing.log_mel import N_SAMPLES, RATE_HZ
from dsp.hearing.samples import stretch_of
from dsp.hearing.wide_ear import EXPLOSION, FIREWORKS, WideEar

Floats = NDArray[np.float64]

LEAD_S, PEAK = 0.050, 0.5  # before the onset; the loudest sample: how loud a recording was set says nothing
MARGIN_S = 0.010  # for the resampling to settle
LEAST_SCORE, SILENCE = 1e-3, 1e-9
ASKED = slice(EXPLOSION, FIREWORKS.stop)
N_ANSWERS = 1024 + 8


def answers(ear: WideEar, raw: NDArray[np.floating], onset: int, rate_hz: int) -> Floats:
    """(N_ANSWERS,) of the sound round an onset, an index of `raw` (n,): the embedding, and the log scores of explosion,
    guns and fireworks."""
    scores, embedding = ear.hear(_sound(raw, onset, rate_hz))
    return np.concatenate([embedding, np.log(scores[ASKED] + LEAST_SCORE)]).astype(float)


def _sound(raw: NDArray[np.floating], onset: int, rate_hz: int) -> NDArray[np.float32]:
    """(N_SAMPLES,) at RATE_HZ from LEAD_S before the onset, PEAK loud; silence past either end of `raw`."""
    margin = round(MARGIN_S * rate_hz)
    first, n = onset - round(LEAD_S * rate_hz) - margin, round(N_SAMPLES * rate_hz / RATE_HZ) + 2 * margin
    common = math.gcd(rate_hz, RATE_HZ)
    sound = signal.resample_poly(stretch_of(raw, first, n), RATE_HZ // common, rate_hz // common)
    start = round(margin * RATE_HZ / rate_hz)
    sound = sound[start : start + N_SAMPLES]
    return np.asarray(PEAK * sound / max(float(np.abs(sound).max()), SILENCE), np.float32)
