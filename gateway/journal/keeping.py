"""What is being written down, and the answers that wait for it."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from gateway.incident import Reply
from gateway.journal.journal import Journal
from gateway.journal.rows import Row

LAST_WORDS_S = 5.0
FIRST_S = 0.05
log = structlog.get_logger("gateway.agent")


class Keeping:
    """answer : sends one reply; told of each only once what it says is safe is on the disk. committed : called each
    time that rows are. Owns the journal."""

    def __init__(self, journal: Journal, answer: Callable[[Reply], None], committed: Callable[[], None]) -> None:
        self._journal = journal
        self._answer = answer
        self._committed = committed
        self._tasks: set[asyncio.Task[None]] = set()

    def keep(self, rows: Sequence[Row], replies: Sequence[Reply] = ()) -> None:
        """Rows to the journal now, in this order; replies when they are on disk."""
        task = asyncio.create_task(self._answer_when(self._journal.append(rows), replies))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def keep_first(self, rows: Sequence[Row], then: Callable[[], None]) -> None:
        """Rows to the journal now; `then` when they are on disk. It waits no longer than FIRST_S: a bad disk costs
        acks, not decisions."""
        durable = self._journal.append(rows)
        for work in (self._answer_when(durable, ()), self._follow(durable, then)):
            task = asyncio.create_task(work)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def news(self) -> list[str]:
        """What became of the disk since the last call; it is in the log, too."""
        news = self._journal.news()
        for each in news:
            log.warning(each)
        return news

    async def finish(self) -> None:
        """Wait for what is still to be written, but not for ever: the disk may be bad."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=LAST_WORDS_S)

    async def close(self) -> None:
        """Close the journal. What it could not write is lost, and said."""
        lost = await asyncio.to_thread(self._journal.close)
        if lost:
            log.error("the disk took nothing to the end: rows are lost; nodes keep what they said", rows=lost)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _follow(self, durable: "asyncio.Future[None]", then: Callable[[], None]) -> None:
        await asyncio.wait([durable], timeout=FIRST_S)
        then()

    async def _answer_when(self, durable: "asyncio.Future[None]", replies: Sequence[Reply]) -> None:
        try:
            await durable
        except OSError:
            return  # the journal's news say it
        for reply in replies:
            self._answer(reply)
        self._committed()
