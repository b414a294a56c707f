"""The third look's weights are fitted to what is known, and held where little is."""

import numpy as np

from gateway.judging.agreement import Agreement
from gateway.judging.source_level import SourceLevel
from gateway.judging.third_look import Facts, third_look
from simulators.judging.fit import PRIOR, by_position, fit


def facts(rng, log_odds, level_db, n):
    return [
        Facts(Agreement(float(rng.normal(log_odds, 2)), 6, 3), SourceLevel(float(rng.normal(level_db, 5)), 5.0, 6, 0))
        for _ in range(n)
    ]


def test_with_nothing_to_learn_from_the_weights_are_those_that_were_chosen():
    weights = fit([], [])

    assert (weights.bias, weights.agreement, weights.loudness) == PRIOR


def test_what_was_fitted_tells_the_two_sides_apart():
    rng = np.random.default_rng(1)
    shots, others = facts(rng, 6, 136, 100), facts(rng, -2, 105, 400)
    weights = fit(shots, others)

    assert np.mean([third_look(each, weights).p_gunshot >= 0.5 for each in shots]) > 0.98
    assert np.mean([third_look(each, weights).p_gunshot >= 0.5 for each in others]) < 0.02


def test_a_position_is_judged_by_weights_of_the_others():
    rng = np.random.default_rng(2)
    live = [("FP1", each) for each in facts(rng, 6, 136, 30)] + [("FP2", each) for each in facts(rng, 6, 136, 30)]
    others = facts(rng, -2, 105, 100)
    told = by_position(live, others)
    spoilt = by_position([(name, each) for name, each in live if name == "FP1"] + [("FP2", others[0])], others)

    assert [name for name, _ in told] == ["FP1"] * 30 + ["FP2"] * 30
    assert [p for name, p in spoilt if name == "FP1"] != [p for name, p in told if name == "FP1"]
