"""What was heard loudly, by too few poles to have a place: worth a word, and no more."""

import math
from collections.abc import Iterable, Sequence

from dsp.multilaterate import LEAST_NODES
from gateway.incident import Arrival, Unplaced

LOUD_DB, LIKELY = 20.0, 0.5  # SNR and p_gunshot of arrivals that are worth a word where they cannot be placed


def heard_by_too_few(
    due: Sequence[Arrival], unclaimed: Sequence[Arrival], hearing_m: float, speed_mps: float
) -> list[Unplaced]:
    """Where three poles heard something loud together, beginning with what is due: why it has no place.

    due, unclaimed : arrivals of no round, in order of time; the former are among the latter.
    """
    loud = [one for one in unclaimed if worth_a_word(one)]
    unplaced: list[Unplaced] = []
    used: set[Arrival] = set()
    for first in filter(worth_a_word, due):
        if first in used:
            continue
        group = _one_a_pole(first, (one for one in loud if one not in used), hearing_m, speed_mps)
        if len(group) == LEAST_NODES - 1:
            unplaced.append(Unplaced(f"only {len(group)} poles heard it; {LEAST_NODES} are needed", tuple(group)))
            used.update(group)
    return unplaced


def worth_a_word(arrival: Arrival) -> bool:
    """Whether an arrival is loud, and not known to be something else than a shot."""
    return (arrival.snr_db or 0.0) >= LOUD_DB and (arrival.p_gunshot is None or arrival.p_gunshot >= LIKELY)


def _one_a_pole(first: Arrival, others: Iterable[Arrival], hearing_m: float, speed_mps: float) -> list[Arrival]:
    """The first arrival and, of each other pole near, the first that the same sound could have caused; LEAST_NODES
    of them at most."""
    group = {first.node: first}
    for other in others:
        since_s = (other.t_us - first.t_us) / 1e6
        if since_s * speed_mps > hearing_m or len(group) == LEAST_NODES:
            break
        if since_s < 0 or other.node in group:
            continue
        apart_m = math.dist(other.xyz_m, first.xyz_m)
        if since_s * speed_mps <= apart_m <= hearing_m:
            group[other.node] = other
    return list(group.values())
