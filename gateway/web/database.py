"""The web process's own SQLite file: users, sessions, reviews, the access log, and what it has read from the journal.

Its tables are made by the numbered files of `migrations/`, in order, each once and in one transaction; the file's
user_version is the number of the last. A file of a later version is not touched.

One connection stays open as long as the object lives. The last to close takes the files -wal and -shm away, and on a
full disk the next reader could not make them again: so what is there can still be read.
"""

import contextlib
import os
import pathlib
import re
import sqlite3
import threading
import urllib.parse
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hw.linux.settings import unwritable_file

APPLICATION_ID = 0x534E4457
MIGRATIONS = pathlib.Path(__file__).with_name("migrations")
BUSY_S = 5.0
MOST_WAL_BYTES = 16_777_216
"""A -wal that grew larger is cut to this when it was taken over."""


@dataclass(frozen=True, slots=True)
class Migration:
    """number : from 1, without a gap. sql : statements, none of which begins or ends a transaction."""

    number: int
    name: str
    sql: str


class Database:
    """path : the file, made (0600) where it is not there.

    Raises OSError or ValueError naming the file: it cannot be written, is another program's, or a later version's.
    """

    def __init__(self, path: pathlib.Path, migrations: Sequence[Migration] | None = None) -> None:
        self._path, self._lock = path, threading.Lock()
        with _named(path):
            path.touch(0o600)
            kept = self._connect()
            weakref.finalize(self, kept.close)
            migrate(kept, path, known_migrations() if migrations is None else migrations)
            kept.execute("select count(*) from sqlite_master").fetchall()  # it has -wal and -shm open from here on

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one state of the file, and cannot change it. Rows come by name."""
        with _named(self._path), contextlib.closing(self._connect()) as connection:
            connection.execute("pragma query_only = on")
            connection.execute("pragma temp_store = memory")  # sorting asks a full disk for nothing
            connection.execute("begin")
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction of whoever writes alone: it is on the disk on leaving, or nothing of it is."""
        with self._lock, _named(self._path), contextlib.closing(self._connect()) as connection:
            connection.execute(f"pragma journal_size_limit = {MOST_WAL_BYTES}")
            connection.execute("begin immediate")
            try:
                yield connection
            except BaseException:
                if connection.in_transaction:  # a full disk has ended it already
                    connection.execute("rollback")
                raise
            connection.execute("commit")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=BUSY_S, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        connection.execute("pragma foreign_keys = on")
        connection.execute("pragma synchronous = full")
        return connection


@contextlib.contextmanager
def _named(path: pathlib.Path) -> Iterator[None]:
    """What SQLite says is said of the file."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise  # the writer's own matter: a name that is taken, say
    except sqlite3.OperationalError as error:
        raise OSError(f"{path}: cannot be used ({error})") from error
    except sqlite3.DatabaseError as error:
        raise ValueError(f"{path}: is no database of this program, or is damaged ({error})") from error


def check_database(path: pathlib.Path) -> None:
    """Whether Database would take this file, or could make it. Makes, migrates and leaves nothing.
    What a -wal has that nobody has open is not read. Raises OSError or ValueError as Database does."""
    if fault := unwritable_file("database", path):
        raise OSError(fault)
    if not path.exists():
        return
    if not os.access(path, os.W_OK):
        raise PermissionError(13, "cannot be written", str(path))
    is_open = all(path.with_name(path.name + more).exists() for more in ("-wal", "-shm"))
    uri = f"file:{urllib.parse.quote(str(path.absolute()))}?{'mode=ro' if is_open else 'immutable=1'}"
    with _named(path), contextlib.closing(sqlite3.connect(uri, uri=True, timeout=BUSY_S)) as connection:
        version_of(connection, path, len(known_migrations()))


def known_migrations() -> tuple[Migration, ...]:
    """Those of this program, in order."""
    found = []
    for path in sorted(MIGRATIONS.glob("*.sql")):
        matched = re.fullmatch(r"(\d{4})_([a-z_]+)\.sql", path.name)
        assert matched, path
        found.append(Migration(int(matched[1]), matched[2], path.read_text("utf-8")))
    assert [each.number for each in found] == list(range(1, len(found) + 1)), "numbered from 1 without a gap"
    return tuple(found)


def version_of(connection: sqlite3.Connection, path: pathlib.Path, most: int) -> int:
    """0 of an empty one. Raises ValueError naming it where it is none of ours, or of a version above most."""
    version = int(connection.execute("pragma user_version").fetchone()[0])
    is_empty = connection.execute("select count(*) from sqlite_master").fetchone()[0] == 0
    if not is_empty and connection.execute("pragma application_id").fetchone()[0] != APPLICATION_ID:
        raise ValueError(f"{path}: is another program's database")
    if version > most:
        raise ValueError(f"{path}: is of version {version}; this program knows up to {most}")
    return version


def migrate(connection: sqlite3.Connection, path: pathlib.Path, migrations: Sequence[Migration]) -> None:
    """Bring the file up to the last of these. Raises ValueError naming it where it is none of ours, or is later."""
    version = version_of(connection, path, len(migrations))
    connection.execute("pragma journal_mode = wal")
    for each in migrations[version:]:
        head = f"pragma application_id = {APPLICATION_ID}; pragma user_version = {each.number};"
        try:
            connection.executescript(f"begin immediate;\n{each.sql}\n{head}\ncommit;")
        except BaseException:
            if connection.in_transaction:
                connection.execute("rollback")
            raise
