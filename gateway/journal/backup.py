"""A journal copied while a gateway writes it, and brought back.

SQLite's online backup (sqlite.org/backup.html) copies STEP pages at a time. A copy in steps begins anew whenever
another program has written meanwhile, so under 500 frames a second it would never end: it is made in one read
transaction, which no writer waits for. What that costs is the -wal, which cannot be begun anew until the copy is made,
and grows by what the gateway writes. The copy is synced as it grows, so that the gateway's own syncs never wait for
much of it.

A copy is checked before it gets its name: SQLite's own check of the file, and every row of the chain.
"""

import contextlib
import os
import pathlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gateway.journal.archive import is_archive
from gateway.journal.chain import first_fault
from gateway.journal.new_file import new_file
from gateway.journal.rows import SELECT, log_beside, reading

STEP = 256
"""Pages: 1 MB."""
SYNC = 8
"""Steps."""
REST_S = 0.002
Seen = Callable[[str, int, int], None]
"""Is told what is being done, how far that is, and of how much."""


@dataclass(frozen=True, slots=True)
class Copied:
    """rows : how many. newest : the number of the last row. last_us : its time; None where there is no row. head : its
    hash in hexadecimal. n_bytes : of the copy. copy_s, check_s : how long that took. log_bytes : how much the -wal of
    the journal grew meanwhile."""

    rows: int
    newest: int
    last_us: int | None
    head: str
    n_bytes: int
    copy_s: float
    check_s: float
    log_bytes: int


def backup(path: pathlib.Path, to: pathlib.Path, seen: Seen) -> Copied:
    """Copy a journal to a file that is not there yet. Raises OSError or ValueError naming the file; then there is
    none."""
    if is_archive(path):
        raise ValueError(f"{path}: is an archive: copy it as any file")
    return _copied(path, to, seen)


def restore(path: pathlib.Path, to: pathlib.Path, seen: Seen) -> Copied:
    """Bring a backup back as the journal `to`, which is not there yet. It is checked first. Raises as `backup` does."""
    if is_archive(path):
        raise ValueError(f"{path}: is an archive of pruned rows, not a backup; verify and replay read it as it is")
    if to.exists():
        raise FileExistsError(
            17, "is there already, and nothing is ever overwritten: stop its gateway, move it away", str(to)
        )
    for beside in ("-wal", "-shm", "-journal"):
        if (left := to.with_name(to.name + beside)).exists():
            raise FileExistsError(17, "is left of another journal; move it away first", str(left))
    with reading(path) as connection:
        seen("checking the backup", 0, 1)
        if fault := first_fault(connection):
            raise ValueError(f"{path}: {fault}; nothing was restored")
    return _copied(path, to, seen)


def _copied(path: pathlib.Path, to: pathlib.Path, seen: Seen) -> Copied:
    if not to.parent.is_dir():
        raise FileNotFoundError(2, "no such folder", str(to.parent))
    began_s, log_bytes = time.monotonic(), _log_bytes(path)
    with new_file(to) as part:
        with reading(path) as source:
            _copy(source, part, to, seen)
        log_bytes = max(0, _log_bytes(path) - log_bytes)
        copied_s = time.monotonic()
        with contextlib.closing(sqlite3.connect(part, isolation_level=None)) as copy:
            copy.execute("pragma journal_mode = delete")
            seen("checking", 0, 1)
            _check(copy, path)
            rows = copy.execute("select count(*) from row").fetchone()[0]
            last = copy.execute(f"{SELECT} order by number desc limit 1").fetchone()
        n_bytes = part.stat().st_size
    number, last_us, head = (0, None, "") if last is None else (last[0], last[2], last[-1].hex())
    took = copied_s - began_s, time.monotonic() - copied_s
    return Copied(rows, number, last_us, head, n_bytes, *took, log_bytes)


def _copy(source: sqlite3.Connection, part: pathlib.Path, to: pathlib.Path, seen: Seen) -> None:
    source.execute("begin")
    source.execute("select count(*) from sqlite_schema").fetchone()  # from here on it sees this moment
    steps = 0
    with contextlib.closing(sqlite3.connect(part, isolation_level=None)) as copy, _synced(part) as sync:
        copy.execute("pragma synchronous = off")
        copy.execute("pragma journal_mode = off")  # a copy that is cut short is thrown away

        def progress(status: int, left: int, total: int) -> None:
            nonlocal steps
            steps += 1
            if steps % SYNC == 0:
                sync()
            seen("copying", total - left, total)
            time.sleep(REST_S)

        try:
            source.backup(copy, pages=STEP, progress=progress)
        except sqlite3.Error as error:
            raise OSError(f"{to}: cannot be written ({error}); nothing is left of it") from error
    source.rollback()


@contextlib.contextmanager
def _synced(part: pathlib.Path) -> Iterator[Callable[[], None]]:
    """What makes the disk take what was copied so far."""
    file = os.open(part, os.O_RDONLY)
    try:
        yield lambda: os.fsync(file)
    finally:
        os.close(file)


def _check(copy: sqlite3.Connection, path: pathlib.Path) -> None:
    found = copy.execute("pragma integrity_check(1)").fetchone()[0]
    fault = first_fault(copy) if found == "ok" else f"the copy does not hold together ({found})"
    if fault:
        raise ValueError(f"{path}: {fault}; a copy of it is no backup, and none was kept")


def _log_bytes(path: pathlib.Path) -> int:
    log = log_beside(path)
    return log.stat().st_size if log.exists() else 0
