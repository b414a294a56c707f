"""What is said of a sound that only three poles heard."""

import math

import pytest

from dsp.air import Air
from gateway.incident import Arrival
from gateway.placing.acoustics import Acoustics
from gateway.placing.too_few import TooFew

T_US, S = 1_763_000_000_000_000, 1_000_000
POLES_M = {"n0": (0.0, 0.0, 6.0), "n1": (120.0, 10.0, 6.0), "n2": (40.0, 130.0, 6.0)}
AIR = Air()


def shot(t_us, p_gunshot=0.9):
    """What three poles hear of it."""
    away_s = {node: math.dist(xyz_m, (50, 40, 1.5)) / AIR.speed_mps for node, xyz_m in POLES_M.items()}
    heard = [
        Arrival(node, POLES_M[node], t_us + round(s * 1e6), 500, 30.0, 90.0, p_gunshot) for node, s in away_s.items()
    ]
    return sorted(heard, key=lambda one: one.t_us)


def areas(too_few, heard):
    told = too_few.told(heard, heard, set(heard), AIR, Acoustics())
    return [each for each in told if each.area is not None]


def test_three_poles_that_seldom_hear_such_a_thing_tell_of_an_area():
    assert len(areas(TooFew(), shot(T_US))) == 1


def test_shots_that_follow_one_another_each_tell_of_an_area():
    too_few = TooFew()

    assert [len(areas(too_few, shot(T_US + i * S))) for i in range(0, 30, 3)] == [1] * 10


@pytest.mark.parametrize(("after_s", "n_areas"), [(5, 0), (900, 1)])
def test_three_together_are_no_area_while_each_of_them_hears_such_a_thing_all_the_time(after_s, n_areas):
    too_few = TooFew()
    for i in range(20):
        for k, (node, xyz_m) in enumerate(POLES_M.items()):  # 3 s apart: of no one sound
            one = Arrival(node, xyz_m, T_US + (9 * i + 3 * k) * S, 500, 30.0, 90.0, 0.9)
            too_few.told([one], [one], {one}, AIR, Acoustics())

    assert len(areas(too_few, shot(T_US + (180 + after_s) * S))) == n_areas
