"""The core, whole: frames in, effects out, the same again on replay."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware import wire
from gateway.core import TICK_US
from gateway.incident import Announce, Reply, Store
from gateway.intake.seen import Seen
from gateway.journal.journal import Journal, frame_row
from gateway.journal.rows import kept, reading
from gateway.orders import Aim, Light

S = 1_000_000
SHOT = (45.0, 30.0, 1.5)


def of(kind, effects):
    return [effect for effect in effects if isinstance(effect, kind)]


def live(core, frames, until_us):
    """Frames as they come in, and a tick whenever the loop gets round to it."""
    effects = []
    now_us = frames[0][0]
    for at_us, frame in frames:
        for tick_us in range(now_us + 1, at_us, 37_123):
            effects += core.tick(tick_us)
        effects += core.feed(frame, at_us)
        now_us = at_us
    for tick_us in range(now_us + 1, until_us, 41_017):
        effects += core.tick(tick_us)
    return effects


def told(effects):
    """What was announced, to compare: names, grades, positions, times."""
    return [
        (
            each.incident.id,
            each.incident.grade,
            each.incident.historic,
            [(r.fix.xyz_m, r.fix.t_us) for r in each.incident.rounds],
        )
        for each in of(Announce, effects)
    ]


def test_a_shot_is_placed_and_lamps_camera_and_people_hear_of_it(small_street):
    frames = small_street.frames_of(SHOT)
    effects = live(small_street.core(), frames, small_street.t_us + 8 * S)
    incident = of(Announce, effects)[0].incident
    aim = of(Aim, effects)[0]

    assert math.dist(incident.rounds[0].fix.xyz_m[:2], SHOT[:2]) < 2
    assert abs(incident.rounds[0].fix.t_us - small_street.t_us) < 10_000
    assert (incident.grade, incident.kind) == ("A", "gunshot")
    assert of(Light, effects)[0].lamps == ("l0", "l1", "l2", "l3")
    assert aim.azimuth_deg == pytest.approx(math.degrees(math.atan2(45 - 60, 30 + 20)) % 360, abs=2)


def test_every_true_frame_is_stored_and_acked_and_the_store_comes_first(small_street):
    core = small_street.core()
    frames = small_street.frames_of(SHOT)
    effects = core.feed_all([frame for _, frame in frames[:3]], frames[2][0])
    kinds = [type(effect) for effect in effects]

    assert kinds == [Store] * 3 + [Reply] * 3
    assert {effect.frame for effect in of(Store, effects)} == {frame for _, frame in frames[:3]}
    for store, reply in zip(sorted(of(Store, effects), key=lambda each: each.node), of(Reply, effects), strict=True):
        ack = wire.open(reply.frame, small_street.keys[reply.node]).record
        assert (reply.node, ack.spans) == (store.node, ((5, store.sequence, store.sequence),))


def test_a_nodes_backlog_is_acked_in_spans(small_street):
    frames = [small_street.frame("n0", small_street.health(small_street.t_us)) for _ in range(5)]
    replies = of(Reply, small_street.core().feed_all([*frames[:2], *frames[3:]], small_street.t_us))

    assert len(replies) == 1
    assert wire.open(replies[0].frame, small_street.keys["n0"]).record.spans == ((5, 1, 2), (5, 4, 5))


def test_a_duplicate_is_acked_again_and_moved_no_further(small_street):
    frames = small_street.frames_of(SHOT)
    once = live(small_street.core(), frames, small_street.t_us + 8 * S)
    core = small_street.core()
    twice = live(core, [pair for pair in frames for _ in range(2)], small_street.t_us + 8 * S)

    assert told(twice) == told(once)
    assert len(of(Reply, twice)) == 2 * len(frames)
    assert (core.counts["frames"], core.counts["duplicates"], core.counts["arrivals"]) == (14, 7, 7)


def test_what_is_on_disk_already_is_acked_and_moved_no_further(small_street):
    frames = small_street.frames_of(SHOT)
    seen = Seen((f"n{i}", 5, sequence) for i in range(7) for sequence in range(100))
    effects = live(small_street.core(seen=seen), frames, small_street.t_us + 8 * S)

    assert len(of(Reply, effects)) == len(frames)
    assert not of(Announce, effects)


def test_a_node_that_is_not_surveyed_is_stored_and_acked_but_not_used(small_street):
    stranger = bytes(range(32))
    core = small_street.core(keys={**small_street.keys, "new": stranger})
    effects = core.feed(
        small_street.frame("new", small_street.arrival(small_street.t_us), key=stranger), small_street.t_us
    )

    assert [type(effect) for effect in effects] == [Store, Reply]
    assert (core.counts["unknown"], core.counts["arrivals"]) == (1, 0)


@pytest.mark.parametrize(("clock", "used"), [(wire.LOCKED, 1), (wire.HOLDOVER, 1), (wire.COARSE, 0), (wire.UNSET, 0)])
def test_an_arrival_counts_only_where_its_clock_is_good(small_street, clock, used):
    core = small_street.core()
    core.feed(small_street.frame("n1", small_street.arrival(small_street.t_us, clock)), small_street.t_us)

    assert (core.counts["arrivals"], core.counts["clock"]) == (used, 1 - used)


def test_health_is_remembered_by_node(small_street):
    core = small_street.core()
    core.feed(small_street.frame("n2", small_street.health(small_street.t_us)), small_street.t_us + 5)
    core.feed(small_street.frame("n2", small_street.arrival(small_street.t_us)), small_street.t_us + 9)

    assert core.nodes["n2"].heard_us == small_street.t_us + 9
    assert core.nodes["n2"].health.temperature_cc == 1850


def test_what_nobody_truly_said_is_counted_by_reason_and_leaves_no_effect(small_street):
    core = small_street.core()
    good = small_street.frame("n0", small_street.arrival(small_street.t_us))
    forged = bytearray(good)
    forged[-1] ^= 1
    ahead = small_street.frame("n0", small_street.arrival(small_street.t_us + 9 * S))
    effects = core.feed_all([b"", b"x" * 100, bytes(forged), ahead, good[:-3]], small_street.t_us)

    assert effects == []
    assert sum(core.counts[reason] for reason in wire.REASONS) == 5
    assert (core.counts["mac"], core.counts["time"]) == (1, 1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(st.binary(max_size=400))
def test_no_bytes_upset_the_core(small_street, noise):
    assert small_street.core().feed(noise, small_street.t_us) == []


def test_an_event_that_comes_late_is_historic_and_moves_nothing(small_street):
    late = [(at_us + 40 * S, frame) for at_us, frame in small_street.frames_of(SHOT)]
    effects = live(small_street.core(), late, small_street.t_us + 50 * S)

    assert len(late) == 7
    assert [each[2] for each in told(effects)] == [True]
    assert not of(Aim, effects)
    assert not of(Light, effects)


def test_hello_asks_every_node_for_what_is_not_acked(small_street):
    replies = small_street.core().hello()

    assert [reply.node for reply in replies] == list(small_street.poles)
    assert all(wire.open(reply.frame, small_street.keys[reply.node]).record == wire.Ack(()) for reply in replies)


async def test_a_replayed_journal_gives_the_very_same_incidents(small_street, tmp_path):
    shots = [(SHOT, 0), ((50, 33, 1.5), 900_000), ((100, 20, 1.5), 45 * S), ((20, -20, 1.5), 200 * S + 77)]
    frames = sorted(
        frame for xyz_m, after_us in shots for frame in small_street.frames_of(xyz_m, small_street.t_us + after_us)
    )
    effects = live(small_street.core(), frames, small_street.t_us + 260 * S)
    journal = Journal(tmp_path / "street.journal")
    for store in of(Store, effects):
        await journal.append([frame_row(store)])
    journal.close()
    with reading(tmp_path / "street.journal") as connection:
        stored = [(each.row.at_us, each.row.body) for each in kept(connection, "frame")]
    again = small_street.replay(small_street.core(), stored)

    assert len(told(effects)) == 4
    assert told(again) == told(effects)
    assert of(Aim, again) == of(Aim, effects)


def test_time_that_does_not_go_on_decides_nothing(small_street):
    core = small_street.core()
    core.tick(small_street.t_us)

    assert core.tick(small_street.t_us) == core.tick(small_street.t_us - 5 * S) == []
    assert core.tick(small_street.t_us + TICK_US) == []
