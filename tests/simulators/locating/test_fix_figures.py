"""The lines of one sound placed from its own arrivals: few draws here, the whole by `soundpost score locator`."""

import numpy as np

from simulators.locating.cases import DEVELOPMENT
from simulators.locating.fix_figures import Placed, clean, late, lying, picked, read_positions


def test_a_few_clean_shots_are_all_placed_within_a_metre():
    assert max(each.error_m for each in clean(20, DEVELOPMENT)) < 1.0


def test_late_arrivals_cost_less_than_a_metre_in_the_middle():
    errors_m = [each.error_m for each in late(20, DEVELOPMENT)]

    assert np.median(errors_m) < 0.5


def test_most_liars_are_named():
    assert sum(each.liar for each in lying(20, DEVELOPMENT)) >= 18


def test_the_same_draw_is_the_same_shot():
    first, again = late(3, DEVELOPMENT), late(3, DEVELOPMENT)

    assert [each.error_m for each in first] == [each.error_m for each in again]


def test_an_ellipse_holds_what_lies_in_it_and_more_where_the_survey_is_in_doubt():
    off = Placed(np.array([3.0, 0.0]), np.eye(2))

    assert not off.inside()
    assert off.inside(survey_m=2.5)


def test_live_fire_groups_are_placed_from_all_their_sensors(data):
    tests = read_positions(data / "livefire")["FP7"][:3]

    placed = picked(tests, None)

    assert 0 < len(placed) <= sum(len(test.groups) for test in tests)
    assert all(each.error_m < 15 for each in placed)
