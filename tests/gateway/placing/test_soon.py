"""What six poles agree on is known at once, and nothing else is any different for it."""

from dataclasses import replace

import numpy as np
import pytest

from dsp.air import Air
from gateway.incident import Round
from gateway.placing.associate import Associator
from gateway.placing.soon import FEW, Soon
from simulators.street.pulses import CLEAN, Faults, Shot, arrivals, burst, pulses, street

AIR = Air()
T_US = 1_800_000_000_000_000
LINK_US = 20_000


def heard(seed, shots=None, faults=CLEAN, span_us=(T_US, T_US)):
    """Poles of a street, and what they report, in order of time."""
    rng = np.random.default_rng(seed)
    poles_m = street(rng, 25)
    fired = [Shot((20.0, -10.0, 1.5), T_US)] if shots is None else shots
    given = arrivals(pulses(rng, poles_m, fired, AIR, faults, span_us))
    return {str(i): tuple(map(float, each)) for i, each in enumerate(poles_m)}, given


def looks(soon, live, given):
    """What comes of each arrival, one after the other, as the association runs beside."""
    told, decided = [], []
    for each in given:
        decided += live.tick(each.t_us + LINK_US)
        live.feed(each)
        soon.feed(each, each.t_us + LINK_US)
        told.append(soon.look(live, each.t_us + LINK_US))
    return told, [*decided, *live.flush()]


@pytest.mark.parametrize("seed", range(5))
def test_the_sixth_pole_that_agrees_tells_of_the_round(seed):
    poles, given = heard(seed)
    told, _ = looks(Soon(), Associator(AIR, poles), given)
    found = [rounds[0] for rounds in told if rounds]

    assert [bool(rounds) for rounds in told[:7]] == [False] * 5 + [True, False]
    assert len(found) == 1
    assert (found[0].grade, len(found[0].arrivals)) == ("A", 6)
    assert np.linalg.norm(np.subtract(found[0].fix.xyz_m[:2], (20.0, -10.0))) < 10
    assert abs(found[0].fix.t_us - T_US) < 30_000


def test_what_comes_later_of_a_known_round_is_not_told_again():
    poles, given = heard(1)
    told, _ = looks(Soon(), Associator(AIR, poles), given)

    assert len(given) == 25
    assert sum(map(len, told)) == 1


@pytest.mark.parametrize("late_s", [2, 4, 9])
def test_a_straggler_makes_no_round_under_way_forgotten(late_s):
    poles, given = heard(1)
    straggler = replace(given[24], t_us=T_US - late_s * 1_000_000)
    soon, live = Soon(), Associator(AIR, poles)
    rounds = []
    for number, each in enumerate(given):
        for one in [each, straggler] if number == 6 else [each]:
            live.feed(one)
            soon.feed(one, each.t_us + LINK_US)
            rounds += soon.look(live, each.t_us + LINK_US)

    assert len(rounds) == 1


def test_near_poles_that_stay_silent_speak_against_it():
    poles, given = heard(2)
    told, _ = looks(Soon(), Associator(AIR, poles), given[3:])

    assert not any(told)


def test_what_is_old_when_it_comes_is_nothing_to_be_soon_about():
    poles, given = heard(3)
    soon, live = Soon(), Associator(AIR, poles)
    for each in given:
        soon.feed(each, each.t_us + 11_000_000)

    assert soon.look(live, T_US + 12_000_000) == []


def test_arrivals_that_come_together_in_any_order_and_twice_tell_the_same():
    poles, given = heard(4)
    live, rounds = Associator(AIR, poles), []
    for order in (given, given[::-1], given * 2):
        soon = Soon()
        for each in order:
            soon.feed(each, T_US + 1_000_000)
        rounds.append([shot.arrivals for shot in soon.look(live, T_US + 1_000_000)])

    assert len(rounds[0]) == 1
    assert rounds[0] == rounds[1] == rounds[2]


@pytest.mark.parametrize("seed", range(3))
def test_the_association_decides_the_same_to_the_bit_whether_anybody_looks_or_not(seed):
    rounds = burst(Shot((20.0, -10.0, 1.5), T_US), 4, 6.0)
    span_us = T_US - 1_000_000, T_US + 3_000_000
    poles, given = heard(seed, rounds, replace(Faults(), clutter_per_min=30.0), span_us)
    alone, beside = Associator(AIR, poles), Associator(AIR, poles)
    decided = []
    for each in given:
        decided += alone.tick(each.t_us + LINK_US)
        alone.feed(each)
    _, with_looks = looks(Soon(), beside, given)

    assert any(isinstance(each, Round) for each in with_looks)
    assert repr(with_looks) == repr([*decided, *alone.flush()])


def test_clutter_alone_tells_nothing():
    faults = replace(Faults(), clutter_per_min=30.0)
    poles, given = heard(6, [], faults, (T_US, T_US + 60_000_000))
    told, _ = looks(Soon(), Associator(AIR, poles), given)

    assert len(given) > 600
    assert not any(told)


def test_who_floods_makes_nobody_search_and_hides_no_shot_from_the_others():
    poles, given = heard(1)
    flood = [replace(given[20], t_us=T_US - 1_000_000 + 10_000 * i, snr_db=40.0) for i in range(200)]
    soon, searched = Soon(), []
    live = Associator(AIR, poles)
    about = live.around
    live.around = lambda now_us: (searched.append(now_us), about(now_us))[1]
    told, _ = looks(soon, live, sorted([*given, *flood], key=lambda each: each.t_us))

    assert sum(map(len, told)) == 1
    assert len(searched) <= FEW + len(given)


def test_searches_are_saved_up_and_what_nobody_searched_for_is_counted():
    faults = replace(Faults(), clutter_per_min=2000.0)
    poles, given = heard(7, [], faults, (T_US, T_US + 2_000_000))
    soon = Soon()
    looks(soon, Associator(AIR, poles), given)

    assert soon.n_left_out > 0
