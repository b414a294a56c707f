"""A follower of the journal in a program that has an event loop: it waits for rows in a thread of its own (follow and
bell block), hands each to the loop, and is done with it when the loop is."""

import asyncio
import pathlib
import threading
from collections.abc import Awaitable, Callable, Sequence

from gateway.journal.bell import ALONE_S, Bell
from gateway.journal.follow import CursorFault, Follower
from gateway.journal.rows import SELECT, Kept, Row, reading

AGAIN_ROWS = 2000
Take = Callable[[Kept], Awaitable[None]]


class Following:
    """take : is given each row, once and in order, behind the cursor; after a kill the last ones may come once more. A
    start also gives what of `again_kind` is younger than again_us again, whatever the cursor says: what was begun of it
    may have ended with the program; of more than AGAIN_ROWS the newest, and that is said. said : what is not as it
    should be, in words, once."""

    def __init__(
        self,
        journal: pathlib.Path,
        cursor: pathlib.Path,
        take: Take,
        said: Callable[[str], None],
        again_kind: str = "",
        again_since_us: int = 0,
    ) -> None:
        self._journal, self._cursor, self._take, self._say = journal, cursor, take, said
        self._again_kind, self._again_since_us = again_kind, again_since_us
        self._stopped = threading.Event()
        self._told = ""

    async def run(self) -> None:
        """Until cancelled. Raises what following raises for good: a cursor that is none, or is in use."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()

        def work() -> None:
            try:
                self._work(loop)
            except BaseException as error:  # it must not be lost with the thread
                loop.call_soon_threadsafe(_end, ended, error)

        threading.Thread(target=work, name="following the journal", daemon=True).start()
        try:
            await ended
        finally:
            self._stopped.set()

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        follower = self._opened()
        if follower is None:
            return
        bell = Bell(self._journal)
        try:
            self._hand(loop, self._again())
        except (OSError, ValueError) as error:
            self._say(f"{self._journal}: what happened lately cannot be read: {error}")
        while not self._stopped.is_set():
            try:
                look = follower.look()
            except (OSError, ValueError) as error:
                self._wait(f"{self._journal}: cannot be read just now: {error}")
                continue
            for words in look.said:
                self._say(words)
            self._hand(loop, look.rows)
            if not look.rows:
                bell.wait()
                continue
            try:
                follower.done(look.rows)
            except CursorFault as error:
                self._wait(f"{error}; what was done comes once more")
            else:
                self._told = ""
        bell.close()
        follower.close()

    def _opened(self) -> Follower | None:
        while not self._stopped.is_set():
            if self._journal.exists():
                return Follower(self._journal, self._cursor, None)
            self._wait(f"{self._journal}: is not there yet; it is waited for")
        return None

    def _again(self) -> list[Kept]:
        with reading(self._journal) as journal:
            query = f"{SELECT} where kind = ? and at_us >= ? order by number desc limit ?"
            found = journal.execute(query, (self._again_kind, self._again_since_us, AGAIN_ROWS)).fetchall()
            counting = "select count(*) from row where kind = ? and at_us >= ?"
            (n_young,) = journal.execute(counting, (self._again_kind, self._again_since_us)).fetchone()
        if n_young > len(found):
            self._say(
                f"{self._journal}: of {n_young} young rows {self._again_kind!r} only the newest {len(found)} are taken "
                "up again; what was begun for the others stays as it is"
            )
        return [
            Kept(number, Row(kind, at_us, body, node, boot, sequence), hash_)
            for number, kind, at_us, node, boot, sequence, body, hash_ in reversed(found)
        ]

    def _hand(self, loop: asyncio.AbstractEventLoop, rows: Sequence[Kept]) -> None:
        for row in rows:
            if self._stopped.is_set():
                return
            asyncio.run_coroutine_threadsafe(_taken(self._take, row), loop).result()

    def _wait(self, words: str) -> None:
        if words != self._told:
            self._say(words)
        self._told = words
        self._stopped.wait(ALONE_S)


def _end(ended: "asyncio.Future[None]", error: BaseException) -> None:
    if not ended.done():
        ended.set_exception(error)


async def _taken(take: Take, row: Kept) -> None:
    await take(row)
