"""The line of fire: right where the cracks tell it, refused with a reason where they do not."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.air import Air, travel_s
from dsp.placing.crack import Flight, crack
from dsp.placing.fix import Fix
from dsp.placing.line_of_fire import LineOfFire, NoLine, line_of_fire

AIR, T_US = Air(), 1_763_000_000_000_000
MUZZLE = np.array([0.0, 0.0, 1.5])
STREET = np.array([(e, n, 6.0 + (e + n) % 1.5) for n in (-70, -8, 55) for e in (-60, 4, 62, 118, 181)], float)
FIX = Fix((0.0, 0.0, 1.5), T_US, np.eye(2) * 0.01, np.zeros(6), 300.0)
FLIGHT = Flight(MUZZLE, 80.0, 0.5, 850.0, 0.9)


def cracks(flight, poles=STREET, sigma_us=0, rng=None):
    """(poles, times in us) of the poles that hear it before the blast by 20 ms."""
    heard = crack(flight, poles, AIR)
    clear = heard.heard & (travel_s(AIR, poles - MUZZLE) - heard.t_s > 0.02)
    noise_us = rng.normal(0, sigma_us, clear.sum()) if rng else 0
    return poles[clear], T_US + np.round(heard.t_s[clear] * 1e6 + noise_us).astype(np.int64)


def off_deg(line, azimuth_deg):
    return abs((line.azimuth_deg - azimuth_deg + 180) % 360 - 180)


@settings(max_examples=30, deadline=None)
@given(st.floats(75, 105), st.floats(650, 1000), st.floats(0.6, 1.2))
def test_poles_on_both_sides_tell_azimuth_and_speed(azimuth, speed, slowing):
    places, t_us = cracks(Flight(MUZZLE, azimuth, 0.5, speed, slowing))

    line = line_of_fire(FIX, STREET, places, t_us, 300, AIR)

    assert off_deg(line, azimuth) < 1.0
    assert abs(line.speed_mps - speed) < 60


@settings(max_examples=15, deadline=None)
@given(st.floats(0, 360), st.integers(-(10**12), 10**12), st.permutations(range(9)))
def test_turning_delaying_and_shuffling_the_scene_turns_the_line(turn_deg, delay_us, order):
    places, t_us = cracks(FLIGHT)
    order = [one for one in order if one < len(places)]
    here = line_of_fire(FIX, STREET, places, t_us, 500, AIR)
    sin, cos = np.sin(np.radians(turn_deg)), np.cos(np.radians(turn_deg))
    spin = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    later = Fix(FIX.xyz_m, T_US + delay_us, FIX.cov_m2, FIX.residuals_us, FIX.rms_us)

    there = line_of_fire(later, STREET @ spin.T, (places @ spin.T)[order], (t_us + delay_us)[order], 500, AIR)

    assert off_deg(there, here.azimuth_deg - turn_deg) < 0.3
    assert there.azimuth_sigma_deg == pytest.approx(here.azimuth_sigma_deg, rel=0.3)
    assert there.residuals_us == pytest.approx(here.residuals_us[order], abs=100)


def test_the_stated_sigma_is_true():
    rng, sigmas = np.random.default_rng(8), []
    for _ in range(40):
        places, t_us = cracks(FLIGHT, sigma_us=1000, rng=rng)
        line = line_of_fire(FIX, STREET, places, t_us, 1000, AIR)
        sigmas.append(off_deg(line, 80.0) / line.azimuth_sigma_deg)

    assert 0.82 <= np.mean(np.array(sigmas) < 1.645) <= 0.98


def test_a_crack_that_came_round_a_corner_is_left_aside():
    places, t_us = cracks(FLIGHT)
    late = int(np.argmax(places[:, 0]))
    t_us[late] += 40_000

    line = line_of_fire(FIX, STREET, places, t_us, 500, AIR)

    assert off_deg(line, 80.0) < 2.0
    assert np.isnan(line.residuals_us[late])
    assert np.isfinite(np.delete(line.residuals_us, late)).all()


def test_of_two_rounds_cracks_at_each_pole_those_of_this_round_are_taken():
    places, t_us = cracks(FLIGHT)
    both_places, both_us = np.vstack([places, places]), np.concatenate([t_us + 100_000, t_us])

    line = line_of_fire(FIX, STREET, both_places, both_us, 500, AIR)

    assert off_deg(line, 80.0) < 1.0
    assert np.isnan(line.residuals_us[: len(places)]).all()


def at(azimuth_deg, *distances_m):
    """Poles in one direction from the muzzle."""
    turn = np.radians(azimuth_deg)
    return np.array([(d * np.sin(turn), d * np.cos(turn), 6.0) for d in distances_m])


IN_LINE = at(72, 60, 95, 130, 165, 200)
PAST_THEM = Flight(MUZZLE, 60.0, 0.0, 800.0, 0.9)


def test_poles_in_line_with_the_muzzle_leave_two_lines_of_fire_and_both_are_named():
    places, t_us = cracks(PAST_THEM, IN_LINE)

    refused = line_of_fire(FIX, IN_LINE, places, t_us, 1000, AIR)

    assert isinstance(refused, NoLine)
    one_deg, other_deg = sorted(int(word) for word in re.findall(r"\d+", refused.why))
    assert refused.why.startswith("two lines of fire")
    assert abs(one_deg - 60) < 3
    assert abs(other_deg - 84) < 3


def test_the_silence_of_a_pole_that_only_one_of_two_lines_would_pass_decides():
    places, t_us = cracks(PAST_THEM, IN_LINE)
    silent = at(135, 70, 90, 110)

    line = line_of_fire(FIX, np.vstack([IN_LINE, silent]), places, t_us, 1000, AIR)

    assert off_deg(line, 60.0) < 2 * line.azimuth_sigma_deg


def test_poles_on_one_side_tell_the_azimuth_less_surely_and_say_so():
    one_side = np.vstack([at(azimuth, 110) for azimuth in (80, 84, 88, 92, 96)])
    both_sides = np.vstack([one_side, at(40, 90), at(30, 120)])
    lines = [line_of_fire(FIX, poles, *cracks(PAST_THEM, poles), 1000, AIR) for poles in (one_side, both_sides)]

    assert lines[0].azimuth_sigma_deg > 3 * lines[1].azimuth_sigma_deg
    assert off_deg(lines[0], 60.0) < 2 * lines[0].azimuth_sigma_deg


def test_three_cracks_are_too_few():
    places, t_us = cracks(FLIGHT)

    assert line_of_fire(FIX, STREET, places[:3], t_us[:3], 500, AIR) == NoLine("3 poles heard the crack; 4 are needed")
    assert isinstance(line_of_fire(FIX, STREET, [], [], 500, AIR), NoLine)


def test_cracks_that_do_not_agree_give_no_line():
    rng = np.random.default_rng(5)
    places, t_us = cracks(FLIGHT)

    refused = line_of_fire(FIX, STREET, places, t_us + rng.integers(-80_000, 80_000, len(t_us)), 300, AIR)

    assert isinstance(refused, NoLine)


def test_shapes_and_sigmas_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"\(b, 3\), \(n, 3\), \(n,\)"):
        line_of_fire(FIX, STREET, STREET, [T_US], 500, AIR)
    with pytest.raises(ValueError, match="sigmas above zero"):
        line_of_fire(FIX, STREET, STREET[:4], [T_US] * 4, 0, AIR)


def test_any_times_at_all_give_a_line_or_a_reason():
    rng = np.random.default_rng(6)
    for _ in range(10):
        n = int(rng.integers(4, 12))
        found = line_of_fire(FIX, STREET, STREET[:n], T_US + rng.integers(-(10**11), 10**11, n), 500, AIR)

        assert isinstance(found, LineOfFire | NoLine)
