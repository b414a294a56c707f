"""Four poles leave one number over: what a bent path or an echo does to the place stands in the ellipse, or refuses."""

import numpy as np

from dsp.air import Air, travel_s
from dsp.placing.fix import CHI2_2DOF, Fix, NoFix
from dsp.placing.multilaterate import multilaterate
from simulators.street.pulses import street

AIR, T_US = Air(), 1_763_000_000_000_000
BENT_S, MOST_BENT_S = 0.010, 0.012  # RMS of the live fire's paths about the surveyed place is 9 to 13 ms by position


def fix_of(poles_m, source_m, late_s):
    t_us = T_US + np.round((travel_s(AIR, poles_m - np.asarray(source_m)) + late_s) * 1e6).astype(np.int64)
    return multilaterate(poles_m, t_us, 300, AIR)


def test_an_echo_at_one_of_four_poles_that_leaves_no_residual_is_mostly_refused():
    rng, echoes_s = np.random.default_rng(1), np.arange(0.12, 0.45, 0.01)
    poles = np.array([(42, -52, 5), (272, -53, -34), (100, 239, 2), (-343, -142, -19)], float)

    fixes = [fix_of(poles, (0, 0, 0), rng.normal(0, BENT_S, 4) + np.array([0, 0, echo_s, 0])) for echo_s in echoes_s]

    assert sum(isinstance(fix, NoFix) for fix in fixes) > len(fixes) / 2
    assert any(isinstance(fix, NoFix) and "two places" in fix.why for fix in fixes)


def test_four_poles_round_the_shot_are_placed_whoever_may_be_late():
    poles = np.array([(-60, -50, 6), (55, -45, 6), (-50, 60, 6), (65, 55, 6)], float)

    fix = fix_of(poles, (5, 3, 1), np.array([0.004, -0.003, 0.002, -0.002]))

    assert isinstance(fix, Fix)
    assert np.hypot(*np.subtract(fix.xyz_m[:2], (5, 3))) < 5.0


def test_the_ellipse_of_four_poles_with_bent_paths_holds_the_place():
    rng, inside = np.random.default_rng(40), []
    while len(inside) < 300:
        poles = street(rng)[rng.permutation(25)[:4]]
        source = np.append(poles[:, :2].mean(axis=0) + rng.normal(0, 20, 2), poles[:, 2].mean() - 5)
        fix = fix_of(poles, source, rng.normal(0, MOST_BENT_S, 4))
        if isinstance(fix, Fix):
            off = np.subtract(fix.xyz_m[:2], source[:2])
            inside.append(off @ np.linalg.solve(fix.cov_m2, off) < CHI2_2DOF[0.90])

    assert 0.87 <= np.mean(inside) <= 0.97
