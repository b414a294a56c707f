"""Frames that come late, through the whole core: told once, under one name, and the same again from the journal."""

from dataclasses import replace

import pytest

from firmware import wire
from gateway.alerts.bulletin import headline, incident_record
from gateway.alerts.notices import heard_line, heard_record
from gateway.incident import Announce, Heard, Revised, Store
from gateway.orders import Aim, Light
from gateway.reaction.policy import Policy, Rules

S = 1_000_000
SHOT = (45.0, 30.0, 1.5)
FOUR = ("n0", "n1", "n3", "n4")


class Learner:
    """A Watch that only notes what it is taught."""

    def __init__(self, air):
        self.air, self.taught = air, []

    def feed(self, shot, now_us):
        self.taught.append(shot)
        return []

    def tick(self, boxes_c, now_us):
        return []


def of(kind, effects):
    return [effect for effect in effects if isinstance(effect, kind)]


def node_of(frame):
    return bytes(wire.split(frame).kid).decode()


def live(core, frames, after_us=40 * S):
    effects = [effect for at_us, frame in sorted(frames) for effect in core.feed(frame, at_us)]
    return effects + core.tick(max(at_us for at_us, _ in frames) + after_us)


def shots(street, late_us, nodes=tuple(f"n{i}" for i in range(7)), n=3):
    """Shots 60 s apart; late_us : by node."""
    frames = []
    for i in range(n):
        heard = street.frames_of((SHOT[0] + 5 * i, *SHOT[1:]), street.t_us + 60 * S * i)
        said = [(at_us, frame, node_of(frame)) for at_us, frame in heard]
        frames += [(at_us + late_us.get(node, 0), frame) for at_us, frame, node in said if node in nodes]
    return frames


def told(effects):
    return [
        (each.incident.id, each.incident.grade, [(r.fix.xyz_m, r.fix.t_us, r.arrivals) for r in each.incident.rounds])
        for each in of(Announce, effects)
    ]


def lit_for_incidents(effects):
    """Without what comes up at once for an area, where the fourth pole's word is late."""
    lights = [each for each in of(Light, effects) if each.expires_us is not None]
    return [each for each in lights if not each.incident.startswith("area-")]


@pytest.mark.parametrize(
    "late_us", [{"n4": 3 * S}, {"n4": 5 * S}, {"n0": 2 * S, "n1": 9 * S, "n3": 5 * S, "n4": 7 * S}, {"n3": 25 * S}]
)
def test_three_shots_of_three_are_placed_live_and_from_the_journal(small_street, late_us):
    effects = live(small_street.core(), shots(small_street, late_us, FOUR))
    again = small_street.replay(small_street.core(), [(each.received_us, each.frame) for each in of(Store, effects)])

    assert len(of(Announce, effects)) == len({each.incident.id for each in of(Announce, effects)}) == 3
    assert not any(each.incident.historic for each in of(Announce, effects))
    assert of(Aim, effects)
    assert len(lit_for_incidents(effects)) == 3
    assert told(again) == told(effects)


def test_a_round_that_late_arrivals_complete_after_half_a_minute_is_historic_and_moves_nothing(small_street):
    effects = live(small_street.core(), shots(small_street, {"n4": 45 * S}, FOUR, n=1))

    assert [each.incident.historic for each in of(Announce, effects)] == [True]
    assert not of(Aim, effects)
    assert lit_for_incidents(effects) == []


def test_a_fix_that_late_arrivals_better_is_an_update_under_its_name(small_street):
    core = small_street.core()
    effects = live(core, shots(small_street, {"n1": 6 * S, "n2": 7 * S, "n6": 8 * S}, n=1))
    announced = [each.incident for each in of(Announce, effects)]

    assert len({incident.id for incident in announced}) == 1
    assert [len(incident.rounds) for incident in announced] == [1] * len(announced)
    assert (announced[0].grade, announced[-1].grade) == ("C", "A")
    assert len(announced[-1].rounds[0].arrivals) == 7
    assert core.counts["rounds"] == 1


def test_the_same_shot_comes_out_at_the_same_place_live_and_late(small_street):
    """Four poles live and three later, or all at once from a backlog: one place in the end."""
    frames = shots(small_street, {}, n=1)
    at_once = live(small_street.core(), [(at_us + 50 * S, frame) for at_us, frame in frames])
    in_time = live(small_street.core(), frames)
    partly = live(small_street.core(), [(at_us + 9 * S * (i % 2), frame) for i, (at_us, frame) in enumerate(frames)])
    first, *_, last = (each.incident.rounds[0].fix for each in of(Announce, partly))

    assert told(in_time)[-1][2] == told(at_once)[-1][2] == told(partly)[-1][2]
    assert first.xyz_m != last.xyz_m


def test_nothing_is_learnt_twice_of_a_round_that_is_revised(small_street):
    learner = Learner(small_street.air)
    core = small_street.core(watch=learner)
    live(core, shots(small_street, {"n1": 6 * S, "n2": 7 * S}, n=1))

    assert core.counts["revised"] >= 1
    assert len(learner.taught) == 1


def test_a_shot_that_cannot_be_placed_is_told_with_its_poles_and_why(small_street):
    core = small_street.core()
    (heard,) = of(Heard, live(core, shots(small_street, {}, ("n0", "n1", "n3"), n=1)))

    assert sorted(arrival.node for arrival in heard.group.arrivals) == ["n0", "n1", "n3"]
    assert heard.group.why == "only 3 poles heard it; 4 are needed"
    assert core.counts["unplaced"] == 1


def test_what_cannot_be_placed_is_told_at_a_bounded_rate_and_the_rest_is_counted(small_street):
    core = small_street.core()
    frames = [
        (at_us, frame)
        for i in range(40)
        for at_us, frame in small_street.frames_of(SHOT, small_street.t_us + 2 * S * i)
        if node_of(frame) in ("n0", "n1", "n3")
    ]
    heard = of(Heard, live(core, frames))

    assert core.counts["unplaced"] == 40
    assert len(heard) + core.counts["untold"] == 40
    assert 20 <= len(heard) <= 40


def test_a_round_that_is_withdrawn_stays_in_its_incident_and_says_so(small_street):
    first = of(Announce, live(small_street.core(), shots(small_street, {}, n=1)))[0].incident
    (shot,) = first.rounds
    policy = Policy(Rules(), small_street.lamps, small_street.mounts, lambda t_us: -20.0)
    policy.feed(shot, shot.fix.t_us + S)
    (told,) = policy.revise(Revised(shot, replace(shot, withdrawn=True)), shot.fix.t_us + 9 * S)
    line = headline(told, small_street.site)

    assert told.incident.id == first.id
    assert "0 rounds" in line and "1 WITHDRAWN: late arrivals tell it otherwise" in line
    assert incident_record(told, small_street.site)["rounds"][0]["withdrawn"]


def test_what_has_no_place_is_a_line_and_a_record(small_street):
    (heard,) = of(Heard, live(small_street.core(), shots(small_street, {}, ("n0", "n1", "n3"), n=1)))
    record = heard_record(heard)

    assert heard_line(heard).endswith("NOT PLACED, heard by 3 poles (n0, n1, n3): only 3 poles heard it; 4 are needed")
    assert (record["what"], record["why"]) == ("unplaced", heard.group.why)
    assert sorted(record["nodes"]) == ["n0", "n1", "n3"]
    assert record["t_us"] == min(record["arrivals_us"])
