"""Where the search for a shot starts."""

from dataclasses import replace

import numpy as np
import pytest

from dsp.air import Air
from gateway.placing.acoustics import Acoustics
from gateway.placing.candidates import Grid
from gateway.placing.evidence import Evidence
from gateway.placing.poles import Poles
from simulators.street.pulses import CLEAN, arrivals, pulses, shots_within, street

S = 1_000_000
BASE_US = 1_763_000_000 * S
AIR = Air()


def starts(poles_m, heard):
    """(m, 3): metres east and north, seconds since BASE_US."""
    poles, acoustics = Poles({str(i): tuple(map(float, pole)) for i, pole in enumerate(poles_m)}), Acoustics()
    evidence = Evidence(heard, poles, AIR, acoustics)
    found = Grid(poles, AIR, acoustics.nearest_m).starts(evidence, np.zeros(len(heard)), np.ones(len(heard), bool))
    since_s = (evidence.zero_us - BASE_US) / 1e6
    return np.array([(*start.place_m[:2], since_s + start.emitted_s) for start in found])


@pytest.mark.parametrize("before_us", [0, 50 * 86_400 * S, 20 * 365 * 86_400 * S])
def test_a_search_starts_near_each_shot_however_long_ago_a_stray_arrival_was(before_us):
    """Seconds since the first arrival of 50 days have no milliseconds in 32 bits."""
    rng = np.random.default_rng(3)
    poles_m = street(rng, 25)
    shots = shots_within(rng, poles_m, [BASE_US, BASE_US + 8 * S])
    heard = arrivals(pulses(rng, poles_m, shots, AIR, CLEAN))
    found = starts(poles_m, [replace(heard[0], t_us=BASE_US - before_us), *heard])

    for shot in shots:
        near = np.hypot(*(found[:, :2] - shot.xyz_m[:2]).T) < 25
        assert np.abs(found[near, 2] - (shot.t_us - BASE_US) / 1e6).min() < 0.05
