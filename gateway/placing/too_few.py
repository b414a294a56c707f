"""What was heard loudly, by too few poles to have a place: worth a word, and no more.

Where each of three poles often takes a loud sound for a shot, chance alone brings three such together: at three poles
that have r such sounds a second each, of other causes, they come so near each other that one place explains them

    r_1 r_2 r_3 (2 W)^2   times a second

(three independent Poisson processes; W : the time that sound takes over the farthest two). Where that is more than
BY_CHANCE_PER_S it is no area, and no lamp comes up for it.
"""

import math
from collections.abc import Container, Sequence
from dataclasses import replace

import numpy as np

from dsp.air import Air
from dsp.placing.area import area
from dsp.placing.multilaterate import LEAST_NODES
from gateway.incident import Arrival, Unplaced
from gateway.placing.acoustics import Acoustics
from gateway.placing.clutter import Clutter

LOUD_DB, LIKELY = 20.0, 0.5  # SNR and p_gunshot of arrivals that are worth a word where they cannot be placed
BY_CHANCE_PER_S = 3e-8
"""At three poles; a street of 25 has some 400 threes within hearing: one a day, were it always so."""
COUNTS_US, LEAST_PER_S = 120_000_000, 1 / 3600
"""How long a pole's loud sound counts for how often it has them, and how often it is taken to have them anyway."""


class TooFew:
    """How often each pole of a street takes a loud sound for a shot that is none of a round or an area, and what is
    said of those by too few in its light."""

    def __init__(self) -> None:
        self._alike = Clutter(COUNTS_US)
        self._explained: set[Arrival] = set()  # by an area, and perhaps not due yet

    def told(
        self,
        due: Sequence[Arrival],
        unclaimed: Sequence[Arrival],
        sudden: Container[Arrival],
        air: Air,
        acoustics: Acoustics,
    ) -> list[Unplaced]:
        """As `heard_by_too_few`; with an area where all three are sudden and chance seldom brings such three."""
        groups = heard_by_too_few(due, unclaimed, acoustics.hearing_m, air.speed_mps)
        told = [
            with_area(each, air, acoustics)
            if all(one in sudden for one in each.arrivals) and self._by_chance_per_s(each, air) <= BY_CHANCE_PER_S
            else each
            for each in groups
        ]
        self._explained |= {one for each in told if each.area is not None for one in each.arrivals}
        for one in due:
            if worth_a_word(one) and one not in self._explained:
                self._alike.hear(one)
        if due:
            self._explained = {one for one in self._explained if one.t_us > due[-1].t_us - COUNTS_US}
        return told

    def _by_chance_per_s(self, group: Unplaced, air: Air) -> float:
        heard = group.arrivals
        rates = self._alike.per_s([one.node for one in heard], heard[0].t_us)
        xyz_m = np.array([one.xyz_m for one in heard])
        over_s = float(np.linalg.norm(xyz_m[:, None] - xyz_m, axis=2).max()) / air.speed_mps
        return math.prod(max(each, LEAST_PER_S) for each in rates) * (2 * over_s) ** 2


def heard_by_too_few(
    due: Sequence[Arrival], unclaimed: Sequence[Arrival], hearing_m: float, speed_mps: float
) -> list[Unplaced]:
    """Where three poles heard something loud together, beginning with what is due: why it has no place.

    due, unclaimed : arrivals of no round, in order of time; the former are among the latter.
    """
    loud = [one for one in unclaimed if worth_a_word(one)]
    t_s = np.array([one.t_us for one in loud], np.int64) / 1e6
    xyz_m = np.array([one.xyz_m for one in loud]).reshape(-1, 3)
    free = np.ones(len(loud), bool)
    number = {one: i for i, one in enumerate(loud)}
    unplaced: list[Unplaced] = []
    for first in filter(worth_a_word, due):
        at = number[first]
        if not free[at]:
            continue
        since_s, apart_m = t_s - t_s[at], np.linalg.norm(xyz_m - xyz_m[at], axis=1)
        may = free & (since_s >= 0) & (since_s * speed_mps <= apart_m) & (apart_m <= hearing_m)
        group = _one_a_pole(first, [(i, loud[i]) for i in np.flatnonzero(may).tolist()])
        if len(group) == LEAST_NODES - 1:
            heard_by = tuple(one for _, one in group)
            unplaced.append(Unplaced(f"only {len(group)} poles heard it; {LEAST_NODES} are needed", heard_by))
            free[[i for i, _ in group]] = False
    return unplaced


def with_area(group: Unplaced, air: Air, acoustics: Acoustics) -> Unplaced:
    """With whereabouts it was made, where every pole takes it for a shot and some place explains the times."""
    heard = group.arrivals
    if not all(one.p_gunshot is not None and worth_a_word(one) for one in heard):
        return group
    times_us, sigma_us = [one.t_us for one in heard], [one.sigma_us for one in heard]
    reach_m = acoustics.nearest_m, acoustics.hearing_m
    return replace(group, area=area([one.xyz_m for one in heard], times_us, sigma_us, air, *reach_m))


def worth_a_word(arrival: Arrival) -> bool:
    """Whether an arrival is loud, and not known to be something else than a shot."""
    return (arrival.snr_db or 0.0) >= LOUD_DB and (arrival.p_gunshot is None or arrival.p_gunshot >= LIKELY)


def _one_a_pole(first: Arrival, others: Sequence[tuple[int, Arrival]]) -> list[tuple[int, Arrival]]:
    """The first arrival and, of each other pole, the first that the same sound could have caused, each with its number;
    LEAST_NODES of them at most."""
    group: dict[str, tuple[int, Arrival]] = {}
    for i, other in others:
        if other.node != first.node or other is first:
            group.setdefault(other.node, (i, other))
        if len(group) == LEAST_NODES:
            break
    return list(group.values())
