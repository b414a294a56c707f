"""A node whose ear looks again at what it has told, and says what comes of it. Boards do without. Pure.

An arrival goes out at the first look, 100 ms after its onset: nothing waits. What more of the sound says of it follows
as `wire.Look`, which names its arrival by sequence. An onset that was not told (the storm limit) has no later looks.
Each says how rarely something so gun-like is heard here; where that is known one goes with the arrival, at the look
that the arrival has. Nothing is learnt before the time is known.
"""

from collections import namedtuple

from firmware import wire
from firmware.clock import Clock
from firmware.linux.look_outbox import LookOutbox
from firmware.linux.rarity import Rarity
from firmware.node import Ear, Heard, Keep, Node, Send

FIRST_MS = 100
"""After an onset the first look is made: what an arrival says of it."""
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
    """As Node; its ear and its outbox know of looks. rarity : what it has heard before; None: it learns nothing."""

    detector: LookingEar
    outbox: LookOutbox

    def __init__(
        self,
        detector: LookingEar,
        clock: Clock,
        outbox: LookOutbox,
        name: str,
        key: bytes,
        clips: bool = True,
        rarity: Rarity | None = None,
    ) -> None:
        super().__init__(detector, clock, outbox, name, key, clips)
        self._rarity = rarity
        self._told: dict[tuple[int, int], int] = {}  # sequence by tick and channel, in the order of telling

    def feed(self, samples: object, tick: int) -> list[Keep | Send]:
        """As of Node."""
        effects = super().feed(samples, tick)
        if self._rarity and self._next and self.clock.state(tick) != wire.UNSET:
            n_us = (self._next - tick) * 1_000_000 // self.clock.rate_hz
            self._rarity.listen(n_us, self.clock.utc_us(self._next << 8))
        return effects

    def _hear(self, onsets: list[Heard]) -> list[Keep | Send]:
        effects = super()._hear(onsets)
        looks = self.detector.later()
        effects += [send for later in looks for send in self._look(later)]
        if self._rarity:
            told = [(each.tick_q8, each.channel, each.p_gunshot_permille) for each in onsets]
            told += [(each.tick_q8, each.channel, each.p_gunshot_permille) for each in looks]
            for tick_q8, channel, permille in told:
                self._rarity.hear((tick_q8, channel), permille)
        return effects

    def _tell(self, heard: Heard, tick: int, t_us: int) -> list[Keep | Send]:
        effects = super()._tell(heard, tick, t_us)
        (sequence,) = (effect.saved.sequence for effect in effects if isinstance(effect, Keep))
        self._told[heard.tick_q8, heard.channel] = sequence
        if len(self._told) > MOST_TOLD:
            del self._told[next(iter(self._told))]
        first = Later(heard.tick_q8, heard.channel, FIRST_MS, heard.p_gunshot_permille, heard.sound)
        return [*effects, *(self._look(first) if self._how_rare(first) else ())]

    def _look(self, later: Later) -> list[Send]:
        arrival = self._told.get((later.tick_q8, later.channel))
        if arrival is None:
            return []
        sequence = self.outbox.next_sequence()
        said = wire.Look(arrival, later.after_ms, later.p_gunshot_permille, later.sound, self._how_rare(later))
        frame = self._sealed(said, sequence)
        self.outbox.put_look((self.outbox.boot, sequence), frame, self._now_us)
        return [Send(frame)]

    def _how_rare(self, later: Later) -> int | None:
        """As the wire has it: 0 where it is not known yet, None where nothing is learnt."""
        if self._rarity is None:
            return None
        return self._rarity.code(later.p_gunshot_permille, self.clock.utc_us(later.tick_q8 + (self._first << 8)))
