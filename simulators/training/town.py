"""What a town does to a sound on its way to a microphone that does not see the source.

The first sound comes straight or bent over roofs, smeared over some milliseconds by all it passes; then come echoes of
facades and hills, each smeared as well, and a tail that swells, as the whole quarter answers, and dies within a second
or two, the duller the later. Air swallows treble along each way (ISO 9613-1); roofs do as thin screens do
(simulators/street/echoes.py). Everything is drawn; the ranges are wide and were set by hand, from general knowledge of
sound in towns; none was fitted to a recording.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import fft

from dsp.air import Air, absorption_db_per_m

Floats = NDArray[np.float64]
Spectrum = NDArray[np.complex128]

TAIL_S = 2.2
STRETCHES_S = (0.0, 0.05, 0.2, 0.6, TAIL_S)  # of the tail, each duller than the last
LEAST = 1e-12


@dataclass(frozen=True, slots=True)
class Way:
    """hz : (bins,) of a real FFT of an even number of samples at rate_hz. away_m : how far off the microphone is."""

    hz: Floats
    rate_hz: int
    air: Air
    away_m: float

    @classmethod
    def drawn(cls, rng: Generator, n_samples: int, rate_hz: int, nearest_m: float, farthest_m: float) -> "Way":
        """One of any length between, each doubling as likely."""
        away_m = math.exp(rng.uniform(math.log(nearest_m), math.log(farthest_m)))
        air = Air(temperature_c=rng.uniform(-5, 35), humidity_pct=rng.uniform(20, 95))
        return cls(fft.rfftfreq(n_samples, 1 / rate_hz), rate_hz, air, away_m)


def through_town(rng: Generator, way: Way) -> Spectrum:
    """(bins,) by what a sound at 1 m is to be multiplied; its delay and its spreading are left out."""
    return (_first(rng, way) + _echoes(rng, way) + _tail(rng, way)) * _microphone(rng, way.hz)


def _first(rng: Generator, way: Way) -> Spectrum:
    """Straight, or bent over up to three roofs; and off the ground."""
    loss_db = absorption_db_per_m(way.air, way.hz) * way.away_m
    for over_m in 10 ** rng.uniform(-2, 1, rng.integers(0, 4)):
        loss_db = loss_db + 10 * np.log10(3 + 20 * over_m * way.hz / way.air.speed_mps)
    ground = 1 + rng.uniform(-0.5, 0.95) * np.exp(-2j * np.pi * way.hz * 10 ** rng.uniform(-4, -2.3))
    return np.asarray(_smeared(rng, way, 10 ** rng.uniform(-4, -1.9)) * ground * 10 ** (-loss_db / 20))


def _echoes(rng: Generator, way: Way) -> Spectrum:
    """Of up to eight facades and hills, at most 10 dB louder than the first sound: they may be in sight of both."""
    found = np.zeros(len(way.hz), complex)
    for late_s in 10 ** rng.uniform(-2.3, 0.0, rng.integers(0, 9)):
        long_m = way.away_m + late_s * way.air.speed_mps
        loss_db = absorption_db_per_m(way.air, way.hz) * long_m
        loss_db = loss_db + 20 * math.log10(long_m / way.away_m) + rng.uniform(-10, 25)
        turn = np.exp(-2j * np.pi * way.hz * late_s)
        found += _smeared(rng, way, 10 ** rng.uniform(-3.3, -1.5)) * 10 ** (-loss_db / 20) * turn
    return found


def _tail(rng: Generator, way: Way) -> Spectrum:
    """Noise that swells and dies, dense or sparse."""
    n = 2 * (len(way.hz) - 1)
    t_s = np.arange(n) / way.rate_hz
    swell_s, die_s = 10 ** rng.uniform(-2.5, -0.6), rng.uniform(0.3, 2.5)
    noise = rng.standard_normal(n) * np.minimum(t_s / swell_s, 1) * 10 ** (-3 * t_s / die_s) * (t_s < TAIL_S)
    noise *= rng.random(n) < 10 ** rng.uniform(-2.5, 0)
    noise *= 10 ** (rng.uniform(-25, 8) / 20) / (math.sqrt(float(noise @ noise)) + LEAST)
    found = np.zeros(len(way.hz), complex)
    for first_s, last_s in pairwise(STRETCHES_S):
        stretch = fft.rfft(np.where((t_s >= first_s) & (t_s < last_s), noise, 0.0))
        long_m = way.away_m + (first_s + last_s) / 2 * way.air.speed_mps
        found += stretch * 10 ** (-absorption_db_per_m(way.air, way.hz) * long_m / 20)
    return np.asarray(found * 10 ** (-rng.uniform(0, 10) / 20 * way.hz / 5000))


def _smeared(rng: Generator, way: Way, spread_s: float) -> Spectrum:
    """A front that comes by many ways at about once: one impulse, and others after it."""
    t_s = np.arange(max(round(5 * spread_s * way.rate_hz), 1)) / way.rate_hz
    taps = rng.standard_normal(len(t_s)) * np.exp(-t_s / spread_s)
    taps *= 10 ** (rng.uniform(-20, 3) / 20) / (math.sqrt(float(taps @ taps)) + LEAST)
    taps[0] += 1
    return np.asarray(fft.rfft(taps, 2 * (len(way.hz) - 1)))


def _microphone(rng: Generator, hz: Floats) -> Floats:
    """What a small microphone, its housing and a codec let by."""
    loss_db = 10 * np.log10(1 + (rng.uniform(30, 350) / np.maximum(hz, 1)) ** rng.choice([2, 4]))
    if rng.random() < 0.5:
        loss_db = loss_db + rng.uniform(-3, 3) * np.log2(np.maximum(hz, 50) / 1000)
    if rng.random() < 0.3:
        loss_db = loss_db + np.where(hz > rng.uniform(3000, 6000), 40, 0)
    return np.asarray(10 ** (-loss_db / 20))
