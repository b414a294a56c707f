"""Nights without a gun: the same ones each time, what sounds in them, and how they are reckoned."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.incident import Round
from simulators.judging.figures import calibration_error, figures
from simulators.judging.nights import Called, Night, Sounded, night
from simulators.judging.sounds import SHARES, SOUNDS

LISTED = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def test_a_night_is_the_same_each_time():
    one, again = night(5), night(5)

    assert one.sounded == again.sounded
    assert [each.placed.why for each in one.called] == [each.placed.why for each in again.called]


def test_what_is_placed_lies_near_what_was_made():
    off_m = sorted(each.off_m for seed in range(3) for each in night(seed).called)

    assert len(off_m) > 20
    assert off_m[len(off_m) // 2] < 10


@pytest.mark.parametrize("sound", SOUNDS, ids=lambda sound: sound.name)
def test_scores_are_quantiles_and_every_level_has_a_source(sound):
    assert len(sound.p) == len(SHARES)
    assert list(sound.p) == sorted(sound.p)
    assert 0 <= sound.p[0] <= sound.p[-1] <= 1
    assert sound.source


def called(name, kind):
    sound = next(each for each in SOUNDS if each.name == name)
    return Called(Sounded(sound, (0.0, 0.0, 1.0), 0, 100.0, 0.0), Round(None, (), "A", 0.6, kind), 1.0)


def test_fireworks_are_reckoned_apart():
    told = [called("door slam", "other")] * 3 + [called("rocket", "gunshot"), called("rocket", "fireworks")]
    one = Night(tuple(each.sounded for each in told), tuple(told), 0, None)
    by_name = {figure.what: figure for figure in figures([one])}

    assert by_name["placed, no fireworks: called gunshot"].figure == "0.00% (0 of 3)"
    assert by_name["fireworks: called gunshot"].figure == "50.00% (1 of 2)"
    assert not by_name["fireworks: called gunshot"].ok
    assert by_name["door slam, 100 dB"].figure == "3 made, 3 placed: 3 other"


def test_who_is_always_sure_and_right_is_calibrated():
    assert calibration_error([1.0, 1.0], [0.0]) == 0
    assert calibration_error([0.0], [1.0]) == 1
    assert calibration_error([0.5], [0.5] * 9) == pytest.approx(0)  # the two sides count alike


@given(LISTED, LISTED)
def test_the_error_is_a_share(shots_p, others_p):
    assert 0 <= calibration_error(shots_p, others_p) <= 1
