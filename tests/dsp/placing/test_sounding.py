"""What one shot tells of air and poles: right without noise, and not to be talked into anything by late paths."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.air import Air, travel_s
from dsp.placing.multilaterate import multilaterate
from dsp.placing.sounding import heard, sound

T_US = 1_763_000_000_000_000
WIDE = np.diag([100.0, 16.0, 16.0])
SOURCE = np.array([12.0, -31.0, 1.5])


def street(rng, n=20):
    return np.column_stack([rng.uniform(-150, 150, (n, 2)), rng.uniform(5, 8, n)])


def times(poles, air, source=SOURCE, late_us=0):
    return T_US + np.round(travel_s(air, poles - source) * 1e6 + late_us).astype(np.int64)


def test_fewer_than_six_poles_say_nothing_of_the_air():
    poles = street(np.random.default_rng(1), 6)
    there = [True] * 5 + [False]

    assert sound(heard(poles, times(poles, Air()), 100, 1000), SOURCE, Air(), WIDE, 1.0) is not None
    assert sound(heard(poles, times(poles, Air()), 100, 1000, there), SOURCE, Air(), WIDE, 1.0) is None


def test_exact_arrivals_tell_place_temperature_and_wind():
    poles, true = street(np.random.default_rng(2)), Air(12.0, 50.0, (3.0, -2.0))
    told = sound(heard(poles, times(poles, true), 10, 10), (10.0, -30.0), Air(20.0), WIDE)

    assert told.medium == pytest.approx([12.0, 3.0, -2.0], abs=0.3)
    assert told.place_m[:2] == pytest.approx(SOURCE[:2], abs=0.1)


def test_a_share_of_a_shot_counts_for_that_share_of_it():
    poles = street(np.random.default_rng(3))
    shot = heard(poles, times(poles, Air()), 1000, 5000)
    gained = [
        np.linalg.inv(sound(shot, SOURCE, Air(), WIDE, share).cov) - np.linalg.inv(WIDE) for share in (1.0, 0.1, 0.01)
    ]

    assert gained[1] == pytest.approx(0.1 * gained[0], rel=0.1, abs=1e-3)
    assert gained[2] == pytest.approx(0.01 * gained[0], rel=0.1, abs=1e-3)


def test_a_fifth_of_the_paths_late_leaves_the_place_within_half_a_metre():
    rng, errors_m = np.random.default_rng(4), []
    for _ in range(40):
        poles, source = street(rng), np.array([*rng.uniform(-100, 100, 2), 1.5])
        late_us = rng.normal(0, 1000, 20) + (rng.random(20) < 0.2) * rng.uniform(5_000, 100_000, 20)
        t_us = times(poles, Air(), source, late_us)
        told = sound(heard(poles, t_us, 1000, 10_000), multilaterate(poles, t_us, 1000, Air()).xyz_m, Air(), WIDE)
        errors_m.append(float(np.hypot(*(told.place_m - source)[:2])))

    assert np.median(errors_m) < 0.3
    assert np.percentile(errors_m, 90) < 0.6


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 19), st.floats(3_000, 200_000), st.booleans())
def test_a_pole_by_itself_is_off_by_what_it_lies(liar, lie_us, early):
    rng = np.random.default_rng(5)
    poles = street(rng)
    off_us = np.where(np.arange(20) == liar, -lie_us if early else lie_us, 0) + rng.normal(0, 200, 20)
    told = sound(heard(poles, times(poles, Air(), late_us=off_us), 200, 5000), SOURCE, Air(), np.eye(3) * 1e-4)

    assert told.alone_s[liar] * 1e6 == pytest.approx(off_us[liar], abs=1000)
    assert np.abs(np.delete(told.alone_s, liar)).max() < 1.5e-3
    assert (told.trust[liar] == 0) and (np.delete(told.trust, liar) > 0).all()


def test_a_pole_by_itself_is_what_the_fit_without_it_leaves():
    rng = np.random.default_rng(6)
    poles = street(rng, 9)
    t_us = times(poles, Air(), late_us=rng.normal(0, 500, 9))
    fixed = np.eye(3) * 1e-8
    whole = sound(heard(poles, t_us, 500, 1), SOURCE, Air(), fixed)
    there = np.arange(9) != 4
    without = sound(heard(poles, t_us, 500, 1, there), SOURCE, Air(), fixed)

    assert whole.alone_s[4] == pytest.approx(without.alone_s[4], abs=3e-4)
    assert whole.alone_sigma_s[4] == pytest.approx(without.alone_sigma_s[4], rel=0.3)


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"places \(3, 3\) and times \(2,\)"):
        heard(np.zeros((3, 3)), [1, 2], 100, 1000)
