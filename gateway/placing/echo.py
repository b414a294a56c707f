"""Whether a round is an echo of an earlier one.

A wall makes an image of the shot: as if a weaker one had been fired behind it at the same instant. A corner or a lamp
post makes a new source where it stands, when the shot's sound gets there. Whatever it was, to every pole the way round
is longer than the straight one, and the sound cannot have left the image before the shot, nor later than it takes from
the shot's place to the image's:

    later at every pole;   0 <= emitted(image) - emitted(shot) <= |image - shot| / c;   weaker

So two guns in one street are told apart: a pole nearer to the second hears it first, and a second round that is fired
later than sound runs there was no echo.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.air import Air
from dsp.placing.lateness import Path
from gateway.incident import Arrival
from gateway.placing.acoustics import Acoustics

ELSEWHERE_M = 15.0
SLACK_US = 60_000  # how far the image's emission time may be off
LATER = 0.8  # share of the poles that heard both which must have heard the image later
LEAST_PAIRS = 2


@dataclass(frozen=True, slots=True)
class Earlier:
    """A round decided before: what an echo of it would follow, and where the next round may well be fired."""

    place_m: NDArray[np.float64]
    emitted_us: int
    arrivals: tuple[Arrival, ...]
    score: float
    path: Path


def echoes(later: Earlier, first: Earlier, acoustics: Acoustics, air: Air) -> bool:
    """Whether `later` is an echo of `first`."""
    apart_m = float(np.linalg.norm(later.place_m[:2] - first.place_m[:2]))
    since_us = later.emitted_us - first.emitted_us
    if apart_m < ELSEWHERE_M or not -SLACK_US <= since_us <= apart_m / air.speed_mps * 1e6 + SLACK_US:
        return False
    before = {arrival.node: arrival for arrival in first.arrivals}
    pairs = [(arrival, before[arrival.node]) for arrival in later.arrivals if arrival.node in before]
    if len(pairs) < LEAST_PAIRS:
        return False
    behind_us = np.array([arrival.t_us - direct.t_us for arrival, direct in pairs])
    weaker_db = [
        direct.level_db - arrival.level_db
        for arrival, direct in pairs
        if arrival.level_db is not None and direct.level_db is not None
    ]
    follows = (behind_us > 0).mean() >= LATER and 0 < np.median(behind_us) < acoustics.echo_us
    return bool(follows and weaker_db and np.median(weaker_db) > acoustics.echo_db)
