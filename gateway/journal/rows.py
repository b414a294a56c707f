"""A journal's rows: what is in one, how each is chained to the one before, and reading them back.

Every row carries SHA-256(hash of the row before + kind + canonical bytes of the rest); the first is chained to 32 zero
bytes. So an edited, inserted, removed or reordered row breaks the chain at that row. A cut tail does not show: for
that the head must be kept elsewhere (notes/reliability.md, T17).

Canonical bytes: number, at_us, boot, sequence as signed 64-bit big-endian (-1 for none), then node and body, each with
its length as unsigned 32-bit big-endian before it, UTF-8 for the node.
"""

import contextlib
import hashlib
import pathlib
import shutil
import sqlite3
import struct
import tempfile
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass

START = bytes(32)
APPLICATION_ID = 0x534E4450
SCHEMA_VERSION = 1
SCHEMA = f"""
create table row(
    number integer primary key, kind text not null, at_us integer not null, node text, boot integer, sequence integer,
    body blob not null, hash blob not null) strict;
create unique index frame_once on row(node, boot, sequence) where kind = 'frame';
create trigger row_keeps before update on row begin select raise(abort, 'a journal is append-only'); end;
create trigger row_stays before delete on row begin select raise(abort, 'a journal is append-only'); end;
pragma application_id = {APPLICATION_ID};
pragma user_version = {SCHEMA_VERSION};
"""
SELECT = "select number, kind, at_us, node, boot, sequence, body, hash from row"


@dataclass(frozen=True, slots=True)
class Row:
    """One fact. kind: `frame` (with node, boot, sequence; body: the frame), `incident`, `reason`, `unplaced`, `area`,
    `effect`, `soon`, `early`, `alarm`, `air`, `update`, `config`, `clock`, `journal`, `keys`, `edge`, `request`, `lamp`
    (JSON)."""

    kind: str
    at_us: int
    body: bytes
    node: str | None = None
    boot: int | None = None
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A row as it stands in a journal."""

    number: int
    row: Row
    hash: bytes


def digest(before: bytes, number: int, row: Row) -> bytes:
    """The hash of a row, given the hash of the row before it."""
    node = (row.node or "").encode()
    boot = -1 if row.boot is None else row.boot
    sequence = -1 if row.sequence is None else row.sequence
    rest = struct.pack(">qqqq", number, row.at_us, boot, sequence)
    parts = (rest, struct.pack(">I", len(node)), node, struct.pack(">I", len(row.body)), row.body)
    return hashlib.sha256(before + row.kind.encode() + b"\0" + b"".join(parts)).digest()


@contextlib.contextmanager
def reading(path: pathlib.Path) -> Iterator[sqlite3.Connection]:
    """A journal opened for reading, also while a gateway writes it, also on a medium that cannot be written. Nothing is
    left beside it: without its -wal it is opened as a file that nobody changes; with a -wal that no gateway has open,
    both are copied, and the copy is read. Raises OSError or ValueError naming the file."""
    if not path.is_file():
        raise FileNotFoundError(2, "no such journal", str(path))
    log = log_beside(path)
    alone = not log.exists()
    try:
        with tempfile.TemporaryDirectory(prefix="soundpost-") if not alone and not is_open(path) else _here() as copy:
            where = path.absolute() if copy is None else _copied(path, log, pathlib.Path(copy))
            how = "immutable=1" if alone else "mode=ro"
            uri = f"file:{urllib.parse.quote(str(where))}?{how}"
            with contextlib.closing(sqlite3.connect(uri, uri=True, check_same_thread=False)) as connection:
                check_identity(connection, path)
                yield connection
    except sqlite3.DatabaseError as error:
        if alone and log.exists():
            raise OSError(f"{path}: a gateway began to write it meanwhile; read it again") from error
        if isinstance(error, sqlite3.OperationalError):
            raise OSError(f"{path}: cannot be read ({error})") from error
        raise ValueError(f"{path}: is not a journal, or is damaged ({error})") from error


def log_beside(path: pathlib.Path) -> pathlib.Path:
    """Where SQLite keeps the newest rows of a journal that is being written, or was when its gateway was killed."""
    return path.with_name(path.name + "-wal")


def is_open(path: pathlib.Path) -> bool:
    """Whether somebody writes it, or was killed while he did: then the index of its -wal lies beside it."""
    return path.with_name(path.name + "-shm").exists()


def was_in_use(path: pathlib.Path) -> bool:
    """Whether the file alone says that a -wal belongs to it: it does from a gateway's start to its orderly end (byte 19
    of the head, sqlite.org/fileformat.html 1.3.3)."""
    with path.open("rb") as file:
        return file.read(20)[18:] == b"\2\2"


def _here() -> contextlib.AbstractContextManager[None]:
    return contextlib.nullcontext()


def _copied(path: pathlib.Path, log: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    for each in (path, log):
        shutil.copyfile(each, folder / each.name)
    return folder / path.name


def check_identity(connection: sqlite3.Connection, path: pathlib.Path) -> None:
    """Raises ValueError naming the file where it is another program's database, or a later version's journal."""
    if connection.execute("pragma application_id").fetchone()[0] != APPLICATION_ID:
        raise ValueError(f"{path}: is not a journal of this program")
    version = connection.execute("pragma user_version").fetchone()[0]
    if version != SCHEMA_VERSION:
        raise ValueError(f"{path}: journal version {version}; this program reads version {SCHEMA_VERSION}")


def kept(connection: sqlite3.Connection, kind: str | None = None) -> Iterator[Kept]:
    """Rows in their order, of one kind or all."""
    where, values = ("", ()) if kind is None else (" where kind = ?", (kind,))
    for number, *fields, digest_ in connection.execute(f"{SELECT}{where} order by number", values):
        row_kind, at_us, node, boot, sequence, body = fields
        yield Kept(number, Row(row_kind, at_us, body, node, boot, sequence), digest_)


def first_broken(connection: sqlite3.Connection) -> int | None:
    """The number of the first row that is not what was written there, or None where the whole chain holds."""
    before, number = START, 0
    for number, each in enumerate(kept(connection), start=1):
        if each.number != number or each.hash != digest(before, number, each.row):
            return number
        before = each.hash
    return None


def verify(path: pathlib.Path) -> int | None:
    """`first_broken` of a journal file. Raises as `reading` does."""
    with reading(path) as connection:
        return first_broken(connection)
