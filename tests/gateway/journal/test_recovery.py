"""A gateway that is killed at any row of its journal, and one that starts on it: the same incidents, each told once."""

import json

import pytest

from gateway.alerts.bulletin import incident_record
from gateway.incident import Announce, ClockStep, Store
from gateway.journal.journal import frame_row
from gateway.journal.moments import moments, replay, step_record
from gateway.journal.recovery import key, recent, take_up
from gateway.journal.rows import Row
from gateway.orders import Light
from gateway.reaction.policy import Rules

S = 1_000_000
SHOTS = [((45.0, 30.0, 1.5), 0), ((47.0, 31.0, 1.5), 2 * S), ((46.0, 30.0, 1.5), 9 * S)]


class Run:
    """One gateway's life in virtual time: rows as its agent would write them, announcements as it would tell them."""

    def __init__(self, street, journal):
        self.street, self.journal, self.told, self.orders = street, journal, [], []
        self.core, self.now_us = street.core(), 0

    def start(self, now_us):
        past = recent(self.journal[::-1], now_us)
        self.journal.append(Row("config", now_us, b"{}", boot=7))
        self.now_us = now_us
        self._carry_out(take_up(self.core, past, now_us))

    def live(self, frames, until_us):
        for at_us, frame in sorted(frames):
            while self.now_us + 50_000 < at_us:
                self.now_us += 50_000
                self._carry_out(self.core.tick(self.now_us))
            self.now_us = max(at_us, self.now_us + 1)
            self._carry_out(self.core.feed(frame, self.now_us))
        while self.now_us < until_us:
            self.now_us += 50_000
            self._carry_out(self.core.tick(self.now_us))

    def _carry_out(self, effects):
        for effect in effects:
            if isinstance(effect, Announce):
                self.told.append(effect)
                self.journal.append(Row("incident", self.now_us, body_of(effect, self.street)))
            elif isinstance(effect, Light) and effect.expires_us is not None and effect.expires_us > self.now_us:
                self.orders.append(effect)
        there = {(row.node, row.boot, row.sequence) for row in self.journal if row.kind == "frame"}
        rows = [frame_row(effect) for effect in effects if isinstance(effect, Store)]
        self.journal += [row for row in rows if (row.node, row.boot, row.sequence) not in there]


def body_of(announce, street):
    record = incident_record(announce, street.site)
    return json.dumps(record, sort_keys=True).encode()


def frames_of(street):
    return [pair for xyz_m, after_us in SHOTS for pair in street.frames_of(xyz_m, street.t_us + after_us)]


def whole(street):
    run = Run(street, [])
    run.start(street.t_us - S)
    frames = frames_of(street)
    run.live(frames, street.t_us + 15 * S)
    return run, frames


def places_of(told):
    """Of each round as it was told last, when and by how many poles it was heard."""
    last = {each.incident.id: each.incident for each in told}
    return sorted((shot.fix.t_us, len(shot.arrivals)) for incident in last.values() for shot in incident.rounds)


def test_a_run_without_a_crash_is_one_incident_of_three_rounds(small_street):
    run, _ = whole(small_street)

    assert len({each.incident.id for each in run.told}) == 1
    assert [len(each.incident.rounds) for each in run.told] == [1, 2, 3]
    assert [len(each.news) for each in run.told] == [1, 1, 1]


@pytest.mark.parametrize("down_us", [300_000, 4 * S])
@pytest.mark.parametrize("cut", range(1, 26))
def test_a_crash_at_any_row_changes_no_incident_and_tells_none_twice(small_street, cut, down_us):
    first, frames = whole(small_street)
    assert len(first.journal) >= 25
    journal = first.journal[:cut]
    crashed_us = journal[-1].at_us
    kept = {row.body for row in journal if row.kind == "frame"}
    durable = {key(row.body) for row in journal if row.kind == "incident"}
    second = Run(small_street, journal)
    second.start(crashed_us + down_us)
    back_us = crashed_us + down_us + S
    again = [(max(at_us, back_us), frame) for at_us, frame in frames if frame not in kept]
    second.live(again, small_street.t_us + 20 * S)
    told = [row for row in journal if row.kind == "incident"]
    names = [json.loads(row.body)["incident"] for row in told]
    keys = [key(row.body) for row in told]

    assert len(set(names)) == 1
    assert len(set(keys)) == len(keys)
    assert durable <= set(keys)
    assert all(row.at_us >= small_street.t_us for row in told)
    rounds = {shot["t_us"] // 1000: len(shot["nodes"]) for row in told for shot in json.loads(row.body)["rounds"]}
    assert [n for _, n in sorted(rounds.items())][-1] == 7
    assert json.loads(told[-1].body)["n_rounds"] == 3
    assert [
        body_of(each, small_street) for each in replay(small_street.core(), journal) if isinstance(each, Announce)
    ] == [row.body for row in told]


def test_a_round_that_was_not_told_before_the_kill_is_told_after_it_and_lights_the_lamps_of_its_incident(small_street):
    first, _ = whole(small_street)
    until = next(
        i for i, row in enumerate(first.journal) if row.kind == "incident" and json.loads(row.body)["n_rounds"] == 2
    )
    journal = first.journal[:until]
    second = Run(small_street, journal)
    second.start(journal[-1].at_us + 9 * S)

    assert [each.news[0].fix.t_us for each in second.told] == [pytest.approx(small_street.t_us + 2 * S, abs=5000)]
    assert {order.incident for order in second.orders} == {second.told[0].incident.id}
    assert not second.told[0].is_new
    assert second.told[0].incident.id == json.loads(first.journal[until].body)["incident"]


def test_rows_of_the_future_and_from_before_a_step_of_the_clock_are_not_fed(small_street):
    ahead_us = 600 * S
    rows = [Row("frame", small_street.t_us + ahead_us, b"of the future")]
    stepped = [
        *rows,
        Row("clock", small_street.t_us, step_record(ClockStep(small_street.t_us + ahead_us, small_street.t_us))),
    ]
    right = Row("frame", small_street.t_us + S, b"right")

    assert recent(rows, small_street.t_us).rows == []
    assert recent([*stepped, right][::-1], small_street.t_us + 2 * S).rows == [right]


def test_a_long_incident_is_taken_up_from_its_first_round_under_its_name(small_street):
    """Twelve minutes of a round every 25 s; the kill comes in the eighth."""
    rules, run = Rules(incident_longest_s=1200), Run(small_street, [])
    run.core = small_street.core(rules)
    run.start(small_street.t_us - S)
    shots = [(45.0 + i % 3, 30.0, 1.5) for i in range(20)]
    at_us = [small_street.t_us + i * 25 * S for i in range(len(shots))]
    frames = [pair for shot in zip(shots, at_us, strict=True) for pair in small_street.frames_of(*shot)]
    run.live(frames, small_street.t_us + 20 * 25 * S)
    second = Run(small_street, list(run.journal))
    second.core = small_street.core(rules)
    second.start(run.now_us + 2 * S)
    second.live(small_street.frames_of((45.0, 30.0, 1.5), run.now_us + 3 * S), run.now_us + 6 * S)

    assert len({each.incident.id for each in (*run.told, *second.told)}) == 1
    assert [len(each.incident.rounds) for each in second.told] == [21]


def test_frames_that_came_together_happen_together_whatever_rows_lie_between():
    rows = [
        Row("config", 1, b""),
        Row("frame", 5, b"a"),
        Row("incident", 6, b""),
        Row("frame", 5, b"b"),
        Row("frame", 9, b"c"),
    ]

    assert [each.frames for each in moments(rows)] == [(), (b"a", b"b"), (b"c",)]
    assert [each.last_us for each in moments([*rows, Row("config", 20, b"")])][-1] == 9
