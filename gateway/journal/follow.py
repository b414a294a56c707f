"""Following a journal: every row once and in order, behind a cursor of one's own that survives a kill.

Whoever tells the outside world (alerts, web pages, other cities) is a follower, a program of its own: nothing is lost
over a crash, a slow receiver costs the gateway nothing, and what faces the network holds no node's key. The cursor is
an SQLite file with number and hash of the rows that were done with; `done` and what the follower itself writes to
`cursor` are one transaction, so that what it keeps there is done once and never twice. What goes outward may go twice
after a kill, but under the same id, the row's hash.

A journal is chained, so another one in its place shows: the row that was read last has another hash, or is not there.
Then the follower goes back to the newest row that both have, says so, and goes on from there. Where frames were pruned
(gateway/journal/prune.py) it says which, and goes on behind them: that is no other journal.
"""

import contextlib
import itertools
import pathlib
import sqlite3
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.journal.rows import LAST, SELECT, START, Gap, Kept, Row, digest, gap_at, gaps, is_open, log_beside, reading

REMEMBERED = 10_000
"""Rows by which another journal's common part is found."""
MOST = 1000
APPLICATION_ID = 0x534E4443
APPLICATION_ID_AT = 68
"""Where a database file has it (sqlite.org/fileformat.html 1.3). Cursors of before have 0 there, and the table."""
SCHEMA = """
pragma journal_mode = wal;
pragma synchronous = full;
pragma wal_autocheckpoint = 100;
create table if not exists done(number integer primary key, hash blob not null) strict;
"""
Stamp = tuple[tuple[int, int, int] | None, ...]


class CursorFault(OSError):
    """The cursor cannot be written."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a look found. rows : the next ones. said : what is not as it should be, in words."""

    rows: Sequence[Kept]
    said: Sequence[str]


@dataclass(frozen=True, slots=True)
class Found:
    """What lies behind the newest row that a follower and the journal both have: that row's number and hash, the next
    rows, the journal's newest number. is_another : there was one that the journal does not have. said : as a Look."""

    number: int
    hash: bytes
    rows: Sequence[Kept]
    newest: int
    is_another: bool
    said: Sequence[str]


class Follower:
    """path : the journal's. cursor : the cursor's file, made where it is not there; None: none outlives this program.
    after : where a new cursor begins, behind the row of this number; None: behind the newest.

    Raises OSError or ValueError naming the file: as `reading` does, or a cursor that is none or is in use.
    """

    def __init__(self, path: pathlib.Path, cursor: pathlib.Path | None = None, after: int | None = 0) -> None:
        self._path = path
        self._stamp: Stamp | None = None
        self._more = False
        if cursor is not None and cursor.exists() and path.exists() and cursor.samefile(path):
            raise ValueError(f"{cursor}: is the journal itself; a cursor is a file of its own")
        self._where = cursor
        self.cursor = _open(cursor)
        if _newest(self.cursor) is None:
            self._begin(after)

    @property
    def number(self) -> int:
        """Of the last row that was done with."""
        return (_newest(self.cursor) or (0, START))[0]

    def look(self) -> Look:
        """The next rows, MOST at most; none where nothing has changed. Raises as `reading` does, or CursorFault."""
        stamp = None if is_open(self._path) else _stamp(self._path)
        if stamp is not None and stamp == self._stamp and not self._more:
            return Look((), ())
        found = rows_after(self._path, _done(self.cursor), MOST)
        if found.is_another:
            self._go_back(found)
        self._stamp, self._more = stamp, len(found.rows) == MOST
        return Look(found.rows, found.said)

    def done(self, rows: Sequence[Kept]) -> None:
        """These rows, the next ones, were done with; on the disk on return. Ends the transaction of `cursor`. Where the
        disk is full, the last of them is all that is remembered. Raises CursorFault where even that cannot be; what
        was begun in `cursor` is undone."""
        alone = not self.cursor.in_transaction
        with self._written():
            try:
                self._remember(rows, REMEMBERED)
            except sqlite3.OperationalError:
                self.undone()
                if not (alone and rows):
                    raise
                self.cursor.execute("pragma wal_checkpoint(truncate)")
                self._remember(rows[-1:], 1)

    def _remember(self, rows: Sequence[Kept], n_kept: int) -> None:
        if not self.cursor.in_transaction:
            self.cursor.execute("begin immediate")
        values = [(each.number, each.hash) for each in rows]
        if rows:
            self.cursor.execute("delete from done where number <= ?", (rows[-1].number - n_kept,))
        self.cursor.executemany("insert or replace into done values (?, ?)", values)
        self.cursor.execute("commit")

    def undone(self) -> None:
        """What was begun with the rows of the last look did not work: they come again."""
        if self.cursor.in_transaction:
            self.cursor.execute("rollback")
        self._stamp = None

    def close(self) -> None:
        """Let go of the cursor."""
        self.cursor.close()

    @contextlib.contextmanager
    def _written(self) -> Iterator[None]:
        """What the disk does not take is said of the cursor."""
        try:
            yield
        except sqlite3.OperationalError as error:
            self.undone()
            raise CursorFault(f"{self._where}: cannot be written ({error})") from error

    def _begin(self, after: int | None) -> None:
        with reading(self._path) as journal:
            last = journal.execute(f"{SELECT} order by number desc limit 1").fetchone()
            number = last[0] if last and after is None else min(after or 0, last[0] if last else 0)
            found = journal.execute(f"{SELECT} where number = ?", (number,)).fetchone()
            hash_ = found[-1] if found else START
            if (gap := gap_at(journal, number)) is not None:
                number, hash_ = gap.last, gap.hash
        with self._written():
            self.cursor.execute("insert into done values (?, ?)", (number, hash_))

    def _go_back(self, found: Found) -> None:
        with self._written():
            self.cursor.execute("delete from done where number > ?", (found.number,))
            self.cursor.execute("insert or ignore into done values (?, ?)", (found.number, found.hash))


def rows_after(path: pathlib.Path, done: Iterator[tuple[int, bytes]], most: int) -> Found:
    """The rows behind those that were done with, `most` of them. done : their numbers and hashes, the newest first, at
    least one. Raises as `reading` does."""
    said: list[str] = []
    with reading(path) as journal:
        journal.execute("begin")  # rows and gaps of one moment
        was, hash_ = next(done)
        number, before = _common(journal, was, hash_, done)
        is_another = number != was
        if is_another:
            what = f"what follows row {number} is another" if number else "this is another journal"
            said.append(f"{path}: {what}: it was restored, replaced or begun anew; row {was} was read last")
        query = f"{SELECT} where number > ? order by number limit ?"
        rows = [_kept(*values) for values in journal.execute(query, (number, most))]
        newest = journal.execute("select max(number) from row").fetchone()[0] or 0
        until = rows[-1].number if rows else LAST
        over = [each for each in (gap_at(journal, number),) if each] + list(gaps(journal, number, until))
    if n_gone := sum(each.last - max(number, each.first - 1) for each in over):
        numbers = f"{max(number + 1, over[0].first)} to {over[-1].last}"
        said.append(f"{path}: {n_gone} frames of rows {numbers} were pruned before they were read; an archive has them")
    said += _faults(rows, over, number, before)
    return Found(number, before, rows, newest, is_another, said)


def _common(
    journal: sqlite3.Connection, number: int, hash_: bytes, others: Iterator[tuple[int, bytes]]
) -> tuple[int, bytes]:
    """Number and hash of the newest row that was done with and is in the journal still. One that was pruned cannot be
    looked at: an older one that is there speaks for it."""
    pruned: tuple[int, bytes] | None = None
    for each in itertools.chain([(number, hash_)], others):
        gap = gap_at(journal, each[0])
        if gap is not None and each[0] != gap.last:
            pruned = pruned or each
        elif _is_there(journal, gap, *each):
            return pruned or each
        else:
            pruned = None
    return pruned or (0, START)


def _faults(rows: Sequence[Kept], over: Sequence[Gap], number: int, before: bytes) -> Iterator[str]:
    """Where the chain does not hold. over : the gaps among the rows."""
    ends = {each.first: each for each in over}
    if over and over[0].first <= number:
        number, before = over[0].last, over[0].hash
    for each in rows:
        while (gap := ends.get(number + 1)) is not None:
            number, before = gap.last, gap.hash
        if each.number != number + 1:
            yield f"rows {number + 1} to {each.number - 1} are missing"
        elif each.hash != digest(before, each.number, each.row):
            yield f"row {each.number} is not what was written there, or the one before it is not"
        number, before = each.number, each.hash


def _kept(number: int, kind: str, at_us: int, node: str, boot: int, sequence: int, body: bytes, hash_: bytes) -> Kept:
    return Kept(number, Row(kind, at_us, body, node, boot, sequence), hash_)


def _is_there(journal: sqlite3.Connection, gap: Gap | None, number: int, hash_: bytes) -> bool:
    """gap : one that ends with this row."""
    if number == 0:
        return hash_ == START
    if gap is not None:
        return gap.hash == hash_
    found = journal.execute("select hash from row where number = ?", (number,)).fetchone()
    return found is not None and found[0] == hash_


def _done(cursor: sqlite3.Connection) -> Iterator[tuple[int, bytes]]:
    """The newest first; the others are read where they are asked for."""
    newest = _newest(cursor)
    if newest is not None:
        yield newest
        yield from cursor.execute(
            "select number, hash from done where number < ? order by number desc", newest[:1]
        ).fetchall()


def _newest(cursor: sqlite3.Connection) -> tuple[int, bytes] | None:
    found: tuple[int, bytes] | None = cursor.execute("select number, hash from done order by number desc").fetchone()
    return found


def _open(path: pathlib.Path | None) -> sqlite3.Connection:
    try:
        if path is not None:
            path.touch(0o600)
            _check_header(path)
        connection = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=0)
        connection.execute("pragma locking_mode = exclusive")  # one follower a cursor
        _check_tables(connection, path)
        connection.executescript(SCHEMA)
        if connection.execute("pragma application_id").fetchone() != (APPLICATION_ID,):
            connection.execute(f"pragma application_id = {APPLICATION_ID}")
        connection.execute("begin immediate")
        connection.execute("commit")
    except sqlite3.OperationalError as error:
        raise OSError(f"{path}: is in use by another follower, or cannot be written ({error})") from error
    except sqlite3.DatabaseError as error:
        raise ValueError(f"{path}: is no cursor ({error})") from error
    return connection


def _check_header(path: pathlib.Path) -> None:
    """That it is not another program's database, without opening it as one: a journal's may be in need of its -wal."""
    with path.open("rb") as file:
        head = file.read(100)
    if len(head) == 100 and struct.unpack_from(">I", head, APPLICATION_ID_AT)[0] not in (0, APPLICATION_ID):
        raise ValueError(f"{path}: is no cursor but another program's file, perhaps a journal; give one of its own")


def _check_tables(connection: sqlite3.Connection, path: pathlib.Path | None) -> None:
    """That it is empty or a cursor; followers may have tables of their own beside `done`."""
    columns = [each[1] for each in connection.execute("pragma table_info(done)")]
    if columns != ["number", "hash"] and connection.execute("select count(*) from sqlite_schema").fetchone()[0]:
        raise ValueError(f"{path}: is no cursor but another program's file; give one of its own")


def _stamp(path: pathlib.Path) -> Stamp:
    """What changes when a file is restored or replaced. Says nothing of one that is being written: a row stands in the
    -wal some time before it can be seen."""
    return tuple(_stamp_of(each) for each in (path, log_beside(path)))


def _stamp_of(path: pathlib.Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns
