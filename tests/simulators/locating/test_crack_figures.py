"""The simulated shots behind the crack's figures: what poles hear of them is what physics allows, each time."""

import numpy as np
import pytest

from dsp.air import Air
from simulators.locating.cases import DEVELOPMENT
from simulators.locating.crack_figures import CASES, aim
from simulators.locating.crack_shots import CARTRIDGES, START_US, fire
from simulators.street.pulses import Faults

AIR = Air()


@pytest.mark.parametrize("name", CARTRIDGES)
def test_a_crack_comes_before_the_blast_and_not_before_the_bullet(name):
    rng = np.random.default_rng(3)
    shots = [fire(rng, Faults(p_late=0.0), AIR, CARTRIDGES[name]) for _ in range(5)]
    fired = max(shots, key=lambda each: len(each.cracks))
    blast_us = {blast.node: blast.t_us for blast in fired.blasts}

    assert fired.cracks
    for crack in fired.cracks:
        distance_m = np.linalg.norm(np.subtract(crack.xyz_m, fired.muzzle_m))
        assert crack.t_us > START_US + 1e6 * distance_m / fired.speed_mps - 5_000
        assert crack.t_us < blast_us.get(crack.node, 2 * START_US)
        assert crack.sound == "crack"


def test_the_same_draws_give_the_same_lines():
    name = next(iter(CASES))
    once, again = (aim(name, 5, DEVELOPMENT) for _ in range(2))

    assert once == again
    assert np.median(once.off_deg) < 2
