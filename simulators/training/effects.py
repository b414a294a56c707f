"""What a street, a weapon or a recorder does to a sound, drawn from wide ranges that were set by hand."""

import math

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import signal

from dsp.blast import n_wave

Floats = NDArray[np.float64]


def reverberate(rng: Generator, sound: Floats, rate_hz: int) -> Floats:
    """What comes back from everything at once: noise that swells and dies, sparse or dense, dull or bright."""
    t_s = np.arange(round(0.8 * rate_hz)) / rate_hz
    answer = (
        rng.standard_normal(len(t_s)) * 10 ** (-3 * t_s / rng.uniform(0.15, 1.6)) * (t_s > rng.uniform(0.001, 0.03))
    )
    if rng.random() < 0.7:
        answer *= np.minimum(t_s / rng.uniform(0.002, 0.08), 1)
    answer = np.asarray(signal.lfilter([1.0], [1.0, -rng.uniform(0.2, 0.85)], answer))
    if rng.random() < 0.5:
        answer *= rng.random(len(t_s)) < 10 ** rng.uniform(-2.5, 0)
    answer *= 10 ** (-rng.uniform(-3, 22) / 20) / (math.sqrt(float(answer @ answer)) + 1e-9)
    answer[0] = 1
    return np.asarray(signal.fftconvolve(sound, answer)[: len(sound)])


def preceded(rng: Generator, sound: Floats, due_s: float, rate_hz: int) -> tuple[Floats, float]:
    """The bullet's crack, or the weapon's own click, 3 to 60 ms before the blast."""
    first_s = due_s - 10 ** rng.uniform(-2.5, -1.2)
    peak = float(np.abs(sound).max()) * 10 ** (rng.uniform(-30, 6) / 20)
    t_s = np.arange(len(sound)) / rate_hz - first_s
    return sound + n_wave(t_s, peak, rng.uniform(1.5e-4, 8e-4)), first_s


def squeezed(rng: Generator, sound: Floats, rate_hz: int) -> Floats:
    """A limiter: gain falls as some power of a level that rises at once and falls within 5 to 100 ms."""
    cell = max(round(0.0005 * rate_hz), 1)
    n_cells = -(-len(sound) // cell)
    peaks = np.abs(np.pad(sound, (0, n_cells * cell - len(sound)))).reshape(n_cells, cell).max(axis=1)
    fall, level = math.exp(-0.0005 / 10 ** rng.uniform(-2.3, -1.0)), np.empty(n_cells)
    held = 0.0
    for index, peak in enumerate(peaks):
        held = max(float(peak), held * fall)
        level[index] = held
    at_least = float(peaks.max()) * 10 ** (-rng.uniform(10, 40) / 20)
    gain = np.maximum(level, at_least) ** -rng.uniform(0.3, 0.9)
    return np.asarray(sound * np.interp(np.arange(len(sound)), np.arange(n_cells) * cell, gain))


def echo(sound: Floats, late_s: float, share: float, rate_hz: int) -> Floats:
    """With itself once more, late_s after and share as strong."""
    late = round(late_s * rate_hz) + 1
    return np.concatenate([sound[:late], sound[late:] + share * sound[:-late]])


def hiss(rng: Generator, n_samples: int) -> Floats:
    """Noise of unit strength, white or falling with frequency."""
    noise = rng.standard_normal(n_samples)
    if rng.random() < 0.7:
        noise = np.asarray(signal.lfilter([1.0], [1.0, -rng.uniform(0.5, 0.97)], noise))
    return noise / float(noise.std())
