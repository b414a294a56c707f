"""The synthetic nights that association is measured on: who fires where and when, on what street, with what faults.

Each draw of a case has its own street, shots and faults, from a seed that is made of the case's name, the draw's number
and the use it is put to. DEVELOPMENT draws are for choosing anything; SCORED ones are only ever counted, by `soundpost
score locator`; FRESH ones for what was chosen with both in view. The faults are those of notes/localisation.md
(`simulators/street/pulses.py`): 20 % missed, 20 % late by 5 to 100 ms, 30 % extra echoes, clutter, 20 ms dead time,
timing sigma 1 ms. What the notes leave open is chosen here: shots come at random times, as unlike a metronome as can
be; two shooters at once stand 50 m apart or more (notes/field.md, C) and fire four rounds each, at two to five a second
each, beginning within 200 ms of each other.
"""

import math
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from dsp.air import Air
from gateway.incident import Arrival
from simulators.street.pulses import Faults, Pulse, Shot, burst, pulses, shots_within, street

DEVELOPMENT, SCORED, FRESH = 1, 2, 3
START_US, S = 1_800_000_000_000_000, 1_000_000
LEAD_US, TAIL_US = 1 * S, 2 * S  # of clutter before and behind the shooting
TOWN_POLES, TOWNS_APART_M = 25, 2_000.0  # farther than any pole hears, so that no town disturbs another
AIR = Air()

Poles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """shoot : (rng, poles (N, 3) m, seconds) -> what is fired. draws : how many are scored. seconds : of shooting in

    each. lay : (rng, number of poles) -> poles (N, 3) m.
    """

    name: str
    what: str
    n_poles: int
    seconds: int
    draws: int
    shoot: Callable[[Generator, Poles, int], list[Shot]]
    lay: Callable[[Generator, int], Poles] = street
    clutter_per_min: float = 2.0


@dataclass(frozen=True, slots=True)
class Night:
    """One draw of a case: where the poles stand, what was fired, and what the nodes report of it, in order of time."""

    poles: Mapping[str, tuple[float, float, float]]
    shots: tuple[Shot, ...]
    pulses: tuple[Pulse, ...]
    seconds: int

    @property
    def arrivals(self) -> list[Arrival]:
        """What a gateway gets."""
        return [pulse.arrival for pulse in self.pulses]


def draw(case: Case, number: int, use: int) -> Night:
    """The same night for the same case, number and use (DEVELOPMENT, SCORED or FRESH)."""
    rng = np.random.default_rng([use, zlib.crc32(case.name.encode()), number])
    poles_m = case.lay(rng, case.n_poles)
    shots = case.shoot(rng, poles_m, case.seconds)
    span_us = START_US - LEAD_US, START_US + case.seconds * S + TAIL_US
    heard = pulses(rng, poles_m, shots, AIR, replace(Faults(), clutter_per_min=case.clutter_per_min), span_us)
    poles = {str(index): (float(e), float(n), float(u)) for index, (e, n, u) in enumerate(poles_m)}
    return Night(poles, tuple(shots), tuple(heard), case.seconds)


def _at_random(rng: Generator, poles_m: Poles, seconds: int, per_pole_min: float) -> list[Shot]:
    return shots_within(rng, poles_m, _times_us(rng, per_pole_min * len(poles_m), seconds))


def _times_us(rng: Generator, per_min: float, seconds: int) -> list[int]:
    return sorted((START_US + rng.integers(0, seconds * S, round(per_min * seconds / 60))).tolist())


def _burst(rng: Generator, poles_m: Poles, _: int) -> list[Shot]:
    (place,) = shots_within(rng, poles_m, [START_US])
    return burst(place, 8, 10.0)


def _two_shooters(rng: Generator, poles_m: Poles, _: int) -> list[Shot]:
    """Two bursts of four rounds, each at its own rate."""
    begin_us = START_US + rng.integers(0, S // 5, 2)
    first, second = _apart(rng, poles_m, begin_us.tolist(), 50.0)
    rounds = [shot for place in (first, second) for shot in burst(place, 4, rng.uniform(2.0, 5.0))]
    return sorted(rounds, key=lambda shot: shot.t_us)


def _two_shots(rng: Generator, poles_m: Poles, _: int) -> list[Shot]:
    return _apart(rng, poles_m, [START_US, START_US + int(rng.integers(0, 50_000))], 100.0)


def _apart(rng: Generator, poles_m: Poles, times_us: list[int], least_m: float) -> list[Shot]:
    while True:
        first, second = shots_within(rng, poles_m, times_us)
        if math.dist(first.xyz_m, second.xyz_m) > least_m:
            return [first, second]


def _nothing(rng: Generator, poles_m: Poles, seconds: int) -> list[Shot]:
    return []


def _shots_in_towns(rng: Generator, poles_m: Poles, seconds: int) -> list[Shot]:
    """Ten a minute a town, each in any of them."""
    towns = np.split(poles_m, len(poles_m) // TOWN_POLES)
    times_us = _times_us(rng, 10.0 * len(towns), seconds)
    return [shot for t_us in times_us for shot in shots_within(rng, towns[rng.integers(len(towns))], [t_us])]


def _towns(rng: Generator, n_poles: int) -> Poles:
    """Towns of 25 poles on a square grid, out of each other's hearing: the city grows, no place gets busier."""
    n_towns = n_poles // TOWN_POLES
    side = math.ceil(math.sqrt(n_towns))
    centres_m = [(TOWNS_APART_M * (town % side), TOWNS_APART_M * (town // side), 0.0) for town in range(n_towns)]
    return np.concatenate([street(rng, TOWN_POLES) + centre_m for centre_m in centres_m])


ASSOCIATION = (
    Case("10-a-minute", "25 poles, 10 shots a minute", 25, 120, 15, partial(_at_random, per_pole_min=10 / 25)),
    Case("100-a-minute", "25 poles, 100 shots a minute", 25, 60, 5, partial(_at_random, per_pole_min=100 / 25)),
    Case("burst", "burst, 8 rounds at 10 a second", 25, 2, 200, _burst),
    Case("two-shooters", "two shooters at once", 25, 3, 200, _two_shooters),
    Case("two-shots", "two shots within 50 ms, over 100 m apart", 25, 1, 200, _two_shots),
    Case("1000-poles", "1000 poles, 100 shots a minute", 1000, 60, 4, partial(_at_random, per_pole_min=100 / 1000)),
)
CLUTTER = (
    Case("clutter", "clutter only, 25 poles, 30 impulses/min/pole", 25, 600, 6, _nothing, clutter_per_min=30.0),
    Case("dense", "clutter only, 40 poles, 300 impulses/min/pole", 40, 600, 6, _nothing, clutter_per_min=300.0),
)
TOWNS = tuple(
    Case(f"towns-{n_poles}", f"{n_poles} poles in towns of {TOWN_POLES}", n_poles, seconds, 1, _shots_in_towns, _towns)
    for n_poles, seconds in ((25, 600), (100, 150), (1000, 30), (10_000, 10))
)
CASES = {case.name: case for case in (*ASSOCIATION, *CLUTTER, *TOWNS)}
