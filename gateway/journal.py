"""The journal: every frame and every deed on disk before anybody is told that it is safe.

SQLite in WAL mode with synchronous=FULL: a commit is on the disk (sqlite.org/wal.html, as measured in
notes/reliability.md, 0.3). One thread writes; what waits is committed together. One gateway at a time: `FILE.lock` is
held by flock for as long as the journal is open.

When the disk is full the batch fails with JournalFull: nothing of it is acked, the node keeps its records and the
next batch is tried afresh. After any other failure nothing is written or acked again (JournalBroken): the kernel may
have dropped what it could not write, and a second fsync would say all is well (notes/reliability.md, fsyncgate).
"""

import asyncio
import contextlib
import fcntl
import os
import pathlib
import queue
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import IO

from gateway.incident import Store
from gateway.rows import SCHEMA, SELECT, START, Row, check_identity, digest

MAX_GROUP = 2000  # batches in one commit
MAX_WAITING = 20_000  # batches: minutes of a storm before a dead slow disk counts as full
INSERT = """insert into row values (?, ?, ?, ?, ?, ?, ?, ?)
    on conflict (node, boot, sequence) where kind = 'frame' do nothing"""


class JournalFull(OSError):
    """There is no room: this batch is not kept. Later ones may be."""


class JournalBroken(OSError):
    """The disk failed: nothing is kept any more. The program has to end."""


@dataclass(frozen=True, slots=True)
class _Batch:
    rows: Sequence[Row]
    durable: "Future[None]"


class Journal:
    """Open on construction. Raises OSError or ValueError naming the file: in use, no journal, damaged, no permission.

    max_bytes : the file grows no larger; past it the journal is full.
    """

    def __init__(self, path: pathlib.Path, max_bytes: int | None = None) -> None:
        self.path = path
        self.broken: JournalBroken | None = None
        self._lock = _lock(path)
        try:
            self._connection = _open(path, max_bytes)
            self._number, self._hash = _head(self._connection)
        except sqlite3.DatabaseError as error:
            self._lock.close()
            raise OSError(f"{path}: cannot be opened as a journal ({error})") from error
        except ValueError:
            self._lock.close()
            raise
        self._waiting: queue.SimpleQueue[_Batch | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, name="journal", daemon=True)
        self._writer.start()

    def append(self, rows: Sequence[Row]) -> "asyncio.Future[None]":
        """Keep rows, in the order of the calls. The answer is done once they are on disk, or raises JournalFull or
        JournalBroken. A frame that is already there stays one row."""
        batch = _Batch(rows, Future())
        if self._waiting.qsize() >= MAX_WAITING:
            batch.durable.set_exception(JournalFull(f"{self.path}: the disk is too slow, {MAX_WAITING} batches wait"))
        else:
            self._waiting.put(batch)
        return asyncio.wrap_future(batch.durable)

    def recent_frames(self, limit: int) -> list[tuple[str, int, int]]:
        """(node, boot, sequence) of the newest frames, oldest first. Call it before the first `append`."""
        newest = "select node, boot, sequence from row where kind = 'frame' order by number desc limit ?"
        return self._connection.execute(newest, (limit,)).fetchall()[::-1]

    def newest_first(self) -> Iterator[Row]:
        """The rows of all kinds, the newest first. Call it before the first `append`."""
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

    def _newest(self, kind: str) -> sqlite3.Cursor:
        return self._connection.execute(f"{SELECT} where kind = ? order by number desc", (kind,))

    def last_boot(self) -> int:
        """The boot number of the last gateway that wrote here, 0 for none. Call it before the first `append`."""
        newest = "select boot from row where kind = 'config' order by number desc limit 1"
        return int((self._connection.execute(newest).fetchone() or (0,))[0])

    def close(self) -> None:
        """Keep what waits, then close. What could not be kept has been told to whoever waits for it."""
        self._waiting.put(None)
        self._writer.join()
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()
        self._lock.close()

    def _write(self) -> None:
        going_on = True
        while going_on:
            group = [self._waiting.get()]
            while len(group) < MAX_GROUP and not self._waiting.empty():
                group.append(self._waiting.get())
            going_on = None not in group
            self._settle([batch for batch in group if batch is not None])

    def _settle(self, group: Sequence[_Batch]) -> None:
        """Commit a group and tell those who wait. What nobody waits for any more is kept all the same."""
        told = [batch.durable for batch in group if batch.durable.set_running_or_notify_cancel()]
        failure = self.broken or self._commit([row for batch in group for row in batch.rows])
        for durable in told:
            if failure is None:
                durable.set_result(None)
            else:
                durable.set_exception(failure)

    def _commit(self, rows: Sequence[Row]) -> OSError | None:
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
        return None

    def _failure(self, error: sqlite3.Error) -> OSError:
        """Full is borne; anything else ends the journal."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.execute("rollback")
        if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL:
            return JournalFull(f"{self.path}: the disk or the journal's limit is full")
        self.broken = JournalBroken(f"{self.path}: the journal can no longer be written ({error}); nothing is acked")
        return self.broken


def frame_row(store: Store) -> Row:
    """The row that a Store asks for."""
    return Row("frame", store.received_us, store.frame, store.node, store.boot, store.sequence)


def _lock(path: pathlib.Path) -> IO[str]:
    """Hold `FILE.lock` for us alone, with our process id in it."""
    if not path.parent.is_dir():
        raise FileNotFoundError(2, "no such folder for a journal", str(path.parent))
    lock = path.with_name(path.name + ".lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.seek(0)
        pid = lock.read(20).strip()
        lock.close()
        owner = f" (process {pid})" if pid.isdigit() else ""
        raise OSError(f"{path}: another gateway is writing this journal{owner}") from error
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def _open(path: pathlib.Path, max_bytes: int | None) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        if connection.execute("select count(*) from sqlite_schema").fetchone() == (0,):
            path.chmod(0o600)
            connection.executescript(f"begin; {SCHEMA} commit;")
            _sync_folder(path)
        check_identity(connection, path)
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        if max_bytes is not None:
            page_bytes = connection.execute("pragma page_size").fetchone()[0]
            connection.execute(f"pragma max_page_count = {max(1, max_bytes // page_bytes)}")
    except (sqlite3.Error, ValueError):
        connection.close()
        raise
    return connection


def _sync_folder(path: pathlib.Path) -> None:
    """A new file's name must be on the disk, too."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _head(connection: sqlite3.Connection) -> tuple[int, bytes]:
    """Number and hash of the last row."""
    last = connection.execute(f"{SELECT} order by number desc limit 1").fetchone()
    return (last[0], last[-1]) if last else (0, START)
