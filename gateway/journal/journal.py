"""The journal: every frame and every deed on disk before anybody is told that it is safe.

One thread writes; what waits is committed together. Where the disk takes nothing (full, read-only, damaged, gone), at
the start or later, rows are held in memory, in their order and within a bound; nothing of them is acked, so nodes keep
their records. Every AGAIN_S the file is opened anew, never written on as it was (gateway/journal/file.py, `commit`);
when that works all that was held is written, and only then is anybody told that it is safe. `news` says so in words.
"""

import asyncio
import contextlib
import itertools
import pathlib
import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from gateway.incident import Store
from gateway.journal.file import JournalFile, JournalInUse, is_damage, set_aside
from gateway.journal.format import create
from gateway.journal.incidents import KINDS, Incidents
from gateway.journal.rows import SELECT, Row, reading

MAX_GROUP = 2000  # batches in one commit
AGAIN_S = 2.0
MAX_HELD_BYTES = 32_000_000  # of frames; deeds, which nobody sends again, may take as much again
ROW_BYTES = 200  # what a row takes beside its body


class JournalFull(OSError):
    """Neither disk nor memory has room: this batch is not kept. Later ones may be."""


@dataclass(frozen=True, slots=True)
class _Batch:
    rows: Sequence[Row]
    durable: "Future[None]"

    @property
    def n_bytes(self) -> int:
        return sum(ROW_BYTES + len(row.body) for row in self.rows)


class Journal:
    """Open on construction, or held in memory until it can be. Raises OSError or ValueError naming the file: in use by
    another gateway, another program's file, no such folder.

    max_bytes : the file grows no larger; past it the journal is full. again_s : how often a bad disk is tried again.
    incidents : those that it tells of since it was opened; of the time before with `recall_incidents`.
    """

    def __init__(self, path: pathlib.Path, max_bytes: int | None = None, again_s: float = AGAIN_S) -> None:
        self.path = path
        self.incidents = Incidents()
        self._max_bytes, self._again_s, self._due_s = max_bytes, again_s, 0.0
        self._news: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._trouble: str | None = None
        self._held: deque[_Batch] = deque()
        self._held_bytes = self._dropped = 0
        self._doubtful: bytes | None = None
        self._n_tried = 0
        self._file: JournalFile | None = None
        self._last_known = contextlib.ExitStack()
        self._begin()
        self._waiting: queue.SimpleQueue[_Batch | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, name="journal", daemon=True)
        self._writer.start()

    @property
    def held_bytes(self) -> int:
        """Of rows that are not on the disk yet."""
        return self._held_bytes

    def append(self, rows: Sequence[Row]) -> "asyncio.Future[None]":
        """Keep rows, in the order of the calls. The answer is done once they are on disk, however long that takes, or
        raises JournalFull. A frame that is already there stays one row."""
        self.incidents.heed(rows)
        batch = _Batch(rows, Future())
        self._waiting.put(batch)
        return asyncio.wrap_future(batch.durable)

    def news(self) -> list[str]:
        """What became of the disk since the last call, in words for people."""
        return [self._news.get() for _ in range(self._news.qsize())]

    def recent_frames(self, limit: int) -> list[tuple[str, int, int]]:
        """(node, boot, sequence) of the newest frames, oldest first. Call it before the first `append`."""
        newest = "select node, boot, sequence from row where kind = 'frame' order by number desc limit ?"
        return list(self._select(newest, limit))[::-1]

    def newest_first(self) -> Iterator[Row]:
        """The rows of all kinds, the newest first. Call it before the first `append`."""
        for _, kind, at_us, node, boot, sequence, body, _ in self._select(f"{SELECT} order by number desc"):
            yield Row(kind, at_us, body, node, boot, sequence)

    def airs_since(self, since_us: int) -> list[bytes]:
        """The bodies of the air rows back to the one that was in force then, oldest first. Call it before the first
        `append`."""
        bodies: list[bytes] = []
        for at_us, body in self._newest("air"):
            bodies.append(body)
            if at_us < since_us:
                break
        return bodies[::-1]

    def reasons_since(self, since_us: int) -> list[bytes]:
        """The bodies of the reasons that were given since then, oldest first. Call it before the first `append`."""
        rows = itertools.takewhile(lambda row: row[0] >= since_us, self._newest("reason"))
        return [body for _, body in rows][::-1]

    def updates(self) -> list[bytes]:
        """The bodies of all update rows, oldest first. Call it before the first `append`."""
        return [body for _, body in self._newest("update")][::-1]

    def recall_incidents(self) -> None:
        """Know the incidents of the time before, too. Call it before the first `append`."""
        told = self._select(f"{SELECT} where kind in (?, ?) order by number", *KINDS)
        self.incidents.heed(Row(kind, at_us, body) for _, kind, at_us, _, _, _, body, _ in told)

    def newest_bodies(self, kind: str) -> Iterator[bytes]:
        """The bodies of the rows of one kind, the newest first. Call it before the first `append`."""
        return (body for _, body in self._newest(kind))

    def last_boot(self) -> int:
        """The boot number of the last gateway that wrote here, 0 for none. Call it before the first `append`."""
        newest = "select boot from row where kind = 'config' order by number desc limit 1"
        return next((int(boot) for (boot,) in self._select(newest)), 0)

    def close(self) -> int:
        """Keep what waits, then close. Comes back: how many rows could not be kept; those who wait are told."""
        self._waiting.put(None)
        self._writer.join()
        lost = sum(len(batch.rows) for batch in self._held)
        for batch in self._held:
            batch.durable.set_exception(JournalFull(f"{self.path}: {self._trouble}"))
        self._last_known.close()
        if self._file is not None:
            self._file.close()
        return lost

    def _newest(self, kind: str) -> Iterator[tuple[int, bytes]]:
        return self._select("select at_us, body from row where kind = ? order by number desc", kind)

    def _select(self, query: str, *values: object) -> Iterator[tuple]:  # type: ignore[type-arg]
        """As much as can be read. A file that turns out damaged is set aside, and a new one begun."""
        try:
            yield from self._connection.execute(query, values)
        except sqlite3.DatabaseError as error:
            if self._file is None or not is_damage(error):
                return
            self._file.close()
            self._file = None
            with contextlib.suppress(OSError):
                self._say(f"is damaged ({error}); set aside as {set_aside(self.path)}, a new one is begun")
            self._begin()

    def _begin(self) -> None:
        """Open the file, or go on without it."""
        try:
            self._file = self._opened()
            self._connection = self._file.connection
        except (JournalInUse, FileNotFoundError):
            raise
        except (OSError, sqlite3.Error) as error:
            self._fail(error)
            try:
                self._connection = self._last_known.enter_context(reading(self.path))
            except (OSError, ValueError):
                self._connection = sqlite3.connect(":memory:")
                create(self._connection)

    def _opened(self) -> JournalFile:
        file = JournalFile(self.path, self._max_bytes)
        if file.aside is not None:
            self._say(f"was damaged; set aside as {file.aside}, a new one is begun")
        return file

    def _write(self) -> None:
        going_on = True
        while going_on:
            group = self._gather()
            going_on = None not in group
            for batch in group:
                if batch is not None:
                    self._hold(batch)
            if self._held and (self._trouble is None or time.monotonic() >= self._due_s or not going_on):
                self._put_down()

    def _gather(self) -> list[_Batch | None]:
        """What waits; nothing once a bad disk is to be tried again."""
        wait_s = max(0.0, self._due_s - time.monotonic()) if self._held else None
        try:
            group = [self._waiting.get(timeout=wait_s)]
        except queue.Empty:
            return []
        while len(group) < MAX_GROUP and not self._waiting.empty():
            group.append(self._waiting.get())
        return group

    def _hold(self, batch: _Batch) -> None:
        """Take it into memory. What nobody waits for any more is kept all the same."""
        batch.durable.set_running_or_notify_cancel()
        most = MAX_HELD_BYTES if any(row.kind == "frame" for row in batch.rows) else 2 * MAX_HELD_BYTES
        if self._trouble is not None and self._held_bytes + batch.n_bytes > most:
            if not self._dropped:
                self._say("there is no more room in memory either; nodes keep what they said")
            self._dropped += len(batch.rows)
            _tell(batch, JournalFull(f"{self.path}: {self._trouble}, and {most // 10**6} MB wait in memory"))
        else:
            self._held.append(batch)
            self._held_bytes += batch.n_bytes

    def _put_down(self) -> None:
        """Write all that is held, or try again later."""
        n_rows = sum(len(batch.rows) for batch in self._held)
        try:
            if self._file is None:
                self._file = self._opened()
                self._recover(self._file)
            while self._held:
                group = list(itertools.islice(self._held, MAX_GROUP))
                rows = [row for batch in group for row in batch.rows]
                self._n_tried = len(group)
                self._file.commit(rows)
                self._settle(len(group))
        except (OSError, ValueError, sqlite3.Error) as error:
            self._fail(error)
            return
        if self._trouble is not None:
            lost = f"; {self._dropped} rows found no room and are lost" if self._dropped else ""
            self._say(f"is on the disk again, with {n_rows} rows that waited{lost}")
        self._trouble, self._dropped = None, 0

    def _recover(self, file: JournalFile) -> None:
        """A commit that failed may be there after all: then it is on the disk now, and not written twice."""
        file.settle()
        if self._doubtful is not None and file.holds(self._doubtful):
            self._settle(self._n_tried)

    def _settle(self, n_batches: int) -> None:
        """The oldest so many are on the disk."""
        self._doubtful = None
        for _ in range(n_batches):
            batch = self._held.popleft()
            self._held_bytes -= batch.n_bytes
            _tell(batch)

    def _fail(self, error: Exception) -> None:
        if self._file is not None:
            self._doubtful = self._file.tried or self._doubtful
            self._file.close()
            self._file = None
        if self._trouble is None:
            self._say(f"cannot be written ({error}); rows are held in memory, nothing is acked, decisions go on")
        self._trouble = f"cannot be written ({error})"
        self._due_s = time.monotonic() + self._again_s

    def _say(self, what: str) -> None:
        self._news.put(f"journal {self.path} {what}")


def frame_row(store: Store) -> Row:
    """The row that a Store asks for."""
    return Row("frame", store.received_us, store.frame, store.node, store.boot, store.sequence)


def _tell(batch: _Batch, failure: OSError | None = None) -> None:
    """Tell who waits for it, if anybody still does."""
    if batch.durable.cancelled():
        return
    if failure is None:
        batch.durable.set_result(None)
    else:
        batch.durable.set_exception(failure)
