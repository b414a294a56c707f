"""Whether a journal is what was written: every row chained to the one before, and over what was pruned.

A gap has the hash of the last row that stood in it, and the row behind is chained to that. What stands before a gap is
not chained to what is behind it any more, so the row `pruned`, which is chained, has a digest of all that was left up
to its cut: SHA-256 of b"r", number (signed 64-bit big-endian) and hash of each row that is no frame, and of b"f",
number and hash of the last frame of each run of frames between them. It is the same whether the frames are there, gone,
or half of them gone; so it holds in a whole journal, in a pruned one, and in one whose pruning was cut short.
"""

import hashlib
import heapq
import json
import pathlib
import sqlite3
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.journal.rows import LAST, START, Gap, Kept, digest, gaps, kept, reading


@dataclass(frozen=True, slots=True)
class Pruned:
    """A row `pruned`. number : its own. first, cut : the frames of these rows went into the archive, `frames` of them.
    archive : a file's name, with its SHA-256. left : the digest of what was left up to the cut. Both in hexadecimal."""

    number: int
    first: int
    cut: int
    frames: int
    archive: str
    archive_sha256: str
    left: str


class Left:
    """The digest of what is left where frames go. Give it rows and gaps in their order."""

    def __init__(self) -> None:
        self._sum = hashlib.sha256()
        self._frame: tuple[int, bytes] | None = None

    def add(self, each: Kept | Gap) -> None:
        """One more."""
        if isinstance(each, Gap):
            self._frame = each.last, each.hash
        elif each.row.kind == "frame":
            self._frame = each.number, each.hash
        else:
            self._end_run()
            self._sum.update(b"r" + struct.pack(">q", each.number) + each.hash)

    def cut(self) -> str:
        """Up to here, in hexadecimal. A run of frames ends at a cut."""
        self._end_run()
        return self._sum.copy().hexdigest()

    def _end_run(self) -> None:
        if self._frame is not None:
            self._sum.update(b"f" + struct.pack(">q", self._frame[0]) + self._frame[1])
            self._frame = None


def walk(connection: sqlite3.Connection, after: int = 0, until: int = LAST) -> Iterator[Kept | Gap]:
    """Rows, and the gaps between them, in their order."""
    return heapq.merge(gaps(connection, after, until), kept(connection, None, after, until), key=_first)


def prunings(connection: sqlite3.Connection) -> list[Pruned]:
    """The rows `pruned`, oldest first. Raises ValueError for one that nobody wrote so."""
    found = []
    for each in kept(connection, "pruned"):
        try:
            told = json.loads(each.row.body)
            first, cut, frames = (int(told[name]) for name in ("first", "cut", "frames"))
            archive, sha256, left = (str(told[name]) for name in ("archive", "sha256", "left"))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"row {each.number} tells of a pruning, but not as it should") from error
        found.append(Pruned(each.number, first, cut, frames, archive, sha256, left))
    return found


def checked(connection: sqlite3.Connection, start: Gap | None = None, until: int = LAST) -> Iterator[Kept]:
    """The rows up to `until`, each checked. start : what lies before the first, of rows that begin later. Raises
    ValueError, in words, behind the last that is good."""
    before, number, left = START, 0, Left()
    cuts = {each.cut: each for each in prunings(connection)} if start is None else {}
    last_cut = max(cuts, default=0)
    if start is not None:
        before, number = start.hash, start.last
    for each in walk(connection, 0, until):
        if _first(each) != number + 1:
            raise ValueError(_broken(number + 1))
        left.add(each)
        if isinstance(each, Gap):
            if each.last > last_cut:
                raise ValueError(f"{_broken(each.first)}, and no row says that it was pruned")
            before, number = each.hash, each.last
        else:
            before, number = digest(before, each.number, each.row), each.number
            if each.hash != before:
                raise ValueError(_broken(number))
            yield each
        if number in cuts and left.cut() != cuts[number].left:
            witness = cuts[number].number
            raise ValueError(f"what is left of the rows up to {number} is not what row {witness} says was left")


def first_fault(connection: sqlite3.Connection, start: Gap | None = None, until: int = LAST) -> str | None:
    """What is wrong first, in words; None where the whole chain holds. start, until : as in `checked`."""
    alone = not connection.in_transaction
    if alone:
        connection.execute("begin")  # rows and gaps of one moment: somebody may prune it meanwhile
    try:
        for _ in checked(connection, start, until):
            pass
    except ValueError as error:
        return str(error)
    finally:
        if alone:
            connection.execute("rollback")
    return None


def first_broken(connection: sqlite3.Connection) -> int | None:
    """The number behind the last row that is good, where the chain does not hold; None where it does."""
    number = 0
    try:
        for each in checked(connection):
            number = each.number
    except ValueError:
        return number + 1
    return None


def verify(path: pathlib.Path) -> str | None:
    """`first_fault` of a journal file. Raises as `reading` does."""
    with reading(path) as connection:
        return first_fault(connection)


def _broken(number: int) -> str:
    return f"row {number} is not what was written there"


def _first(each: Kept | Gap) -> int:
    return each.first if isinstance(each, Gap) else each.number
