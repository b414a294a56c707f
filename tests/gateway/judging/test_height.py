"""Whether a sound was made on the ground or above the street."""

import numpy as np
import pytest

from dsp.air import Air, travel_s
from dsp.placing.fix import Fix
from gateway.incident import Arrival, Round
from gateway.judging.height import aloft
from simulators.street.pulses import street

AIR = Air(12.0, wind_en_mps=(2.0, -1.0))


def heard(rng, up_m, n_poles, rough_s=0.003):
    """A round, placed 10 m off on the ground, of a sound made so high over a street."""
    poles_m = street(rng, n_poles)
    place_m = np.array([*rng.uniform(-100, 100, 2), up_m])
    t_s = travel_s(AIR, poles_m - place_m) + rng.exponential(rough_s, n_poles)
    arrivals = tuple(
        Arrival(str(i), tuple(map(float, xyz_m)), 1_790_000_000_000_000 + round(t * 1e6), 500)
        for i, (xyz_m, t) in enumerate(zip(poles_m, t_s, strict=True))
    )
    fix = Fix((place_m[0] + 10, place_m[1], 1.0), 0, np.eye(2) * 4, np.zeros(n_poles), 0.0)
    return Round(fix, arrivals, "A")


@pytest.mark.parametrize(("up_m", "least", "most"), [(1.5, 0, 1), (20.0, 0, 2), (100.0, 36, 40), (150.0, 36, 40)])
def test_rockets_are_above_the_street_and_people_are_not(up_m, least, most):
    rng = np.random.default_rng(7)
    n = sum(aloft(heard(rng, up_m, 8), AIR) is not None for _ in range(40))

    assert least <= n <= most


def test_the_height_is_about_right():
    rng = np.random.default_rng(3)
    above_m = [up.above_m for _ in range(30) if (up := aloft(heard(rng, 106.5, 12, 0.001), AIR))]

    assert np.median(above_m) == pytest.approx(100, abs=10)


def test_four_poles_cannot_tell():
    assert aloft(heard(np.random.default_rng(1), 120.0, 4), AIR) is None
