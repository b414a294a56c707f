"""Later looks through the whole core: what they change, what waits for them, and what comes out again of a journal."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from dsp.placing.fix import Fix
from firmware import wire
from gateway.core import Core
from gateway.incident import Announce, Arrival, ClockStep, Reply, Revised, Round, Store
from gateway.orders import Aim, Light
from gateway.placing.looks import MOST_AHEAD, Looked, Looks
from gateway.reaction.policy import AnnounceRules, Rules

S = 1_000_000
SHOT = (45.0, 30.0, 1.5)
AT_ONCE = Rules(announce=AnnounceRules(wait_for_looks_s=0.0))


def of(kind, effects):
    return [effect for effect in effects if isinstance(effect, kind)]


def lit(effects):
    return [each for each in of(Light, effects) if each.expires_us is not None]


def told(effects):
    return [(each.incident.id, each.incident.kind, each.incident.grade, each.is_new) for each in of(Announce, effects)]


def permille(record, p):
    return record._replace(p_gunshot_permille=p)


class Saying:
    """What the nodes of a street say of a shot, arrivals and looks apart. p : of the first look, permille."""

    def __init__(self, street, p=100, t_us=None):
        self.street = street
        self.arrivals = []  # (at_us, frame, node, sequence, t_us)
        for at_us, frame in street.frames_of(SHOT, t_us):
            opened = wire.open(frame, street.keys[wire.split(frame).kid.decode()], wire.UP)
            node = opened.kid.decode()
            again = street.frame(node, permille(opened.record, p))
            self.arrivals.append((at_us, again, node, wire.split(again).sequence, opened.record.t_us))

    def frames(self):
        return [(at_us, frame) for at_us, frame, *_ in self.arrivals]

    def looks(self, p=900, after_ms=950, nodes=None, late_us=50_000, rarity=None):
        """Frames of looks, as they come in."""
        return [
            (
                t_us + 1000 * after_ms + late_us,
                self.street.frame(node, wire.Look(sequence, after_ms, p, wire.BLAST, rarity)),
            )
            for _, _, node, sequence, t_us in self.arrivals
            if nodes is None or node in nodes
        ]


def live(core, frames, after_us=8 * S):
    effects, timed = [], []
    for at_us, frame in sorted(frames):
        effects += core.feed(frame, at_us)
        timed += [(at_us, each) for each in effects[len(timed) :]]
    end_us = max(at_us for at_us, _ in frames)
    for now_us in range(end_us, end_us + after_us, 50_000):
        effects += core.tick(now_us)
        timed += [(now_us, each) for each in effects[len(timed) :]]
    core.timed = timed
    return effects


def when(core, kind):
    return [at_us for at_us, each in core.timed if isinstance(each, kind)]


def called(core):
    """Of each announcement whether the incident is called a gunshot, and when."""
    return [(each.incident.kind == "gunshot", at_us) for at_us, each in core.timed if isinstance(each, Announce)]


def taught(street, core):
    """The core, having heard a look of each node since its start, 100 s ago."""
    for node in street.poles:
        arrival = street.frame(node, permille(street.arrival(street.t_us - 100 * S - 7 * S * int(node[1])), 10))
        core.feed(arrival, street.t_us - 40 * S)
        core.feed(
            street.frame(node, wire.Look(wire.split(arrival).sequence, 950, 10, wire.OTHER, None)), street.t_us - 40 * S
        )
    return core


def test_a_look_is_stored_and_acked_as_every_frame_is(small_street):
    saying = Saying(small_street)
    core = small_street.core()
    (_, look), *_ = saying.looks()
    effects = core.feed(look, small_street.t_us)

    assert [type(each) for each in effects] == [Store, Reply]
    assert (core.counts["looks"], core.counts["looks_ahead"]) == (1, 1)


def test_looks_that_come_in_time_are_what_a_round_is_called_by(small_street):
    saying = Saying(small_street, p=100)
    core = small_street.core()
    effects = live(core, [*saying.frames(), *saying.looks(p=900, after_ms=100)])

    assert [(kind, is_new) for _, kind, _, is_new in told(effects)] == [("gunshot", True)]
    assert {each.p_gunshot for each in of(Announce, effects)[0].incident.rounds[0].arrivals} == {0.9}
    assert lit(effects)
    assert core.counts["bettered"] == 0


def test_looks_that_come_after_the_round_was_told_revise_it_under_its_name(small_street):
    saying = Saying(small_street, p=5)
    core = small_street.core(AT_ONCE)
    effects = live(core, [*saying.frames(), *saying.looks(p=900, late_us=3 * S)])
    first, *_, last = told(effects)

    assert (first[1] == "gunshot", last[1]) == (False, "gunshot")
    assert first[0] == last[0]
    assert (first[3], last[3]) == (True, False)
    assert len(lit(effects)) == len(of(Aim, effects)) == 1  # not by the first look, and once
    assert core.counts["rounds"] == 1
    assert core.counts["revised"] == 0


def test_lamps_and_cameras_go_by_the_first_look_and_are_not_asked_again(small_street):
    saying = Saying(small_street, p=900)
    core = small_street.core(AT_ONCE)
    effects = live(core, [*saying.frames(), *saying.looks(p=950, after_ms=400), *saying.looks(p=990, late_us=2 * S)])

    assert len(lit(effects)) == len(of(Aim, effects)) == 1
    assert len(told(effects)) == 1


def test_looks_that_change_neither_kind_nor_grade_are_not_told(small_street):
    saying = Saying(small_street, p=600)
    core = small_street.core(AT_ONCE)
    effects = live(core, [*saying.frames(), *saying.looks(p=990, late_us=3 * S)])

    assert [(kind, is_new) for _, kind, _, is_new in told(effects)] == [("gunshot", True)]
    assert core.counts["bettered"] > 0


def test_people_wait_for_looks_that_are_owed_and_lamps_do_not(small_street):
    saying = Saying(small_street, p=900)
    core = taught(small_street, small_street.core())
    live(core, [*saying.frames(), *saying.looks(p=100, late_us=900_000)])
    at_once = taught(small_street, small_street.core(AT_ONCE))
    live(at_once, [*saying.frames(), *saying.looks(p=100, late_us=900_000)])

    (told_us,) = when(core, Announce)
    (lit_us,) = [at_us for at_us, each in core.timed if each in lit([each])]
    assert lit_us == when(at_once, Announce)[0]
    assert 0 < told_us - lit_us <= 1_500_000
    assert [is_gunshot for is_gunshot, _ in called(core)] == [False]
    assert [is_gunshot for is_gunshot, _ in called(at_once)][:1] == [True]
    assert [is_gunshot for is_gunshot, _ in called(at_once)][-1:] == [False]


@pytest.mark.parametrize("wait_s", [0.0, 0.4, 1.5])
def test_people_wait_no_longer_than_policy_has_it_for_looks_that_never_come(small_street, wait_s):
    saying = Saying(small_street, p=900)
    core = taught(small_street, small_street.core(Rules(announce=AnnounceRules(wait_for_looks_s=wait_s))))
    live(core, saying.frames())

    (told_us,) = when(core, Announce)
    assert told_us - when(core, Aim)[0] <= wait_s * S + 50_000


def test_people_wait_for_no_look_of_nodes_that_send_none(small_street):
    saying = Saying(small_street, p=900)
    core = small_street.core()
    live(core, saying.frames())

    assert when(core, Announce)[0] == when(core, Aim)[0]


def test_people_are_told_as_soon_as_the_last_look_that_is_owed_has_come(small_street):
    saying = Saying(small_street, p=900)
    core = taught(small_street, small_street.core())
    looks = saying.looks(p=950, late_us=400_000)
    live(core, [*saying.frames(), *looks])

    last_us = max(at_us for at_us, _ in looks)
    assert when(core, Aim)[0] < last_us <= when(core, Announce)[0] <= last_us + 100_000


def test_a_round_of_an_hour_ago_waits_for_nothing(small_street):
    saying = Saying(small_street, p=900)
    core = taught(small_street, small_street.core())
    live(core, [(at_us + 50 * S, frame) for at_us, frame in saying.frames()])
    plain = small_street.core()
    live(plain, [(at_us + 50 * S, frame) for at_us, frame in saying.frames()])

    assert when(core, Announce) == when(plain, Announce) != []


def test_what_looks_show_to_be_no_gunshot_before_people_were_told_is_not_announced(small_street):
    saying = Saying(small_street, p=900)
    core = taught(
        small_street, small_street.core(Rules(announce=AnnounceRules(min_p_gunshot=0.5, wait_for_looks_s=1.5)))
    )
    effects = live(core, [*saying.frames(), *saying.looks(p=20, late_us=600_000)])

    assert told(effects) == []
    assert lit(effects)


def test_what_looks_show_to_be_a_gunshot_after_all_is_announced_as_new(small_street):
    saying = Saying(small_street, p=20)
    core = small_street.core(Rules(announce=AnnounceRules(min_p_gunshot=0.5)))
    effects = live(core, [*saying.frames(), *saying.looks(p=900, late_us=3 * S)])

    assert [(kind, is_new) for _, kind, _, is_new in told(effects)] == [("gunshot", True)]


def test_late_arrivals_and_late_looks_come_to_one_round(small_street):
    """Four poles live, three late, their looks later still: one name, seven arrivals, each with its last look."""
    saying = Saying(small_street, p=5)
    frames = [
        (at_us + (6 * S if node in ("n1", "n2", "n6") else 0), frame) for at_us, frame, node, *_ in saying.arrivals
    ]
    core = small_street.core()
    effects = live(core, [*frames, *saying.looks(p=900, late_us=12 * S)], 40 * S)
    announced = of(Announce, effects)
    (shot,) = announced[-1].incident.rounds

    assert len({each.incident.id for each in announced}) == 1
    assert (announced[-1].incident.kind, len(shot.arrivals)) == ("gunshot", 7)
    assert 0.9 in {each.p_gunshot for each in shot.arrivals}
    assert (core.counts["rounds"], core.counts["withdrawn"]) == (1, 0)


def test_a_journal_with_looks_comes_out_the_same_again(small_street):
    saying = Saying(small_street, p=100)
    core = taught(small_street, small_street.core())
    effects = live(core, [*saying.frames(), *saying.looks(p=600, after_ms=400), *saying.looks(p=900, late_us=3 * S)])
    again = taught(small_street, small_street.core())
    replayed = small_street.replay(again, [(each.received_us, each.frame) for each in of(Store, effects)])

    assert told(replayed) == told(effects) != []


def test_the_gateways_clock_is_set_while_people_wait(small_street):
    saying = Saying(small_street, p=900)
    core = taught(small_street, small_street.core())
    effects, at_us = [], 0
    for at_us, frame in saying.frames():
        effects += core.feed(frame, at_us)
    while not of(Aim, effects):
        at_us += 50_000
        effects += core.tick(at_us)
    assert not of(Announce, effects)

    core.set_clock(ClockStep(at_us, at_us + 3600 * S))
    after = [core.tick(at_us + 3600 * S + i * 50_000) for i in range(1, 40)]
    assert len([each for some in after for each in of(Announce, some)]) == 1


def test_what_a_node_says_of_rarity_is_with_the_arrivals_of_its_round(small_street):
    saying = Saying(small_street, p=900)
    effects = live(small_street.core(), [*saying.frames(), *saying.looks(p=900, after_ms=100, rarity=19)])

    assert {each.rarity for each in of(Announce, effects)[0].incident.rounds[0].arrivals} == {19}


# The looks alone, without a street.


def heard(i, p=0.1, t_us=1_000 * S):
    return Arrival(f"n{i}", (60.0 * i, 0.0, 6.0), t_us + i, 100, 20.0, 90.0, p)


KEYS = [(f"n{i}", 3, 7 + i) for i in range(4)]
EVENTS = st.permutations(
    [("hear", i) for i in range(4)]
    + [("look", i, Looked(after_ms, p)) for i in range(4) for after_ms, p in ((400, 0.3 + i / 10), (950, 0.9 - i / 10))]
    + [("look", 2, Looked(950, 0.2)), ("look", 1, Looked(400, 0.4)), ("round",)]
)


@given(EVENTS)
def test_any_order_of_arrivals_looks_and_rounds_comes_to_the_same_end(round_of, events):
    looks, now_us = Looks(), 1_000 * S
    shot = round_of(tuple(heard(i) for i in range(4)))
    told = None
    for event in events:
        now_us += 10_000
        if event[0] == "hear":
            looks.hear(KEYS[event[1]], heard(event[1]), now_us)
        elif event[0] == "look":
            looks.look(KEYS[event[1]], event[2])
        for each in looks.tick([shot] if event[0] == "round" else [], now_us):
            assert (told is None) == (not isinstance(each, Revised))
            told = each.now if isinstance(each, Revised) else each
        if told is not None:
            assert told.arrivals == shot.arrivals

    assert [each.p_gunshot for each in told.arrivals] == pytest.approx([0.9, 0.8, 0.7, 0.6])
    assert told.looks_until_us == 0


@pytest.fixture(scope="module")
def round_of():
    fix = Fix((0.0, 0.0, 0.0), 1_000 * S, np.eye(2), np.zeros(4), 100.0)
    return lambda arrivals: Round(fix, arrivals, "C", 0.1)


def test_a_shorter_look_that_comes_late_and_one_that_comes_twice_change_nothing(round_of):
    looks = Looks()
    looks.hear(KEYS[0], heard(0), 0)
    looks.tick([round_of((heard(0),))], S)
    looks.look(KEYS[0], Looked(950, 0.9))
    ((first,), *rest) = [looks.tick([], 2 * S)]
    for seen in (Looked(400, 0.1), Looked(950, 0.9)):
        looks.look(KEYS[0], seen)
        rest += looks.tick([], 3 * S)

    assert (first.now.arrivals[0].p_gunshot, rest) == (0.9, [])


def test_looks_at_unknown_arrivals_are_bounded_by_node(round_of):
    looks = Looks()
    for sequence in range(10 * MOST_AHEAD):
        looks.look(("thief", 3, sequence), Looked(950, 0.9))
    looks.look(KEYS[0], Looked(950, 0.9))
    looks.hear(KEYS[0], heard(0), 0)
    (shot,) = looks.tick([round_of((heard(0),))], S)

    assert shot.arrivals[0].p_gunshot == 0.9


def test_a_node_that_started_anew_owes_looks_only_when_it_has_sent_one_again(round_of):
    looks, t_us = Looks(), 1_000 * S
    looks.look(("n0", 3, 1), Looked(950, 0.9))
    looks.hear(("n0", 3, 7), heard(0), t_us)
    (before,) = looks.tick([round_of((heard(0),))], t_us + S)
    looks.hear(("n1", 4, 1), heard(1), t_us)
    looks.look(("n1", 3, 1), Looked(950, 0.9))
    (after,) = looks.tick([round_of((heard(1),))], t_us + S)

    assert before.looks_until_us == t_us + 950_000 + S
    assert after.looks_until_us == 0


def test_what_is_forgotten_after_minutes_is_revised_no_more(round_of):
    looks = Looks()
    looks.hear(KEYS[0], heard(0), 0)
    looks.tick([round_of((heard(0),))], S)
    looks.tick([], 400 * S)

    assert not looks.look(KEYS[0], Looked(950, 0.9))
    assert looks.tick([], 401 * S) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, wire.U32), st.integers(1, 10_000), st.integers(0, 1000))))
def test_no_looks_of_a_stolen_key_upset_the_core_or_take_a_round_away(small_street, lies):
    core: Core = small_street.core()
    saying = Saying(small_street, p=900)
    lying = [
        (small_street.t_us + i, small_street.frame(f"n{n}", wire.Look(of_, ms, p, 0, None)))
        for i, (n, of_, ms, p) in enumerate(lies)
    ]
    effects = live(core, [*lying, *saying.frames()], 6 * S)

    assert len({name for name, *_ in told(effects)}) == 1
    assert of(Announce, effects)[0].incident.grade == "A"
