"""A journal to be read with what was pruned from it, or an archive alone, as one reads any journal.

The rows of the archives, checked, and those behind them are brought together in a file of its own among the temporary
ones (TMPDIR), which is gone afterwards: that takes as much room as the journal had before it was pruned.
"""

import contextlib
import pathlib
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gateway.journal.archive import is_archive, read_archive
from gateway.journal.chain import Pruned, prunings
from gateway.journal.format import create
from gateway.journal.rows import Gap, Kept, kept, reading

INSERT = "insert into row values (?, ?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Opened:
    """start : what lies before the first row, of an archive; None of a journal. cut : the frames of the rows up to here
    are not in it. missing : the archives that were not found and would have them."""

    connection: sqlite3.Connection
    start: Gap | None = None
    cut: int = 0
    missing: Sequence[pathlib.Path] = ()


@contextlib.contextmanager
def opened(path: pathlib.Path) -> Iterator[Opened]:
    """A journal with its archives, where all of them lie beside it, or an archive alone. Raises as `reading` does, and
    ValueError for an archive that is not what was written."""
    if is_archive(path):
        with _gathered() as connection:
            yield Opened(connection, _read_in(connection, [path]))
        return
    with reading(path) as journal:
        parts = prunings(journal)
        files = [path.with_name(each.archive) for each in parts]
        missing = [file for file in files if not file.is_file()]
        if not parts or missing:
            yield Opened(journal, None, parts[-1].cut if parts else 0, missing)
            return
        with _gathered() as connection:
            _read_in(connection, files, parts)
            connection.executemany(INSERT, map(_values, kept(journal, None, parts[-1].cut)))
            yield Opened(connection)


@contextlib.contextmanager
def _gathered() -> Iterator[sqlite3.Connection]:
    with tempfile.TemporaryDirectory(prefix="soundpost-") as folder:
        connection = sqlite3.connect(pathlib.Path(folder) / "rows", isolation_level=None)
        with contextlib.closing(connection):
            connection.execute("pragma journal_mode = off")
            connection.execute("pragma synchronous = off")
            create(connection)
            connection.execute("drop index frame_once")  # a frame that came again after it was pruned is there twice
            connection.execute("begin")
            yield connection


def _read_in(connection: sqlite3.Connection, files: Iterable[pathlib.Path], parts: Sequence[Pruned] = ()) -> Gap | None:
    """Comes back: what lies before the first row, or None where that is nothing."""
    start: Gap | None = None
    for index, file in enumerate(files):
        rows = read_archive(file)
        before = next(rows)
        if index == 0 and isinstance(before, Gap) and before.last > 0:
            start = before
        if parts and isinstance(before, Gap) and before.last != parts[index].first - 1:
            raise ValueError(f"{file}: begins with row {before.last + 1}, and not with row {parts[index].first}")
        connection.executemany(INSERT, (_values(each) for each in rows if isinstance(each, Kept)))
    return start


def _values(each: Kept) -> tuple[object, ...]:
    row = each.row
    return (each.number, row.kind, row.at_us, row.node, row.boot, row.sequence, row.body, each.hash)
