"""More to learn from than was recorded: shots and clutter rendered down a street, and recordings heard elsewhere.

Everything is drawn from a seed, so that the same seed gives the same sound. The ranges are wide on purpose and set by
hand: what a street or a recorder may do to a sound. Limiters, cracks and near shots were added after looking at the
ffsl clips.
"""

import math

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import signal

from dsp.air import Air
from dsp.blast import CALIBRES, level_db, pressure_pa
from simulators.street.echoes import Wall
from simulators.street.sound import CLUTTER, Blast, Emission, Microphone, Sampled, Surroundings, convert, hear, noise
from simulators.training.effects import echo, hiss, preceded, reverberate, squeezed

Floats = NDArray[np.float64]

RATES_HZ = (12_000, 16_000, 24_000, 44_100, 48_000)
QUIET_S, AFTER_S = 1.0, 1.2  # of every rendered scene, before and after the sound is due
CLUTTER_DB = {"door": 105.0, "dog": 108.0, "firework": 150.0}
FULL_SCALES_DB = (93.0, 110.0, 120.0, 130.0)


def shot(rng: Generator) -> tuple[NDArray[np.float32], int, float]:
    """A gunshot at 10 to 500 m among walls: samples, their rate, and when its first direct sound comes."""
    rate_hz = int(rng.choice(RATES_HZ))
    muzzle = CALIBRES[str(rng.choice(list(CALIBRES)))]
    voice = Blast(float(pressure_pa(muzzle.level_db + rng.uniform(-12, 3))), muzzle.positive_s * rng.uniform(0.7, 2.0))
    sound_pa, due_s = scene(rng, rate_hz, voice, 10 ** rng.uniform(1, 2.7))
    if rng.random() < 0.5:  # off the ground
        sound_pa = echo(sound_pa, 10 ** rng.uniform(-4, -2), rng.uniform(0.3, 0.95), rate_hz)
    if rng.random() < 0.35:
        sound_pa, due_s = preceded(rng, sound_pa, due_s, rate_hz)
    if rng.random() < 0.8:
        sound_pa = reverberate(rng, sound_pa, rate_hz)
    return _recorded(rng, sound_pa, rate_hz, 0.35), rate_hz, due_s


def clutter(rng: Generator) -> tuple[NDArray[np.float32], int, float]:
    """A door, a dog or a firework: as `shot`."""
    rate_hz, kind = int(rng.choice(RATES_HZ)), str(rng.choice(list(CLUTTER_DB)))
    voice = CLUTTER[kind](rng, rate_hz, CLUTTER_DB[kind] + rng.uniform(-10, 10))
    distance_m = 10 ** (rng.uniform(1, 2.7) if kind == "firework" else rng.uniform(0.5, 1.8))
    sound_pa, due_s = scene(rng, rate_hz, voice, distance_m)
    if rng.random() < 0.4:
        sound_pa = reverberate(rng, sound_pa, rate_hz)
    return _recorded(rng, sound_pa, rate_hz, 0.1), rate_hz, due_s


def elsewhere(rng: Generator, samples: NDArray[np.float32], rate_hz: int) -> tuple[NDArray[np.float32], int]:
    """A recording as if made at another rate, from further off, among echoes, over noise, or too loud.

    Exact zeros stay a gap.
    """
    to_hz = rate_hz if rate_hz <= min(RATES_HZ) else int(rng.choice((RATES_HZ[0], *RATES_HZ)))
    common = math.gcd(rate_hz, to_hz)
    sound = np.asarray(signal.resample_poly(samples.astype(float), to_hz // common, rate_hz // common))
    silent = sound == 0
    if rng.random() < 0.6:
        sos = signal.butter(1, min(rng.uniform(900, 4500), 0.45 * to_hz), fs=to_hz, output="sos")
        sound = np.asarray(signal.sosfilt(sos, sound))
    for _ in range(int(rng.integers(1, 6)) if rng.random() < 0.5 else 0):
        sound = echo(sound, rng.uniform(0.004, 0.09), rng.uniform(-0.5, 0.7), to_hz)
    if rng.random() < 0.2:
        sound = reverberate(rng, sound, to_hz)
    peak = max(float(np.abs(sound).max()), 1e-9)
    sound = sound + hiss(rng, len(sound)) * peak * 10 ** (-rng.uniform(15, 90) / 20)
    if rng.random() < 0.3:
        sound = np.clip(sound, -peak * rng.uniform(0.2, 0.8), peak * rng.uniform(0.2, 0.8))
    sound[silent] = 0
    return np.asarray(0.9 * sound / max(float(np.abs(sound).max()), 1e-9), np.float32), to_hz


def scene(
    rng: Generator,
    rate_hz: int,
    voice: Blast | Sampled,
    distance_m: float,
    heights_m: tuple[float, float] = (3.0, 10.0),
    most_walls: int = 6,
    order: int = 2,
) -> tuple[Floats, float]:
    """Pressure in Pa at a microphone between these heights, and when the direct sound comes.

    order : how often a wall may send it on.
    """
    air = Air(temperature_c=rng.uniform(-5, 35), humidity_pct=rng.uniform(20, 95))
    azimuth = rng.uniform(0, 2 * np.pi)
    source_m = (distance_m * np.cos(azimuth), distance_m * np.sin(azimuth), 1.5)
    ear_m = (0.0, 0.0, rng.uniform(*heights_m))
    walls = tuple(_wall(rng, source_m if rng.random() < 0.5 else ear_m) for _ in range(rng.integers(0, most_walls + 1)))
    due_s = QUIET_S + math.dist(source_m, ear_m) / air.speed_mps
    n_samples = round((due_s + AFTER_S) * rate_hz)
    emission = Emission(source_m, QUIET_S, voice)
    return hear(ear_m, [emission], Surroundings(air, walls, order), n_samples, rate_hz), due_s


def _wall(rng: Generator, near_m: tuple[float, float, float]) -> Wall:
    middle = np.array(near_m[:2]) + rng.uniform(-60, 60, 2)
    turned = float(rng.choice([0.0, np.pi / 2])) + rng.normal(0, 0.05)
    along = rng.uniform(8, 40) * np.array([np.cos(turned), np.sin(turned)])
    start, end = middle - along, middle + along
    ends = (float(start[0]), float(start[1])), (float(end[0]), float(end[1]))
    return Wall(*ends, rng.uniform(4, 15), rng.uniform(0.3, 0.9))


def _recorded(rng: Generator, sound_pa: Floats, rate_hz: int, limited: float) -> NDArray[np.float32]:
    """Over noise, perhaps through a recorder's limiter, in 16 bits."""
    peak = max(float(np.abs(sound_pa).max()), 1e-4)
    noise_db = min(max(float(level_db(peak)) - rng.uniform(8, 75), 15.0), 75.0)
    full_scale_db = float(rng.choice(FULL_SCALES_DB))
    microphone = Microphone(full_scale_db, noise_db, rng.uniform(0, 5))
    sound_pa = sound_pa + noise(rng, len(sound_pa), rate_hz, microphone)
    if rng.random() < limited:
        sound_pa = squeezed(rng, sound_pa, rate_hz)
        sound_pa *= pressure_pa(full_scale_db) / max(float(np.abs(sound_pa).max()), 1e-9) * rng.uniform(0.3, 1.2)
    return convert(sound_pa, microphone)
