"""What a provisional round and an area move, and what of it goes back."""

import numpy as np
import pytest

from dsp.placing.area import Area
from dsp.placing.fix import Fix
from gateway.incident import Announce, Arrival, Early, News, Round, Unplaced
from gateway.orders import Aim, Light
from gateway.reaction.acting import FRESH_US
from gateway.reaction.conditions import ActRules, Change, Part, Region
from gateway.reaction.lamp_policy import LampRules
from gateway.reaction.policy import Policy, Rules
from gateway.reaction.zones import disc
from gateway.street import Lamp, Mount, from_triangle_m

T_US = 1_763_000_000_000_000
S = 1_000_000
LAMPS = [Lamp("near", (10, 0, 6)), Lamp("beside", (110, 0, 6)), Lamp("far", (500, 0, 6))]
MOUNTS = [Mount("west", (-40, 0, 5), bearing_deg=90, range_m=100)]
HEARD = tuple(Arrival(f"n{i}", (20.0 * i, 5.0, 6.0), T_US + 50_000 * i, 500, 30.0, 90.0, 0.9) for i in range(6))


def shot(e=0.0, t_us=T_US, p=0.9, heard=HEARD):
    fix = Fix((e, 0.0, 0.0), t_us, np.eye(2) * 4.0, np.zeros(6), 100.0)
    return Round(fix, heard, "A", p, "gunshot" if p is not None and p >= 0.5 else "other")


def policy(sun_deg=-20.0, **lights):
    return Policy(Rules(lights=LampRules(**lights)), LAMPS, MOUNTS, lambda t_us: sun_deg)


def of(kind, orders):
    return [order for order in orders if isinstance(order, kind)]


def until(street, from_us, until_us):
    """All that the passing of time asks for, with its time."""
    times_us = range(from_us, until_us + 1, S // 4)
    return [(at_us, each) for at_us in times_us for each in (*street.tick(at_us), *street.take_news())]


def test_a_provisional_round_lights_the_lamps_near_it_and_turns_the_camera_and_tells_nobody():
    orders = policy().soon(shot(), T_US + S)
    (light,), (aim,) = of(Light, orders), of(Aim, orders)

    assert (light.lamps, light.level_pct, light.expires_us) == (("near", "beside"), 100, T_US + FRESH_US)
    assert aim.camera == "west"
    assert light.incident == aim.incident and light.incident.startswith("soon-")
    assert light.action and aim.action
    assert [type(each) for each in orders if each not in (light, aim)] == [Early]  # to the journal, and to nobody


@pytest.mark.parametrize(
    ("sun_deg", "clips", "p", "told"),
    [
        (-20.0, None, 0.9, 1),
        (30.0, None, 0.9, 1),
        (-20.0, ActRules("B", 0.5), 0.9, 1),
        (-20.0, ActRules("B", 0.5), 0.3, 0),
    ],
)
def test_plate_readers_hear_of_a_provisional_round_by_day_too_where_clips_of_such_a_one_are_kept(
    sun_deg, clips, p, told
):
    street = Policy(Rules(clips=clips), [], [], lambda t_us: sun_deg)
    found = of(Early, street.soon(shot(20.0, p=p), T_US + S))

    assert [(each.e_m, each.n_m, each.t_us, each.grade, each.p_gunshot) for each in found] == [
        (20.0, 0.0, T_US, "A", p)
    ] * told
    assert all(each.within_m == pytest.approx(2 * 2.4477, abs=1e-3) for each in found)
    assert street.n_for_nothing == 0 and not of(News, [each for _, each in until(street, T_US + S, T_US + 30 * S)])


def test_where_policy_acts_on_no_provisional_round_readers_hear_of_none():
    assert policy(soon=False).soon(shot(), T_US + S) == []


@pytest.mark.parametrize(
    ("sun_deg", "rules", "p", "age_s", "moves"),
    [
        (-20.0, {}, 0.9, 1, True),
        (-20.0, {"soon": False}, 0.9, 1, False),
        (-20.0, {"min_p_gunshot": 0.95}, 0.9, 1, False),
        (-20.0, {}, 0.1, 1, False),
        (-20.0, {}, None, 1, True),
        (30.0, {}, 0.9, 1, False),
        (-20.0, {}, 0.9, 31, False),
    ],
)
def test_what_lights_no_lamp_when_it_is_decided_lights_none_before(sun_deg, rules, p, age_s, moves):
    orders = policy(sun_deg, **rules).soon(shot(p=p), T_US + age_s * S)

    assert bool(of(Light, orders)) == moves


def test_what_comes_to_nothing_goes_back_after_20_s_and_is_told_to_a_technician_and_counted():
    street = policy()
    name = of(Light, street.soon(shot(), T_US + S))[0].incident
    told = until(street, T_US + S, T_US + 25 * S)

    assert [(at_us, each.lamps, each.level_pct) for at_us, each in told if isinstance(each, Light)] == [
        (T_US + 21 * S, ("beside", "near"), 30)
    ]
    (news,) = [each for _, each in told if isinstance(each, News)]
    assert (news.what, news.at_us) == ("soon", T_US + 21 * S)
    assert name in news.note and "6 poles" in news.note
    assert street.n_for_nothing == 1


def test_the_round_that_is_decided_orders_what_it_would_have_and_its_lamps_do_not_go_down_and_up():
    street, alone = policy(hold_s=60), policy(hold_s=60)
    for each in (street, alone):
        each.tick(T_US - 100 * S)
        each.tick(T_US - 40 * S)  # what an earlier run may have left lit has gone back
    street.soon(shot(), T_US + S)
    with_it, without = (each.feed(shot(2.0, heard=HEARD[:5]), T_US + 2 * S) for each in (street, alone))
    told, told_alone = until(street, T_US + 2 * S, T_US + 70 * S), until(alone, T_US + 2 * S, T_US + 70 * S)

    assert repr(with_it) == repr(without)
    assert len(of(Announce, with_it)) == 1
    assert told == told_alone
    assert [(at_us, each.level_pct) for at_us, each in told if isinstance(each, Light)] == [(T_US + 62 * S, 30)]
    assert street.n_for_nothing == 0


def test_the_decided_round_turns_the_cameras_that_it_would_have_and_no_further_one():
    mounts = [*MOUNTS, Mount("south", (0, -60, 5), range_m=100), Mount("east", (80, 0, 5), range_m=100)]
    orders = []
    for is_soon in (True, False):
        street = Policy(Rules(), LAMPS, mounts, lambda t_us: -20.0)
        early = street.soon(shot(), T_US + S) if is_soon else []
        orders.append(of(Aim, street.feed(shot(2.0), T_US + 2 * S)))

        assert [each.camera for each in of(Aim, early)] == (["west", "south"] if is_soon else [])
    with_it, without = orders

    assert repr(with_it) == repr(without)
    assert [each.camera for each in with_it] == ["west", "south"]


def test_a_decided_round_that_asks_for_no_light_has_claimed_nothing():
    street = policy()
    street.soon(shot(), T_US + S)
    street.feed(shot(p=0.05), T_US + 2 * S)
    told = until(street, T_US + 2 * S, T_US + 25 * S)

    assert [each.lamps for _, each in told if isinstance(each, Light)] == [("beside", "near")]
    assert street.n_for_nothing == 1


def test_further_provisional_rounds_of_one_place_ask_again_and_hold_longer():
    street = policy()
    first = street.soon(shot(), T_US + S)
    second = street.soon(shot(5.0, T_US + 10 * S, heard=HEARD[1:]), T_US + 11 * S)
    told = until(street, T_US + 11 * S, T_US + 40 * S)

    assert [each.again for each in of(Light, [*first, *second])] == [False, True]
    assert [at_us for at_us, each in told if isinstance(each, Light)] == [T_US + 31 * S]
    assert street.n_for_nothing == 1


def test_lamps_that_an_incident_holds_stay_with_it_and_are_asked_for_again():
    street = policy()
    street.feed(shot(), T_US)
    orders = street.soon(shot(5.0, T_US + 5 * S, heard=()), T_US + 6 * S)
    told = until(street, T_US + 6 * S, T_US + 100 * S)

    assert [(each.lamps, each.again) for each in of(Light, orders)] == [(("near", "beside"), True)]
    assert not [each for _, each in told if isinstance(each, Light)]


def test_a_clock_that_is_set_changes_nothing_of_how_long_lamps_are_up():
    street = policy()
    street.soon(shot(), T_US + S)
    street.shift(3600 * S)
    told = until(street, T_US + 3601 * S, T_US + 3625 * S)

    assert [at_us for at_us, each in told if isinstance(each, Light)] == [T_US + 3621 * S]
    assert [at_us for at_us, each in told if isinstance(each, News)] == [T_US + 3621 * S]


def area(p=0.8, t_us=T_US):
    corners = ((0.0, 20.0, 6.0), (60.0, 20.0, 6.0), (120.0, -40.0, 6.0))
    heard = tuple(Arrival(f"n{i}", place, t_us + 100_000, 500, 30.0, 90.0, p) for i, place in enumerate(corners))
    return Unplaced("only 3 poles heard it; 4 are needed", heard, Area(t_us, (50.0, 0.0), np.eye(2) * 900.0))


def test_the_lamps_between_three_poles_come_up_for_what_only_they_heard():
    street = policy()
    (light,) = street.area(area(), T_US + 2 * S)

    assert light.lamps == ("near", "beside")
    assert light.incident.startswith("area-")
    assert street.area(area(), T_US + 3 * S) == []


@pytest.mark.parametrize(
    ("rules", "p", "age_s", "lights"),
    [
        ({"min_poles": 4}, 0.8, 2, False),
        ({"min_grade": "A"}, 0.8, 2, False),
        ({"min_grade": "A", "min_poles": 3}, 0.8, 2, False),
        ({"night": Change(min_grade="B")}, 0.8, 2, False),
        ({"night": Change(act=False)}, 0.8, 2, False),
        ({"min_grade": "A", "night": Change(min_grade="C")}, 0.8, 2, True),
        ({"min_p_gunshot": 0.9}, 0.8, 2, False),
        ({}, 0.8, 31, False),
    ],
)
def test_who_asks_for_more_gets_no_light_for_three_poles(rules, p, age_s, lights):
    assert bool(policy(**rules).area(area(p), T_US + age_s * S)) == lights


def test_in_a_zone_where_lamps_stay_down_three_poles_bring_none_up():
    off = Part(Change(act=False))
    zone = Region("sleep", disc("sleep", (50.0, 0.0, 0.0), 300.0), {"lights": off})
    street = Policy(Rules(zones=(zone,)), LAMPS, MOUNTS, lambda t_us: -20.0)

    assert street.area(area(), T_US + 2 * S) == []


def test_what_has_no_area_lights_nothing():
    assert policy().area(Unplaced("why", HEARD[:3]), T_US) == []


@pytest.mark.parametrize(
    ("place_m", "away_m"),
    [((30, 10, 0), 0), ((-10, 0, 0), 10), ((50, -20, 9), 20), ((130, 0, 0), 30), ((50, 0, 0), 0)],
)
def test_how_far_a_place_lies_from_a_triangle(place_m, away_m):
    corners_m = ((0.0, 0.0, 6.0), (100.0, 0.0, 6.0), (0.0, 100.0, 6.0))

    assert from_triangle_m(place_m, corners_m) == pytest.approx(away_m)
    assert from_triangle_m(place_m, corners_m[::-1]) == pytest.approx(away_m)


def test_three_poles_on_a_line_make_a_line():
    corners_m = ((0.0, 0.0, 6.0), (50.0, 0.0, 6.0), (100.0, 0.0, 6.0))

    assert from_triangle_m((70.0, 25.0, 0.0), corners_m) == pytest.approx(25)


def test_a_provisional_round_whose_lamps_were_all_up_lit_nothing_for_nothing():
    street = Policy(Rules(lights=LampRules()), LAMPS, [], lambda t_us: -20.0)
    street.feed(shot(), T_US)
    street.soon(shot(5.0, T_US + 5 * S, heard=()), T_US + 6 * S)
    until(street, T_US + 6 * S, T_US + 60 * S)

    assert street.n_for_nothing == 0


def test_what_is_asked_for_again_after_it_was_decided_is_named_by_the_reason_that_lit_it():
    street = policy()
    street.soon(shot(), T_US + S)
    street.feed(shot(), T_US + 2 * S)
    again = of(Light, street.soon(shot(t_us=T_US + 8 * S), T_US + 9 * S))

    assert [each.action for each in again] == ["lights-1+1"]
