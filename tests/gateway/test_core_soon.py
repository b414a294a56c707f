"""The core acts on six arrivals that agree, at once, and decides as it would have."""

import json
import math

import numpy as np

from dsp.air import Air
from dsp.geodesy import Site
from firmware import wire
from gateway.alerts.told import line, record
from gateway.effects import Effect
from gateway.incident import Announce, Arrival, Heard, News, Unplaced
from gateway.journal.recovery import recent, take_up
from gateway.journal.rows import Row
from gateway.orders import Aim, Light
from gateway.placing.acoustics import Acoustics
from gateway.placing.soon import Soon
from gateway.placing.too_few import with_area
from gateway.reasons import Because

S = 1_000_000
SHOT = (45.0, 30.0, 1.5)


def live(core, frames, until_us):
    """Frames as they come in, and a tick every 50 ms; effects with the time at which they were asked for."""
    told: list[tuple[int, Effect]] = []
    now_us = frames[0][0]
    for at_us, frame in frames:
        told += [(tick_us, each) for tick_us in range(now_us, at_us, 50_000) for each in core.tick(tick_us)]
        told += [(at_us, each) for each in core.feed(frame, at_us)]
        now_us = at_us
    return told + [(tick_us, each) for tick_us in range(now_us, until_us, 50_000) for each in core.tick(tick_us)]


def up(told):
    return [(at_us, each) for at_us, each in told if isinstance(each, Light) and each.level_pct == 100]


def test_the_sixth_agreeing_arrival_lights_the_lamps_and_turns_the_camera_in_the_same_breath(small_street):
    frames = small_street.frames_of(SHOT)
    told = live(small_street.core(soon=Soon()), frames, small_street.t_us + 8 * S)
    soon, decided = up(told)[0], up(told)[1]
    aims = [(at_us, each.incident[:5]) for at_us, each in told if isinstance(each, Aim)]

    assert (soon[0], soon[1].incident[:5]) == (frames[5][0], "soon-")
    assert not decided[1].incident.startswith("soon-")
    assert decided[0] - soon[0] > 300_000
    assert aims[0] == (frames[5][0], "soon-")
    assert set(soon[1].lamps) == set(decided[1].lamps)


def test_what_is_decided_is_the_same_to_the_bit_with_it_and_without(small_street):
    frames = [*small_street.frames_of(SHOT), *small_street.frames_of((80.0, 40.0, 1.5), small_street.t_us + 2 * S)]
    nights = [live(small_street.core(soon=soon), frames, small_street.t_us + 8 * S) for soon in (Soon(), None)]
    with_it, without = (
        [repr(each) for each in night if not getattr(each[1], "incident", "").__str__().startswith("soon-")]
        for night in nights
    )

    assert with_it == without
    assert any(isinstance(each, Announce) for _, each in nights[0])


def test_a_replay_asks_for_the_same(small_street):
    frames = small_street.frames_of(SHOT)
    told = [each for _, each in live(small_street.core(soon=Soon()), frames, small_street.t_us + 60 * S)]
    again = small_street.replay(small_street.core(soon=Soon()), frames)

    lit, lit_again = ([repr(each) for each in effects if isinstance(each, Light | Aim)] for effects in (told, again))
    assert lit and lit == lit_again


def test_a_gateway_that_starts_again_does_not_repeat_what_was_done_soon(small_street):
    frames = small_street.frames_of(SHOT)[:6]
    told = live(small_street.core(soon=Soon()), frames, frames[5][0] + S // 10)
    now_us = frames[5][0] + S // 4
    rows = [Row("frame", at_us, frame, f"n{i}", 5, i) for i, (at_us, frame) in enumerate(frames)]
    for at_us, each in told:
        if isinstance(each, Because):
            body = {"incident": each.incident, "act": each.act, "number": each.number}
            rows.append(Row("reason", at_us, json.dumps(body).encode()))
        elif isinstance(each, Light):
            done = {"incident": each.incident, "action": each.action, "done": True}
            rows += [Row("effect", at_us, json.dumps({**done, "device": lamp}).encode()) for lamp in each.lamps]
    left = take_up(small_street.core(soon=Soon()), recent(rows[::-1], now_us), now_us)

    assert any(isinstance(each, Aim) for _, each in told)
    assert not [each for each in left if isinstance(each, Light | Aim)]


def test_what_later_looks_take_for_something_else_gives_the_lamps_back_and_counts(small_street):
    frames = small_street.frames_of(SHOT)
    nodes = sorted(small_street.poles, key=lambda node: math.dist(small_street.poles[node].xyz_m, SHOT))
    looks = [
        (frames[6][0] + S // 20, small_street.frame(node, wire.Look(number, 500, 1, wire.OTHER, None)))
        for number, node in enumerate(nodes, 1)
    ]
    core = small_street.core(soon=Soon())
    told = live(core, [*frames, *looks], frames[6][0] + 25 * S)
    lights = [(at_us, each.level_pct, each.incident[:5]) for at_us, each in told if isinstance(each, Light)]

    assert (core.counts["rounds"], core.counts["soon"], core.counts["for_nothing"]) == (1, 1, 1)
    assert [each[1:] for each in lights] == [(100, "soon-"), (30, "soon-")]
    assert 20 * S <= lights[1][0] - lights[0][0] <= 20 * S + 50_000
    assert [each.what for _, each in told if isinstance(each, News)] == ["soon"]


def test_three_poles_that_heard_a_shot_tell_of_an_area_and_of_no_fix():
    places = {"n0": (0.0, 0.0, 6.0), "n1": (120.0, 10.0, 6.0), "n2": (40.0, 130.0, 6.0)}
    air, t_us = Air(), 1_763_000_000_000_000
    heard = tuple(
        Arrival(node, xyz_m, t_us + round(math.dist(xyz_m, (50, 40, 1.5)) / air.speed_mps * 1e6), 500, 30.0, 90.0, 0.9)
        for node, xyz_m in places.items()
    )
    site, group = Site(38.9, -77.0, 20.0), with_area(Unplaced("only 3 poles heard it", heard), air, Acoustics())
    words, told = line(Heard(group, t_us), site), record(Heard(group, t_us), site)

    assert "AREA, NO FIX" in words and "grade" not in words
    assert (told["what"], told["nodes"], told["p_gunshot"]) == ("area", ["n0", "n1", "n2"], 0.9)
    assert "grade" not in told and told["area"]["ellipse_95"]["major_m"] > 10
    assert np.hypot(told["area"]["e_m"] - 50, told["area"]["n_m"] - 40) <= told["area"]["ellipse_95"]["major_m"]


def test_poles_that_do_not_take_it_for_a_shot_tell_of_no_area():
    heard = tuple(Arrival(f"n{i}", (50.0 * i, 0.0, 6.0), 10**15, 500, 30.0, 90.0, None) for i in range(3))

    assert with_area(Unplaced("why", heard), Air(), Acoustics()).area is None
