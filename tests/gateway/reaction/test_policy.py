"""What the street does about a round: incidents, lamps, cameras, the age of events."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.geodesy import Site, bearing
from dsp.placing.fix import Fix
from gateway.incident import Announce, Round, best
from gateway.orders import Aim, Light
from gateway.reaction.camera_policy import CameraRules
from gateway.reaction.lamp_policy import LampPolicy, LampRules
from gateway.reaction.policy import AnnounceRules, Policy, Rules
from gateway.reaction.sun import sun_over
from gateway.street import Lamp, Mount, angle_deg

T_US = 1_763_000_000_000_000
S = 1_000_000
LAMPS = [Lamp("near", (10, 0, 6)), Lamp("far", (500, 0, 6))]
MOUNTS = [
    Mount("west", (-40, 0, 5), bearing_deg=90, range_m=100),
    Mount("east", (30, 0, 5), bearing_deg=0, range_m=100),
]


def shot(e=0.0, n=0.0, t_us=T_US, grade="A", p=0.9, var_m2=4.0):
    fix = Fix((e, n, 0.0), t_us, np.eye(2) * var_m2, np.zeros(6), 100.0)
    kind = "gunshot" if p is not None and p >= 0.5 else "possible gunshot" if p is not None and p >= 0.15 else "other"
    return Round(fix, (), grade, p, "unknown" if p is None else kind)


def policy(sun_deg=-20.0, mounts=(), lamps=LAMPS, **rules):
    return Policy(Rules(**rules), lamps, mounts, lambda t_us: sun_deg)


def of(kind, orders):
    return [order for order in orders if isinstance(order, kind)]


def test_a_fresh_shot_at_night_lights_the_lamps_within_the_radius():
    orders = policy().feed(shot(), T_US + S)
    incident = of(Announce, orders)[0].incident

    assert of(Light, orders) == [Light(("near",), 100, incident.id, T_US + 30 * S)]
    assert (incident.grade, incident.kind, incident.historic) == ("A", "gunshot", False)


@pytest.mark.parametrize(
    ("sun_deg", "lit"), [(-0.9, True), (-0.8, False), (45.0, False), (None, True), (float("nan"), True)]
)
def test_lamps_come_up_when_it_is_dark_or_nobody_knows(sun_deg, lit):
    assert bool(of(Light, policy(sun_deg).feed(shot(), T_US))) == lit


def test_lamps_come_up_by_day_where_the_rules_say_so():
    assert of(Light, policy(45.0, lights=LampRules(only_when_dark=False)).feed(shot(), T_US))


@pytest.mark.parametrize(
    ("age_s", "acts"), [(0, True), (30, True), (30.1, False), (3600, False), (-2, True), (-3, False)]
)
def test_only_a_fresh_event_moves_anything_and_every_one_is_told(age_s, acts):
    orders = policy(mounts=MOUNTS).feed(shot(), T_US + round(age_s * S))

    assert bool(of(Light, orders)) == bool(of(Aim, orders)) == acts
    assert of(Announce, orders)[0].incident.historic == (not acts)


def test_a_second_round_holds_the_lamps_longer_and_asks_again_for_those_that_are_not_up():
    street = policy(lights=LampRules(hold_s=60))
    street.tick(T_US - 100 * S)
    first = street.feed(shot(), T_US + S)
    second = street.feed(shot(3, 4, T_US + 20 * S), T_US + 21 * S)

    assert [(each.lamps, each.action, each.again) for each in of(Light, [*first, *second])] == [
        (("near",), "lights-1", False),
        (("near",), "lights-1+1", True),
    ]
    assert [each.expires_us for each in of(Light, second)] == [T_US + 50 * S]
    assert street.tick(T_US + 62 * S) == [Light(("far",), 30, "start", back=True)]
    assert street.tick(T_US + 80 * S) == []
    assert street.tick(T_US + 81 * S) == [Light(("near",), 30, of(Announce, first)[0].incident.id, back=True)]
    assert street.tick(T_US + 500 * S) == []


def test_shots_in_a_burst_ask_for_a_lamp_once():
    street = policy()
    orders = [each for i in range(30) for each in street.feed(shot(t_us=T_US + i * S // 10), T_US + i * S // 10)]

    assert [each.action for each in of(Light, orders)] == ["lights-1", "lights-1+1", "lights-1+2"]


def test_a_lamp_is_asked_for_again_after_the_clock_was_set():
    lamps = LampPolicy(LampRules(), LAMPS, lambda t_us: -20.0)
    lamps.light("i", (0, 0, 0), T_US, T_US + 30 * S)
    lamps.shift(-3600 * S)
    at_us = T_US - 3600 * S

    assert not lamps.light("i", (0, 0, 0), at_us + S // 2, at_us + 30 * S)
    assert [each.again for each in lamps.light("i", (0, 0, 0), at_us + S, at_us + 30 * S)] == [True]


def test_a_later_round_asks_again_for_the_same_camera_which_may_have_been_away():
    street = policy(mounts=MOUNTS)
    first = of(Aim, street.feed(shot(), T_US))
    again = of(Aim, street.feed(shot(t_us=T_US + 5 * S), T_US + 5 * S))

    assert [each.camera for each in again] == [each.camera for each in first]
    assert {(each.action, each.again, each.expires_us) for each in again} == {("cameras-2", True, T_US + 35 * S)}
    assert [each.word for each in street.take_reasons() if each.act == "cameras"] == ["does", "again"]


def test_of_two_incidents_the_one_that_a_camera_was_turned_from_does_not_ask_for_it_again():
    street = policy(mounts=MOUNTS[:1], incident_radius_m=20)
    street.feed(shot(), T_US)
    street.feed(shot(30, t_us=T_US + 2 * S), T_US + 2 * S)

    assert not of(Aim, street.feed(shot(t_us=T_US + 4 * S), T_US + 4 * S))
    assert of(Aim, street.feed(shot(30, t_us=T_US + 5 * S), T_US + 5 * S))


def test_what_an_earlier_run_left_lit_goes_back_after_one_hold():
    street = policy(lights=LampRules(hold_s=60))

    assert street.tick(T_US) == []
    assert street.tick(T_US + 60 * S) == [Light(("far", "near"), 30, "start", back=True)]


def test_lamps_come_up_at_once_and_go_back_in_the_time_that_the_rules_say():
    street = policy(lights=LampRules(hold_s=60, fade_s=5.0))
    up = of(Light, street.feed(shot(), T_US + S))
    back = street.tick(T_US + 62 * S)

    assert [each.fade_s for each in up] == [0.0]
    assert {each.fade_s for each in back} == {5.0}


def test_lamps_go_out_if_it_is_day_when_the_hold_ends():
    sun = {"deg": -20.0}
    street = Policy(Rules(lights=LampRules(hold_s=60)), LAMPS[:1], (), lambda t_us: sun["deg"])
    street.feed(shot(), T_US)
    sun["deg"] = 5.0

    assert of(Light, street.tick(T_US + 61 * S))[0].level_pct == 0


def test_a_round_of_another_incident_lights_a_held_lamp_again_and_holds_it_to_its_own_end():
    street = policy(lights=LampRules(hold_s=60), incident_radius_m=50)
    street.tick(T_US)
    street.feed(shot(-80), T_US)
    orders = street.feed(shot(80, t_us=T_US + S), T_US + S)

    assert of(Light, orders)[0].lamps == ("near",)
    assert [order.lamps for order in street.tick(T_US + 60 * S)] == [("far",)]
    assert [order.lamps for order in street.tick(T_US + 61 * S)] == [("near",)]


def test_rounds_near_in_space_and_time_are_one_incident_with_the_grade_of_the_best():
    street = policy()
    grades = [
        of(Announce, street.feed(shot(e, 0, T_US + round(t * S), grade), T_US + round(t * S) + S))[0].incident
        for e, t, grade in ((0, 0, "C"), (50, 1, "A"), (60, 2, "B"))
    ]

    assert len({incident.id for incident in grades}) == 1
    assert [incident.grade for incident in grades] == ["C", "A", "A"]
    assert [len(incident.rounds) for incident in grades] == [1, 2, 3]


@pytest.mark.parametrize(("e", "t_s", "same"), [(99, 29, True), (101, 0, False), (0, 31, False)])
def test_rounds_farther_off_or_later_are_another_incident(e, t_s, same):
    street = policy()
    first = of(Announce, street.feed(shot(), T_US))[0].incident
    second = of(Announce, street.feed(shot(e, 0, T_US + t_s * S), T_US + t_s * S))[0].incident

    assert (first.id == second.id) == same


def test_a_late_round_of_a_live_incident_moves_nothing():
    street = policy(mounts=MOUNTS)
    street.feed(shot(), T_US)
    orders = street.feed(shot(20, 20, T_US + S), T_US + 35 * S)

    assert not of(Light, orders) and not of(Aim, orders)
    assert not of(Announce, orders)[0].incident.historic


@pytest.mark.parametrize(("grade", "acts"), [("A", True), ("B", True), ("C", False)])
def test_each_act_asks_for_its_own_grade(grade, acts):
    street = policy(
        mounts=MOUNTS, lights=LampRules(min_grade="B"), cameras=CameraRules("B"), announce=AnnounceRules("B")
    )

    assert bool(street.feed(shot(grade=grade), T_US)) == acts


@pytest.mark.parametrize(("p", "acts"), [(0.9, True), (0.2, False), (None, True)])
def test_an_unlikely_gunshot_turns_no_camera_where_the_rules_say_so(p, acts):
    assert bool(of(Aim, policy(mounts=MOUNTS, cameras=CameraRules("C", 0.5)).feed(shot(p=p), T_US))) == acts


@pytest.mark.parametrize(("p", "acts", "kind"), [(0.3, True, "possible gunshot"), (0.1, False, "other")])
def test_lights_and_cameras_act_on_a_possible_gunshot_unless_told_otherwise(p, acts, kind):
    orders = policy(mounts=MOUNTS).feed(shot(p=p), T_US)

    assert bool(of(Light, orders)) == bool(of(Aim, orders)) == acts
    assert of(Announce, orders)[0].incident.kind == kind


def test_an_incident_is_what_its_likeliest_round_is_however_well_that_is_placed():
    street = policy(lights=LampRules(min_p_gunshot=0.5))
    street.feed(shot(p=0.9, grade="C"), T_US)
    orders = street.feed(shot(3, 4, T_US + S, "A", p=0.3), T_US + 2 * S)
    incident = of(Announce, orders)[0].incident

    assert (incident.kind, incident.grade) == ("gunshot", "A")


def test_where_one_camera_turns_the_nearest_does_and_the_other_is_its_next_best():
    aim = of(Aim, policy(mounts=MOUNTS, cameras=CameraRules(at_once=1)).feed(shot(), T_US))[0]
    azimuth_deg, elevation_deg, _ = bearing((30, 0, 5), (0, 0, 1.5))

    assert (aim.camera, aim.otherwise.camera, aim.otherwise.otherwise) == ("east", "west", None)
    assert (aim.azimuth_deg, aim.elevation_deg) == (azimuth_deg, elevation_deg)
    assert aim.azimuth_deg == pytest.approx(270)


@pytest.mark.parametrize(
    "mount",
    [
        Mount("short", (30, 0, 5), range_m=29),
        Mount("stiff", (30, 0, 5), bearing_deg=0, pan_deg=(-80, 80)),
        Mount("high", (3, 0, 20), tilt_deg=(-60, 30)),
    ],
)
def test_a_camera_that_cannot_see_the_place_is_not_asked(mount):
    assert not of(Aim, policy(mounts=[mount]).feed(shot(), T_US))


@pytest.mark.parametrize(
    ("e", "var_m2", "turns"), [(0.3, 1.0, False), (0.0, 1.0, False), (5.0, 1.0, True), (5.0, 9.0, False)]
)
def test_a_camera_turns_again_only_for_a_better_fix_more_than_a_degree_away(e, var_m2, turns):
    street = policy(mounts=[Mount("north", (0, 30, 5), range_m=200)])
    street.feed(shot(), T_US)

    orders = of(Aim, street.feed(shot(e, 0, T_US + S, var_m2=var_m2), T_US + S))

    assert [each.again for each in orders] == [not turns]


def test_the_best_round_is_the_highest_grade_then_the_smallest_ellipse():
    rounds = [shot(grade="B", var_m2=1), shot(grade="A", var_m2=9), shot(grade="A", var_m2=4)]

    assert best(rounds) is rounds[2]


@given(st.floats(0, 360), st.floats(-360, 360), st.floats(-80, 25))
def test_pan_is_the_azimuth_less_the_mounts_bearing(azimuth_deg, bearing_deg, elevation_deg):
    pan_deg, tilt_deg = Mount("m", (0, 0, 0), bearing_deg).pan_tilt(azimuth_deg, elevation_deg)

    assert -180 <= pan_deg <= 180 + 1e-9
    assert tilt_deg == elevation_deg
    assert angle_deg((pan_deg + bearing_deg, 0), (azimuth_deg, 0)) < 1e-6


@pytest.mark.parametrize(
    ("azimuth", "bearing_deg", "pan"), [(90, 0, 90), (10, 350, 20), (350, 10, -20), (0, -90, 90), (270, 180, 90)]
)
def test_known_pans(azimuth, bearing_deg, pan):
    assert Mount("m", (0, 0, 0), bearing_deg).pan_tilt(azimuth, 0) == (pan, 0)


def test_a_camera_that_turns_one_way_only_takes_the_long_way_round():
    assert Mount("m", (0, 0, 0), 0, pan_deg=(0, 350)).pan_tilt(270, 0) == (270, 0)
    assert Mount("m", (0, 0, 0), 0, pan_deg=(0, 350)).pan_tilt(355, 0) is None


@given(st.lists(st.tuples(st.floats(-300, 300), st.floats(-300, 300), st.integers(0, 90)), min_size=1, max_size=12))
def test_a_lamp_that_an_incident_holds_is_only_asked_for_again_and_every_lit_lamp_goes_back(rounds):
    street = policy(lamps=[Lamp(f"l{i}", (i * 40 - 200, 0, 6)) for i in range(10)], lights=LampRules(hold_s=20))
    rounds = sorted(rounds, key=lambda each: each[2])
    orders = []
    for e, n, t_s in rounds:
        orders += street.tick(T_US + t_s * S)
        orders += street.feed(shot(e, n, T_US + t_s * S), T_US + t_s * S)
    orders += street.tick(T_US + 200 * S)
    held, last = set(), {}
    for order in of(Light, orders):
        for lamp in order.lamps:
            assert order.level_pct == 30 or ((order.incident, lamp) in held) == order.again
            held = (
                {each for each in held if each[1] != lamp} if order.level_pct == 30 else held | {(order.incident, lamp)}
            )
            last[lamp] = order.level_pct

    assert set(last.values()) <= {30}


def test_a_later_round_of_an_incident_lights_again_what_has_gone_back_to_rest():
    street = policy(lights=LampRules(hold_s=5))
    first = street.feed(shot(), T_US)
    went_back = street.tick(T_US + 6 * S)
    second = street.feed(shot(3, 4, T_US + 10 * S), T_US + 10 * S)

    assert "near" in went_back[0].lamps
    assert of(Announce, first)[0].incident.id == of(Announce, second)[0].incident.id
    assert of(Light, second) == [Light(("near",), 100, of(Announce, first)[0].incident.id, T_US + 40 * S)]


def test_the_same_rounds_give_the_same_names_again():
    names = [of(Announce, policy().feed(shot(12.3, 4.5), T_US))[0].incident.id for _ in range(2)]

    assert names[0] == names[1]
    assert names[0].startswith("20251113T021320Z-")


def test_the_sun_stands_high_at_noon_and_low_at_midnight():
    """Near Berlin at the solstice of 2026, at 11:08 UTC, local noon: 90 - latitude + obliquity."""
    sun = sun_over(Site(52.5, 13.4))

    assert sun(1_782_040_080_000_000) == pytest.approx(90 - 52.5 + 23.44, abs=0.3)
    assert sun(1_782_040_080_000_000 + 12 * 3600 * S) == pytest.approx(-(90 - 52.5 - 23.44), abs=0.5)
    assert sun(10**30) is None
