"""The access log: who signed in, looked at what evidence, reviewed, exported, changed accounts. Each row is written
before what it tells of is done, in the same transaction where that is a change of this file; none can be changed or
taken away, and each row's hash covers the one before it.
"""

import hashlib
import json
import sqlite3
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass

LONGEST = 300
START = b"\0" * 32
COLUMNS = "at_us, who, role, address, what, about, note"


@dataclass(frozen=True, slots=True)
class Access:
    """who : a name, or `key NAME` of a machine, "" for nobody. what : in words, as `signed in`. about : which incident,
    file or account."""

    at_us: int
    who: str
    role: str
    address: str
    what: str
    about: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A row as it is kept."""

    number: int
    access: Access
    hash: bytes


def write(connection: sqlite3.Connection, access: Access) -> None:
    """Add a row, within this transaction."""
    access = Access(access.at_us, *(plain(each) for each in astuple(access)[1:]))
    last = connection.execute("select number, hash from access_log order by number desc limit 1").fetchone()
    number, before = (1, START) if last is None else (last[0] + 1, last[1])
    connection.execute(
        f"insert into access_log(number, {COLUMNS}, hash) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 (a constant)
        (number, *astuple(access), hash_of(before, number, access)),
    )


def hash_of(before: bytes, number: int, access: Access) -> bytes:
    """SHA-256 over the row before's hash and this row's text."""
    return hashlib.sha256(before + json.dumps([number, *astuple(access)]).encode()).digest()


def lines(connection: sqlite3.Connection, who: str = "", before: int = 0, most: int = 100) -> Sequence[Line]:
    """The newest rows, newest first. who : only of that name. before : only rows of a lower number."""
    where = "(? = '' or who = ?) and (? = 0 or number < ?)"
    rows = connection.execute(
        f"select number, {COLUMNS}, hash from access_log where {where} order by number desc limit ?",  # noqa: S608
        (who, who, before, before, most),
    )
    return [_line(row) for row in rows]


def first_broken(connection: sqlite3.Connection) -> int | None:
    """The first row that is not what was written there, or that is missing; None where all hold."""
    before, expected = START, 1
    for each in _all(connection):
        if each.number != expected or each.hash != hash_of(before, each.number, each.access):
            return expected
        before, expected = each.hash, expected + 1
    return None


def _all(connection: sqlite3.Connection) -> Iterator[Line]:
    for row in connection.execute(f"select number, {COLUMNS}, hash from access_log order by number"):  # noqa: S608
        yield _line(row)


def _line(row: sqlite3.Row) -> Line:
    return Line(row[0], Access(*row[1:-1]), row[-1])


def plain(words: str) -> str:
    """One line without control or direction characters, of a length that a row may have."""
    return "".join(each if unicodedata.category(each)[0] != "C" else " " for each in words)[:LONGEST]
