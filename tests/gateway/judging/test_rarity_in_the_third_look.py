"""Rarity in the third look: what is rare where the poles stand lifts a round to possible; the usual is held down."""

import pathlib
import tomllib
from dataclasses import replace

import numpy as np
import pytest

from dsp.air import Air
from dsp.placing.fix import Fix
from gateway.incident import Arrival, Round
from gateway.judging.judge import Judge
from gateway.judging.rarity import RARE_S
from gateway.reaction.policy_tables import PolicyTable

AIR = Air(15.0)
MONTH, HOUR, OFTEN = 21, 11, 9


def shot(p, rarities):
    arrivals = tuple(
        Arrival(f"n{i}", (100.0 * i + 60, 0.0, 1.5), 180_000 + 300_000 * i, 100, None, None, p, rarity=code)
        for i, code in enumerate(rarities)
    )
    return Round(Fix((0.0, 0.0, 1.5), 0, np.eye(2), np.zeros(len(arrivals)), 0.0), arrivals, "B")


def judged(p, rarities, rare_s=259_200.0):
    return Judge(rare_s=rare_s).feed(shot(p, rarities), AIR)


def test_what_five_poles_hear_once_a_month_is_at_least_possible_whatever_they_make_of_it():
    without, rare = judged(0.01, [0] * 5), judged(0.01, [MONTH] * 5)

    assert without.kind == "other"
    assert rare.kind in ("possible gunshot", "gunshot")
    assert "5 poles hear the like once in 34 days" in rare.why


def test_what_every_pole_hears_forty_times_a_night_is_no_gunshot_without_more():
    usual = judged(0.97, [OFTEN] * 5)

    assert usual.kind != "gunshot"
    assert usual.p_gunshot < 0.5


def test_three_poles_that_know_change_nothing():
    assert judged(0.4, [MONTH] * 3 + [0, None]).p_gunshot == judged(0.4, [0] * 5).p_gunshot


@pytest.mark.parametrize("rarer", [12, 15, 18])
def test_a_rarer_sound_is_never_less_a_gunshot(rarer):
    assert judged(0.4, [rarer] * 6).p_gunshot >= judged(0.4, [rarer - 1] * 6).p_gunshot


def test_policys_figure_says_what_is_rare():
    assert judged(0.001, [HOUR + 2] * 5).kind == "other"
    assert judged(0.001, [HOUR + 2] * 5, rare_s=3600.0).kind == "possible gunshot"


def test_a_look_that_comes_later_is_judged_with_its_rarity():
    judge = Judge()
    first = judge.feed(shot(0.05, [None] * 5), AIR)
    again = judge.again(replace(first, arrivals=shot(0.05, [MONTH] * 5).arrivals), AIR)

    assert (first.kind == "other", again.kind == "other") == (True, False)


def test_the_figure_stands_in_gateway_toml_with_its_default_and_its_range():
    text = (pathlib.Path(__file__).parents[3] / "docs" / "gateway.toml").read_text()
    table = PolicyTable.model_validate({"rare_h": tomllib.loads(text)["policy"]["rare_h"]})

    assert table == PolicyTable()
    assert table.rare_h * 3600 == RARE_S
    with pytest.raises(ValueError, match="rare_h"):
        PolicyTable.model_validate({"rare_h": 0.0})
