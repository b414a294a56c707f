"""A small street whose nodes say what they would hear: frames of known shots, for core, agent and processes."""

import math

import pytest

from dsp.air import Air
from dsp.geodesy import Site
from firmware import wire
from gateway.core import Core
from gateway.intake.gate import Gate
from gateway.intake.seen import Seen
from gateway.journal.moments import replay
from gateway.journal.rows import Row
from gateway.placing.associate import Associator
from gateway.placing.backlog import Backlog
from gateway.reaction.policy import Policy, Rules
from gateway.street import Lamp, Mount, Pole

S = 1_000_000


class SmallStreet:
    """Seven poles round a crossing, four lamps, one camera; `frames_of(shot)` are what its nodes say of it."""

    t_us = 1_763_000_000_000_000
    site = Site(38.9, -77.0, 20.0)
    air = Air(12.0)

    def __init__(self):
        places = [(0, 0, 6), (60, 5, 6.5), (120, -4, 6), (3, 70, 7), (64, 75, 6), (118, 66, 6.2), (60, -60, 6)]
        self.poles = {f"n{i}": Pole(f"n{i}", xyz_m) for i, xyz_m in enumerate(places)}
        self.keys = {node: bytes([i + 1]) * 32 for i, node in enumerate(self.poles)}
        self.lamps = [Lamp(f"l{i}", (30.0 * i, 10.0, 8.0)) for i in range(4)]
        self.mounts = [Mount("c1", (60, -20, 5), bearing_deg=30, tilt_deg=(-80, 30))]
        self.sequence = 0

    def core(self, rules=None, seen=None, keys=None, air=None, watch=None, soon=None):
        policy = Policy(rules or Rules(), self.lamps, self.mounts, lambda t_us: -20.0)
        places = {node: pole.xyz_m for node, pole in self.poles.items()}
        gate = Gate(keys or self.keys, seen or Seen(), 1)
        return Core(gate, Associator(air or self.air, places), policy, self.poles, Backlog(places), watch, soon=soon)

    def replay(self, core, frames):
        """What a core makes of (received_us, frame) pairs, as from a journal."""
        return list(replay(core, [Row("frame", at_us, frame) for at_us, frame in frames]))

    def frame(self, node, record, boot=5, key=None):
        self.sequence += 1
        return wire.seal(record, key or self.keys[node], node.encode(), boot, self.sequence)

    def arrival(self, t_us, clock=wire.LOCKED):
        return wire.Arrival(
            t_us, 200, clock, 9500, wire.DBSPL, 3500, 930, wire.BLAST, 0, (300, 2000, 900, 4), None, None
        )

    def health(self, t_us):
        return wire.Health(t_us, 200, wire.LOCKED, 60, 0, 0, 0, None, None, 0, 0, 0, 0, 1850, None, wire.DBSPL, None)

    def frames_of(self, xyz_m, t_us=None):
        """(when it comes in, frame) of each node, in the order they come in: 0.2 s after the sound."""
        t_us = self.t_us if t_us is None else t_us
        heard = sorted(
            (t_us + round(math.dist(pole.xyz_m, xyz_m) / self.air.speed_mps * 1e6), node)
            for node, pole in self.poles.items()
        )
        return [(at_us + S // 5, self.frame(node, self.arrival(at_us))) for at_us, node in heard]


@pytest.fixture
def small_street():
    return SmallStreet()
