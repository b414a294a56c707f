"""The gateway agent: the one place where links, core, journal and edges meet. A loop, a queue, and order.

Frames that wait are fed together. What moves something goes out at once, to whoever takes its kind (gateway/edges.py);
what must be kept goes to the journal, and the acks follow when it is on disk (gateway/journal/keeping.py). A bad disk
costs acks, not decisions.
"""

import asyncio
import contextlib
import dataclasses
import functools
import json
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Any, NoReturn, Protocol

import structlog

from firmware.wire import REASONS
from gateway.core import TICK_US, Core
from gateway.edges import Edges, Plug
from gateway.effects import ONCE, Effect, Told
from gateway.incident import Alarm, Announce, Asked, Committed, Early, Heard, NewAir, News, Reply, Store, Tell, Updated
from gateway.journal.journal import Journal, frame_row
from gateway.journal.keeping import Keeping
from gateway.journal.moments import step_record
from gateway.journal.recovery import Before, Past, take_up
from gateway.journal.rows import Row
from gateway.lamp_notice import LampNotice
from gateway.orders import Outcome
from gateway.reasons import Because
from gateway.steady_clock import SteadyClock
from gateway.tasks import end
from hw.linux.systemd import notify

MAX_INBOX = 256
MAX_TOGETHER = 256
REMARK_S = 10.0
REMARKABLE = (*REASONS, "unknown", "clock", "crowded", "forgotten", "untold", "limited", "soon_left_out")
KINDS = {
    Announce: "incident",
    Heard: "unplaced",
    Alarm: "alarm",
    Updated: "update",
    Outcome: "effect",
    Asked: "request",
    LampNotice: "lamp",
}
"""What is told -> the kind of its row in the journal."""
KEPT = (Store, Reply, Tell, NewAir, Because, Early, Announce, Heard, Alarm, Updated, News)  # what no edge is ordered
log = structlog.get_logger("gateway.agent")


class Link(Protocol):
    """A way to nodes: gateway/intake/link_serial.py, gateway/intake/link_mqtt.py. See there what each verb does."""

    name: str

    async def open(self) -> bool: ...

    async def run(self, deliver: Callable[[str, bytes], Awaitable[None]], connected: Callable[[str], None]) -> None: ...

    def send(self, node: str, frame: bytes) -> bool: ...

    async def close(self) -> None: ...


class Teller(Protocol):
    """Who is told what happens, as it happens: the terminal, or a program that reads it. Its faults end nothing."""

    def record(self, told: Told | LampNotice) -> dict[str, Any]:
        """What is told, for the journal. It raises nothing."""

    def ready(self, links: Sequence[str]) -> None: ...

    def tell(self, told: Told | LampNotice) -> None: ...


class Agent:
    """Joins what it is given. `run` until told to stop; it owns and closes everything it was given.

    clock : () -> UTC in microseconds. plugs : what acts. Raises what making an edge raises.
    """

    def __init__(
        self,
        core: Core,
        journal: Journal,
        links: Iterable[Link],
        clock: Callable[[], int],
        teller: Teller,
        plugs: Iterable[Plug] = (),
    ) -> None:
        self._core = core
        self._keeping = Keeping(journal, self._answer, lambda: self._edges.order(Committed()))
        self._links = {link.name: link for link in links}
        self._clock = SteadyClock(clock, lambda: time.monotonic_ns() // 1000)
        self._teller = teller
        self._edges = Edges(plugs, self.told, clock)
        self._inbox: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(MAX_INBOX)
        self._missing: set[str] = set()
        self._heard_on: dict[str, str] = {}
        self._recovered: list[Effect] = []
        self._now_us = 0
        self._before = Before(Past(), 0)
        self._remarked: dict[str, int] = {}

    @property
    def n_waiting(self) -> int:
        """Frames that came and were not fed yet."""
        return self._inbox.qsize()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set. Raises OSError where a link is not there at the start."""
        try:
            for link in self._links.values():
                if not await link.open():
                    self._missing.add(link.name)
            await self._work(stop)
        finally:
            await self._close()

    def told(self, told: Told | LampNotice) -> None:
        """Write it down, then tell it."""
        record = self._teller.record(told)
        kind = told.what if isinstance(told, News) else "area" if record["what"] == "area" else KINDS[type(told)]
        self._note(kind, getattr(told, "at_us", self._now_us), record)
        with _whatever_it_raises():
            self._teller.tell(told)

    def recover(self, past: Past, now_us: int) -> None:
        """Take up what an earlier run had stored and acked but may not have decided or done. now_us : that of the
        journal's row of this start."""
        if past.cut:
            log.warning("only the newest frames are taken up again", left_out=past.cut)
        self._recovered, self._now_us, self._before = take_up(self._core, past, now_us), now_us, Before(past, now_us)

    async def _work(self, stop: asyncio.Event) -> None:
        inner = (self._take_in(), self._tick(), self._edges.run())
        links = (link.run(self._deliver, self._connected) for link in self._links.values())
        tasks: list[asyncio.Future[Any]] = [asyncio.ensure_future(each) for each in (*inner, *links)]
        stopping: asyncio.Future[Any] = asyncio.ensure_future(stop.wait())
        with _whatever_it_raises():
            self._teller.ready([f"{name} (not there yet)" if name in self._missing else name for name in self._links])
        self._carry_out(self._recovered)
        notify("READY=1")
        try:
            ending: list[asyncio.Future[Any]] = [*tasks, stopping]
            ended, _ = await asyncio.wait(ending, return_when=asyncio.FIRST_COMPLETED)
            notify("STOPPING=1")
            for task in tasks[:2]:
                task.cancel()
            await self._keeping.finish()
            for each in ended:
                _show_bug(each)
                each.result()
        finally:
            await end(*tasks, stopping)

    async def _close(self) -> None:
        await self._edges.close()
        for link in self._links.values():
            await link.close()
        await self._keeping.close()

    async def _deliver(self, link: str, frame: bytes) -> None:
        await self._inbox.put((link, frame))

    def _connected(self, link: str) -> None:
        """Ask all nodes, on a link that has just come up, for what is not acked yet."""
        for reply in self._core.hello():
            self._links[link].send(reply.node, reply.frame)

    async def _take_in(self) -> NoReturn:
        """Feed what waits, together."""
        while True:
            waiting = [await self._inbox.get()]
            while len(waiting) < MAX_TOGETHER and not self._inbox.empty():
                waiting.append(self._inbox.get_nowait())
            effects = self._core.feed_all([frame for _, frame in waiting], self._now())
            came_on = {frame: link for link, frame in waiting}
            for effect in effects:
                if isinstance(effect, Store):
                    self._heard_on[effect.node] = came_on[effect.frame]
            self._carry_out(effects)
            await asyncio.sleep(0)

    async def _tick(self) -> NoReturn:
        """Let time pass in the core."""
        loop = asyncio.get_running_loop()
        remark_due_s = loop.time()
        while True:
            await asyncio.sleep(TICK_US / 1e6)
            self._heed_the_clock()
            self._carry_out(self._core.tick(self._now()))
            for news in self._keeping.news():
                self.told(News("journal", news, self._now_us))
            if loop.time() >= remark_due_s:
                remark_due_s = loop.time() + REMARK_S
                self._remark()
                notify("WATCHDOG=1")

    def _now(self) -> int:
        self._now_us = self._clock.now_us()
        return self._now_us

    def _heed_the_clock(self) -> None:
        """Where the host's clock was set, go on by the new time."""
        step = self._clock.stepped()
        if step is not None:
            log.warning("the clock was set", by_s=round((step.after_us - step.before_us) / 1e6, 3))
            self._carry_out(self._core.set_clock(step))
            self._now_us = step.after_us
            self._keeping.keep([Row("clock", step.after_us, step_record(step))])

    def _carry_out(self, effects: Sequence[Effect]) -> None:
        """What moves something first; but what must not be done twice waits for its reason to be on the disk."""
        effects = self._before.sift(effects, self._now_us)
        once = [effect for effect in effects if isinstance(effect, ONCE)]
        self._order(effect for effect in effects if not isinstance(effect, (*KEPT, *ONCE)))
        frames = [frame_row(effect) for effect in effects if isinstance(effect, Store)]
        if frames:
            self._keeping.keep(frames, [effect for effect in effects if isinstance(effect, Reply)])
        reasons = [_reason_row(effect) for effect in effects if isinstance(effect, Because)]
        if reasons or once:
            self._keeping.keep_first(reasons, functools.partial(self._order, once))
        for effect in effects:
            if isinstance(effect, Tell):
                self._send(effect)
            elif isinstance(effect, Early):
                self._note("early", effect.at_us, dataclasses.asdict(effect))
            elif isinstance(effect, NewAir):
                self._note("air", effect.at_us, dataclasses.asdict(effect))
            elif isinstance(effect, Announce | Heard | Alarm | Updated | News):
                self.told(effect)

    def _order(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            self._edges.order(effect)

    def _send(self, effect: Tell) -> None:
        """Where the node was heard, else everywhere."""
        link = self._heard_on.get(effect.node)
        for each in self._links.values() if link is None else (self._links[link],):
            each.send(effect.node, effect.frame)

    def _note(self, kind: str, at_us: int, record: dict[str, Any]) -> None:
        self._keeping.keep([Row(kind, at_us, json.dumps(record, sort_keys=True).encode())])

    def _answer(self, reply: Reply) -> None:
        link = self._heard_on.get(reply.node)
        if link is not None:
            self._links[link].send(reply.node, reply.frame)

    def _remark(self) -> None:
        """Say what was refused or not used since last time: a wrong key or a lost clock shows here first."""
        new = {
            word: self._core.counts[word] - self._remarked.get(word, 0)
            for word in REMARKABLE
            if self._core.counts[word] > self._remarked.get(word, 0)
        }
        if new:
            log.warning("frames refused or not used", **new)
        for charge in self._core.blame.tell(self._now_us):
            log.warning("a node's frames are of no use", node=charge.node, why=charge.why, frames=charge.n_frames)
        self._remarked = {word: self._core.counts[word] for word in REMARKABLE}


def _reason_row(reason: Because) -> Row:
    return Row("reason", reason.at_us, json.dumps(dataclasses.asdict(reason), sort_keys=True).encode())


@contextlib.contextmanager
def _whatever_it_raises() -> Iterator[None]:
    try:
        yield
    except Exception:
        logging.getLogger("gateway.agent").exception("what happened could not be told; it is written down")


def _show_bug(ended: "asyncio.Future[Any]") -> None:
    """What a task died of, whole, where the world was not to blame: then one line is not enough."""
    error = ended.exception()
    if error is not None and not isinstance(error, OSError):
        logging.getLogger("gateway.agent").error("the agent ends by a fault of its own", exc_info=error)


async def run_until_signalled(agent: Agent, signals: Iterable[int]) -> None:
    """`agent.run` until one of these signals comes."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in signals:
        loop.add_signal_handler(number, stop.set)
    await agent.run(stop)
