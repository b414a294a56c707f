"""Later looks follow their arrivals out of the node, and nothing that must arrive ever waits for one."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from firmware import wire
from firmware.clock import Clock
from firmware.linux.look_outbox import MOST_LOOKS, LookOutbox
from firmware.linux.looking_node import FIRST_MS, Later, LookingEar, LookingNode
from firmware.linux.rarity import SPAN_US, Rarity
from firmware.node import BURST, Forget, Heard, Keep, Send
from firmware.outbox import PROBE_FIRST_US, SETTLED_US, Saved

KEY = bytes(range(32))
RATE_HZ = 16_000
BLOCK = bytes(320)
S = 1_000_000
SPAN = RATE_HZ * 10


class DrivenEar(LookingEar):
    """Hears, and looks again, when a test tells it to."""

    def __init__(self):
        self.next, self.looks, self.n_samples = [], [], 0

    def feed(self, samples):
        self.n_samples += len(samples)
        heard, self.next = self.next, []
        return heard

    def flush(self):
        return self.feed(b"")

    def later(self):
        looks, self.looks = self.looks, []
        return looks


def onset(tick_q8, channel=0):
    return Heard(tick_q8, 90, -1234, 2345, 501, wire.OTHER, channel, (60, 4100), None, None)


def look(tick_q8, after_ms=400, channel=0):
    return Later(tick_q8, channel, after_ms, 870, wire.BLAST)


@pytest.fixture
def node():
    clock = Clock(RATE_HZ, drift_ppm=0)
    clock.mark(0, 1_790_000_000_000_000, 100)
    of = LookingNode(DrivenEar(), clock, LookOutbox(9), "n17", KEY)
    of.tick(0)
    return of


def hear(node, onsets=(), looks=()):
    node.detector.next, node.detector.looks = list(onsets), list(looks)
    return node.feed(BLOCK, node.detector.n_samples)


def frames(effects):
    return [effect.frame for effect in effects if isinstance(effect, Send)]


def opened(effects):
    return [wire.open(frame, KEY, wire.UP) for frame in frames(effects)]


def ack(*sequences):
    spans = tuple((9, sequence, sequence) for sequence in sequences)
    return wire.seal(wire.Ack(spans), KEY, b"n17", 1, 1)


def test_a_look_names_its_arrival_by_sequence_and_is_not_on_disk(node):
    (first,) = opened(hear(node, [onset(1001)]))
    effects = hear(node, looks=[look(1001), look(1001, 950)])

    assert [each.record for each in opened(effects)] == [
        wire.Look(first.sequence, 400, 870, wire.BLAST, None),
        wire.Look(first.sequence, 950, 870, wire.BLAST, None),
    ]
    assert not any(isinstance(effect, Keep) for effect in effects)
    assert len({first.sequence, *(each.sequence for each in opened(effects))}) == 3


def test_an_arrival_goes_before_a_look_of_the_same_block_and_without_waiting_for_one(node):
    arrival, later = opened(hear(node, [onset(1001)], [look(1001)]))

    assert isinstance(arrival.record, wire.Arrival)
    assert later.record.arrival == arrival.sequence


def test_two_channels_at_one_tick_have_looks_of_their_own(node):
    left, right = opened(hear(node, [onset(1001), onset(1001, channel=1)]))
    (later,) = opened(hear(node, looks=[look(1001, channel=1)]))

    assert later.record.arrival == right.sequence != left.sequence


def test_what_was_not_told_has_no_looks(node):
    storm = [onset(1000 + i) for i in range(BURST + 5)]
    told = opened(hear(node, storm))
    looks = opened(hear(node, looks=[look(heard.tick_q8) for heard in [*storm, onset(7)]]))

    assert node.withheld == 5
    assert [each.record.arrival for each in looks] == [each.sequence for each in told]


def test_the_last_looks_of_a_sound_that_has_ended_go_out(node):
    node.detector.next, node.detector.looks = [onset(1001)], [look(1001)]

    assert [type(each.record) for each in opened(node.flush())] == [wire.Arrival, wire.Look]


def test_a_look_goes_again_with_a_new_connection_until_it_is_acked(node):
    arrival = opened(hear(node, [onset(1001)]))[0].sequence
    (sent,) = frames(hear(node, looks=[look(1001)]))
    again = frames(node.connected())
    node.receive(ack(*range(1, 9)))

    assert again[-1] == sent
    assert arrival < wire.split(sent).sequence
    assert (len(node.outbox), frames(node.connected())) == (0, [])


def test_a_gateway_that_calls_gets_the_looks_that_it_missed(node):
    hear(node, [onset(1001)])
    (sent,) = frames(hear(node, looks=[look(1001)]))
    node.tick(60 * S)

    assert sent in frames(node.receive(ack()))


def test_a_gateway_of_before_that_acks_no_look_blocks_nothing(node):
    """It refuses each look. Arrivals go again and are freed as ever, and the looks are let go and counted."""
    sequences = []
    for i in range(40):
        sequences += [each.sequence for each in opened(hear(node, [onset(1001 + i)])) if hasattr(each.record, "clip")]
        hear(node, looks=[look(1001 + i), look(1001 + i, 950)])
    node.tick(SETTLED_US + S)
    again = frames(node.receive(ack(sequences[0])))
    assert {wire.split(frame).sequence for frame in again} >= set(sequences[1:30])
    assert not any(isinstance(wire.open(frame, KEY, wire.UP).record, wire.Look) for frame in again)

    forgotten = [effect for effect in node.receive(ack(*range(1, 33))) if isinstance(effect, Forget)]
    node.receive(ack(*range(33, 65)))
    node.receive(ack(*range(65, 97)))
    node.receive(ack(*range(97, 129)))

    assert forgotten
    assert (len(node.outbox), node.outbox.looks_let_go) == (0, 80)


def test_a_probe_is_never_a_look(node):
    hear(node, [onset(1001)])
    hear(node, looks=[look(1001)])
    node.receive(ack(1, 2))  # the health and the arrival
    probed = frames(node.tick(PROBE_FIRST_US + S))

    assert probed == []
    assert len(node.outbox) == 1


def test_looks_of_an_hour_without_a_line_are_bounded_and_push_no_arrival_out(node):
    for i in range(3 * MOST_LOOKS):
        at = i * RATE_HZ << 8
        hear(node, [onset(at)], [look(at)])

    assert node.outbox.dropped_arrivals == node.outbox.dropped_healths == 0
    assert node.outbox.looks_let_go == node.arrivals - MOST_LOOKS > 0
    assert len(frames(node.connected())) == node.arrivals + 1 + MOST_LOOKS


@given(st.lists(st.sampled_from("ohlac"), max_size=60), st.booleans())
def test_arrivals_are_kept_until_acked_whatever_becomes_of_looks(happenings, knows_looks):
    outbox, now_us, open_, looks = LookOutbox(1), 0, set(), set()
    for happening in happenings:
        now_us += 3 * S
        key = (1, outbox.next_sequence())
        if happening in "oh":
            outbox.put(Saved(*key, happening == "h", b"x"), now_us)
            open_.add(key)
        elif happening == "l":
            outbox.put_look(key, b"look", now_us)
            looks.add(key)
        elif happening == "a" and open_:
            one = min(open_)
            named = {one, *(looks if knows_looks else ())}
            freed = outbox.acked(tuple((*each, each[1]) for each in named), now_us)
            open_.discard(one)
            assert freed == [one]
        else:
            outbox.all_again(now_us)

        assert len(open_) <= len(outbox) <= len(open_) + len(looks)


def test_a_node_says_beside_each_arrival_how_rare_it_is_once_it_knows(node):
    rarity = Rarity()
    for _ in range(500):
        rarity.listen(SPAN_US, 0)
    clock = node.clock
    of = LookingNode(DrivenEar(), clock, LookOutbox(9), "n17", KEY, rarity=rarity)
    of.tick(0)
    arrival, first = opened(hear(of, [onset(1001)]))
    (later,) = opened(hear(of, looks=[look(1001, 950)]))

    assert first.record == wire.Look(arrival.sequence, FIRST_MS, 501, wire.OTHER, 12)  # 5010 s: 2^12.3
    assert later.record == wire.Look(arrival.sequence, 950, 870, wire.BLAST, 12)


def test_a_node_that_does_not_know_yet_sends_no_look_with_the_arrival_and_says_so_in_later_ones(node):
    of = LookingNode(DrivenEar(), node.clock, LookOutbox(9), "n17", KEY, rarity=Rarity())
    of.tick(0)
    (arrival,) = opened(hear(of, [onset(1001)]))
    (later,) = opened(hear(of, looks=[look(1001, 950)]))

    assert isinstance(arrival.record, wire.Arrival)
    assert later.record.rarity == 0


def test_a_node_learns_from_what_it_hears_told_or_not_and_not_before_it_knows_the_time():
    clock, rarity = Clock(RATE_HZ, drift_ppm=0), Rarity()
    of = LookingNode(DrivenEar(), clock, LookOutbox(9), "n17", KEY, rarity=rarity)
    of.tick(0)
    for _ in range(10):
        of.feed(bytes(SPAN), of.detector.n_samples)
    assert rarity.ms_between(0) == 0

    clock.mark(of.detector.n_samples, 1_790_000_000_000_000, 100)
    for i in range(20):
        of.detector.next = [onset((i << 8) + j) for j in range(5)]
        of.feed(bytes(SPAN), of.detector.n_samples)
    assert of.withheld > 0
    assert rarity.ms_between(450) == 10_000 * 20 // 21
    assert rarity.ms_between(600) == 200_000
