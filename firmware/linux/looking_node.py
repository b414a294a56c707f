"""A node whose ear looks again at what it has told, and says what comes of it. Boards do without. Pure.

An arrival goes out at the first look, 100 ms after its onset: nothing waits. What more of the sound says of it follows
as `wire.Look`, which names its arrival by sequence. An onset that was not told (the storm limit) has no later looks.
"""

from collections import namedtuple

from firmware import wire
from firmware.clock import Clock
from firmware.linux.look_outbox import LookOutbox
from firmware.node import Ear, Heard, Keep, Node, Send

MOST_TOLD = 128
"""Arrivals whose later looks may come: in a second no more than firmware.node.BURST and RATE are told."""

Later = namedtuple("Later", ("tick_q8", "channel", "after_ms", "p_gunshot_permille", "sound"))
"""A later look at the onset that was Heard with this tick and channel."""


class LookingEar(Ear):
    """An ear that hears on."""

    def later(self) -> list[Later]:
        """Later looks that are certain now, each once."""
        raise NotImplementedError


class LookingNode(Node):
    """As Node; its ear and its outbox know of looks."""

    detector: LookingEar
    outbox: LookOutbox

    def __init__(
        self, detector: LookingEar, clock: Clock, outbox: LookOutbox, name: str, key: bytes, clips: bool = True
    ) -> None:
        super().__init__(detector, clock, outbox, name, key, clips)
        self._told: dict[tuple[int, int], int] = {}  # sequence by tick and channel, in the order of telling

    def _hear(self, onsets: list[Heard]) -> list[Keep | Send]:
        effects = super()._hear(onsets)
        return [*effects, *(send for later in self.detector.later() for send in self._look(later))]

    def _tell(self, heard: Heard, tick: int, t_us: int) -> list[Keep | Send]:
        effects = super()._tell(heard, tick, t_us)
        (sequence,) = (effect.saved.sequence for effect in effects if isinstance(effect, Keep))
        self._told[heard.tick_q8, heard.channel] = sequence
        if len(self._told) > MOST_TOLD:
            del self._told[next(iter(self._told))]
        return effects

    def _look(self, later: Later) -> list[Send]:
        arrival = self._told.get((later.tick_q8, later.channel))
        if arrival is None:
            return []
        sequence = self.outbox.next_sequence()
        frame = self._sealed(wire.Look(arrival, later.after_ms, later.p_gunshot_permille, later.sound), sequence)
        self.outbox.put_look((self.outbox.boot, sequence), frame, self._now_us)
        return [Send(frame)]
