"""Who has turned a camera is told from where it says that it looks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.reaction.operator import Operator

S = 1_000_000


def test_what_takes_it_away_from_where_we_sent_it_was_not_us():
    camera = Operator(120 * S)
    camera.told((30.0, -5.0), 0)

    assert not camera.seen((30.4, -5.0), None, 2 * S)
    assert not camera.seen((29.0, -5.5), None, 4 * S)
    assert camera.seen((40.0, -5.0), None, 6 * S)
    assert camera.has_it(125 * S) and not camera.has_it(126 * S)


def test_each_further_move_of_his_holds_it_for_longer():
    camera = Operator(120 * S)
    camera.seen((0.0, 0.0), None, 0)
    camera.seen((10.0, 0.0), None, 10 * S)

    assert not camera.seen((10.0, 0.0), None, 20 * S)
    assert not camera.has_it(131 * S)
    assert camera.seen((20.0, 0.0), None, 30 * S)
    assert camera.has_it(149 * S)


def test_a_camera_on_its_way_is_ours_and_one_called_away_on_its_way_is_not():
    camera = Operator(120 * S)
    camera.told((90.0, 0.0), 0)

    assert not any(camera.seen((10.0 * i, 0.0), None, i * S) for i in range(1, 6))
    assert camera.seen((40.0, 0.0), None, 6 * S)


def test_a_slow_or_inexact_camera_is_nobodys():
    camera = Operator(120 * S)
    camera.told((90.0, 0.0), 0)

    assert not camera.seen((60.0, 0.0), None, 11 * S)
    assert not camera.seen((70.0, 0.0), None, 13 * S)  # its time is over: this is taken for its place
    assert not camera.seen((71.0, 0.0), None, 20 * S)
    assert camera.seen((75.0, 0.0), None, 30 * S)


def test_zooming_in_is_an_operators_move_and_our_own_zoom_that_comes_late_is_none():
    camera = Operator(120 * S)
    camera.told((0.0, 0.0), 0)
    camera.seen((0.0, 0.0), 0.1, S)

    assert not camera.seen((0.0, 0.0), 0.4, 2 * S)  # still zooming to where we told it
    assert not camera.seen((0.0, 0.0), 0.5, 5 * S)
    assert camera.seen((0.0, 0.0), 0.9, 9 * S)


def test_where_only_the_camera_knows_where_it_goes_it_may_go_anywhere_for_a_while():
    camera = Operator(120 * S)
    camera.told(None, 0)

    assert not any(camera.seen((25.0 * i, 0.0), None, i * S) for i in range(1, 12))
    assert not camera.seen((300.0, 0.0), None, 13 * S)
    assert camera.seen((290.0, 0.0), None, 14 * S)


@given(st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90), st.integers(0, 100)), max_size=30))
def test_with_no_time_to_hold_it_is_never_anybodys(readings):
    camera = Operator(0)

    for pan, tilt, s in readings:
        assert not camera.seen((pan, tilt), None, s * S)
        assert not camera.has_it(s * S)


@pytest.mark.parametrize(("looks", "shows"), [((30.0, 0.0), True), ((31.5, 0.0), True), ((33.0, 0.0), False)])
def test_it_shows_whether_it_looks_where_it_was_left(looks, shows):
    camera = Operator(S)
    assert not camera.shows(looks)
    camera.told((30.0, 0.0), 0)

    assert camera.shows(looks) == shows
