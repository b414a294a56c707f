"""What a microphone in the street hears: shots and clutter, down every way past the walls, over noise, in 16 bits.

Each way of each sound is made in the frequency domain: the sound's spectrum at 1 m, over the length of the way
(spherical spreading), times what the air swallows (ISO 9613-1) and a screen lets by, turned by the exact delay. So
delays are not bound to samples. Delay and absorption are exact for still air and uniform wind; absorption is taken
without its (tiny) dispersion. An anti-alias filter, a raised cosine over the upper half of the band, keeps the ringing
before a step to a few samples.

The scene must be quiet within `LEAD_S` of an onset only in so far as that ringing is; nothing else comes before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import fft

from dsp.air import Air, absorption_db_per_m, travel_s
from dsp.blast import friedlander_spectrum, pressure_pa
from simulators.street.echoes import Wall, Way, ways

Spectrum = NDArray[np.complex128]

LEAD_S = 0.002  # of a way's window, before its onset
TAIL_S = 0.018  # after the sound's own length: what the absorption filter smears
NEAREST_M = 0.1


class Voice(Protocol):
    """A sound at its source. `length_s` holds practically all of it; the spectrum is in Pa/Hz at 1 m, onset at 0."""

    @property
    def length_s(self) -> float: ...

    def spectrum(self, n: int, rate_hz: int) -> Spectrum:
        """At the n // 2 + 1 frequencies of a real FFT of n samples."""


@dataclass(frozen=True, slots=True)
class Blast:
    """A muzzle blast (dsp/blast.py)."""

    peak_pa: float
    positive_s: float

    @property
    def length_s(self) -> float:
        return 14 * self.positive_s  # the tail is 1e-5 of the peak by then

    def spectrum(self, n: int, rate_hz: int) -> Spectrum:
        return friedlander_spectrum(fft.rfftfreq(n, 1 / rate_hz), self.peak_pa, self.positive_s)


@dataclass(frozen=True, slots=True)
class Sampled:
    """A sound as samples in Pa at 1 m, at the rate it is to be rendered at."""

    samples_pa: NDArray[np.float64]
    rate_hz: int

    @property
    def length_s(self) -> float:
        return len(self.samples_pa) / self.rate_hz

    def spectrum(self, n: int, rate_hz: int) -> Spectrum:
        if rate_hz != self.rate_hz:
            raise ValueError(f"a sound sampled at {self.rate_hz} Hz cannot be rendered at {rate_hz} Hz")
        return np.asarray(fft.rfft(self.samples_pa, n) / rate_hz)


@dataclass(frozen=True, slots=True)
class Emission:
    """A voice at a place and a time, seconds after the first sample."""

    xyz_m: tuple[float, float, float]
    t_s: float
    voice: Voice


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What lies between sources and microphones. order : of echoes, 0 to 2."""

    air: Air
    walls: tuple[Wall, ...] = ()
    order: int = 1


@dataclass(frozen=True, slots=True)
class Microphone:
    """full_scale_db : dB SPL of the amplitude that full scale stands for. noise_db : its background, dB SPL RMS.

    noise_slope_db : how the noise's power density falls per octave above 20 Hz (0 white, 3 pink, 6 brown).
    """

    full_scale_db: float = 120.0
    noise_db: float = 50.0
    noise_slope_db: float = 3.0


def hear(
    xyz_m: Sequence[float], emissions: Sequence[Emission], surroundings: Surroundings, n_samples: int, rate_hz: int
) -> NDArray[np.float64]:
    """(n_samples,) pressure in Pa at one place, no noise, no limits."""
    out = np.zeros(n_samples)
    for emission in emissions:
        for way in ways(emission.xyz_m, xyz_m, surroundings.walls, surroundings.order):
            start, piece = _piece(emission, way, surroundings.air, rate_hz)
            first, last = max(start, 0), min(start + len(piece), n_samples)
            if first < last:
                out[first:last] += piece[first - start : last - start]
    return out


def noise(rng: Generator, n_samples: int, rate_hz: int, microphone: Microphone) -> NDArray[np.float64]:
    """(n_samples,) background in Pa: coloured, Gaussian, of exactly the microphone's RMS level."""
    n_fast = int(fft.next_fast_len(n_samples, real=True))
    spectrum = fft.rfft(rng.standard_normal(n_fast))
    octaves = np.log2(np.maximum(fft.rfftfreq(n_fast, 1 / rate_hz), 20.0) / 20.0)
    coloured = fft.irfft(spectrum * 10 ** (-microphone.noise_slope_db * octaves / 20), n_fast)[:n_samples]
    coloured -= coloured.mean()
    return np.asarray(coloured * (float(pressure_pa(microphone.noise_db)) / np.sqrt(np.mean(coloured**2))))


def convert(sound_pa: NDArray[np.float64], microphone: Microphone) -> NDArray[np.float32]:
    """What the converter makes of pressure in Pa: clipped at full scale, in steps of 16 bits. Full scale +-1."""
    steps = np.rint(sound_pa * (32768 / float(pressure_pa(microphone.full_scale_db))))
    return np.asarray(np.clip(steps, -32768, 32767) / 32768, np.float32)


def _piece(emission: Emission, way: Way, air: Air, rate_hz: int) -> tuple[int, NDArray[np.float64]]:
    """First sample and samples (Pa) of what comes down one way."""
    legs_m = np.diff(way.corners_m, axis=0)
    length_m = max(float(np.linalg.norm(legs_m, axis=1).sum()), NEAREST_M)
    onset = (emission.t_s + float(travel_s(air, legs_m).sum())) * rate_hz
    lead = round(LEAD_S * rate_hz)
    n = int(fft.next_fast_len(lead + round((emission.voice.length_s + TAIL_S) * rate_hz), real=True))
    start = int(np.floor(onset)) - lead
    frequency_hz = fft.rfftfreq(n, 1 / rate_hz)
    swallowed_db = absorption_db_per_m(air, frequency_hz) * length_m
    swallowed_db += _screen_db(way.detour_m, air, frequency_hz)
    gain = way.gain / length_m * 10 ** (-swallowed_db / 20) * _anti_alias(frequency_hz, rate_hz)
    turn = np.exp(-2j * np.pi * frequency_hz * ((onset - start) / rate_hz))
    return start, np.asarray(fft.irfft(emission.voice.spectrum(n, rate_hz) * gain * turn, n) * rate_hz)


def _screen_db(detour_m: float, air: Air, frequency_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    if detour_m <= 0:
        return np.zeros_like(frequency_hz)
    return np.asarray(10 * np.log10(3 + 20 * detour_m * frequency_hz / air.speed_mps))


def _anti_alias(frequency_hz: NDArray[np.float64], rate_hz: int) -> NDArray[np.float64]:
    share = np.clip(4 * frequency_hz / rate_hz - 1, 0, 1)  # 0 at a quarter of the rate, 1 at half of it
    return np.asarray(0.5 + 0.5 * np.cos(np.pi * share))


def door(rng: Generator, rate_hz: int, level_db: float) -> Sampled:
    """A slammed door: a handful of low modes that ring for 30 to 90 ms, struck within 2 ms."""
    t_s = np.arange(round(0.35 * rate_hz)) / rate_hz
    modes = (
        np.exp(-t_s / rng.uniform(0.03, 0.09)) * np.sin(2 * np.pi * rng.uniform(60, 700) * t_s + rng.uniform(0, 6.3))
        for _ in range(7)
    )
    return _scaled(sum(modes, np.zeros_like(t_s)) * (1 - np.exp(-t_s / 0.002)), rate_hz, level_db)


def dog(rng: Generator, rate_hz: int, level_db: float) -> Sampled:
    """A bark: harmonics of a gliding 350 to 700 Hz tone, a swell of 30 ms, 0.15 to 0.3 s long."""
    t_s = np.arange(round(rng.uniform(0.15, 0.3) * rate_hz)) / rate_hz
    pitch_hz = rng.uniform(350, 700) * (1 + 0.3 * np.sin(np.pi * t_s / t_s[-1]))
    phase = 2 * np.pi * np.cumsum(pitch_hz) / rate_hz
    harmonics = (np.sin(k * phase) / k for k in range(1, 9))
    rough = 1 + 0.4 * rng.standard_normal(len(t_s))
    swell = np.minimum(t_s / 0.03, 1) * np.minimum((t_s[-1] - t_s) / 0.05, 1)
    return _scaled(sum(harmonics, np.zeros_like(t_s)) * rough * swell, rate_hz, level_db)


def firework(rng: Generator, rate_hz: int, level_db: float) -> Sampled:
    """A shell's report, a long Friedlander-like push, with a crackle of small ones over the next half second."""
    t_s = np.arange(round(0.6 * rate_hz)) / rate_hz
    bang = (1 - t_s / 0.002) * np.exp(-t_s / 0.002)
    for at_s in rng.uniform(0.08, 0.55, 40):
        late_s = np.maximum(t_s - at_s, 0)
        bang += rng.uniform(0.02, 0.12) * (t_s >= at_s) * (1 - late_s / 2e-4) * np.exp(-late_s / 2e-4)
    return _scaled(bang, rate_hz, level_db)


CLUTTER = {"door": door, "dog": dog, "firework": firework}
"""Kinds of clutter: what makes each, of a Generator, a sample rate in Hz and a peak level in dB SPL at 1 m."""


def _scaled(wave: NDArray[np.float64], rate_hz: int, peak_db: float) -> Sampled:
    return Sampled(wave * (float(pressure_pa(peak_db)) / float(np.max(np.abs(wave)))), rate_hz)
