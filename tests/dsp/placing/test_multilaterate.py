"""Placing one sound: right where it can be, refused with a reason where it cannot, and indifferent to where zero is."""

import time

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dsp.air import Air, travel_s, wind_from
from dsp.placing.fix import Fix, NoFix, ellipse
from dsp.placing.multilaterate import multilaterate
from simulators.street.pulses import street

T_US = 1_763_000_000_000_000
POLES = np.array([(0, 0, 6), (60, 5, 6.5), (120, -4, 6), (3, 70, 7), (64, 75, 6), (118, 66, 6.2)], float)


def heard(poles_m, source_m, air, t_us=T_US):
    return t_us + np.round(travel_s(air, poles_m - np.asarray(source_m)) * 1e6).astype(np.int64)


def error_m(fix, source_m):
    return float(np.hypot(*np.subtract(fix.xyz_m[:2], source_m[:2])))


@pytest.mark.parametrize("air", [Air(), Air(-20.0), Air(35.0, 90.0), Air(10.0, 50.0, wind_from(12.0, 250.0))])
def test_a_clean_shot_is_placed_to_a_few_centimetres_in_any_air(air):
    source = (41.0, 22.0, 1.5)

    fix = multilaterate(POLES, heard(POLES, source, air), 100, air)

    assert error_m(fix, source) < 0.1
    assert abs(fix.t_us - T_US) < 500


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(st.floats(-20, 140), st.floats(-20, 90)),
    st.tuples(st.floats(-9e5, 9e5), st.floats(-9e5, 9e5)),
    st.floats(0, 6.28),
    st.integers(-(10**12), 10**12),
)
@example((0.0, 60.0), (0.0, 0.0), 4.0, 0)
def test_moving_turning_and_delaying_the_scene_moves_turns_and_delays_the_fix(source, shift, turn, delay_us):
    air, poles = Air(), POLES
    noise_us = np.array([300, -200, 100, -400, 250, -50])
    t_us = heard(poles, (*source, 1.5), air) + noise_us
    here = multilaterate(poles, t_us, 1000, air)
    spin = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    moved = poles @ spin.T + [*shift, 0.0]

    there = multilaterate(moved, t_us + delay_us, 1000, air)

    assert isinstance(here, Fix) == isinstance(there, Fix)
    if isinstance(here, Fix):
        wanted = spin @ np.array(here.xyz_m) + [*shift, 0.0]
        assert error_m(there, wanted) < 0.05
        assert abs(there.t_us - here.t_us - delay_us) <= 100
        flat = spin[:2, :2]
        assert np.allclose(there.cov_m2, flat @ here.cov_m2 @ flat.T, rtol=1e-2, atol=1e-4)


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(6)))
def test_the_order_of_arrivals_does_not_matter(order):
    air, source = Air(), (41.0, 22.0, 1.5)
    t_us = heard(POLES, source, air) + np.array([300, -200, 100, -400, 250, -50])
    first = multilaterate(POLES, t_us, 1000, air)

    again = multilaterate(POLES[order], t_us[order], 1000, air)

    assert error_m(again, first.xyz_m) < 0.02
    assert np.allclose(again.residuals_us, first.residuals_us[order], atol=50)


def bound_m(poles_m, source_m, sigma_s, air):
    """Cramer-Rao bound in the plane, root of the sum of both variances, height known, emission time not."""
    along = np.subtract(poles_m, source_m)
    along = (along / np.linalg.norm(along, axis=1)[:, None])[:, :2]
    along = along - along.mean(axis=0)
    return sigma_s * air.speed_mps * np.sqrt(np.trace(np.linalg.inv(along.T @ along)))


def test_the_error_reaches_the_bound_for_the_noise_and_the_ellipse_holds_it():
    rng, air, source, sigma_us = np.random.default_rng(3), Air(), (41.0, 22.0, 1.5), 1000
    poles = street(np.random.default_rng(5))
    clean, errors, inside = heard(poles, source, air), [], 0
    for _ in range(300):
        fix = multilaterate(poles, clean + np.round(rng.normal(0, sigma_us, 25)).astype(int), sigma_us, air)
        off = np.subtract(fix.xyz_m[:2], source[:2])
        errors.append(off)
        inside += off @ np.linalg.solve(fix.cov_m2, off) < 4.605

    ratio = np.sqrt(np.mean(np.sum(np.square(errors), axis=1))) / bound_m(poles, source, sigma_us / 1e6, air)

    assert 0.9 < ratio < 1.12
    assert 0.84 < inside / 300 < 0.95


def test_late_arrivals_are_left_out_and_named():
    air, source, rng = Air(), (41.0, 22.0, 1.5), np.random.default_rng(11)
    poles = street(np.random.default_rng(5))
    t_us = heard(poles, source, air) + np.round(rng.normal(0, 1000, 25)).astype(int)
    late = [2, 7, 11, 19]
    t_us[late] += [25_000, 90_000, 40_000, 60_000]

    fix = multilaterate(poles, t_us, 1000, air)

    assert fix.liars == tuple(late)
    assert error_m(fix, source) < 1.0
    assert np.abs(fix.residuals_us[late] - [25_000, 90_000, 40_000, 60_000]).max() < 5000


@pytest.mark.parametrize("liar", range(7))
@pytest.mark.parametrize("lie_us", [-1_000_000, -200_000, 200_000, 86_400_000_000])
def test_one_liar_of_seven_is_named_and_the_fix_does_not_mind_it(liar, lie_us):
    poles, air, source = np.vstack([POLES, (60, 140, 6)]), Air(), (41.0, 22.0, 1.5)
    t_us = heard(poles, source, air)
    t_us[liar] += lie_us

    fix = multilaterate(poles, t_us, 1000, air)

    assert fix.liars == (liar,)
    assert error_m(fix, source) < 3.0


def test_four_poles_that_stand_badly_are_refused_with_how_far_off_it_could_be():
    poles = np.array([(0, 0, 6), (30, 9, 6), (60, -7, 6), (90, 8, 6)], float)

    fix = multilaterate(poles, heard(poles, (45, 250, 1.5), Air()), 1000, Air())

    assert isinstance(fix, NoFix)
    assert "m off" in fix.why or "two places" in fix.why


def shots_of_bad_luck():
    rng = np.random.default_rng(1)
    line = np.array([(20.0 * i, 0.0, 6.0) for i in range(8)])
    yield "on one line", line, [T_US] * 8, 1000
    yield "one pole", np.tile(POLES[:1], (9, 1)), T_US + np.arange(9) * 1000, 1000
    yield "two at one place", np.vstack([POLES, POLES[:1]]), heard(np.vstack([POLES, POLES[:1]]), (41, 22, 1), Air()), 9
    yield "days apart", POLES, T_US + np.arange(6) * 86_400_000_000, 1000
    yield "an hour's sigma", POLES, heard(POLES, (41, 22, 1.5), Air()), 3_600_000_000
    yield (
        "one sigma of an hour",
        POLES,
        heard(POLES, (41, 22, 1.5), Air()),
        [1000, 3_600_000_000, 1000, 1000, 1000, 1000],
    )
    yield "a microsecond", POLES, heard(POLES, (41, 22, 1.5), Air()), 1
    yield "all at once", POLES, [T_US] * 6, 1000
    yield "on top of a pole", POLES, heard(POLES, POLES[2], Air()), 100
    yield "anything", rng.uniform(-500, 500, (40, 3)), T_US + rng.integers(0, 10**7, 40), rng.uniform(1, 10**9, 40)
    yield "many", rng.uniform(-500, 500, (300, 3)), T_US + rng.integers(0, 10**6, 300), 1000
    yield "far apart", POLES * 1e4, T_US + np.arange(6), 1000
    yield "the first ages", POLES, [0, 1, 2, 3, 4, 2**62], 1000


@pytest.mark.parametrize("bad", tuple(shots_of_bad_luck()), ids=lambda bad: bad[0])
@pytest.mark.filterwarnings("error")
def test_whatever_a_street_sends_there_is_an_answer_with_its_uncertainty_or_a_reason_soon(bad):
    _, poles, t_us, sigma_us = bad
    multilaterate(POLES, heard(POLES, (41, 22, 1.5), Air()), 1000, Air())
    began_s = time.thread_time()

    fix = multilaterate(poles, t_us, sigma_us, Air())

    assert time.thread_time() - began_s < 0.1
    if isinstance(fix, Fix):
        assert np.isfinite(fix.cov_m2).all()
        assert np.linalg.eigvalsh(fix.cov_m2).min() > 0
    else:
        assert fix.why


def test_three_poles_give_no_fix_and_say_so():
    fix = multilaterate(POLES[:3], heard(POLES[:3], (41, 22, 1.5), Air()), 100, Air())

    assert fix == NoFix("only 3 poles heard it; 4 are needed")


def test_poles_on_one_line_give_no_fix():
    line = np.array([(20.0 * i, 0.01 * i, 6.0) for i in range(6)])

    fix = multilaterate(line, heard(line, (50, 30, 1.5), Air()), 100, Air())

    assert isinstance(fix, NoFix)
    assert "one line" in fix.why


def test_four_poles_that_fit_two_places_give_no_fix():
    air = Air()
    poles = np.array([(-100.0, 3.2, 6.0), (0.0, -3.2, 6.0), (100.0, 3.2, 6.0), (200.0, -3.2, 6.0)])

    fix = multilaterate(poles, heard(poles, (60, 80, 1.5), air), 20_000, air)

    assert isinstance(fix, NoFix)
    assert "two places" in fix.why


def test_arrivals_that_fit_no_place_give_no_fix_or_a_wide_one():
    t_us = T_US + np.array([0, 900_000, 100_000, 700_000, 300_000, 500_000])

    fix = multilaterate(POLES, t_us, 1000, Air())

    assert isinstance(fix, NoFix) or ellipse(fix.cov_m2).major_m > 50


@pytest.mark.parametrize(
    ("xyz", "t_us", "sigma"),
    [
        (POLES, [T_US] * 5, 100),
        (POLES[:, :2], [T_US] * 6, 100),
        (POLES, [T_US] * 6, 0),
        (POLES, [T_US] * 6, np.nan),
        (POLES + np.inf, [T_US] * 6, 100),
    ],
)
def test_what_makes_no_sense_is_a_value_error(xyz, t_us, sigma):
    with pytest.raises(ValueError, match="must be"):
        multilaterate(xyz, t_us, sigma, Air())


def test_an_ellipse_of_known_variances_has_their_axes_and_points_along_the_larger():
    shape = ellipse(np.array([[1.0, 0.0], [0.0, 4.0]]))

    assert shape.major_m == pytest.approx(2 * 2.4477, rel=1e-4)  # sqrt of chi-square 5.991 for 95 %
    assert shape.minor_m == pytest.approx(2.4477, rel=1e-4)
    assert shape.azimuth_deg == pytest.approx(0.0, abs=1e-9)
