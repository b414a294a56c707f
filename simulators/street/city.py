"""The whole street in one process and in virtual time: real nodes hear a recording, the real core decides.

Every `BLOCK_US` each node hears its next block, what the nodes send is at the gateway `LINK_US` later, and what the
gateway answers is back at once. Nothing waits for a clock, so a night of seconds takes as long as its arithmetic. Lamps
and cameras are not simulated here: what the core asked of them is the result.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from firmware import node as firmware
from firmware.clock import Clock
from firmware.linux.dsp_ear import DspEar
from firmware.linux.look_outbox import LookOutbox
from firmware.linux.looking_node import LookingNode
from firmware.linux.voices import judge
from gateway.core import Core
from gateway.effects import Effect
from gateway.incident import Announce, Reply, Round
from gateway.intake.gate import Gate
from gateway.intake.seen import Seen
from gateway.placing.associate import Associator
from gateway.reaction.policy import Policy, Rules
from gateway.reaction.sun import sun_over
from gateway.reaction.walls import Wall, Walls
from gateway.street import Lamp, Mount, Pole
from simulators.recordings.recording import Recording, Track
from simulators.street.scenario import Scenario

BLOCK_US = 20_000
LINK_US = 5_000
SETTLE_US = 10_000_000  # after the sound has ended: long enough for every decision
MARK_EVERY = 50  # blocks: a pulse a second for the nodes' clocks


@dataclass(frozen=True, slots=True)
class Happening:
    """An effect, and when in virtual UTC the core asked for it."""

    at_us: int
    effect: Effect


@dataclass(frozen=True, slots=True)
class Night:
    """What came of it all. counts : the core's. n_arrivals : said by each node."""

    recording: Recording
    happenings: tuple[Happening, ...]
    counts: dict[str, int]
    n_arrivals: dict[str, int]

    def rounds(self) -> list[tuple[Round, int]]:
        """Each round that was announced, with the time at which it first was, in order of firing."""
        known: dict[tuple[int, tuple[float, float, float]], tuple[Round, int]] = {}
        for happening in self.happenings:
            if isinstance(happening.effect, Announce):
                for shot in happening.effect.incident.rounds:
                    known.setdefault((shot.fix.t_us, shot.fix.xyz_m), (shot, happening.at_us))
        return [known[key] for key in sorted(known)]


@dataclass(slots=True)
class _Post:
    """A pole at work: its track, its node, and the frames that it has sent and the gateway has not had."""

    track: Track
    node: LookingNode
    samples: NDArray[np.float32]
    frames: list[bytes] = field(default_factory=list)

    def hear(self, index: int, now_us: int) -> None:
        """Live through one block; where the sound has ended, through its time alone."""
        first, last = (round(i * BLOCK_US * self.track.rate_hz / 1_000_000) for i in (index, index + 1))
        block = self.samples[first:last]
        if len(block):
            if index % MARK_EVERY == 0:
                utc_us = self.track.start_us + round(first * 1e6 / self.track.rate_hz)
                self.node.clock.mark(first, utc_us, max(1, self.track.sigma_us))
            self._send(self.node.feed(block, first))
            if last >= len(self.samples):
                self._send(self.node.flush())
        self._send(self.node.tick(now_us))

    def receive(self, frame: bytes) -> None:
        self._send(self.node.receive(frame))

    def _send(self, effects: Iterable[object]) -> None:
        self.frames += [effect.frame for effect in effects if isinstance(effect, firmware.Send)]


def live(recording: Recording, scenario: Scenario) -> Night:
    """Let the street of a scenario hear its recording."""
    posts = {track.node: _post(track) for track in recording.tracks}
    core = _core(recording, scenario, list(posts))
    start_us = scenario.start_utc
    n_blocks = -(-round(scenario.duration_s * 1e6 + SETTLE_US) // BLOCK_US)
    happenings: list[Happening] = []
    for index in range(n_blocks):
        now_us = start_us + (index + 1) * BLOCK_US
        for post in posts.values():
            post.hear(index, now_us)
        happenings += _deliver(core, posts, now_us + LINK_US)
    said = {node: post.node.arrivals for node, post in posts.items()}
    return Night(recording, tuple(happenings), dict(core.counts), said)


def _deliver(core: Core, posts: dict[str, _Post], at_us: int) -> list[Happening]:
    frames = [frame for post in posts.values() for frame in post.frames]
    for post in posts.values():
        post.frames.clear()
    effects = core.feed_all(frames, at_us)
    for effect in effects:
        if isinstance(effect, Reply):
            posts[effect.node].receive(effect.frame)
    return [Happening(at_us, effect) for effect in effects]


def _post(track: Track) -> _Post:
    ear = DspEar(track.rate_hz, 1, track.full_scale_db, judge())
    node = LookingNode(ear, Clock(track.rate_hz, drift_ppm=0), LookOutbox(boot=1), track.node, _key(track.node))
    return _Post(track, node, track.read())


def _core(recording: Recording, scenario: Scenario, nodes: Sequence[str]) -> Core:
    lamps = [Lamp(entry.name, entry.xyz_m) for entry in scenario.lamps]
    mounts = [
        Mount(entry.name, entry.xyz_m, entry.bearing_deg, entry.pan_deg, entry.tilt_deg, entry.range_m)
        for entry in scenario.cameras
    ]
    poles = {track.node: Pole(track.node, track.xyz_m) for track in recording.tracks}
    walls = Walls(Wall((each.from_en_m, each.to_en_m), each.height_m) for each in scenario.walls)
    policy = Policy(Rules(), lamps, mounts, sun_over(scenario.site.site()), walls)
    associator = Associator(recording.air, {node: pole.xyz_m for node, pole in poles.items()})
    return Core(Gate({node: _key(node) for node in nodes}, Seen()), associator, policy, poles)


def _key(node: str) -> bytes:
    """A key that node and gateway share; nobody else listens in here."""
    return hashlib.sha256(f"simulated {node}".encode()).digest()
