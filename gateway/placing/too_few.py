"""What was heard loudly, by too few poles to have a place: worth a word, and no more."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dsp.air import Air
from dsp.placing.area import area
from dsp.placing.multilaterate import LEAST_NODES
from gateway.incident import Arrival, Unplaced
from gateway.placing.acoustics import Acoustics

LOUD_DB, LIKELY = 20.0, 0.5  # SNR and p_gunshot of arrivals that are worth a word where they cannot be placed


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
