"""News of what was read: one follower tells, many listen, each with a bounded queue of its own. It holds no history:
who comes later, or did not keep up, is told `missed`, and looks at the store, which has it all by number."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence

from gateway.web.records import Change

MOST_WAITING = 256
"""Changes that one listener may leave unread."""
MOST_LISTENERS = 1000
MOST_EACH = 20
"""Of one account or key: one takes not all. A browser's tabs share one (static/line.js)."""
LONGEST_NUMBER = 19
REMEMBERED = 1000
"""The newest changes, for those who come back after a short while."""


class TooMany(RuntimeError):
    """There are MOST_LISTENERS already, or MOST_EACH of this one."""


class Feed:
    """Of one event loop: `open` in it, `tell` from any thread. heard : is told what each listener is handed as it
    comes."""

    def __init__(self, heard: Callable[[Change], None] = lambda change: None) -> None:
        self._heard = heard
        self._loop: asyncio.AbstractEventLoop | None = None
        self._queues: dict[asyncio.Queue[Change | None], str] = {}
        self._recent: list[Change] = []
        self._is_closed = False

    @property
    def n_listeners(self) -> int:
        """Who listens now."""
        return len(self._queues)

    def open(self) -> None:
        """From now on news come."""
        self._loop, self._is_closed = asyncio.get_running_loop(), False

    def close(self) -> None:
        """All listeners end."""
        self._is_closed = True
        for queue in self._queues:
            _put(queue, None)

    def tell(self, changes: Sequence[Change]) -> None:
        """Something was read. From any thread; before `open` nobody hears it."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell, tuple(changes))

    def check_room(self, whose: str) -> None:
        """Raises TooMany where one more of whose this is would not be let in."""
        if len(self._queues) >= MOST_LISTENERS:
            raise TooMany(f"{MOST_LISTENERS} listen already")
        if whose and sum(each == whose for each in self._queues.values()) >= MOST_EACH:
            raise TooMany(f"{MOST_EACH} of this account or key listen already")

    async def listen(self, after: int | None = None, whose: str = "") -> AsyncIterator[Change]:
        """What was read after the row of this number, then what comes. None: only what comes. A listener that was away,
        or is behind, for longer than is remembered is told so once (`missed`), and goes on from the newest. whose : of
        which account or key, "" of none that is counted. Raises TooMany."""
        self.check_room(whose)
        queue: asyncio.Queue[Change | None] = asyncio.Queue(MOST_WAITING)
        self._queues[queue] = whose
        try:
            for change in self._since(after):
                yield change
            while not self._is_closed and (news := await queue.get()) is not None:
                self._heard(news)
                yield news
        finally:
            del self._queues[queue]

    def _since(self, after: int | None) -> Sequence[Change]:
        if after is None or (self._recent and after == self._recent[-1].number):
            return ()
        if not self._recent or after < self._recent[0].number or after > self._recent[-1].number:
            return (Change(self._recent[-1].number if self._recent else after, ("missed",), missed=True),)
        return [change for change in self._recent if change.number > after]

    def _tell(self, changes: Sequence[Change]) -> None:
        if any(change.missed for change in changes):
            self._recent.clear()
        self._recent = [*self._recent, *changes][-REMEMBERED:]
        for queue in self._queues:
            for change in changes:
                _put(queue, change)


def _put(queue: "asyncio.Queue[Change | None]", change: Change | None) -> None:
    """Where there is no room all that waits gives way to one word that something was missed."""
    if queue.full():
        while not queue.empty():
            queue.get_nowait()
        if change is not None:
            change = Change(change.number, ("missed",), missed=True)
    queue.put_nowait(change)


def row_number(told: str) -> int | None:
    """The number that a listener says it had last (Last-Event-ID); None for what is none of ours."""
    return int(told) if told.isascii() and told.isdigit() and len(told) < LONGEST_NUMBER else None


async def with_beats(feed: Feed, after: int | None, whose: str, every_s: float) -> AsyncGenerator[Change | None, None]:
    """What `Feed.listen` tells; None first, once it listens, and after each every_s of nothing. Ends with the feed, and
    where others took the room between a look at it and this."""
    news = feed.listen(after, whose)
    waiting: asyncio.Future[Change] = asyncio.ensure_future(anext(news))
    try:
        await asyncio.sleep(0)  # from here on it listens
        if waiting.done() and isinstance(waiting.exception(), TooMany):
            return
        yield None
        while True:
            done, _ = await asyncio.wait({waiting}, timeout=every_s)
            yield waiting.result() if done else None
            if done:
                waiting = asyncio.ensure_future(anext(news))
    except StopAsyncIteration:
        return
    finally:
        waiting.cancel()
