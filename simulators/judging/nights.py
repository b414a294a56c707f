"""Nights without a gun: what sounds in a street (simulators/judging/sounds.py), heard by its poles, placed by the very
association of the street and judged by the third look.

Each night has a street of its own of 6 to 12 poles, and some scenes, QUIET_US apart: a sound, work that goes on for
minutes, or, in one night of FIREWORKS_NIGHTS, fireworks from several places. What a pole hears is less for distance,
excess and the street's own shadows; it reports what stands SNR_DB over its noise. Paths are bent and echo as
notes/localisation.md has it. The poles' scores are of one and the same sound: normal scores that are correlated by
ALIKE between poles, and by SAME between the sounds of one place.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import ndtr

from dsp.air import Air, travel_s
from gateway.incident import Arrival, Round
from simulators.judging.sounds import AT_WORK, FIREWORKS, ONCE, SHARES, SOUNDS, Sound
from simulators.recordings.batch import Batch
from simulators.street.pulses import street

Floats = NDArray[np.float64]

SEED = 20261128
START_US, QUIET_US = 1_790_000_000_000_000, 30_000_000
N_SCENES = 6
FIREWORKS_NIGHTS, WORK = 0.05, 0.15  # share of nights; of scenes
SITES, BANGS, DISPLAY_S = (4, 9), (20, 60), 240.0  # chosen: a neighbourhood at New Year
BLOWS, WORK_S = (5, 30), (0.4, 8.0)  # of work, and seconds between two
EXCESS_DB_PER_M, SHADOW_DB = 0.01, 6.5  # as gateway/judging/source_level.py has them
NOISE_DB, SNR_DB = (50.0, 4.0), 10.0
LATE, LATE_S, ROUGH_S, ECHO, ECHO_S = 0.2, (0.005, 0.1), 0.003, 0.3, (0.03, 0.7)
ALIKE, SAME = 0.6, 0.8  # chosen
CLOSE_S = 1.0


@dataclass(frozen=True, slots=True)
class Sounded:
    """A sound that was made."""

    sound: Sound
    xyz_m: tuple[float, float, float]
    t_us: int
    level_db: float
    score: float  # normal, of its place


@dataclass(frozen=True, slots=True)
class Called:
    """A sound that was placed, and what it was called. n_poles : that placed it."""

    sounded: Sounded
    placed: Round
    off_m: float


@dataclass(frozen=True, slots=True)
class Night:
    """sounded : all that was made. called : those of them that were placed. n_ghosts : placed, and made by nothing."""

    sounded: tuple[Sounded, ...]
    called: tuple[Called, ...]
    n_ghosts: int
    air: Air


@dataclass(frozen=True, slots=True)
class Street:
    """What sounded in a night, on which poles, and what they report of it."""

    made: tuple[Sounded, ...]
    poles: Mapping[str, tuple[float, float, float]]
    air: Air
    heard: tuple[Arrival, ...]


def street_of(seed: int) -> Street:
    """What one night is made of."""
    rng = np.random.default_rng((SEED, seed))
    poles_m = street(rng, int(rng.integers(6, 13)))
    air = Air(float(rng.uniform(-5, 25)))
    made = list(_made(rng, poles_m))
    noise_db = rng.normal(*NOISE_DB) + rng.normal(0, 2, len(poles_m))
    heard = [arrival for each in made for arrival in _heard(rng, each, poles_m, noise_db, air)]
    poles = {str(i): _place(xyz_m) for i, xyz_m in enumerate(poles_m)}
    return Street(tuple(made), poles, air, tuple(heard))


def night(seed: int) -> Night:
    """One night."""
    given = street_of(seed)
    made, air = given.made, given.air
    batch = Batch(air, given.poles)
    rounds = [one for one in batch.decide(sorted(set(given.heard), key=batch.key)) if isinstance(one, Round)]
    called, n_ghosts = [], 0
    for placed in rounds:
        cause = min(made, key=lambda each: abs(_due_us(each, placed, air)))
        if abs(_due_us(cause, placed, air)) < CLOSE_S * 1e6:
            called.append(Called(cause, placed, math.dist(cause.xyz_m[:2], placed.fix.xyz_m[:2])))
        else:
            n_ghosts += 1
    return Night(made, tuple(called), n_ghosts, air)


def _due_us(each: Sounded, placed: Round, air: Air) -> float:
    """How much later the first pole of a round heard it than it would have heard this."""
    first = min(placed.arrivals, key=lambda arrival: arrival.t_us)
    return first.t_us - each.t_us - float(travel_s(air, np.subtract(first.xyz_m, each.xyz_m))) * 1e6


def _made(rng: Generator, poles_m: Floats) -> Iterator[Sounded]:
    """All that sounds in a night, in order."""
    t_us = START_US
    if rng.random() < FIREWORKS_NIGHTS:
        shown = sorted(_display(rng, poles_m, t_us), key=lambda each: each.t_us)
        yield from shown
        t_us = shown[-1].t_us + QUIET_US
    for _ in range(N_SCENES):
        comes = AT_WORK if rng.random() < WORK else ONCE
        sound, place_m = _one_of(rng, comes), _somewhere(rng, poles_m)
        level_db, score = rng.normal(*sound.level_db), rng.normal()
        for _ in range(int(rng.integers(*BLOWS)) if comes == AT_WORK else 1):
            yield _sounded(rng, sound, place_m, t_us, level_db, score)
            t_us += round(rng.uniform(*WORK_S) * 1e6)
        t_us += QUIET_US


def _display(rng: Generator, poles_m: Floats, start_us: int) -> Iterator[Sounded]:
    places_m = [_somewhere(rng, poles_m, 150.0) for _ in range(int(rng.integers(*SITES)))]
    scores = rng.normal(size=len(places_m))
    for _ in range(int(rng.integers(*BANGS))):
        site, sound = int(rng.integers(len(places_m))), _one_of(rng, FIREWORKS)
        off_m = rng.normal(0, 15, 2)  # rockets drift, and people walk about
        place_m = (places_m[site][0] + off_m[0], places_m[site][1] + off_m[1])
        t_us = start_us + round(rng.uniform(0, DISPLAY_S) * 1e6)
        yield _sounded(rng, sound, place_m, t_us, rng.normal(*sound.level_db), scores[site])


def _sounded(
    rng: Generator, sound: Sound, place_m: tuple[float, float], t_us: int, level_db: float, score: float
) -> Sounded:
    up_m = float(rng.uniform(*sound.up_m))
    own = math.sqrt(SAME) * score + math.sqrt(1 - SAME) * rng.normal()
    return Sounded(sound, (*place_m, up_m), t_us, float(level_db + rng.normal(0, 2)), float(own))


def _one_of(rng: Generator, comes: str) -> Sound:
    these = [sound for sound in SOUNDS if sound.comes == comes]
    weight = np.array([sound.weight for sound in these])
    return these[int(rng.choice(len(these), p=weight / weight.sum()))]


def _somewhere(rng: Generator, poles_m: Floats, about_m: float = 50.0) -> tuple[float, float]:
    low, high = poles_m[:, :2].min(axis=0) - about_m, poles_m[:, :2].max(axis=0) + about_m
    east_m, north_m = rng.uniform(low, high)
    return float(east_m), float(north_m)


def _heard(rng: Generator, each: Sounded, poles_m: Floats, noise_db: Floats, air: Air) -> Iterator[Arrival]:
    """What the poles report of a sound: each at most once straight, and perhaps an echo."""
    paths_m = poles_m - np.array(each.xyz_m)
    off_m = np.maximum(np.linalg.norm(paths_m, axis=1), 1.0)
    level_db = each.level_db - 20 * np.log10(off_m) - EXCESS_DB_PER_M * off_m + rng.normal(0, SHADOW_DB, len(off_m))
    score = math.sqrt(ALIKE) * each.score + math.sqrt(1 - ALIKE) * rng.normal(size=len(off_m))
    p = np.interp(ndtr(score), SHARES, each.sound.p)
    late_s = rng.exponential(ROUGH_S, len(off_m)) + (rng.random(len(off_m)) < LATE) * rng.uniform(*LATE_S, len(off_m))
    t_us = each.t_us + (travel_s(air, paths_m) + late_s + rng.normal(0, 0.0005, len(off_m))) * 1e6
    for i in np.flatnonzero(level_db - noise_db >= SNR_DB).tolist():
        yield _arrival(i, poles_m[i], t_us[i], level_db[i], noise_db[i], p[i])
        echo_db = level_db[i] - rng.uniform(3, 15)
        if rng.random() < ECHO and echo_db - noise_db[i] >= SNR_DB:
            yield _arrival(i, poles_m[i], t_us[i] + rng.uniform(*ECHO_S) * 1e6, echo_db, noise_db[i], p[i])


def _arrival(pole: int, xyz_m: Floats, t_us: float, level_db: float, noise_db: float, p: float) -> Arrival:
    told_db, over_db = round(float(level_db), 1), round(float(level_db - noise_db), 1)
    return Arrival(str(pole), _place(xyz_m), round(float(t_us)), 500, over_db, told_db, round(float(p), 3))


def _place(xyz_m: Floats) -> tuple[float, float, float]:
    east_m, north_m, up_m = map(float, xyz_m)
    return east_m, north_m, up_m
