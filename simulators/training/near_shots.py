"""Gunshots as a recorder hears them that stands near, in open country: the direct blast, and little else.

A blast a few metres off is not one clean wave: the propellant gas that follows it roars for some milliseconds (`_jet`),
the ground sends it back, and long after the hills do (`_afar`). Added after looking at the ffsl clips, which have all
three; the ranges are wide, and were set by hand.
"""

import math

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import signal

from dsp.blast import CALIBRES, level_db, pressure_pa
from simulators.street.sound import Blast, Microphone, convert, noise
from simulators.training.effects import echo, preceded, squeezed
from simulators.training.renderings import FULL_SCALES_DB, RATES_HZ, scene

Floats = NDArray[np.float64]

JET_S, AFAR_S = 0.060, 0.900


def near_shot(rng: Generator) -> tuple[NDArray[np.float32], int, float]:
    """A gunshot at 1 to 50 m: samples, their rate, and when its first direct sound comes."""
    rate_hz = int(rng.choice(RATES_HZ))
    muzzle = CALIBRES[str(rng.choice(list(CALIBRES)))]
    voice = Blast(float(pressure_pa(muzzle.level_db + rng.uniform(-12, 3))), muzzle.positive_s * rng.uniform(0.7, 3.0))
    sound, due_s = scene(rng, rate_hz, voice, 10 ** rng.uniform(0, 1.7), (0.3, 5.0), 2, 1)
    if rng.random() < 0.9:  # off the ground
        sound = echo(sound, 10 ** rng.uniform(-4, -2), rng.uniform(0.3, 0.95), rate_hz)
    sound = _afar(rng, _jet(rng, sound, rate_hz), rate_hz)
    if rng.random() < 0.5:
        sound, due_s = preceded(rng, sound, due_s, rate_hz)
    return _recorded(rng, sound, rate_hz), rate_hz, due_s


def _jet(rng: Generator, sound: Floats, rate_hz: int) -> Floats:
    """With some milliseconds of coloured noise, on its peak or on all of it."""
    t_s = np.arange(round(JET_S * rate_hz)) / rate_hz
    roar = rng.standard_normal(len(t_s)) * np.exp(-t_s / 10 ** rng.uniform(-3, -2))
    roar *= np.minimum(t_s / 10 ** rng.uniform(-4, -2.5), 1)
    band_hz = 10 ** rng.uniform(2, 2.7), min(10 ** rng.uniform(3, 4), 0.45 * rate_hz)
    roar = np.asarray(signal.sosfilt(signal.butter(1, band_hz, "bandpass", fs=rate_hz, output="sos"), roar))
    added = np.asarray(signal.fftconvolve(sound, roar))[: len(sound)] if rng.random() < 0.5 else _on_peak(sound, roar)
    return sound + added * _strength(sound) / (_strength(added) + 1e-12) * 10 ** (rng.uniform(-12, 6) / 20)


def _on_peak(sound: Floats, roar: Floats) -> Floats:
    first, alone = int(np.argmax(np.abs(sound))), np.zeros(len(sound))
    n = min(len(roar), len(sound) - first)
    alone[first : first + n] = roar[:n]
    return alone


def _afar(rng: Generator, sound: Floats, rate_hz: int) -> Floats:
    """With what open country sends back: late, faint, long."""
    t_s = np.arange(round(AFAR_S * rate_hz)) / rate_hz
    answer = rng.standard_normal(len(t_s)) * 10 ** (-3 * t_s / rng.uniform(0.4, 3))
    answer *= np.clip((t_s - 10 ** rng.uniform(-1.7, -0.5)) / rng.uniform(0.01, 0.15), 0, 1)
    answer = np.asarray(signal.lfilter([1.0], [1.0, -rng.uniform(0.5, 0.95)], answer))
    if rng.random() < 0.5:
        answer *= rng.random(len(t_s)) < 10 ** rng.uniform(-2.5, 0)
    answer *= 10 ** (-rng.uniform(3, 30) / 20) / (_strength(answer) + 1e-9)
    answer[0] = 1
    return np.asarray(signal.fftconvolve(sound, answer)[: len(sound)])


def _recorded(rng: Generator, sound_pa: Floats, rate_hz: int) -> NDArray[np.float32]:
    """Over little noise, perhaps through a limiter, brought near to full scale or over it, in 16 bits."""
    peak_db = float(level_db(max(float(np.abs(sound_pa).max()), 1e-4)))
    full_scale_db = float(rng.choice(FULL_SCALES_DB))
    microphone = Microphone(full_scale_db, max(peak_db - rng.uniform(40, 85), 10.0), rng.uniform(0, 5))
    sound_pa = sound_pa + noise(rng, len(sound_pa), rate_hz, microphone)
    if rng.random() < 0.4:
        sound_pa = squeezed(rng, sound_pa, rate_hz)
    full = float(pressure_pa(full_scale_db)) / max(float(np.abs(sound_pa).max()), 1e-9)
    return convert(sound_pa * full * rng.uniform(0.3, 1.5), microphone)


def _strength(sound: Floats) -> float:
    return math.sqrt(float(sound @ sound))
