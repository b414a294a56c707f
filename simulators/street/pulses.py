"""Streets of arrivals without sound: what nodes would report of shots that are known, faults of real streets included.

Poles stand on a grid of streets, jittered. A pole hears a shot for certain up to `sure_m`, never beyond `never_m`, and
with a probability that falls on a straight line between; what it hears it misses, hears late (diffraction round a
corner: only ever late) or hears again (an echo) with the probabilities of `Faults`. Clutter comes at random times,
each from one pole alone. Last, a node is deaf for its dead time after each onset. The figures are those that
notes/localisation.md measured its peers with.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from dsp.air import Air, travel_s
from gateway.incident import Arrival

BLAST_DB = 151.0  # .38 pistol, peak at 1 m (notes/field.md section 2, Beck and Nakasone)
NOISE_DB = 55.0  # a street at night, from general knowledge


@dataclass(frozen=True, slots=True)
class Faults:
    """How streets spoil arrivals. Probabilities are of each arrival; spans are (least, most)."""

    sigma_us: int = 1_000
    sure_m: float = 250.0
    never_m: float = 500.0
    p_missed: float = 0.2
    p_late: float = 0.2
    late_us: tuple[int, int] = (5_000, 100_000)
    p_echo: float = 0.3
    echo_us: tuple[int, int] = (30_000, 700_000)
    clutter_per_min: float = 2.0
    dead_us: int = 20_000


CLEAN = Faults(p_missed=0.0, p_late=0.0, p_echo=0.0, clutter_per_min=0.0, sure_m=1e6, never_m=2e6)
"""No fault but the timing noise; everybody hears everything."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One round: where, and when it was fired, int microseconds UTC."""

    xyz_m: tuple[float, float, float]
    t_us: int


@dataclass(frozen=True, slots=True)
class Pulse:
    """An arrival and the index of the shot that caused it; None for clutter. `direct`: neither late nor an echo."""

    arrival: Arrival
    shot: int | None
    direct: bool


def street(rng: Generator, n_poles: int = 25, spacing_m: tuple[float, float] = (50.0, 80.0)) -> NDArray[np.float64]:
    """Poles on a square grid of streets, each 3 m off its place at most. (n_poles, 3) metres round the middle."""
    side = math.ceil(math.sqrt(n_poles))
    east, north = (np.cumsum(rng.uniform(*spacing_m, side)) for _ in range(2))
    flat = np.stack(np.meshgrid(east - east.mean(), north - north.mean()), axis=-1).reshape(-1, 2)[:n_poles]
    jittered = flat + rng.uniform(-3, 3, flat.shape)
    return np.column_stack([jittered, rng.uniform(5, 8, n_poles)])


def shots_within(rng: Generator, poles_m: NDArray[np.float64], times_us: Sequence[int]) -> list[Shot]:
    """One shot a time, each somewhere among the poles, 1.5 m up."""
    low, high = poles_m[:, :2].min(axis=0), poles_m[:, :2].max(axis=0)
    east_m, north_m = rng.uniform(low, high, (len(times_us), 2)).T
    return [Shot((float(e), float(n), 1.5), t_us) for e, n, t_us in zip(east_m, north_m, times_us, strict=True)]


def burst(place: Shot, n_rounds: int, per_s: float) -> list[Shot]:
    """Rounds from one place at a steady rate, the first when `place` says."""
    return [Shot(place.xyz_m, place.t_us + round(index * 1e6 / per_s)) for index in range(n_rounds)]


def pulses(
    rng: Generator,
    poles_m: NDArray[np.float64],
    shots: Sequence[Shot],
    air: Air,
    faults: Faults | None = None,
    span_us: tuple[int, int] | None = None,
) -> list[Pulse]:
    """What the nodes "0", "1"... on these poles report, in order of time, each with its cause.

    poles_m : (N, 3) metres. span_us : (start, end) of clutter; None: from a second before the first shot to three after
    the last, a minute where there is no shot.
    """
    ears = _Ears(rng, poles_m, faults or Faults())
    heard = [pulse for index, shot in enumerate(shots) for pulse in ears.hear(index, shot, air)]
    heard += ears.clutter(*(span_us or _span(shots)))
    return _after_dead_time(sorted(heard, key=lambda pulse: pulse.arrival.t_us), ears.faults.dead_us)


def arrivals(given: Iterable[Pulse]) -> list[Arrival]:
    """The arrivals alone, as a gateway gets them."""
    return [pulse.arrival for pulse in given]


@dataclass(frozen=True, slots=True)
class _Ears:
    rng: Generator
    poles_m: NDArray[np.float64]
    faults: Faults

    def hear(self, index: int, shot: Shot, air: Air) -> Iterator[Pulse]:
        rng, faults = self.rng, self.faults
        paths_m = self.poles_m - np.array(shot.xyz_m)
        distances_m = np.linalg.norm(paths_m, axis=1)
        ideal_us = shot.t_us + travel_s(air, paths_m) * 1e6
        reach = np.clip((faults.never_m - distances_m) / (faults.never_m - faults.sure_m), 0, 1)
        for pole in np.flatnonzero(rng.random(len(reach)) < (1 - faults.p_missed) * reach).tolist():
            late = bool(rng.random() < faults.p_late)
            t_us = ideal_us[pole] + rng.normal(0, faults.sigma_us) + late * rng.uniform(*faults.late_us)
            level_db = BLAST_DB - 20 * math.log10(max(distances_m[pole], 1.0)) + rng.normal(0, 3) - 6 * late
            yield Pulse(self._arrival(pole, t_us, level_db), index, not late)
            if rng.random() < faults.p_echo:
                echo_us, echo_db = t_us + rng.uniform(*faults.echo_us), level_db - rng.uniform(3, 15)
                yield Pulse(self._arrival(pole, echo_us, echo_db), index, False)

    def clutter(self, start_us: int, end_us: int) -> Iterator[Pulse]:
        """Doors and dogs."""
        n = self.rng.poisson(self.faults.clutter_per_min * len(self.poles_m) * (end_us - start_us) / 60e6)
        for pole in self.rng.integers(len(self.poles_m), size=n).tolist():
            t_us, level_db = self.rng.uniform(start_us, end_us), self.rng.uniform(65, 100)
            yield Pulse(self._arrival(pole, t_us, level_db), None, False)

    def _arrival(self, pole: int, t_us: float, level_db: float) -> Arrival:
        east, north, up = map(float, self.poles_m[pole])
        return Arrival(
            node=str(pole),
            xyz_m=(east, north, up),
            t_us=round(t_us),
            sigma_us=self.faults.sigma_us,
            snr_db=round(level_db - NOISE_DB, 1),
            level_db=round(level_db, 1),
        )


def _span(shots: Sequence[Shot]) -> tuple[int, int]:
    times_us = [shot.t_us for shot in shots] or [1_000_000, 58_000_000]
    return min(times_us) - 1_000_000, max(times_us) + 3_000_000


def _after_dead_time(ordered: list[Pulse], dead_us: int) -> list[Pulse]:
    last_us: dict[str, int] = {}
    kept = []
    for pulse in ordered:
        arrival = pulse.arrival
        if arrival.t_us - last_us.get(arrival.node, -dead_us) >= dead_us:
            last_us[arrival.node] = arrival.t_us
            kept.append(pulse)
    return kept
