"""What a gateway makes of frames: the gate, the survey, association and policy, one after the other. Pure.

Bytes in, effects out. Whatever a node truly said is stored and acked, whether it can be used or not; what nobody truly
said is counted by reason and leaves no other trace. A frame that came before is stored again, which the journal knows
to be the same row, and acked again: the ack is safe only behind the first one's row. It moves nothing else.

Time passes in steps of TICK_US on a grid of its own, and always before a frame is fed. So what is decided depends on
the frames and when they came, never on when the shell happened to tick: that makes a replay give the same incidents.
A provisional round cannot wait for the next step: it hangs on the frames that came together, and on what came before.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from firmware import wire
from gateway.effects import Effect
from gateway.incident import Alarm, Arrival, Clip, ClockStep, Heard, NewAir, Reply, Revised, Store, Unplaced
from gateway.intake.acks import acks
from gateway.intake.blame import Blame
from gateway.intake.gate import Gate, Opened
from gateway.intake.seen import Seen
from gateway.judging.judge import Judge
from gateway.placing.associate import Associator
from gateway.placing.backlog import Backlog, Decision
from gateway.placing.line_of_fire import Cracks
from gateway.placing.looks import Looked, Looks
from gateway.placing.soon import Soon
from gateway.reaction.policy import Policy
from gateway.street import Pole
from gateway.upkeep.rollout import Rollout
from gateway.upkeep.silence import Silence
from gateway.upkeep.watch import Watch

TICK_US = 50_000
FRESH_HEALTH_US = 300_000_000  # older words of a node about itself are let go
SETTLED_US = 60_000_000  # after so long without a frame nothing is waiting to be decided
SOUNDS = {wire.BLAST: "blast", wire.CRACK: "crack", wire.OTHER: "other"}
SAID_US, MOST_SAID = 60_000_000, 20  # unplaced sounds that are told in so long: more is noise to whoever reads it


@dataclass(frozen=True, slots=True)
class NodeState:
    """What is known of a node: when it was last heard, and its newest health record if it sent one."""

    heard_us: int
    health: wire.Health | None


class Core:
    """poles : node -> its place in the survey. `counts` tells what became of frames and groups, by a word for each:

    the gate's reasons; `frames`, `duplicates`, `unknown` (a node that is not in the survey), `clock` (an arrival whose
    clock is coarse or unset), `arrivals` (associated), `late` (of these), `crowded` (let go for want of room to look at
    all), `forgotten` (of these: let go early for want of room), `rounds`, `revised` and `withdrawn` (of these),
    `bettered` (by later looks alone), `unplaced`, `untold` (of these: there were too many), `looks`, `looks_ahead` (of
    these: of an arrival that is not known, or not yet), `limited` (held back by a limit of policy). backlog : what
    becomes of arrivals that come late; without one they are fed to the associator, which places none of them. watch :
    what learns the street's air and its poles; without one the air stays as it is. rollout : what brings releases to
    nodes. silence : what tells of nodes that are no longer heard. judge : what says of each round what it is. soon :
    what sees shots before they are decided (`soon`, `for_nothing` of these, `soon_left_out`: nobody looked).
    """

    def __init__(
        self,
        gate: Gate,
        associator: Associator,
        policy: Policy,
        poles: Mapping[str, Pole],
        backlog: Backlog | None = None,
        watch: Watch | None = None,
        rollout: Rollout | None = None,
        silence: Silence | None = None,
        judge: Judge | None = None,
        soon: Soon | None = None,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.blame = Blame()
        self.nodes: dict[str, NodeState] = {}
        self._gate = gate
        self._associator = associator
        self._policy, self._poles = policy, poles
        self._backlog, self._watch = backlog, watch
        self._rollout, self._silence = rollout, silence
        self._looks, self._cracks = Looks(), Cracks()
        self._judge = judge or Judge()
        self._soon = soon
        self._fed = Seen()
        self._step: int | None = None
        self._said_us: list[int] = []
        self._n_let_go = 0

    def feed(self, frame: bytes, now_us: int) -> list[Effect]:
        """What one frame asks for."""
        return self.feed_all((frame,), now_us)

    def feed_all(self, frames: Iterable[bytes], now_us: int, kept: bool = False) -> list[Effect]:
        """What frames that came together ask for: one ack for each node. Every Store comes before the Replies. kept :
        the frames come from the journal."""
        decided = self.tick(now_us)
        told: list[Effect] = []
        opened = [(each, frame) for frame in frames if (each := self._open(frame, now_us, kept)) is not None]
        stores = [store for each, frame in opened if (store := self._take(each, frame, now_us, told)) is not None]
        return [*stores, *decided, *told, *self._hurry(now_us), *acks(self._gate, stores)]

    def tick(self, now_us: int) -> list[Effect]:
        """What the passing of time asks for. A now_us that is not after the last changes nothing."""
        step = now_us // TICK_US
        first = step if self._step is None else self._step + 1
        settled = min(step, first + SETTLED_US // TICK_US)  # after a long silence most steps have nothing to decide
        self._step = max(step, first - 1)
        return [
            effect
            for each in (*range(first, settled), *range(max(first, settled), step + 1)[-1:])
            for effect in self._pass(each * TICK_US)
        ]

    def settle(self) -> list[Effect]:
        """Let time pass until nothing waits to be decided."""
        return [] if self._step is None else self.tick(self._step * TICK_US + SETTLED_US)

    def resume(self, now_us: int) -> list[Effect]:
        """Go on after a time in which no gateway ran: what fell due in it is decided now. Lamps may be up unknown."""
        self._policy.resume()
        self._step = max(now_us // TICK_US, self._step or 0)
        return self._pass(self._step * TICK_US)

    def set_clock(self, step: ClockStep) -> list[Effect]:
        """The gateway's clock was set. What is due by the old time is decided; what counts from a moment of it counts
        from the same one of the new."""
        decided, by_us = self.tick(step.before_us), step.after_us - step.before_us
        self._step = step.after_us // TICK_US
        self.nodes = {node: replace(state, heard_us=state.heard_us + by_us) for node, state in self.nodes.items()}
        self._said_us = [said_us + by_us for said_us in self._said_us]
        for part in (self._policy, self._looks, self._backlog, self._watch, self._rollout, self._silence):
            if part is not None:
                part.shift(by_us)
        return decided

    def hello(self) -> list[Reply]:
        """Tell every node of the survey that the gateway is here and asks for all that it has not acked."""
        return [Reply(node, self._gate.seal(node, wire.Ack(()))) for node in self._poles if self._gate.knows(node)]

    def rekeyed(self, nodes: Iterable[str]) -> None:
        """The keys of these nodes came, changed or went: what is under way with one that has none now ends."""
        for node in nodes:
            if self._rollout and not self._gate.knows(node):
                self._rollout.forget(node)

    def _pass(self, now_us: int) -> list[Effect]:
        """One step of time."""
        effects: list[Effect] = []
        for decision in map(self._judged, self._looks.tick(self._decide(now_us), now_us)):
            if isinstance(decision, Unplaced):
                effects += self._say(decision, now_us)
            elif isinstance(decision, Revised):
                self.counts[_what_became_of(decision)] += 1
                effects += self._policy.revise(decision, now_us)
            else:
                self.counts["rounds"] += 1
                effects += self._policy.feed(decision, now_us)
                effects += self._watch.feed(decision, now_us) if self._watch else []
        updates = self._rollout.tick(now_us) if self._rollout else []
        alarms = self._silence.tick(self.nodes, now_us) if self._silence else []
        effects += self._policy.tick(now_us)
        self.counts["limited"], self.counts["for_nothing"] = self._policy.n_limited, self._policy.n_for_nothing
        effects += [*self._policy.take_reasons(), *self._policy.take_news()]
        return [*effects, *self._look(now_us), *updates, *alarms]

    def _hurry(self, now_us: int) -> list[Effect]:
        """What need not wait: lamps and cameras for what is as good as decided. Nothing else hears of it."""
        if self._soon is None:
            return []
        live = self._associator
        rounds = [self._judge.again(shot, live.air) for shot in self._soon.look(live, now_us)]
        orders = [order for shot in rounds for order in self._policy.soon(shot, now_us)]
        self.counts["soon"] += len(rounds)
        self.counts["soon_left_out"] = self._soon.n_left_out
        return [*orders, *self._policy.take_reasons()] if orders else []

    def _judged(self, decision: Decision) -> Decision:
        """With its line of fire, where cracks tell it, and what it is, by the third look."""
        air = self._associator.air
        if isinstance(decision, Unplaced):
            return decision
        if isinstance(decision, Revised):
            return replace(decision, now=self._judge.again(self._cracks.aimed(decision.now, air), air))
        return self._judge.feed(self._cracks.aimed(decision, air), air)

    def _decide(self, now_us: int) -> Sequence[Decision]:
        decided = self._associator.tick(now_us)
        self.counts["crowded"] += max(0, self._associator.n_let_go - self._n_let_go)
        self._n_let_go = self._associator.n_let_go
        if self._backlog is None:
            return decided
        told, self._associator = self._backlog.tick(decided, now_us, self._associator)
        self.counts["forgotten"] = self._backlog.memory.let_go
        return told

    def _say(self, group: Unplaced, now_us: int) -> list[Effect]:
        """Tell of what was heard and has no place, as long as it is not too often. Light asks for that it is like a
        shot, and how often is for policy to say."""
        self.counts["unplaced"] += 1
        lights = self._policy.area(group, now_us)
        self._said_us = [said_us for said_us in self._said_us if now_us - said_us < SAID_US]
        if len(self._said_us) >= MOST_SAID:
            self.counts["untold"] += 1
            return [*lights]
        self._said_us.append(now_us)
        return [*lights, Heard(group, now_us)]

    def _look(self, now_us: int) -> list[NewAir]:
        """The air that the next fixes reckon with."""
        if self._watch is None:
            return []
        since_us = now_us - FRESH_HEALTH_US
        healths = (state.health for state in self.nodes.values() if state.health and state.heard_us >= since_us)
        renewed = self._watch.tick((h.temperature_cc / 100 for h in healths if h.temperature_cc is not None), now_us)
        self._associator.air = self._watch.air
        return renewed

    def _open(self, frame: bytes, now_us: int, kept: bool) -> Opened | None:
        try:
            opened = self._gate.open(frame, now_us, kept)
        except wire.BadFrame as error:
            self.counts[error.reason] += 1
            self.blame.note(self._gate.claimed(frame), error.reason)
            return None
        self.counts["frames"] += 1
        return opened

    def _take(self, opened: Opened, frame: bytes, now_us: int, told: list[Effect]) -> Store | None:
        """What to keep of a frame. told : what else is to be answered is added to it."""
        if isinstance(opened.record, wire.Progress):
            told += self._rollout.feed(opened.node, opened.record, now_us) if self._rollout else []
            return None
        if opened.duplicate or self._fed.contains(opened.node, opened.boot, opened.sequence):
            self.counts["duplicates"] += 1
        else:
            self._fed.add(opened.node, opened.boot, opened.sequence)
            told += self._use(opened, now_us)
        return Store(opened.node, opened.boot, opened.sequence, frame, now_us)

    def _use(self, opened: Opened, now_us: int) -> list[Alarm]:
        record, known = opened.record, self.nodes.get(opened.node)
        if self._rollout and self._gate.knows(opened.node):
            self._rollout.heard(opened.node)
        health = record if isinstance(record, wire.Health) else known.health if known else None
        self.nodes[opened.node] = NodeState(now_us, health)
        if isinstance(record, wire.Arrival):
            self._associate(opened, record, now_us)
        elif isinstance(record, wire.Look):
            said = Looked(record.after_ms, record.p_gunshot_permille / 1000, record.rarity or 0)
            is_known = self._looks.look((opened.node, opened.boot, record.arrival), said)
            self.counts.update(("looks",) if is_known else ("looks", "looks_ahead"))
        return self._watch.word(opened.node, record, now_us) if self._watch and isinstance(record, wire.Health) else []

    def _associate(self, opened: Opened, said: wire.Arrival, now_us: int) -> None:
        """Hand an arrival on if its place and its time are known well enough for a fix."""
        node = opened.node
        pole = self._poles.get(node)
        if pole is None:
            self.counts["unknown"] += 1
            self.blame.note(node, "unknown")
        elif said.clock < wire.HOLDOVER:
            self.counts["clock"] += 1
            self.blame.note(node, "clock")
        else:
            heard = arrival(pole, said)
            self.counts["arrivals"] += 1
            self._looks.hear((node, opened.boot, opened.sequence), heard, now_us)
            self._cracks.feed(heard)
            if self._soon is not None:
                self._soon.feed(heard, now_us)
            if self._backlog is None:
                self._associator.feed(heard)
            elif self._backlog.feed(heard, now_us, self._associator):
                self.counts["late"] += 1


def arrival(pole: Pole, said: wire.Arrival) -> Arrival:
    """What a node said of a sound, in the units of this side of the wire."""
    return Arrival(
        node=pole.node,
        xyz_m=pole.xyz_m,
        t_us=said.t_us - pole.offset_us,
        sigma_us=said.sigma_us,
        snr_db=said.snr_cdb / 100,
        level_db=said.level_cdb / 100,
        p_gunshot=said.p_gunshot_permille / 1000,
        sound=SOUNDS[said.sound],
        clip=Clip(said.clip, said.clip_hz, wire.CLIP_LEAD_US) if said.clip else None,
    )


def _what_became_of(told: Revised) -> str:
    """The word of `counts` for what became of a round that was told."""
    if told.now.withdrawn:
        return "withdrawn"
    return "bettered" if told.was.arrivals == told.now.arrivals else "revised"
