"""The gateway's time when the host's clock is slewed, stepped ahead or back, or asked twice in an instant."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from gateway.incident import ClockStep
from gateway.steady_clock import SteadyClock

S = 1_000_000
T_US = 1_763_000_000 * S


class Host:
    """A host's two clocks, driven."""

    def __init__(self):
        self.utc_us, self.elapsed_us = T_US, 500
        self.clock = SteadyClock(lambda: self.utc_us, lambda: self.elapsed_us)

    def drive(self, passed_us, set_by_us=0):
        self.elapsed_us += passed_us
        self.utc_us += passed_us + set_by_us


@pytest.mark.parametrize("by_us", [25 * S, -25 * S, 600 * S, -600 * S, 1024 * 7 * 86_400 * S])
def test_a_step_is_told_once_and_taken_when_it_is_told(by_us):
    host = Host()
    host.drive(10 * S, by_us)
    before_us = host.clock.now_us()
    step = host.clock.stepped()

    assert before_us == T_US + 10 * S
    assert step == ClockStep(before_us + 1, T_US + 10 * S + by_us)
    assert host.clock.stepped() is None
    host.drive(S)
    assert host.clock.now_us() == T_US + 11 * S + by_us


@given(st.lists(st.tuples(st.integers(0, 100_000), st.integers(-900_000, 900_000))))
def test_a_slewed_clock_is_followed_never_back_never_twice_the_same(moments):
    host, told = Host(), []
    for passed_us, set_by_us in moments:
        host.drive(passed_us, set_by_us)
        told.append(host.clock.now_us())

    assert host.clock.stepped() is None
    assert told == sorted(set(told))
