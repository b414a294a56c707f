"""The journal: every frame and every deed on disk before anybody is told that it is safe.

SQLite in WAL mode with synchronous=FULL: a commit is on the disk (sqlite.org/wal.html, as measured in
notes/reliability.md, 0.3). One thread writes; what waits is committed together. One gateway at a time: `FILE.lock` is
held by flock for as long as the journal is open.

Where the disk does not take a batch, full, read-only, broken or away, it fails with JournalAway: nothing of it is
acked, and the nodes keep their records. Its rows are held in memory, MOST_HELD at most, and written before any later
one once the disk takes rows again; a full one is tried with the next batch, any other after RETRY_S, and opened anew:
the kernel may have dropped what it could not write, and a second fsync of the same file would say all is well
(notes/reliability.md, fsyncgate). So a journal that cannot be opened at the start is no reason to be deaf.
"""

import asyncio
import contextlib
import math
import pathlib
import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from gateway.incident import Store
from gateway.journal_file import hold, open_whole
from gateway.rows import SELECT, START, Row, digest

MAX_GROUP = 2000  # batches in one commit
MOST_HELD = 50_000  # rows, some 20 MB: what is held while the disk takes none
RETRY_S = 3.0
MAX_WAITING = 20_000  # batches: minutes of a storm before a dead slow disk counts as full
INSERT = """insert into row values (?, ?, ?, ?, ?, ?, ?, ?)
    on conflict (node, boot, sequence) where kind = 'frame' do nothing"""


class JournalAway(OSError):
    """The disk does not take rows: this batch is held in memory, and must not be acked."""


@dataclass(frozen=True, slots=True)
class _Batch:
    rows: Sequence[Row]
    durable: "Future[None]"


class Journal:
    """Open on construction, or held in memory until it can be. Raises OSError or ValueError naming the file: in use, no
    folder for it, no journal.

    max_bytes : the file grows no larger; past it the journal is full. steady_s : a clock that only goes forward.
    """

    def __init__(
        self, path: pathlib.Path, max_bytes: int | None = None, steady_s: Callable[[], float] = time.monotonic
    ) -> None:
        self.path = path
        self.lost = 0
        self._max_bytes, self._steady_s = max_bytes, steady_s
        self._lock = hold(path)
        self._connection: sqlite3.Connection | None = None
        self._number, self._hash = 0, START
        self._held: deque[Row] = deque()
        self._retry_s = -math.inf
        try:
            self._why = self._open()
        except ValueError:
            self._close()
            raise
        self._waiting: queue.SimpleQueue[_Batch | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, name="journal", daemon=True)
        self._writer.start()

    @property
    def why_away(self) -> str:
        """Why the disk takes no rows, "" where it does."""
        return self._why

    def append(self, rows: Sequence[Row]) -> "asyncio.Future[None]":
        """Keep rows, in the order of the calls. The answer is done once they are on disk, or raises
        JournalAway. A frame that is already there stays one row."""
        batch = _Batch(rows, Future())
        if self._waiting.qsize() >= MAX_WAITING:
            batch.durable.set_exception(JournalAway(f"{self.path}: the disk is too slow, {MAX_WAITING} batches wait"))
        else:
            self._waiting.put(batch)
        return asyncio.wrap_future(batch.durable)

    def recent_frames(self, limit: int) -> list[tuple[str, int, int]]:
        """(node, boot, sequence) of the newest frames, oldest first. Call it before the first `append`."""
        newest = "select node, boot, sequence from row where kind = 'frame' order by number desc limit ?"
        return self._read(newest, limit)[::-1]

    def newest_first(self) -> Iterator[Row]:
        """The rows of all kinds, the newest first. Call it before the first `append`."""
        if self._connection is None:
            return
        for _, kind, at_us, node, boot, sequence, body, _ in self._connection.execute(f"{SELECT} order by number desc"):
            yield Row(kind, at_us, body, node, boot, sequence)

    def airs_since(self, since_us: int) -> list[bytes]:
        """The bodies of the air rows back to the one that was in force then, oldest first. Call it before the first
        `append`."""
        bodies: list[bytes] = []
        for _, _, at_us, _, _, _, body, _ in self._newest("air"):
            bodies.append(body)
            if at_us < since_us:
                break
        return bodies[::-1]

    def updates(self) -> list[bytes]:
        """The bodies of all update rows, oldest first. Call it before the first `append`."""
        return [body for _, _, _, _, _, _, body, _ in self._newest("update")][::-1]

    def _newest(self, kind: str) -> Iterable[Any]:
        if self._connection is None:
            return ()
        return self._connection.execute(f"{SELECT} where kind = ? order by number desc", (kind,))

    def _read(self, statement: str, *values: int) -> list[Any]:
        return [] if self._connection is None else self._connection.execute(statement, values).fetchall()

    def last_boot(self) -> int:
        """The boot number of the last gateway that wrote here, 0 for none. Call it before the first `append`."""
        newest = "select boot from row where kind = 'config' order by number desc limit 1"
        return int((self._read(newest) or [(0,)])[0][0] or 0)

    def close(self) -> None:
        """Keep what waits, then close. What could not be kept has been told to whoever waits for it."""
        self._waiting.put(None)
        self._writer.join()
        self._close()

    def _close(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            if self._connection is not None:
                self._connection.close()
        if self._lock is not None:
            self._lock.close()

    def _write(self) -> None:
        going_on = True
        while going_on:
            group = self._next()
            while len(group) < MAX_GROUP and not self._waiting.empty():
                group.append(self._waiting.get())
            going_on = None not in group
            self._settle([batch for batch in group if batch is not None])

    def _next(self) -> list[_Batch | None]:
        """The next that waits; nothing where what is held is to be tried again."""
        try:
            return [self._waiting.get(timeout=RETRY_S if self._held else None)]
        except queue.Empty:
            return []

    def _settle(self, group: Sequence[_Batch]) -> None:
        """Commit a group and tell those who wait. What nobody waits for any more is kept all the same."""
        told = [batch.durable for batch in group if batch.durable.set_running_or_notify_cancel()]
        rows = [row for batch in group for row in batch.rows]
        self._why = self._commit([*self._held, *rows])
        if self._why:
            self._hold(rows)
        else:
            self._held.clear()
        for durable in told:
            if self._why:
                durable.set_exception(JournalAway(f"{self.path}: {self._why}"))
            else:
                durable.set_result(None)

    def _hold(self, rows: Sequence[Row]) -> None:
        self._held.extend(rows)
        while len(self._held) > MOST_HELD:
            self._held.popleft()
            self.lost += 1

    def _commit(self, rows: Sequence[Row]) -> str:
        """Write rows. Comes back: why the disk did not take them, or "" where it did."""
        if self._connection is None and (why := self._open()):
            return why
        assert self._connection is not None
        number, before = self._number, self._hash
        try:
            self._connection.execute("begin immediate")
            for row in rows:
                after = digest(before, number + 1, row)
                values = (number + 1, row.kind, row.at_us, row.node, row.boot, row.sequence, row.body, after)
                if self._connection.execute(INSERT, values).rowcount:
                    number, before = number + 1, after
            self._connection.execute("commit")
        except sqlite3.Error as error:
            return self._failure(error)
        self._number, self._hash = number, before
        return ""

    def _failure(self, error: sqlite3.Error) -> str:
        """A full disk is tried again as it is; any other is opened anew."""
        assert self._connection is not None
        with contextlib.suppress(sqlite3.Error):
            self._connection.execute("rollback")
        if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL:
            return "the disk or the journal's limit is full"
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()
        self._connection, self._retry_s = None, self._steady_s() + RETRY_S
        return str(error)

    def _open(self) -> str:
        """Try to open the file. Comes back: why it cannot be, or ""."""
        if self._steady_s() < self._retry_s:
            return self._why
        self._retry_s = self._steady_s() + RETRY_S
        try:
            self._connection = open_whole(self.path, self._max_bytes)
            number, hash_ = _head(self._connection)
        except (sqlite3.Error, OSError) as error:
            self._connection = None
            return str(error)
        self._forget_written(number)
        self._number, self._hash = number, hash_
        return ""

    def _forget_written(self, number: int) -> None:
        """A commit that failed may have come to the disk all the same, whole: its rows are no longer held."""
        for _ in range(min(number - self._number, len(self._held)) if self._number else 0):
            self._held.popleft()


def frame_row(store: Store) -> Row:
    """The row that a Store asks for."""
    return Row("frame", store.received_us, store.frame, store.node, store.boot, store.sequence)


def _head(connection: sqlite3.Connection) -> tuple[int, bytes]:
    """Number and hash of the last row."""
    last = connection.execute(f"{SELECT} order by number desc limit 1").fetchone()
    return (last[0], last[-1]) if last else (0, START)
