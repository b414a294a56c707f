"""The shell of a board at work: it owns microphone, receiver, line, LED and watchdog, and carries out effects.

Four tasks: audio (blocks in, and the pulses in them), gnss (the names of seconds), link (frames both ways), health
(time goes on, temperature), and two small ones that show the LED and feed the watchdog. All call the one pure node, so
nothing needs a lock. Effects are carried out in their order: kept before they are sent.

Ticks count every frame since the start, those too that were lost: a loss shows at the next pulse, and from then on the
ticks are that much further (firmware/sample_clock.py).
"""

import asyncio
import gc
from time import ticks_diff, ticks_ms

from firmware import wire
from firmware.board import blink
from firmware.board.link import BoardLink
from firmware.board.supervisor import Supervisor
from firmware.board.updating import Updating
from firmware.gnss import GnssParser
from firmware.node import Forget, Keep, Node, Obey, Send, Take
from firmware.pps import Edge, PpsFinder
from firmware.sample_clock import SampleClock

LIMITS_MS = {"audio": 3_000, "gnss": 6_000, "link": 30_000, "health": 3_000}
TICK_MS, LED_MS, WATCH_MS = 250, 40, 500
TEMPERATURE_TICKS = 120
PPS_LIMIT_MS, WORD_LIMIT_MS = 5_000, 120_000
STUCK_BLOCKS, HEARD_BLOCKS = 200, 100
REMARK_MS = 60_000
IDENTIFY_LIMIT_S = 600


class Steady:
    """A clock that only goes forward and does not turn over, unlike the chip's milliseconds."""

    def __init__(self) -> None:
        self._now_ms, self._last = 0, ticks_ms()

    def now_ms(self) -> int:
        """Milliseconds since it was made. Must be asked once in some days."""
        now = ticks_ms()
        self._now_ms += ticks_diff(now, self._last)
        self._last = now
        return self._now_ms


class BoardShell:
    """microphone, receiver, led, thermometer: of hw.mcu. open_line(): a new line to the gateway, or OSError. watchdog:
    has `feed`. restart(): starts the board anew. updating: what takes updates, None
    where there are no slots.

    pulses: those seen in the sound."""

    def __init__(  # type: ignore[no-untyped-def]
        self,
        node: Node,
        clock: SampleClock,
        spool,
        microphone,
        receiver,
        open_line,
        led,
        thermometer,
        watchdog,
        restart,
        updating: "Updating | None",
    ) -> None:
        self.node = node
        self.clock = clock
        self.parser = GnssParser()
        self._spool = spool
        self._microphone, self._receiver = microphone, receiver
        self._led, self._thermometer = led, thermometer
        self._watchdog, self._restart = watchdog, restart
        self._finder = PpsFinder()
        self._steady = Steady()
        self._supervisor = Supervisor(LIMITS_MS, 0)
        self._updating = updating
        self.link = BoardLink(open_line, self, lambda: self._beat("link"))
        self._tick = self._stuck = self._heard = 0
        self._pulse_ms = self._word_ms = -WORD_LIMIT_MS
        self._identify_until_ms = 0
        self._remarked = ("", 0)
        self._clock_state = wire.UNSET
        self._kept = True
        self.pulses = 0

    async def run(self) -> None:
        """For ever. Ends only with what a task raises."""
        self._carry(self.node.tick(0), True)
        self._receiver.ask()
        await asyncio.gather(self._audio(), self._gnss(), self.link.run(), self._health(), self._show(), self._watch())

    async def _audio(self) -> None:
        while True:
            words = await self._microphone.read()
            self._beat("audio")
            if self._microphone.may_have_lost():
                self.clock.doubt()
                print("WARN late to the microphone: times are coarse until the next pulse")
            for edge in self._finder.feed(words, self._tick):
                self._pulse(edge)
            samples = self._microphone.left()
            self._stuck = self._stuck + 1 if samples[0] == samples[len(samples) // 2] == samples[-1] else 0
            self._heard += not self._stuck
            if self._heard == HEARD_BLOCKS:
                self._see("microphone")
            self._carry(self.node.feed(samples, self._tick), True)
            self._tick += len(samples)

    def _pulse(self, edge: Edge) -> None:
        self._pulse_ms = self._steady.now_ms()
        self.pulses += 1
        self._see("pps")
        lost = self.clock.pulse(edge)
        if lost:
            self._tick += lost
            print(f"WARN sound was lost frames={lost}")

    async def _gnss(self) -> None:
        while True:
            received = await self._receiver.read()
            self._beat("gnss")
            for second in self.parser.feed(received):
                self.clock.name(second, self._tick + self._microphone.frames_since_read())

    async def _health(self) -> None:
        n = 0
        while True:
            if n % TEMPERATURE_TICKS == 0:
                self.node.temperature_cc = self._thermometer.read_cc()
                gc.collect()
            n += 1
            self._carry(self.node.tick(self._steady.now_ms() * 1000), False)
            self._update()
            self._tell_clock()
            self._beat("health")
            await asyncio.sleep_ms(TICK_MS)

    async def _show(self) -> None:
        while True:
            now_ms = self._steady.now_ms()
            if now_ms < self._identify_until_ms:
                self._led.show(blink.is_on_to_identify(now_ms))
            else:
                self._led.show(blink.is_on(blink.code_of(self.wrong()), now_ms))
            await asyncio.sleep_ms(LED_MS)

    async def _watch(self) -> None:
        while True:
            late = self._supervisor.late(self._steady.now_ms())
            if not late:
                self._watchdog.feed()
            else:
                print("ERROR no heartbeat of " + " ".join(late))
            await asyncio.sleep_ms(WATCH_MS)

    def wrong(self) -> "set[str]":
        """What is wrong now, by the names of blink.CODES."""
        now_ms = self._steady.now_ms()
        found = (
            ("uplink", now_ms - self._word_ms > WORD_LIMIT_MS),
            ("fix", not self.parser.has_fix),
            ("pps", now_ms - self._pulse_ms > PPS_LIMIT_MS),
            ("microphone", self._stuck >= STUCK_BLOCKS),
            ("outbox", not self._kept),
        )
        return {name for name, is_wrong in found if is_wrong}

    def _beat(self, name: str) -> None:
        self._supervisor.beat(name, self._steady.now_ms())

    def up(self) -> None:
        """There is a line to the gateway."""
        self._carry(self.node.connected(), False)

    def received(self, frame: bytes) -> None:
        """A frame came over it."""
        refused, words = self.node.refused, self.node.words
        effects = self.node.receive(frame)
        self._carry(effects, False)
        if self.node.refused > refused:
            self._remark(self.node.refused_why)
        if self.node.words > words:
            self._word_ms = self._steady.now_ms()
        if any([isinstance(effect, Forget) for effect in effects]):
            self._see("ack")

    def _remark(self, why: str) -> None:
        """Say what is refused, but not the same again and again."""
        now_ms = self._steady.now_ms()
        if why != self._remarked[0] or now_ms - self._remarked[1] >= REMARK_MS:
            self._remarked = (why, now_ms)
            print(f"WARN refused what came from the gateway's side why={why} refused={self.node.refused}")

    def _tell_clock(self) -> None:
        """Say when the clock's state has changed."""
        state = self.clock.state(self._tick)
        if state != self._clock_state:
            self._clock_state = state
            print(f"INFO clock={wire.CLOCK_STATES[state]}")

    def _see(self, what: str) -> None:
        if self._updating is not None:
            self._updating.see(what)

    def _update(self) -> None:
        """What a trial or a whole image asks for."""
        try:
            if self._updating and self._updating.must_restart(len(self.node.outbox), self._steady.now_ms()):
                self._restart()
        except OSError as error:
            print(f"ERROR the flash takes nothing why={error}")

    def _carry(self, effects: list, fresh: bool) -> None:  # type: ignore[type-arg]
        for effect in effects:
            if isinstance(effect, Keep):
                self._kept = self._on_flash(self._spool.keep, effect.saved)
            elif isinstance(effect, Forget):
                self._on_flash(self._spool.forget, effect.keys)
            elif isinstance(effect, Send):
                if not self.link.offer(effect.frame, fresh):
                    self.node.unsent(effect.frame)
            elif isinstance(effect, Obey):
                self._obey(effect)
            elif isinstance(effect, Take) and self._updating is not None:
                answer = self._updating.take(effect.record, self._steady.now_ms())
                self._carry(self.node.answer(answer) if answer else [], False)

    def _on_flash(self, write, what) -> bool:  # type: ignore[no-untyped-def]
        """A full or failing flash must not make the pole deaf: records stay in memory, and LED and log say so."""
        try:
            write(what)
        except OSError as error:
            print(f"ERROR records are kept in memory only why={error}")
            return False
        return True

    def _obey(self, effect: Obey) -> None:
        if effect.verb == wire.IDENTIFY:
            self._identify_until_ms = self._steady.now_ms() + max(0, min(IDENTIFY_LIMIT_S, effect.argument)) * 1_000
        elif effect.verb == wire.RESTART:
            self._restart()
