"""How late first arrivals come: a density that sums to one, leans to the late side, and gives finite weights to all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.placing.lateness import PATH, log_density, weights


@pytest.mark.parametrize("sigma_s", [1e-6, 1e-4, 1e-3, 3e-3])
def test_the_density_sums_to_one(sigma_s):
    late_s = np.concatenate([-np.geomspace(1e4, 1e-8, 40_001), np.geomspace(1e-8, 1e4, 40_001)])

    total = np.trapezoid(np.exp(log_density(late_s, sigma_s)), late_s)

    assert total == pytest.approx(1.0, abs=0.01)


def test_late_is_likelier_than_as_early():
    late_s = np.array([0.005, 0.02, 0.05, 0.09])

    assert (log_density(late_s, 1e-3) > log_density(-late_s, 1e-3)).all()


@given(st.floats(-1e5, 1e5), st.floats(1e-6, 3600.0))
def test_any_arrival_has_a_finite_likelihood_and_a_weight_no_better_than_a_straight_one(late_s, sigma_s):
    best = 1 / (sigma_s**2 + PATH.straight_s**2)

    weight = weights(late_s, sigma_s)

    assert np.isfinite(log_density(late_s, sigma_s))
    assert weight > 0
    assert weight < best + 2 / PATH.stray_s**2


def test_what_comes_by_way_of_a_wall_is_worth_little_and_what_came_straight_nearly_all():
    straight, echo = weights([0.0, 0.05], 1e-3)

    assert straight > 0.75 / (1e-3**2 + PATH.straight_s**2)
    assert echo < 1e-3 * straight


def test_weight_times_late_is_the_slope_of_the_likelihood_on_the_early_side():
    early_s, step_s = np.array([-0.001, -0.004, -0.012, -0.05]), 1e-7

    slope = (log_density(early_s + step_s, 1e-3) - log_density(early_s - step_s, 1e-3)) / (2 * step_s)

    assert np.allclose(-slope[1:], (weights(early_s, 1e-3) * early_s)[1:], rtol=0.02)
