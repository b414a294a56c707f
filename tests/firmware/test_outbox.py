"""The outbox lets nothing go before its gateway has it, and says what it had to drop."""

from itertools import pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import given
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from firmware.outbox import BATCH, PROBE_FIRST_US, PROBE_LAST_US, SETTLED_US, Outbox, Saved


def saved(sequence, boot=1, is_health=False):
    return Saved(boot, sequence, is_health, b"%d.%d" % (boot, sequence))


def filled(n, limit=2000):
    outbox = Outbox(1, limit=limit)
    for _ in range(n):
        outbox.put(saved(outbox.next_sequence()), 0)
    return outbox


def test_an_ack_frees_what_it_names_and_no_more():
    outbox = filled(10)

    assert outbox.acked(((1, 2, 3), (1, 9, 99), (2, 1, 10)), 0) == [(1, 2), (1, 3), (1, 9), (1, 10)]
    assert outbox.all_again(0) == [b"1.1", b"1.4", b"1.5", b"1.6", b"1.7", b"1.8"]
    assert outbox.acked(((1, 2, 3),), 0) == []


def test_a_new_connection_brings_everything_again_oldest_first_and_earlier_boots_before():
    outbox = Outbox(7, (saved(5, boot=3), saved(1, boot=6)))
    outbox.put(saved(outbox.next_sequence(), boot=7), 0)

    assert outbox.all_again(0) == [b"3.5", b"6.1", b"7.1"]


def test_a_full_outbox_drops_the_oldest_health_first_and_counts():
    outbox = Outbox(1, limit=3)
    for sequence, is_health in ((1, False), (2, True), (3, True)):
        outbox.put(saved(sequence, is_health=is_health), 0)
    gone = [outbox.put(saved(sequence), 0) for sequence in (4, 5, 6)]

    assert gone == [[(1, 2)], [(1, 3)], [(1, 1)]]
    assert (outbox.dropped_healths, outbox.dropped_arrivals, len(outbox)) == (2, 1, 3)


def test_an_ack_brings_what_was_sent_long_ago_a_batch_at_a_time_and_not_twice():
    outbox = filled(BATCH + 5)

    assert outbox.settled_again(SETTLED_US - 1) == []
    assert len(outbox.settled_again(SETTLED_US)) == BATCH
    assert len(outbox.settled_again(SETTLED_US)) == 5
    assert outbox.settled_again(SETTLED_US) == []


def test_frames_for_which_there_is_no_memory_now_go_another_time():
    room = []

    def frame_of(boot, sequence):
        if not room:
            raise MemoryError
        return b"%d.%d" % (boot, sequence)

    outbox = Outbox(2, (Saved(1, 1, False, None), Saved(1, 2, False, None)), frame_of=frame_of)

    assert outbox.all_again(0) == []
    room.append(1)
    assert outbox.settled_again(1) == [b"1.1", b"1.2"]
    assert outbox.dropped_arrivals == 0


def test_what_was_not_sent_after_all_goes_with_the_next_ack():
    outbox = filled(3)
    outbox.unsent((1, 2))
    outbox.unsent((1, 9))

    assert outbox.settled_again(1) == [b"1.2"]
    assert outbox.settled_again(2) == []


def test_silence_is_probed_with_the_oldest_alone_each_time_after_twice_the_wait():
    outbox, probes = filled(3), []
    for now_us in range(0, 300_000_000, 500_000):
        probes += [(now_us, frame) for frame in outbox.probe(now_us)]
    waits_us = [later - earlier for (earlier, _), (later, _) in pairwise(probes)]

    assert {frame for _, frame in probes} == {b"1.1"}
    assert [probes[0][0], *waits_us][:6] == [PROBE_FIRST_US << n for n in range(6)]
    assert max(waits_us) == PROBE_LAST_US


def test_an_answer_makes_the_wait_short_again():
    outbox = filled(2)
    for now_us in range(0, 30_000_000, 500_000):
        outbox.probe(now_us)
    outbox.acked(((1, 1, 1),), 30_000_000)

    assert outbox.probe(30_000_000 + PROBE_FIRST_US - 1) == []
    assert outbox.probe(30_000_000 + PROBE_FIRST_US) == [b"1.2"]


def test_an_outbox_too_small_is_refused():
    with pytest.raises(ValueError, match="limit"):
        Outbox(1, limit=1)


def test_a_frame_that_its_shell_lost_counts_as_dropped_and_holds_up_no_other():
    kept = {(1, 2): b"1.2", (1, 4): b"1.4"}
    outbox = Outbox(1, frame_of=lambda boot, sequence: kept.get((boot, sequence)), at_once=3)
    for n in range(1, 5):
        outbox.put(saved(outbox.next_sequence(), is_health=n == 3), 0)

    assert outbox.all_again(0) == [b"1.2"]
    assert (len(outbox), outbox.dropped_arrivals, outbox.dropped_healths) == (2, 1, 1)
    assert outbox.all_again(0) == [b"1.2", b"1.4"]


class Delivery(RuleBasedStateMachine):
    """Whatever comes between: what was put is in the outbox until it was acked or dropped, and drops are counted."""

    def __init__(self):
        super().__init__()
        self.outbox, self.now_us = Outbox(1, limit=6), 0
        self.held, self.dropped = {}, 0

    @rule(is_health=st.booleans())
    def put(self, is_health):
        sequence = self.outbox.next_sequence()
        assert (1, sequence) not in self.held
        gone = self.outbox.put(saved(sequence, is_health=is_health), self.now_us)
        self.held[1, sequence] = saved(sequence).frame
        self.dropped += len(gone)
        for key in gone:
            del self.held[key]

    @rule(first=st.integers(0, 20), n=st.integers(0, 5))
    def ack(self, first, n):
        freed = self.outbox.acked(((1, first, first + n),), self.now_us)
        assert set(freed) == {key for key in self.held if first <= key[1] <= first + n}
        for key in freed:
            del self.held[key]

    @rule(step_us=st.integers(0, 30_000_000))
    def wait(self, step_us):
        self.now_us += step_us
        for frame in self.outbox.probe(self.now_us) + self.outbox.settled_again(self.now_us):
            assert frame in self.held.values()

    @invariant()
    def everything_open_comes_again(self):
        assert sorted(self.outbox.all_again(self.now_us)) == sorted(self.held.values())
        assert self.outbox.dropped_arrivals + self.outbox.dropped_healths == self.dropped
        assert len(self.outbox) <= 6


TestDelivery = Delivery.TestCase


@given(st.lists(st.integers(1, 30), unique=True))
def test_acks_in_any_order_empty_the_outbox(order):
    outbox = filled(30)
    for sequence in [*order, *range(1, 31)]:
        outbox.acked(((1, sequence, sequence),), 0)

    assert len(outbox) == 0
