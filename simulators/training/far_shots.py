"""Shots from far off in a town, rendered: blasts through what simulators/training/town.py draws, over wind and hum."""

import math

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import fft

from dsp.blast import CALIBRES, friedlander_spectrum, pressure_pa
from simulators.street.sound import Microphone, convert
from simulators.training.town import LEAST, TAIL_S, Way, through_town

Floats = NDArray[np.float64]

RATES_HZ = (8_000, 12_000, 16_000, 24_000, 48_000)
QUIET_S = 1.0  # before the sound
NEAREST_M, FARTHEST_M = 60.0, 900.0
LOUD_S = 0.030  # of which the noise lies so many decibels under
FULL_SCALE_DB = 94.0


def far_shot(rng: Generator) -> tuple[NDArray[np.float32], int, float]:
    """Samples, their rate, and when the first sound comes."""
    rate_hz = int(rng.choice(RATES_HZ))
    n = 2 * int(fft.next_fast_len(round((TAIL_S + 1.0) * rate_hz / 2), real=True))
    way = Way.drawn(rng, n, rate_hz, NEAREST_M, FARTHEST_M)
    muzzle = CALIBRES[str(rng.choice(list(CALIBRES)))]
    blast = friedlander_spectrum(way.hz, 1.0, muzzle.positive_s * rng.uniform(0.7, 2.5)) * rate_hz
    heard = fft.irfft(blast * through_town(rng, way), n)[: round(TAIL_S * rate_hz)]
    return _recorded(rng, np.concatenate([np.zeros(round(QUIET_S * rate_hz)), heard]), rate_hz), rate_hz, QUIET_S


def _recorded(rng: Generator, sound: Floats, rate_hz: int) -> NDArray[np.float32]:
    """Over noise 6 to 45 dB under it, perhaps clipped, in 16 bits."""
    first, noise = round(QUIET_S * rate_hz), _street(rng, len(sound), rate_hz)
    loud = math.sqrt(float(np.mean(np.square(sound[first : first + round(LOUD_S * rate_hz)])))) + LEAST
    sound = sound + noise * loud * 10 ** (-rng.uniform(6, 45) / 20)
    full = 10 ** rng.uniform(-1.5, 0.0) if rng.random() < 0.8 else rng.uniform(1, 3)
    sound *= full * float(pressure_pa(FULL_SCALE_DB)) / float(np.abs(sound).max())
    return convert(sound, Microphone(FULL_SCALE_DB))


def _street(rng: Generator, n: int, rate_hz: int) -> Floats:
    """(n,) of unit strength: hum, and wind in gusts, whose power falls with the 5/3rd power of frequency (Kolmogorov;
    from general knowledge)."""
    hz = np.maximum(fft.rfftfreq(n, 1 / rate_hz), 20.0)
    hum, wind = (
        fft.irfft(fft.rfft(rng.standard_normal(n)) * hz**-slope, n) for slope in (rng.uniform(0.0, 1.0), 5 / 6)
    )
    turn = 2 * np.pi * rng.uniform(0.2, 3) * np.arange(n) / rate_hz + rng.uniform(0, 6)
    wind = wind * (1 + rng.uniform(0, 0.8) * np.sin(turn))
    noise = hum / hum.std() + rng.uniform(0, 1.5) * wind / wind.std()
    return np.asarray(noise / noise.std())
