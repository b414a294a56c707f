"""A node and a gate as a pair: what one says the other hears, over any link that loses and doubles frames."""

import random

import hypothesis.strategies as st
from hypothesis import given, settings

from firmware import wire
from firmware.clock import Clock
from firmware.node import Ear, Forget, Heard, Keep, Node, Send
from firmware.outbox import Outbox
from gateway.intake.gate import Gate
from gateway.intake.seen import Seen

KEY = bytes(range(32))
T0_US = 1_790_000_000_000_000
RATE_HZ = 16_000


class OneOnsetABlock(Ear):
    def __init__(self):
        self.n = 0

    def feed(self, samples):
        self.n += len(samples)
        return [Heard((self.n - 1) << 8, 50, -900, 2000, 800, wire.BLAST, 0, (), None, None)]


class Pair:
    """Both ends, their two disks, and a link with dice. The gateway acks what it has kept; either end can be killed."""

    def __init__(self, seed, loss):
        self.dice, self.loss = random.Random(seed), loss
        self.disk, self.kept, self.boot, self.tick, self.now_us = {}, {}, 0, 0, 0
        self.seen = Seen()
        self.start()

    def start(self):
        self.boot += 1
        saved = tuple(self.disk[key] for key in sorted(self.disk))
        clock = Clock(RATE_HZ, drift_ppm=0)
        clock.mark(0, T0_US, 100)
        self.node = Node(OneOnsetABlock(), clock, Outbox(self.boot, saved), "n17", KEY)
        self.gate = Gate({"n17": KEY}, self.seen, self.boot)
        self.do(self.node.tick(self.now_us))
        self.do(self.node.connected())

    def do(self, effects):
        for effect in effects:
            if isinstance(effect, Keep):
                self.disk[effect.saved.boot, effect.saved.sequence] = effect.saved
            elif isinstance(effect, Forget):
                for key in effect.keys:
                    self.disk.pop(key, None)
            elif isinstance(effect, Send):
                for _ in range(self.dice.choice((1, 1, 2))):
                    self.carry(effect.frame)

    def carry(self, frame):
        if self.dice.random() < self.loss:
            return
        opened = self.gate.open(frame, T0_US + 10**12)
        key = (opened.boot, opened.sequence)
        assert opened.duplicate == (key in self.kept)
        assert self.kept.setdefault(key, opened.record) == opened.record
        self.seen.add("n17", *key)
        if self.dice.random() >= self.loss:
            ack = wire.Ack(((opened.boot, opened.sequence, opened.sequence),))
            self.do(self.node.receive(self.gate.seal("n17", ack)))

    def wait(self, seconds):
        for _ in range(2 * seconds):
            self.now_us += 500_000
            self.do(self.node.tick(self.now_us))

    def hear(self):
        self.do(self.node.feed(bytes(160), self.tick))
        self.tick += 160


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.3, 0.7]), st.lists(st.sampled_from("hhhwk"), max_size=30))
def test_whatever_the_link_does_everything_arrives_once_and_the_node_lets_go(seed, loss, happenings):
    pair, heard = Pair(seed, loss), 0
    for happening in happenings:
        if happening == "k":
            pair.start()
            pair.tick = 0
        elif happening == "w":
            pair.wait(3)
        else:
            pair.hear()
            heard += 1
    pair.loss = 0.0
    pair.wait(130)

    arrivals = [record for record in pair.kept.values() if isinstance(record, wire.Arrival)]
    assert len(arrivals) == heard
    assert (len(pair.node.outbox), pair.disk) == (0, {})
