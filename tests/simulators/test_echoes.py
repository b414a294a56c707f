import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from simulators.street.echoes import Wall, mirror, ways

SOUTH = Wall((-100.0, -10.0), (100.0, -10.0), 12.0, 0.8)
PLACES = st.tuples(st.floats(-60, 60), st.floats(-60, 60), st.floats(0.5, 8))


def length_m(way):
    return float(np.linalg.norm(np.diff(way.corners_m, axis=0), axis=1).sum())


def test_open_ground_has_one_straight_way():
    (way,) = ways((0, 0, 1.5), (30, 40, 1.5), [])

    assert length_m(way) == 50
    assert (way.gain, way.detour_m) == (1.0, 0.0)


def test_the_image_stands_as_far_behind_the_wall_as_the_source_before_it():
    assert mirror(np.array([7.0, 4.0, 1.5]), SOUTH) == pytest.approx([7.0, -24.0, 1.5])


def test_an_echo_is_as_long_as_the_line_from_the_image():
    source, listener = (0.0, 0.0, 1.5), (30.0, 5.0, 6.0)
    direct, echo = ways(source, listener, [SOUTH])

    assert length_m(echo) == pytest.approx(math.dist((0.0, -20.0, 1.5), listener))
    assert echo.gain == 0.8
    assert echo.corners_m[1][1] == pytest.approx(-10.0)
    assert length_m(direct) < length_m(echo)


def test_a_wall_too_short_or_too_low_gives_no_echo():
    assert len(ways((0, 0, 1.5), (30, 5, 6), [Wall((50, -10), (60, -10), 12)])) == 1
    assert len(ways((0, 0, 5.0), (30, 5, 6), [Wall((-100, -10), (100, -10), 3)])) == 1


def test_an_echo_that_another_wall_cuts_is_not_heard():
    fence = Wall((-100.0, -8.0), (100.0, -8.0), 12.0)
    echoes = ways((0, 0, 1.5), (30, 5, 6), [SOUTH, fence])[1:]

    assert [echo.corners_m[1][1] for echo in echoes] == [pytest.approx(-8.0)]


def test_between_two_facades_sound_also_goes_by_both():
    north = Wall((-100.0, 20.0), (100.0, 20.0), 12.0, 0.5)
    twice = [way for way in ways((0, 0, 1.5), (30, 5, 6), [SOUTH, north], order=2) if len(way.corners_m) == 4]

    assert sorted(round(length_m(way), 6) for way in twice) == sorted(
        round(math.dist((0, north_m, 1.5), (30, 5, 6)), 6) for north_m in (60.0, -60.0)
    )
    assert all(way.gain == pytest.approx(0.4) for way in twice)


def test_behind_a_wall_sound_comes_over_the_top():
    wall = Wall((-50.0, 10.0), (50.0, 10.0), 5.0)
    direct = ways((0, 0, 0), (0, 20, 0), [wall])[0]

    assert direct.corners_m[1] == pytest.approx([0, 10, 5])
    assert direct.detour_m == pytest.approx(2 * math.hypot(10, 5) - 20)


def test_behind_a_short_high_wall_sound_comes_round_the_end():
    wall = Wall((-50.0, 10.0), (2.0, 10.0), 40.0)
    direct = ways((0, 0, 1), (0, 20, 1), [wall])[0]

    assert direct.corners_m[1] == pytest.approx([2, 10, 1])


@settings(deadline=None)
@given(PLACES, PLACES)
def test_sound_takes_the_same_ways_back(source, listener):
    assume(math.dist(source, listener) > 1)
    walls = [SOUTH, Wall((10.0, -30.0), (25.0, 30.0), 9.0)]

    def lengths(a, b):
        return sorted(round(length_m(way), 5) for way in ways(a, b, walls, order=2))

    assert lengths(source, listener) == pytest.approx(lengths(listener, source), abs=1e-4)


@settings(deadline=None)
@given(PLACES, PLACES)
def test_no_way_is_shorter_than_the_straight_line(source, listener):
    walls = [SOUTH, Wall((10.0, -30.0), (25.0, 30.0), 9.0)]

    assert min(length_m(way) for way in ways(source, listener, walls, order=2)) >= math.dist(source, listener) - 1e-9
