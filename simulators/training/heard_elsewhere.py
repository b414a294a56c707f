"""An impulse as it would be heard elsewhere: further off, among echoes, over noise, by another microphone.

Of one impulse that was recorded, hundreds: by them the net learns what of a sound is the source's own. The ranges are
wide and were set by hand; none was fitted to a recording.
"""

import math

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import signal

from dsp.hearing.samples import stretch_of
from simulators.training.town import Way, through_town

Floats = NDArray[np.float64]

CUT_HZ = 12_000
LEAD_S, CUT_S = 0.050, 1.011
LEAD, SPAN = round(LEAD_S * CUT_HZ), round(CUT_S * CUT_HZ)
LENGTH = 1 << 15  # longer than SPAN and the latest echo, so that nothing wraps round
AFAR_M = (30.0, 700.0)
LEAST = 1e-12
HZ = np.fft.rfftfreq(LENGTH, 1 / CUT_HZ)


def cut(samples: NDArray[np.floating], onset: float, rate_hz: int) -> Floats:
    """(SPAN,) at CUT_HZ round an onset, an index of samples (n,), which lies at LEAD; silence past either end."""
    margin = round(0.1 * rate_hz)
    first, n = round(onset) - round(LEAD_S * rate_hz) - margin, round(CUT_S * rate_hz) + 2 * margin
    common = math.gcd(rate_hz, CUT_HZ)
    sound = signal.resample_poly(stretch_of(samples, first, n), CUT_HZ // common, rate_hz // common)
    start = round((onset - first) * CUT_HZ / rate_hz) - LEAD
    return np.asarray(sound[start : start + SPAN])


def heard_from_afar(rng: Generator, sound: Floats, noise: Floats | None) -> Floats:
    """(SPAN,) of a cut, heard through a town from AFAR_M. noise : as in `heard_elsewhere`."""
    way = Way.drawn(rng, LENGTH, CUT_HZ, *AFAR_M)
    heard = np.fft.irfft(np.fft.rfft(_resized(rng, sound), LENGTH) * through_town(rng, way), LENGTH)[:SPAN]
    return _limited(
        rng, heard, heard + _noise(rng, noise, float(np.sqrt(np.mean(np.square(heard[LEAD : LEAD + 360])))))
    )


def heard_elsewhere(rng: Generator, sound: Floats, noise: Floats | None) -> Floats:
    """(SPAN,) of a cut, heard elsewhere. noise : (SPAN,) of some ambience, at any level; None for coloured hiss."""
    spectrum = np.fft.rfft(_resized(rng, sound), LENGTH)
    if rng.random() < 0.6:
        spectrum = spectrum * (1 + _echoes(rng))
    sound = np.fft.irfft(spectrum * 10 ** (-_loss_db(rng) / 20), LENGTH)[:SPAN]
    over = (
        _noise(rng, noise, float(np.sqrt(np.mean(np.square(sound[LEAD : LEAD + 240]))))) if rng.random() < 0.85 else 0
    )
    return _limited(rng, sound, sound + over)


def _resized(rng: Generator, sound: Floats) -> Floats:
    """Sometimes played faster or slower: other weapons, other sizes."""
    if rng.random() >= 0.3:
        return sound
    at = LEAD + (np.arange(SPAN) - LEAD) * rng.uniform(0.85, 1.18)
    return np.asarray(np.interp(at, np.arange(SPAN), sound, right=0))


def _limited(rng: Generator, clean: Floats, sound: Floats) -> Floats:
    """Sometimes clipped, or limited, at up to 14 dB under the peak of the impulse alone."""
    if rng.random() >= 0.25:
        return sound
    limit = (float(np.abs(clean[LEAD - 60 : LEAD + 1200]).max()) + LEAST) * 10 ** (-rng.uniform(0, 14) / 20)
    return np.asarray(np.clip(sound, -limit, limit) if rng.random() < 0.6 else limit * np.tanh(sound / limit))


def _echoes(rng: Generator) -> NDArray[np.complex128]:
    """Spectrum of a few echoes of walls, or of many of everything, duller than what they are echoes of."""
    taps, count = np.zeros(LENGTH), int(10 ** rng.uniform(0.3, 2.6))
    at = (10 ** rng.uniform(-2.5, -0.1, count) * CUT_HZ).astype(int)
    echoes = rng.standard_normal(count) * 10 ** (-3 * at / CUT_HZ / rng.uniform(0.2, 2.0))
    echoes *= 10 ** (rng.uniform(-22, 3) / 20) / (float(np.sqrt(np.sum(np.square(echoes)))) + LEAST)
    np.add.at(taps, at, echoes)
    return np.asarray(np.fft.rfft(taps) * 10 ** (-rng.uniform(0, 12) / 20 * HZ / 5000))


def _loss_db(rng: Generator) -> Floats:
    """(bins,) what the air of a long way, a microphone's tilt, its want of bass and a codec take."""
    loss_db = np.zeros(len(HZ))
    if rng.random() < 0.6:
        loss_db += rng.uniform(0, 30) * (HZ / 5000) ** rng.uniform(0.7, 2)
    if rng.random() < 0.4:
        loss_db += rng.uniform(-4, 4) * np.log2(np.maximum(HZ, 50) / 1000)
    if rng.random() < 0.3:
        loss_db += 10 * np.log10(1 + (rng.uniform(60, 350) / np.maximum(HZ, 1)) ** rng.choice([2, 4]))
    if rng.random() < 0.3:
        loss_db += np.where(rng.uniform(3000, 5600) < HZ, 45, 0)
    return loss_db


def _noise(rng: Generator, noise: Floats | None, impulse: float) -> Floats:
    """(SPAN,) that lies 3 to 45 dB under an impulse of this RMS."""
    if noise is None or rng.random() < 0.3:
        white = np.fft.rfft(rng.standard_normal(SPAN))
        noise = np.fft.irfft(white * np.maximum(np.arange(len(white)), 30.0) ** -rng.uniform(0, 1), SPAN)
    return np.asarray(noise * impulse * 10 ** (-rng.uniform(3, 45) / 20) / (float(noise.std()) + LEAST))
