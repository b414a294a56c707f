"""A journal's file, open for writing by us alone: SQLite in WAL mode with synchronous=FULL, so that a commit is on the
disk (sqlite.org/wal.html, as measured in notes/reliability.md, 0.3).

One gateway at a time: `FILE.lock` is held by flock for as long as the file is open. A damaged file is set aside under
another name and a new one begun; nothing is ever deleted. What a text editor may have made is not ours to move.
"""

import contextlib
import fcntl
import os
import pathlib
import sqlite3
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import IO

from gateway.journal.format import APPLICATION_ID, check_identity, create, migrate
from gateway.journal.rows import SELECT, START, Row, digest

INSERT = """insert into row values (?, ?, ?, ?, ?, ?, ?, ?)
    on conflict (node, boot, sequence) where kind = 'frame' do nothing"""
MAGIC = b"SQLite format 3\0"
"""How a database begins; its application id is at byte 68 (sqlite.org/fileformat.html 1.3)."""
LOOK_S = 0.02
DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class JournalInUse(OSError):
    """Another gateway writes it."""


class JournalFile:
    """Open on construction. connection : to read by. head : the hash of the last row. aside : where a damaged file was
    moved to, None where there was none. tried : what the head is if a commit that failed is there after all.

    Raises JournalInUse; ValueError for another program's file; OSError or sqlite3.Error where the disk takes nothing.
    """

    def __init__(self, path: pathlib.Path, max_bytes: int | None = None) -> None:
        self.aside: pathlib.Path | None = None
        self.tried: bytes | None = None
        self._lock = _lock(path)
        try:
            try:
                self.connection = _open(path, max_bytes)
            except sqlite3.DatabaseError as error:
                if not is_damage(error):
                    raise
                self.aside = set_aside(path)
                self.connection = _open(path, max_bytes)
            self.head = _head(self.connection)[1]
        except (OSError, sqlite3.Error, ValueError):
            self._lock.close()
            raise

    def commit(self, rows: Iterable[Row]) -> None:
        """On the disk on return; a frame that is already there stays one row. After any sqlite3.Error this file must
        be closed and opened anew: the kernel may have dropped what it could not write, and a second fsync would say
        all is well (notes/reliability.md, fsyncgate)."""
        self.connection.execute("begin immediate")
        self.tried = put(self.connection, rows)
        self.connection.execute("commit")
        self.head, self.tried = self.tried, None

    def holds(self, head: bytes) -> bool:
        """Whether a row of this hash is among the last; a pruning may have put one of its own behind it."""
        newest = "select 1 from (select hash from row order by number desc limit 100) where hash = ?"
        return self.connection.execute(newest, (head,)).fetchone() is not None

    def settle(self) -> None:
        """Write all that stands in the log into the file itself, so that what was doubtful after a failure is on the
        disk or gone. Raises sqlite3.Error, or OSError while somebody reads."""
        if self.connection.execute("pragma wal_checkpoint(truncate)").fetchone()[0]:
            raise OSError("somebody reads it just now")
        self.head = _head(self.connection)[1]

    def close(self) -> None:
        """Leaves one file whose header says that nothing is missing, where the disk and readers let it."""
        with contextlib.suppress(sqlite3.Error):
            self.connection.rollback()
            self.connection.execute("pragma busy_timeout = 0")
            self.connection.execute("pragma journal_mode = delete")
        with contextlib.suppress(sqlite3.Error):
            self.connection.close()
        self._lock.close()


def put(connection: sqlite3.Connection, rows: Iterable[Row]) -> bytes:
    """Append rows in the transaction that was begun, behind whatever stands last: a gateway writes all of them but
    `pruned` (gateway/journal/prune.py). Comes back: the new head."""
    number, head = _head(connection)
    for row in rows:
        after = digest(head, number + 1, row)
        values = (number + 1, row.kind, row.at_us, row.node, row.boot, row.sequence, row.body, after)
        if connection.execute(INSERT, values).rowcount:
            number, head = number + 1, after
    return head


def is_written(path: pathlib.Path) -> bool:
    """Whether a gateway has it open for writing now."""
    try:
        with path.with_name(path.name + ".lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def check_place(path: pathlib.Path) -> None:
    """Whether a journal can be there at all, whatever the disk does; opens nothing. Raises ValueError naming the file:
    a folder or a device is there, another program's file, or there is no folder for it."""
    if path.parent.exists() and not path.parent.is_dir():
        raise ValueError(f"{path}: {path.parent} is no folder")
    if not path.exists():
        return
    if not path.is_file():
        raise ValueError(f"{path}: a journal is a file, and this is {'a folder' if path.is_dir() else 'none'}")
    with path.open("rb") as file:
        head = file.read(100)
    is_text = head and b"\0" not in head
    is_another = head.startswith(MAGIC) and head[68:72] != APPLICATION_ID.to_bytes(4, "big")
    if is_text or is_another:
        raise ValueError(f"{path}: is not a journal of this program")


def is_damage(error: sqlite3.Error) -> bool:
    """Whether it is the file that is bad and not the disk."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGE


def set_aside(path: pathlib.Path) -> pathlib.Path:
    """Rename a damaged database and what lies beside it. Comes back: its new name. ValueError for a text."""
    with path.open("rb") as file:
        if b"\0" not in file.read(100):
            raise ValueError(f"{path}: is not a journal of this program")
    stem, number = f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}", 1
    while path.with_name(f"{stem}-{number}").exists():
        number += 1
    aside = path.with_name(f"{stem}-{number}")
    for part in ("-wal", "-shm", ""):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + part).rename(aside.with_name(aside.name + part))
    return aside


def _lock(path: pathlib.Path) -> IO[str]:
    """Hold `FILE.lock` for us alone, with our process id in it if the disk has room for that."""
    if not path.parent.is_dir():
        raise FileNotFoundError(2, "no such folder for a journal", str(path.parent))
    lock = path.with_name(path.name + ".lock").open("a+", buffering=1)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOOK_S)  # perhaps somebody only looked (`is_written`)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.seek(0)
        pid = lock.read(20).strip()
        lock.close()
        owner = f" (process {pid})" if pid.isdigit() else ""
        raise JournalInUse(f"{path}: another gateway is writing this journal{owner}") from error
    with contextlib.suppress(OSError):
        os.ftruncate(lock.fileno(), 0)
        os.write(lock.fileno(), b"%d\n" % os.getpid())
    return lock


def _open(path: pathlib.Path, max_bytes: int | None) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        if connection.execute("select count(*) from sqlite_schema").fetchone() == (0,):
            path.chmod(0o600)
            create(connection)
            sync_folder(path)
        check_identity(connection, path)
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        migrate(connection, path)
        if max_bytes is not None:
            page_bytes = connection.execute("pragma page_size").fetchone()[0]
            connection.execute(f"pragma max_page_count = {max(1, max_bytes // page_bytes)}")
        _head(connection)
    except (OSError, sqlite3.Error, ValueError):
        connection.close()
        raise
    return connection


def sync_folder(path: pathlib.Path) -> None:
    """A new file's name must be on the disk, too."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _head(connection: sqlite3.Connection) -> tuple[int, bytes]:
    """Number and hash of the last row. It is never a gap: a pruning leaves a row behind it."""
    last = connection.execute(f"{SELECT} order by number desc limit 1").fetchone()
    return (last[0], last[-1]) if last else (0, START)
