"""The edges: whatever acts on the street or looks after something beside it, behind one contract, apart from each
other.

An edge takes effects of certain kinds, carries them out, and tells what became of them. It joins by a Plug: what it
takes and how it is made. The agent routes by the effect's type and knows no more of it. One that ends, raises or hangs
is dropped, said, and made anew after a short wait, each longer; it gets once more what it was ordered lately and has
not told of as done (what has expired it refuses by itself). It takes nothing else with it, unless it blocks the whole
program: that is for the watchdog of systemd.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

import structlog

from gateway.backoff import Backoff
from gateway.incident import Asked, News
from gateway.lamp_notice import LampNotice
from gateway.orders import Outcome
from gateway.tasks import end

LOOK_S = 0.25
DROP_S = 0.5  # what hangs may not even end
RECALL_S = 30.0  # after it an order is void (gateway/reaction/policy.py)
LONGEST_WAIT_S = 3.0  # an edge must be back within 5 s
STEADY_S = 10.0
SAY_AGAIN_S = 600.0
log = structlog.get_logger("gateway.edges")

Tell = Callable[[Outcome | News | Asked | LampNotice], None]
Beat = Callable[[], None]


class Edge(Protocol):
    """What the agent asks of whatever acts. It opens what it needs in `run`, for what is away must stop nobody."""

    def order(self, effect: Any) -> None:
        """Take an effect. Returns at once."""

    async def run(self, beat: Beat) -> None:
        """Work for ever, and call `beat` all the while; who does not for `patience_s` hangs."""

    async def close(self) -> None:
        """Let go of everything."""


@dataclass(frozen=True, slots=True)
class Plug:
    """How an edge joins. name : for people. takes : the types of effects that are ordered of it. make : (where it tells
    what became of them) -> a fresh one; may raise OSError or ValueError. patience_s : longest time between beats.
    recall_s : for how long an order counts, should a fresh one be needed."""

    name: str
    takes: tuple[type, ...]
    make: Callable[[Tell], Edge]
    patience_s: float = 3.0
    recall_s: float = RECALL_S


class Edges:
    """All of them. tell : is told what became of orders, and which edge is down. clock : () -> microseconds UTC.

    Raises what a `make` raises.
    """

    def __init__(self, plugs: Iterable[Plug], tell: Tell, clock: Callable[[], int]) -> None:
        self._keepers = [_Keeper(plug, tell, clock) for plug in plugs]

    def order(self, effect: Any) -> None:
        """Hand an effect to whoever takes its kind. Returns at once, and raises nothing."""
        for keeper in self._keepers:
            if isinstance(effect, keeper.plug.takes):
                keeper.order(effect)

    async def run(self) -> NoReturn:
        """Keep all of them going until cancelled."""
        tasks = [asyncio.create_task(keeper.run(), name=keeper.plug.name) for keeper in self._keepers]
        try:
            while True:
                await asyncio.Event().wait()
        finally:
            await end(*tasks)

    async def close(self) -> None:
        """Let go of those that never ran."""
        await asyncio.gather(*(keeper.close() for keeper in self._keepers))


class _Keeper:
    """Keeps one edge going."""

    def __init__(self, plug: Plug, tell: Tell, clock: Callable[[], int]) -> None:
        self.plug = plug
        self._tell = tell
        self._clock = clock
        self._edge: Edge | None = plug.make(self._told)
        self._done: dict[tuple[str, str], set[str]] = {}  # by incident and action, the devices that did it
        self._lately: deque[tuple[float, Any]] = deque()
        self._backoff = Backoff(first_s=0.5, longest_s=LONGEST_WAIT_S)
        self._beaten_s = 0.0
        self._said_s: float | None = None

    def order(self, effect: Any) -> None:
        now_s = _now_s()
        while self._lately and self._lately[0][0] < now_s - self.plug.recall_s:
            self._done.pop(_which(self._lately.popleft()[1]), None)
        self._lately.append((now_s, effect))
        self._hand(effect)

    async def run(self) -> NoReturn:
        while True:
            began_s = _now_s()
            why = await self._live()
            if _now_s() - began_s > STEADY_S:
                self._backoff.reset()
            self._say_down(why)
            await asyncio.sleep(self._backoff.next_s())
            self._make_anew()

    async def close(self) -> None:
        """Let go of the edge."""
        edge, self._edge = self._edge, None
        if edge is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(edge.close(), DROP_S)

    async def _live(self) -> str:
        """Until the edge is done for. Comes back: why."""
        if self._edge is None:
            return "cannot be made"
        task = asyncio.ensure_future(self._edge.run(self._beat))
        began_s = self._beaten_s = _now_s()
        try:
            while not task.done():
                looked_s = _now_s()
                await asyncio.wait((task,), timeout=LOOK_S)
                self._beaten_s += max(0.0, _now_s() - looked_s - LOOK_S)  # the whole program stood still: nobody could
                if not task.done() and _now_s() - self._beaten_s > self.plug.patience_s:
                    return "hangs"
                if self._said_s is not None and _now_s() - began_s > STEADY_S:
                    self._said_s = None
                    self._say("works again")
            return _end_of(task)
        finally:
            await _drop(task)
            await self.close()

    def _beat(self) -> None:
        self._beaten_s = _now_s()

    def _hand(self, effect: Any) -> None:
        try:
            if self._edge is not None:
                self._edge.order(effect)
        except Exception as error:  # an edge's fault is its own
            self._say_down(f"does not take an order: {error!r}")

    def _make_anew(self) -> None:
        try:
            self._edge = self.plug.make(self._told)
        except Exception as error:
            self._say_down(f"cannot be made: {error}")
            return
        for ordered_s, effect in tuple(self._lately):
            left = _left(effect, self._done.get(_which(effect), set()))
            if left is not None and ordered_s >= _now_s() - self.plug.recall_s:
                self._hand(left)

    def _told(self, told: Outcome | News | Asked | LampNotice) -> None:
        """What an edge tells; what it has done it is not told to do again, should it have to be made anew."""
        if isinstance(told, Outcome) and told.done and told.effect.action:
            self._done.setdefault(_which(told.effect), set()).add(told.device)
        if not (isinstance(told, Outcome) and told.repeats):
            self._tell(told)

    def _say_down(self, why: str) -> None:
        """Once, and again where it goes on."""
        if self._said_s is None or _now_s() - self._said_s > SAY_AGAIN_S:
            self._said_s = _now_s()
            self._say(f"{why}; it is started again")

    def _say(self, words: str) -> None:
        log.warning("an edge", edge=self.plug.name, news=words)
        self._tell(News("edge", f"{self.plug.name} {words}", self._clock()))


def _which(effect: Any) -> tuple[str, str]:
    """Which order an effect is, of all of its edge."""
    return getattr(effect, "incident", ""), getattr(effect, "action", "")


def _left(effect: Any, done: set[str]) -> Any:
    """What is left of an order when these devices have done it; None where nothing is."""
    return effect.left(done) if hasattr(effect, "left") else effect


def _now_s() -> float:
    return asyncio.get_running_loop().time()


def _end_of(task: "asyncio.Future[None]") -> str:
    """What it ended of, in words; a bug goes to the log whole."""
    if task.cancelled():
        return "was ended"
    error = task.exception()
    if error is None:
        return "ended"
    log.error("an edge ended", exc_info=error)
    return f"ended ({error!r})"


async def _drop(task: "asyncio.Future[None]") -> None:
    """End it, or leave it where it cannot be ended."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(end(task), DROP_S)
