"""The shell of a Linux node at work: it owns microphone, clocks, disk and line, and carries out effects.

Three tasks: listen (blocks in), tick (time goes on), uplink (frames both ways). All of them call the one pure node, so
nothing needs a lock. Effects are carried out in their order: on disk before on the wire.
"""

import asyncio
import time
from collections.abc import Callable, Iterable

import structlog

from firmware.linux import names as words
from firmware.linux.ack_watch import AckWatch
from firmware.linux.block_time import Dater
from firmware.linux.figures import Now
from firmware.linux.looking_node import LookingNode
from firmware.linux.metering import Metering
from firmware.linux.patient_spool import PatientSpool
from firmware.linux.rarity_file import SAVE_S, RarityFile
from firmware.linux.uplink import Uplink
from firmware.node import Forget, Keep, Obey, Send
from hw.linux.systemd import notify
from hw.ports import BlockSource, FrameLine

TICK_S = 0.25
LAST_ACKS_S = 10.0
log = structlog.get_logger(layer="firmware.node")


def steady_us() -> int:
    """A clock that only goes forward."""
    return time.monotonic_ns() // 1000


class Shell:
    """node, source (open), spool, uplink: built by who starts it. dater : dates the blocks of a source that does not
    know when it started, else None. rare : where what is rare here is kept. metering : what writes its figures."""

    def __init__(
        self,
        node: LookingNode,
        source: BlockSource,
        spool: PatientSpool,
        uplink: Uplink,
        dater: Dater | None = None,
        rare: RarityFile | None = None,
        *,
        metering: Metering | None = None,
        now_us: Callable[[], int] = steady_us,
    ) -> None:
        self.node = node
        self._source = source
        self._spool = spool
        self._uplink = uplink
        self._dater = dater
        self._now_us = now_us
        self._acked = asyncio.Event()
        self._answers = AckWatch()
        self._looks_let_go = 0
        self._rare, self._saved_us = rare, now_us()
        self._metering = metering
        self._tick: int | None = None

    async def run(self, line: FrameLine | None = None) -> None:
        """Until the source ends and the gateway has everything, or LAST_ACKS_S later. Raises what the source raises."""
        self._carry(self.node.tick(self._now_us()), fresh=True)
        others = [asyncio.create_task(self._uplink.run(self, line)), asyncio.create_task(self._keep_time())]
        if self._dater is not None:
            others.append(asyncio.create_task(self._dater.watch()))
        if self._metering is not None:
            others.append(asyncio.create_task(self._metering.run(self.node, self._figures_now)))
        listening = asyncio.create_task(self._listen())
        try:
            await asyncio.wait([listening, *others], return_when=asyncio.FIRST_COMPLETED)
            for task in others:
                if task.done():
                    task.result()
            await listening
            await self._last_acks()
        finally:
            for task in (listening, *others):
                task.cancel()
            await asyncio.gather(listening, *others, return_exceptions=True)
            self._keep_rarity()

    def up(self) -> None:
        """There is a line to the gateway."""
        self._carry(self.node.connected(), fresh=False)

    def received(self, frame: bytes) -> None:
        """A frame came over it."""
        refused = self.node.refused
        self._carry(self.node.receive(frame), fresh=False)
        if self.node.refused > refused:
            log.warning(
                "refused what came from the gateway's side", why=self.node.refused_why, refused=self.node.refused
            )
        if not len(self.node.outbox):
            self._acked.set()

    async def _listen(self) -> None:
        rate_hz = self._source.rate_hz
        async for block in self._source.blocks():
            if self._source.rate_hz != rate_hz:
                raise OSError(f"the microphone's rate changed from {rate_hz} to {self._source.rate_hz} Hz; start again")
            if self._dater is not None:
                self._dater.see(block.tick + len(block.samples), len(block.samples))
            gaps = self.node.gaps
            self._tick = block.tick + len(block.samples)
            self._carry(self.node.feed(block.samples, block.tick), fresh=True)
            if self.node.gaps > gaps:
                log.warning("sound was lost", gaps=self.node.gaps, tick=block.tick)
        self._carry(self.node.flush(), fresh=True)

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            notify("WATCHDOG=1")
            self._carry(self.node.tick(self._now_us()), fresh=False)
            self._see_answers()
            self._see_looks()
            if self._now_us() - self._saved_us >= SAVE_S * 1e6:
                self._keep_rarity()

    def _see_answers(self) -> None:
        waiting = len(self.node.outbox)
        answered = self._answers.look(self.node.words, waiting, self._now_us())
        if answered is False:
            log.warning(
                "no answer from the gateway for 30 s; what is heard is kept", records=waiting,
                look_at="is the gateway running, does it have this node's key, may we speak on this broker?",
            )  # fmt: skip
        elif answered:
            log.info("the gateway answers again", records=waiting)

    def _see_looks(self) -> None:
        """Say once that later looks are of no use here."""
        let_go = self.node.outbox.looks_let_go
        if let_go and not self._looks_let_go:
            log.warning(
                "later looks were let go: the gateway acknowledges none; is it older than this node?", looks=let_go
            )
        self._looks_let_go = let_go

    def _figures_now(self) -> Now:
        host = None if self._dater is None else self._dater.reading
        return Now(self._tick, host, self._uplink.is_up, time.time_ns() // 1000)

    def _keep_rarity(self) -> None:
        self._saved_us = self._now_us()
        if self._rare is not None:
            self._rare.save()

    async def _last_acks(self) -> None:
        self._acked.clear()
        if not len(self.node.outbox):
            return
        try:
            await asyncio.wait_for(self._acked.wait(), LAST_ACKS_S)
        except TimeoutError:
            log.warning("the gateway has not acknowledged everything; it is kept", records=len(self.node.outbox))

    def _carry(self, effects: Iterable[object], *, fresh: bool) -> None:
        for effect in effects:
            if isinstance(effect, Keep):
                self._spool.keep(effect.saved)
                if self._metering is not None:
                    self._metering.figures.kept((effect.saved.boot, effect.saved.sequence), self._now_us())
            elif isinstance(effect, Send):
                self._uplink.offer(effect.frame, fresh=fresh)
            elif isinstance(effect, Forget):
                self._spool.forget(effect.keys)
                if self._metering is not None and effect.acked:
                    self._metering.figures.acked(effect.keys, self._now_us())
                elif self._metering is not None:
                    self._metering.figures.thrown_away(effect.keys)
            elif isinstance(effect, Obey):
                log.warning("a command that this node cannot carry out", verb=words.VERBS.get(effect.verb, effect.verb))
