"""What an act asks for: by hour, zone, announced event and limit; and the reasons that policy gives."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.placing.fix import Fix
from gateway.incident import Announce, Revised, Round
from gateway.orders import Aim, Light
from gateway.reaction.camera_policy import CameraRules
from gateway.reaction.conditions import ActRules, Change, Part, Region
from gateway.reaction.lamp_policy import LampRules
from gateway.reaction.limits import Spent
from gateway.reaction.policy import AnnounceRules, Policy, Rules
from gateway.reaction.zones import Zone, disc
from gateway.reasons import AGAIN
from gateway.street import Lamp, Mount

T_US = 1_763_000_000_000_000
S = 1_000_000
LAMPS = [Lamp("near", (10, 0, 6)), Lamp("along", (200, 0, 6)), Lamp("beside", (0, 200, 6))]
MOUNTS = [Mount("west", (-40, 0, 5), bearing_deg=90, range_m=100)]
SQUARE = Zone("park", areas=((((-50, -50), (50, -50), (50, 50), (-50, 50), (-50, -50)),),))


def shot(e=0.0, n=0.0, t_us=T_US, grade="A", p=0.9, **more):
    fix = Fix((e, n, 0.0), t_us, np.eye(2) * 4.0, np.zeros(6), 100.0)
    return Round(fix, (), grade, p, "gunshot", **more)


def policy(sun_deg=-20.0, mounts=MOUNTS, lamps=LAMPS, **rules):
    return Policy(Rules(**rules), lamps, mounts, lambda t_us: sun_deg)


def of(kind, orders):
    return [order for order in orders if isinstance(order, kind)]


def says(street, act):
    """The last reason of an act."""
    return [each for each in street.take_reasons() if each.act == act][-1]


@pytest.mark.parametrize(("sun_deg", "lit"), [(-20.0, False), (10.0, True), (None, False), (float("nan"), False)])
def test_night_and_day_may_ask_for_other_grades(sun_deg, lit):
    rules = LampRules(only_when_dark=False, night=Change(min_grade="A"))
    street = policy(sun_deg, lights=rules)

    assert bool(of(Light, street.feed(shot(grade="B"), T_US))) == lit
    assert says(street, "lights").rule == ("policy.lights" if lit else "policy.lights.night")


def test_an_hour_replaces_only_what_it_names():
    street = policy(cameras=CameraRules("B", 0.5, night=Change(min_p_gunshot=0.2)))

    assert not of(Aim, street.feed(shot(grade="C", p=0.9), T_US))
    assert says(street, "cameras").word == "grade"
    assert of(Aim, street.feed(shot(300, 0, grade="B", p=0.3), T_US)) == []  # out of range, but asked for
    assert says(street, "cameras").word == "blind"


def test_an_act_may_be_off_and_on_again_in_a_zone_by_night():
    zone = Region("park", SQUARE, {"cameras": Part(night=Change(act=True))})
    rules = CameraRules(act=False)

    assert of(Aim, policy(cameras=rules, zones=(zone,)).feed(shot(), T_US))
    assert not of(Aim, policy(10.0, cameras=rules, zones=(zone,)).feed(shot(), T_US))
    street = policy(cameras=rules, zones=(zone,))
    assert not of(Aim, street.feed(shot(-60), T_US))
    assert says(street, "cameras").word == "off"


def test_the_first_zone_of_the_file_holds_and_the_others_do_not():
    zones = (
        Region("inner", disc("inner", (0, 0, 0), 20.0), {"announce": Part(Change(min_grade="C"))}),
        Region("outer", SQUARE, {"announce": Part(Change(min_grade="A"))}),
    )
    street = policy(announce=AnnounceRules("B"), zones=zones)

    assert of(Announce, street.feed(shot(grade="C"), T_US))
    assert not of(Announce, street.feed(shot(40, 0, T_US + 60 * S, grade="B"), T_US + 60 * S))
    reason = says(street, "announce")
    assert (reason.word, reason.rule, reason.weighed.zone) == ("grade", "policy.zone outer.announce", "outer")


def test_the_lamps_of_the_street_that_a_shot_is_in_come_up_farther_than_others():
    street_zone = Zone("Elm Street", lines=(((-300, 0), (300, 0)),), within_m=12.0)
    street = policy(lights=LampRules(radius_m=50, street_radius_m=250, streets=(street_zone,)))

    assert of(Light, street.feed(shot(), T_US))[0].lamps == ("near", "along")
    beside = policy(lights=LampRules(radius_m=50, street_radius_m=250, streets=(street_zone,)))
    assert of(Light, beside.feed(shot(0, 20), T_US))[0].lamps == ("near",)
    shorter = policy(lights=LampRules(radius_m=50, street_radius_m=150, streets=(street_zone,)))
    assert of(Light, shorter.feed(shot(), T_US))[0].lamps == ("near",)


def event(**parts):
    return Region("permit 113", SQUARE, parts, T_US - 60 * S, T_US + 60 * S)


def test_an_incident_within_an_announced_event_is_marked_and_lights_are_as_without():
    quiet = (event(cameras=Part(Change(act=False)), announce=Part(Change(min_p_gunshot=0.5))),)
    street, plain = policy(quiet=quiet), policy()
    orders, without = street.feed(shot(), T_US), plain.feed(shot(), T_US)

    assert of(Light, orders) == of(Light, without) != []
    marked, plainly = (of(Announce, each)[0].incident for each in (orders, without))
    assert (marked.quiet, plainly.quiet) == ("permit 113", "")
    assert (marked.id, marked.kind, marked.grade) == (plainly.id, plainly.kind, plainly.grade)
    assert of(Aim, without) and not of(Aim, orders)
    assert says(street, "cameras").rule == "policy.quiet permit 113.cameras"


@pytest.mark.parametrize(
    ("e", "after_s", "marked"),
    [(0, 0, True), (60, 0, False), (0, 59.9, True), (0, 60, False), (0, -60, True), (0, -61, False)],
)
def test_only_what_lies_in_the_place_and_the_time_is_marked(e, after_s, marked):
    t_us = T_US + round(after_s * S)

    incident = of(Announce, policy(quiet=(event(),)).feed(shot(e, t_us=t_us), t_us))[0].incident
    assert bool(incident.quiet) == marked


def test_one_round_outside_of_the_event_takes_the_mark_from_the_incident():
    street = policy(quiet=(event(),))
    first = of(Announce, street.feed(shot(), T_US))[0].incident
    second = of(Announce, street.feed(shot(80, 0, T_US + S), T_US + S))[0].incident

    assert (first.id, first.quiet, second.quiet) == (second.id, "permit 113", "")


def test_a_limit_holds_back_whole_incidents_and_says_so():
    street = policy(lights=LampRules(most_per_h=2), incident_gap_s=5)
    lit = [bool(of(Light, street.feed(shot(t_us=T_US + at * S), T_US + at * S))) for at in (0, 400, 800)]
    reason = says(street, "lights")

    assert lit == [True, True, False]
    assert (reason.word, reason.bound, street.n_limited) == ("limit", 2, 1)
    assert of(Light, street.feed(shot(t_us=T_US + 3601 * S), T_US + 3601 * S))


def test_what_follows_of_an_incident_that_was_admitted_is_not_cut():
    street = policy(cameras=CameraRules(most_per_h=1))
    first = street.feed(shot(), T_US)
    second = street.feed(shot(5, 5, T_US + S, p=0.9), T_US + S)
    better = replace(shot(-20, -30, T_US + 2 * S), fix=Fix((-20, -30, 0), T_US + 2 * S, np.eye(2), np.zeros(6), 1.0))
    third = street.feed(better, T_US + 2 * S)

    assert of(Aim, first) and of(Aim, third) and len(of(Aim, second)) <= 1


def test_a_limit_counts_what_a_gateway_before_this_one_did_and_moves_with_the_clock():
    street = policy(lights=LampRules(most_per_h=1))
    street.recall([Spent("lights", "before", T_US - 10 * S)])
    assert not of(Light, street.feed(shot(), T_US))
    early = policy(lights=LampRules(most_per_h=1))
    early.recall([Spent("lights", "soon-before", T_US - 10 * S)])
    assert of(Light, early.feed(shot(), T_US))

    street.shift(7200 * S)
    assert not of(Light, street.feed(shot(t_us=T_US + 7200 * S), T_US + 7200 * S))
    assert of(Light, street.feed(shot(t_us=T_US + 10_800 * S), T_US + 10_800 * S))


def test_people_are_told_of_everything_however_often_it_comes():
    street, told = policy(announce=AnnounceRules(at_once=2, then_s=10)), []
    for i in range(40):
        told += of(Announce, street.feed(shot(t_us=T_US + i * S), T_US + i * S))
    told += of(Announce, street.tick(T_US + 60 * S))

    assert len({each.fix.t_us for announce in told for each in announce.news}) == 40
    assert 4 <= len(told) <= 7


@pytest.mark.parametrize(
    ("arrange", "act", "word"),
    [
        ({"shot": shot(grade="C"), "lights": LampRules("B")}, "lights", "grade"),
        ({"shot": shot(p=0.1)}, "lights", "p_gunshot"),
        ({"shot": shot(), "sun_deg": 10.0}, "lights", "day"),
        ({"shot": shot(1000)}, "lights", "far"),
        ({"shot": shot(1000)}, "cameras", "blind"),
        ({"shot": shot(t_us=T_US - 31 * S)}, "cameras", "old"),
        ({"shot": shot(t_us=T_US + 3 * S)}, "lights", "ahead"),
        ({"shot": shot()}, "lights", "does"),
        ({"shot": shot(), "announce": AnnounceRules(act=False)}, "announce", "off"),
    ],
)
def test_each_reason_is_given_for_what_it_is(arrange, act, word):
    given_shot = arrange.pop("shot")
    street = policy(**arrange)
    street.feed(given_shot, T_US)
    reason = says(street, act)

    assert (reason.word, reason.does) == (word, word == "does")


def test_a_withdrawn_round_moves_nothing_and_says_so():
    street = policy()
    street.feed(replace(shot(), arrivals=()), T_US)
    street.revise(Revised(shot(), replace(shot(), withdrawn=True)), T_US + S)

    assert says(street, "lights").word == "withdrawn"


def test_a_drizzle_makes_no_drizzle_of_reasons():
    street = policy()
    for i in range(50):
        street.feed(shot(t_us=T_US + i * S), T_US + i * S)
    reasons = street.take_reasons()

    assert [(each.act, each.number, each.word) for each in reasons if each.word != "again"] == [
        ("lights", 1, "does"),
        ("cameras", 1, "does"),
        ("announce", 1, "does"),
    ]
    assert {each.act for each in reasons if each.word == "again"} == {"cameras"}  # an order waits for its reason
    assert street.take_reasons() == []


ROUNDS = st.lists(
    st.tuples(st.floats(-300, 300), st.integers(0, 90), st.sampled_from("ABC"), st.floats(0, 1)), max_size=12
)


@given(ROUNDS)
def test_every_order_bears_the_name_of_a_reason_for_it_and_no_two_the_same(rounds):
    street, orders = policy(lights=LampRules(hold_s=20), incident_gap_s=10), []
    for e, at, grade, p in sorted(rounds, key=lambda each: each[1]):
        orders += street.tick(T_US + at * S)
        orders += street.feed(shot(e, 0, T_US + at * S, grade, p), T_US + at * S)
    orders += street.tick(T_US + 200 * S)
    named = [(order.incident, order.action) for order in of((Light, Aim), orders)]
    reasons = {(each.incident, each.action) for each in street.take_reasons() if each.does}

    assert len(set(named)) == len(named)
    assert {(name, action.partition(AGAIN)[0]) for name, action in named if name != "start"} <= reasons


@given(ROUNDS)
def test_the_same_rounds_give_the_same_reasons(rounds):
    def told():
        street = policy()
        for e, at, grade, p in sorted(rounds, key=lambda each: each[1]):
            street.feed(shot(e, 0, T_US + at * S, grade, p), T_US + at * S)
        return street.take_reasons()

    assert told() == told()


def test_the_hours_of_an_event_are_those_of_the_shot_and_not_of_its_telling():
    until_us = round(datetime(2026, 7, 4, 22, 30, tzinfo=UTC).timestamp()) * S
    quiet = (Region("fireworks", SQUARE, {}, until_us - 3600 * S, until_us),)
    late = policy(quiet=quiet).feed(shot(t_us=until_us - S), until_us + 20 * S)

    assert of(Announce, late)[0].incident.quiet == "fireworks"


@pytest.mark.parametrize(("p", "keeps"), [(0.9, True), (0.4, False), (None, True)])
def test_an_incident_says_whether_clips_of_it_are_kept(p, keeps):
    street = policy(clips=ActRules(min_p_gunshot=0.5))
    incident = of(Announce, street.feed(shot(p=p), T_US))[0].incident

    assert incident.clips == keeps
    assert says(street, "clips").word == ("does" if keeps else "p_gunshot")


def test_clips_that_were_begun_are_not_given_up_and_limits_count_incidents():
    street = policy(clips=ActRules(min_grade="B", most_per_h=1), incident_gap_s=5)
    first = of(Announce, street.feed(shot(grade="B"), T_US))[0].incident
    street.feed(shot(t_us=T_US + 2 * S, grade="B"), T_US + 2 * S)
    late = street.feed(shot(t_us=T_US + 4 * S, grade="C"), T_US + 60 * S)
    other = of(Announce, street.feed(shot(t_us=T_US + 90 * S), T_US + 90 * S))[0].incident

    assert (first.clips, of(Announce, late)[0].incident.clips, other.clips) == (True, True, False)
    assert says(street, "clips").word == "limit"


def test_without_rules_for_clips_nothing_is_said_of_them():
    street = policy()

    assert of(Announce, street.feed(shot(p=0.01), T_US))[0].incident.clips
    assert "clips" not in {each.act for each in street.take_reasons()}
