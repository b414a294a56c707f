"""Three times tell of an area, not of a place."""

import numpy as np
import pytest

from dsp.air import Air, travel_s
from dsp.placing.area import area
from dsp.placing.fix import CHI2_2DOF, ellipse

AIR = Air()
T_US = 1_800_000_000_000_000
POLES_M = np.array([(0.0, 0.0, 6.0), (120.0, 10.0, 6.0), (40.0, 130.0, 6.0)])
REACH_M = 450.0, 900.0


def heard(made_m, poles_m=POLES_M, rng=None, t_us=T_US):
    late_s = 0.0 if rng is None else rng.normal(0, 0.006, len(poles_m)) + rng.exponential(0.004, len(poles_m))
    return [round(t_us + each * 1e6) for each in travel_s(AIR, poles_m - np.array(made_m)) + late_s]


def held(found, made_m):
    off_m = np.subtract(made_m[:2], found.en_m)
    return off_m @ np.linalg.solve(found.cov_m2, off_m) <= CHI2_2DOF[0.95]


def test_an_area_holds_where_it_was_made_and_says_when():
    found = area(POLES_M, heard((50.0, 40.0, 1.5)), [500] * 3, AIR, *REACH_M)

    assert held(found, (50.0, 40.0))
    assert abs(found.t_us - T_US) < 300_000
    assert 10 < ellipse(found.cov_m2).major_m < 50


def test_areas_hold_where_it_was_made_as_often_as_they_say():
    rng, inside = np.random.default_rng(5), []
    for _ in range(200):
        poles_m = np.column_stack([rng.uniform(-120, 120, (3, 2)), rng.uniform(5, 8, 3)])
        made_m = (*rng.uniform(-150, 150, 2), 1.5)
        found = area(poles_m, heard(made_m, poles_m, rng), [500] * 3, AIR, *REACH_M)
        inside.append(found is not None and held(found, made_m))

    assert np.mean(inside) >= 0.92


def test_times_that_no_place_explains_give_no_area():
    times_us = heard((50.0, 40.0, 1.5))

    assert area(POLES_M, [times_us[0], times_us[1] + 900_000, times_us[2]], [500] * 3, AIR, *REACH_M) is None


def test_poles_on_one_line_leave_both_sides_open():
    poles_m = np.array([(0.0, 0.0, 6.0), (60.0, 0.0, 6.0), (120.0, 0.0, 6.0)])
    found = area(poles_m, heard((50.0, 70.0, 1.5), poles_m), [500] * 3, AIR, *REACH_M)

    assert held(found, (50.0, 70.0)) and held(found, (50.0, -70.0))


@pytest.mark.parametrize(("east_m", "north_m", "later_us"), [(1000.0, -500.0, 0), (0.0, 0.0, 7_000_000)])
def test_moving_and_delaying_the_scene_moves_and_delays_the_area(east_m, north_m, later_us):
    times_us = heard((50.0, 40.0, 1.5))
    here = area(POLES_M, times_us, [500] * 3, AIR, *REACH_M)
    moved_m = POLES_M + np.array((east_m, north_m, 0.0))
    there = area(moved_m, [each + later_us for each in times_us], [500] * 3, AIR, *REACH_M)

    assert np.subtract(there.en_m, here.en_m) == pytest.approx((east_m, north_m), abs=1e-6)
    assert there.t_us - here.t_us == later_us
    assert there.cov_m2 == pytest.approx(here.cov_m2)
