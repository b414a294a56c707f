"""The figures about onset clips: what they reckon by hand, and that they stand on simulated shots."""

import pytest

from dsp.cross_correlation import Delay
from simulators.locating.clips_figures import Told, chosen, clip_figures, spreads_s


def told(picked_s, clips_s, alike=0.9, test="1", position="FP1"):
    return Told(position, (position, test, "a", "b"), picked_s, Delay(clips_s, 1e-5, alike))


def test_a_spread_is_about_the_mean_of_its_test_and_its_poles():
    picked_s, clips_s = spreads_s([told(1.0, 5.0), told(1.2, 5.1), told(9.0, 9.0, test="2")], 0.5)

    assert sorted(picked_s) == pytest.approx([-0.1 * 2**0.5, 0.1 * 2**0.5])
    assert sorted(clips_s) == pytest.approx([-0.05 * 2**0.5, 0.05 * 2**0.5])


def test_what_is_not_alike_enough_or_has_no_clear_peak_is_left_out():
    unclear = Told("FP1", ("FP1", "1", "a", "b"), 1.0, None)

    assert spreads_s([told(1.0, 1.0, 0.4), told(2.0, 2.0, 0.4), unclear, unclear], 0.5)[0].size == 0


def test_the_least_likeness_that_harms_nobody_is_chosen():
    poor = [told(0.0, 0.0, 0.65), told(0.0, 2e-3, 0.65)]
    good = [told(1e-3 * turn, 0.0, 0.75, test="2") for turn in range(4)]

    assert chosen(good) == 0.4
    assert chosen([*good, *poor]) == 0.7
    assert chosen([]) == 1.0


def test_on_simulated_shots_clips_are_said_to_tell_more_than_picks():
    figures = clip_figures(None, draws=3)

    assert [each.what.split(",")[1:3] for each in figures[:2]] == [[" 12 kHz", " 10 dB"], [" 12 kHz", " 20 dB"]]
    assert all("by picks" in each.figure and "by clips" in each.figure for each in figures)
