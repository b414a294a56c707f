"""What stolen keys can forge among honest poles that heard nothing: docs/explanation/threat-model.md tells of it."""

import math

import numpy as np
import pytest

from dsp.air import Air, travel_s
from gateway.incident import Arrival, Round
from gateway.placing.associate import Associator

AIR = Air()
POLES = {f"p{i}{j}": (70.0 * i, 70.0 * j, 6.0) for i in range(5) for j in range(5)}
NOWHERE = (150.0, 160.0, 1.5)
FIRED_US = 1_790_000_000_000_000
GUN_DB, NOISE_DB, FAINT_DB = 150.0, 50.0, 14.0  # a handgun at 1 m; over the noise


def forged(n_keys, loud):
    """The grades of what the n_keys poles nearest to NOWHERE make up, in perfect agreement."""
    street = Associator(AIR, POLES)
    for node in sorted(POLES, key=lambda name: math.dist(POLES[name], NOWHERE))[:n_keys]:
        away = np.subtract(POLES[node], NOWHERE)
        level_db = GUN_DB - 20 * math.log10(float(np.linalg.norm(away))) if loud else NOISE_DB + FAINT_DB
        t_us = FIRED_US + round(float(travel_s(AIR, away)) * 1e6)
        street.feed(Arrival(node, POLES[node], t_us, 50, level_db - NOISE_DB, level_db, 0.95))
    return [each.grade for each in street.flush() if isinstance(each, Round)]


@pytest.mark.parametrize("n_keys", [4, 5, 6, 8])
def test_no_shot_as_loud_as_a_gun_is_forged_with_up_to_eight_keys_of_twenty_five(n_keys):
    assert forged(n_keys, loud=True) == []


def test_with_ten_keys_it_is_forged_and_the_silence_of_the_others_costs_it_grade_a():
    assert forged(10, loud=True) == ["B"]


def test_a_faint_one_is_forged_with_six_keys_and_not_with_five():
    assert forged(5, loud=False) == []
    assert forged(6, loud=False) == ["A"]
