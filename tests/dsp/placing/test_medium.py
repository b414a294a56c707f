"""The air as a slow state: found from many shots, kept within what can be, thrown away where weather does better."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.air import Air, travel_s, wind_from
from dsp.placing.medium import TEMPERATURE_C, WIND_MPS, Medium

HOUR_US = 3_600_000_000
T_US = 1_763_000_000_000_000
OFF = Air(10.0, 50.0, wind_from(5.0, 230.0))


def street(rng, n=20):
    return np.column_stack([rng.uniform(-150, 150, (n, 2)), rng.uniform(5, 8, n)])


def shoot(medium, rng, true, n=20, at_us=T_US, source=None, late=None, sigma_us=100, poles=None):
    """Feed n shots, a minute apart; late (n_poles,) us comes on top. Gives the time of the last."""
    poles = street(rng) if poles is None else poles
    for index in range(n):
        place = np.array([*(rng.uniform(-130, 130, 2) if source is None else source), 1.5])
        t_us = at_us + index * 60_000_000 + travel_s(true, poles - place) * 1e6 + rng.normal(0, sigma_us, len(poles))
        t_us = np.round(t_us + (0 if late is None else late)).astype(np.int64)
        medium.feed(poles, t_us, [sigma_us] * len(poles), place + rng.normal(0, 2, 3))
    return at_us + (n - 1) * 60_000_000


def off(medium, true, now_us):
    """How far the medium is from the truth: degrees, and metres a second of wind."""
    air = medium.air(now_us)
    return abs(air.temperature_c - true.temperature_c), float(np.hypot(*np.subtract(air.wind_en_mps, true.wind_en_mps)))


def test_ten_degrees_and_five_metres_a_second_are_found_from_twenty_shots():
    medium = Medium(Air(20.0))
    last_us = shoot(medium, np.random.default_rng(1), OFF)
    degrees, mps = off(medium, OFF, last_us)

    assert degrees < 0.5
    assert mps < 0.4
    assert medium.path_us < 2000
    assert medium.counts == {"waiting": 3, "used": 19}


def test_a_fifth_of_the_paths_late_does_not_lead_it_astray():
    rng = np.random.default_rng(2)
    medium, poles = Medium(Air(20.0)), street(rng, 24)
    for index in range(25):
        late = (rng.random(24) < 0.2) * rng.uniform(5_000, 100_000, 24)
        last_us = shoot(medium, rng, OFF, 1, T_US + index * 60_000_000, None, late, 1000, poles)
    degrees, mps = off(medium, OFF, last_us)

    assert degrees < 1.0
    assert mps < 1.0


@pytest.mark.parametrize("lie_us", [5_000, -5_000, 60_000])
def test_one_lying_pole_does_not_lead_it_astray(lie_us):
    rng, medium = np.random.default_rng(3), Medium(Air(20.0))
    degrees, mps = off(medium, OFF, shoot(medium, rng, OFF, late=np.where(np.arange(20) == 7, lie_us, 0)))

    assert degrees < 0.7
    assert mps < 0.7


def test_nothing_is_learnt_from_one_place_alone():
    medium = Medium(Air(20.0))
    bends_us = np.random.default_rng(9).normal(0, 8_000, 20)
    last_us = shoot(medium, np.random.default_rng(4), OFF, 30, source=(10, 10), late=bends_us)

    assert medium.air(last_us) == Air(20.0)
    assert medium.counts == {"waiting": 30}


def test_more_shots_from_one_place_count_little_after_the_first():
    covs = []
    for n in (1, 30):
        rng, medium = np.random.default_rng(4), Medium(Air(20.0))
        poles = street(rng)
        for place in ((90, 20), (-80, -60), (10, 10)):
            bends_us = rng.normal(0, 8_000, 20)
            last_us = shoot(medium, rng, Air(20.0), n if place == (10, 10) else 1, T_US, place, bends_us, 100, poles)
        covs.append(medium.cov(last_us)[1, 1])

    assert covs[1] > 0.6 * covs[0]


def test_what_was_learnt_fades_into_the_weather():
    medium = Medium(Air(20.0))
    last_us = shoot(medium, np.random.default_rng(5), OFF)
    later = [off(medium, OFF, last_us + hours * HOUR_US)[0] for hours in (0, 6, 48, 1000)]

    assert later == sorted(later)
    assert later[1] < 1.8
    assert later[3] == pytest.approx(10.0, abs=0.01)
    assert medium.cov(last_us + 1000 * HOUR_US) == pytest.approx(np.diag([100.0, 16.0, 16.0]), abs=1e-6)


def test_a_medium_learnt_wrongly_gives_way_to_the_weather():
    rng, weather = np.random.default_rng(6), Air(15.0)
    medium, poles = Medium(weather), street(rng)
    last_us = shoot(medium, rng, Air(-5.0, 50.0, (9.0, 0.0)), poles=poles)
    wrong = off(medium, weather, last_us)
    last_us = shoot(medium, rng, weather, 6, last_us + 60_000_000, poles=poles)
    degrees, mps = off(medium, weather, last_us)

    assert wrong[0] > 15 and wrong[1] > 8
    assert medium.counts["resets"] == 1
    assert degrees < 1.5 and mps < 1.5


def test_one_mad_shot_moves_nothing_far():
    rng, medium = np.random.default_rng(7), Medium(Air(20.0))
    last_us = shoot(medium, rng, Air(20.0), 10)
    poles = street(rng)
    medium.feed(poles, last_us + rng.integers(0, 800_000, 20), [100] * 20, (0.0, 0.0))
    degrees, mps = off(medium, Air(20.0), last_us)

    assert degrees < 1.0
    assert mps < 1.0
    assert medium.counts["resets"] == 0


def test_boxes_are_believed_within_what_sun_and_lamps_do():
    medium = Medium(Air(20.0))
    for minute in range(0, 600, 10):
        medium.read([7.0, 6.5, 7.5, 31.0, 7.2], T_US + minute * 60_000_000)
    now_us = T_US + 590 * 60_000_000

    assert medium.air(now_us).temperature_c == pytest.approx(6.0, abs=2.0)
    assert medium.cov(now_us)[0, 0] ** 0.5 > 2.0


def test_boxes_that_shots_have_calibrated_tell_how_the_air_cools():
    rng, medium = np.random.default_rng(8), Medium(Air(20.0))
    medium.read([24.0] * 8, T_US - 60_000_000)
    last_us = shoot(medium, rng, Air(20.0))
    medium.read([24.0] * 8, last_us)
    before_c = medium.air(last_us).temperature_c
    medium.read([18.0] * 8, last_us + HOUR_US)

    assert before_c == pytest.approx(20.0, abs=0.5)
    assert 14.0 < medium.air(last_us + HOUR_US).temperature_c < 18.0


def test_two_boxes_say_nothing_and_boxes_on_fire_are_not_believed():
    medium = Medium(Air(20.0))
    medium.read([5.0, 5.0], T_US)
    medium.read([190.0] * 5, T_US)

    assert medium.air(T_US).temperature_c == 20.0
    assert medium.counts == {"boxes_refused": 1}


def test_a_weather_report_is_where_it_goes_back_to():
    medium = Medium(Air(20.0))
    medium.report(OFF, T_US)

    assert off(medium, OFF, T_US)[0] < 0.5
    assert off(medium, OFF, T_US + 1000 * HOUR_US) == (pytest.approx(0, abs=1e-3), pytest.approx(0, abs=1e-3))


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.floats(-1000, 1000), min_size=3, max_size=9))
def test_whatever_it_is_fed_it_stays_an_air_on_earth(seed, boxes_c):
    rng, medium = np.random.default_rng(seed), Medium(Air(float(rng_c(seed))))
    for index in range(8):
        n = int(rng.integers(1, 12))
        poles = rng.uniform(-100, 100, (n, 3)) * [1, rng.choice([0.0, 1.0]), 0.05]
        t_us = T_US + index * int(rng.integers(-(10**9), 10**10)) + rng.integers(0, 10 ** int(rng.integers(3, 8)), n)
        medium.feed(poles, t_us, rng.choice([1, 100, 10**7], n), rng.uniform(-300, 300, 2))
        medium.read(boxes_c, int(t_us[0]))
    air, cov = medium.air(T_US), medium.cov(T_US)

    assert TEMPERATURE_C[0] <= air.temperature_c <= TEMPERATURE_C[1]
    assert np.hypot(*air.wind_en_mps) <= WIND_MPS
    assert (np.linalg.eigvalsh(cov) > 0).all() and np.isfinite(cov).all()
    assert (np.diag(cov) <= np.array([100, 16, 16]) * 1.001).all()


def rng_c(seed):
    return seed % 90 - 40


def test_a_sigma_of_nothing_is_refused():
    with pytest.raises(ValueError, match="above zero"):
        Medium(Air(), temperature_sigma_c=0.0)
