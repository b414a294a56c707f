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

from gateway.journal.format import check_identity

START = bytes(32)
LAST = (1 << 63) - 1
KINDS = {
    "frame": "what a node said, as it came: its node, boot and sequence, and the frame itself",
    "incident": "rounds that policy took as one happening, as people are told of them; again with each that is new or "
    "otherwise than it was told",
    "reason": "why an act is done for an incident, or is not",
    "effect": "what became of an order on one lamp or camera",
    "unplaced": "what is like a shot and has no place",
    "area": "the same, where it can be said about where it was made",
    "early": "where a provisional round was: plate readers near it may be told to read",
    "soon": "a provisional round that lit lamps, and that no incident came of",
    "alarm": "what is wrong with a pole, or that it is right again",
    "lamp": "what is wrong with a lamp, or that it is well again",
    "air": "the air that fixes reckon with from now on",
    "update": "where a node stands with a release",
    "request": "what somebody asked of the gateway, as it was signed: a review, or a deed of the evidence process",
    "config": "a start, with the settings that were in force; the row's boot counts the starts",
    "clock": "the gateway's clock was set",
    "journal": "what became of the disk",
    "keys": "keys that came into force",
    "edge": "a part of the gateway that ended and was made anew",
    "pruned": "frames that went into an archive",
}
"""What there is a row of. Another wing names its rows itself; a kind that is not here has no words in the handbook."""
SELECT = "select number, kind, at_us, node, boot, sequence, body, hash from row"


@dataclass(frozen=True, slots=True)
class Row:
    """One fact. kind : one of KINDS. body : of a `frame`, which has node, boot and sequence, the frame; else JSON."""

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


@dataclass(frozen=True, slots=True)
class Gap:
    """Frames that are in an archive (gateway/journal/prune.py). first, last : their numbers. hash : of the last."""

    first: int
    last: int
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


def kept(connection: sqlite3.Connection, kind: str | None = None, after: int = 0, until: int = LAST) -> Iterator[Kept]:
    """Rows in their order, of one kind or all. after, until : those of the numbers behind the one, to the other."""
    where, values = ("", ()) if kind is None else (" and kind = ?", (kind,))
    query = f"{SELECT} where number > ? and number <= ?{where} order by number"
    for number, *fields, digest_ in connection.execute(query, (after, until, *values)):
        row_kind, at_us, node, boot, sequence, body = fields
        yield Kept(number, Row(row_kind, at_us, body, node, boot, sequence), digest_)


def gaps(connection: sqlite3.Connection, after: int = 0, until: int = LAST) -> Iterator[Gap]:
    """Where frames were pruned, in their order, as far as they begin behind `after` and up to `until`."""
    if connection.execute("select 1 from sqlite_schema where name = 'gap'").fetchone() is None:
        return
    query = "select first, last, hash from gap where first > ? and first <= ? order by first"
    yield from (Gap(*values) for values in connection.execute(query, (after, until)))


def gap_at(connection: sqlite3.Connection, number: int) -> Gap | None:
    """The gap that this number is in, if it is in one."""
    if connection.execute("select 1 from sqlite_schema where name = 'gap'").fetchone() is None:
        return None
    found = connection.execute(
        "select first, last, hash from gap where first <= ? order by first desc limit 1", (number,)
    ).fetchone()
    return Gap(*found) if found is not None and number <= found[1] else None
