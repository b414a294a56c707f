"""How often a key may ask."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.web.accounts.pace import MINUTE_US, Pace


@given(steps_us=st.lists(st.integers(0, 10_000_000), max_size=300), per_min=st.integers(1, 100))
def test_in_no_minute_does_one_pass_more_often_than_twice_what_it_may(steps_us, per_min):
    pace, now_us, passed_us = Pace(per_min), 0, []
    for step_us in steps_us:
        now_us += step_us
        if pace.wait_us("k", now_us) == 0:
            passed_us.append(now_us)
    in_a_minute = (sum(0 <= other - at < MINUTE_US for other in passed_us) for at in passed_us)

    assert all(n <= 2 * per_min + 1 for n in in_a_minute)


@given(waits=st.integers(1, 50), per_min=st.integers(1, 60_000))
def test_who_waits_as_long_as_it_was_told_passes(waits, per_min):
    pace, now_us = Pace(per_min), 0
    for _ in range(per_min + waits):
        wait_us = pace.wait_us("k", now_us)
        now_us += wait_us

        assert wait_us == 0 or pace.wait_us("k", now_us) == 0


def test_the_one_that_asked_longest_ago_is_forgotten_first():
    pace = Pace(1, most=2)
    for key in "abc":
        pace.wait_us(key, 0)

    assert pace.wait_us("c", 1) > 0
    assert pace.wait_us("a", 1) == 0
