"""The clock says what time a tick was, what that is worth, and never more than it knows."""

import math

import hypothesis.strategies as st
import pytest
from hypothesis import given

from firmware.clock import Clock, root
from firmware.wire import COARSE, HOLDOVER, LOCKED, U32, UNSET

T0_US = 1_790_000_000_000_000
RATE_HZ = 48_000


def marked(ppm=0.0, seconds=60, sigma_us=100, noise_us=lambda k: 0, rate_hz=RATE_HZ, **settings):
    """A clock with a mark a second, whose samples run fast by so many ppm."""
    clock = Clock(rate_hz, **settings)
    for k in range(seconds):
        clock.mark(round(k * rate_hz * (1 + ppm * 1e-6)), T0_US + k * 1_000_000 + noise_us(k), sigma_us)
    return clock


def tick_at(seconds, ppm=0.0, rate_hz=RATE_HZ):
    return seconds * rate_hz * (1 + ppm * 1e-6)


def test_before_any_mark_the_clock_is_unset_and_counts_from_the_start():
    clock = Clock(RATE_HZ)

    assert clock.state(0) == UNSET
    assert clock.sigma_us(0) == U32
    assert clock.utc_us(48_000 << 8) == 1_000_000


@given(st.integers(8_000, 96_000), st.integers(0, 10**9), st.integers(0, 255))
def test_a_file_with_a_stated_start_is_exact_to_the_microsecond_and_stays_locked(rate_hz, tick, part):
    clock = Clock(rate_hz, drift_ppm=0)
    clock.mark(0, T0_US, 1)
    true_us = T0_US + (tick * 256 + part) * 1_000_000 / (256 * rate_hz)

    assert abs(clock.utc_us(tick << 8 | part) - true_us) <= 1.5  # 2^-32 us a tick is 0.24 us in 10^9 ticks
    assert clock.sigma_us(tick) == 1
    assert clock.state(tick) == LOCKED


@pytest.mark.parametrize("ppm", [-300, -20, 0, 64, 300])
def test_the_rate_of_the_sample_clock_is_found(ppm):
    clock = marked(ppm)

    for seconds in (10.25, 59, 70):
        assert abs(clock.utc_us(round(256 * tick_at(seconds, ppm))) - T0_US - seconds * 1e6) < 30


def test_noise_of_the_marks_is_smoothed():
    clock = marked(20, noise_us=lambda k: (137 * k * k) % 401 - 200, sigma_us=120)
    errors_us = [clock.utc_us(round(256 * tick_at(s, 20))) - T0_US - s * 1_000_000 for s in range(60)]

    assert max(map(abs, errors_us)) < 100


def test_sigma_grows_in_holdover_and_the_state_says_so():
    clock = marked(seconds=60, sigma_us=100)
    last_s = 59
    sigmas_us = [clock.sigma_us(round(tick_at(last_s + age_s))) for age_s in (0, 10, 50, 500)]
    states = [clock.state(round(tick_at(last_s + age_s))) for age_s in (0, 2, 4, 50, 499, 600)]

    assert sigmas_us == [100, math.ceil(math.hypot(100, 200)), math.ceil(math.hypot(100, 1000)), 10_001]
    assert states == [LOCKED, LOCKED, HOLDOVER, HOLDOVER, HOLDOVER, COARSE]


def test_many_bad_marks_do_not_make_a_good_clock():
    assert marked(sigma_us=5_000).sigma_us(59 * RATE_HZ) >= 4_999


def test_one_wild_mark_is_set_aside():
    clock = marked(sigma_us=100)

    assert not clock.mark(60 * RATE_HZ, T0_US + 60_000_000 + 500_000, 100)
    assert abs(clock.utc_us(60 * RATE_HZ << 8) - T0_US - 60_000_000) <= 1
    assert clock.mark(61 * RATE_HZ, T0_US + 61_000_000, 100)


def test_a_step_of_the_source_is_followed_once_three_marks_agree():
    clock, step_us = marked(sigma_us=100), 3_600_000_000
    taken = [clock.mark(k * RATE_HZ, T0_US + k * 1_000_000 + step_us, 100) for k in (60, 61, 62)]

    assert taken == [False, False, True]
    assert abs(clock.utc_us(62 * RATE_HZ << 8) - T0_US - 62_000_000 - step_us) <= 1


def test_three_wild_marks_that_disagree_change_nothing():
    clock = marked(sigma_us=100)
    for k, off_us in ((60, 500_000), (61, -900_000), (62, 4_000_000)):
        clock.mark(k * RATE_HZ, T0_US + k * 1_000_000 + off_us, 100)

    assert abs(clock.utc_us(62 * RATE_HZ << 8) - T0_US - 62_000_000) <= 1


@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 2**53), st.integers(1, U32)), max_size=40))
def test_whatever_the_marks_a_time_and_a_lawful_sigma_come_out(marks):
    clock, tick = Clock(16_000), 0
    for step, utc_us, sigma_us in marks:
        tick += step
        clock.mark(tick, utc_us, sigma_us)

    assert isinstance(clock.utc_us(tick << 8), int)
    assert 1 <= clock.sigma_us(tick) <= U32
    assert clock.state(tick) in (UNSET, COARSE, HOLDOVER, LOCKED)


def test_marks_that_go_back_are_a_misuse():
    clock = marked(seconds=2)

    with pytest.raises(ValueError, match="after the last"):
        clock.mark(RATE_HZ, T0_US, 1)
    with pytest.raises(ValueError, match="sigma_us"):
        clock.mark(3 * RATE_HZ, T0_US, 0)
    with pytest.raises(ValueError, match="rate_hz"):
        Clock(0)


@given(st.integers(0, 2**80))
def test_root_is_the_integer_square_root(n):
    assert root(n) == math.isqrt(n)
