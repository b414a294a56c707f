"""Pruning: a journal's old frames go into an archive, and what the street did stays; a gateway may write all the while.

A gateway is asked for nothing. All that is done to the journal are short transactions between its own, each leaving a
journal that is whole (gateway/journal/chain.py), so a kill or a full disk at any moment loses nothing:

1. The rows up to the cut, all kinds, each checked, are read in pieces and written to the archive; it is synced, read
   through again, and gets its name.
2. A row `pruned` says which frames go, into which archive with which SHA-256, and has the digest of all that is left.
3. BATCH rows at a time, each frame's place becomes part of a gap, and the frame goes. What was cut short here is ended
   by the next pruning.
4. Pages that are free go back to the disk, a few at a time. Journals begun under format 1 cannot do that in pieces:
   they are written anew (VACUUM), if no gateway writes; else the room is used again, and that is said.

The cut lies QUIET_US or more from any incident, if there is such a place: an incident's frames stay together.
"""

import contextlib
import fcntl
import hashlib
import json
import pathlib
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from gateway.journal.archive import Extent, extent, write_archive
from gateway.journal.chain import Left, Pruned, first_fault, prunings, walk
from gateway.journal.cut import find_cut, last_cut
from gateway.journal.file import check_place, is_written, put
from gateway.journal.format import VERSION, check_identity, migrate
from gateway.journal.new_file import new_file
from gateway.journal.rows import START, Gap, Kept, Row, digest

PIECE = 5000
BATCH = 1000
PAGES = 200
REST = 1.0
"""After each transaction it rests for so many times what that took: a gateway has at least half of the disk."""
LONGEST_REST_S = 0.5
BUSY_S, LOOK_S = 30.0, 0.001
INCREMENTAL = 2
Seen = Callable[[str, int, int], None]
"""Is told what is being done, how far that is, and of how much."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a pruning did. frames : that went, in all. archive : where they are, None where there was nothing to prune.
    before, after : bytes of the file. said : what is worth knowing, in words."""

    frames: int
    archive: pathlib.Path | None
    before: int
    after: int
    said: Sequence[str]


def prune(path: pathlib.Path, keep_us: int, now_us: int, folder: pathlib.Path, seen: Seen) -> Done:
    """Prune the frames that are older than keep_us. folder : for the archive.

    Raises ValueError or OSError naming the file; what was not done then is done by the next call."""
    if not path.is_file():
        raise FileNotFoundError(2, "no such journal", str(path))
    check_place(path)
    if not folder.is_dir():
        raise FileNotFoundError(2, "no such folder for the archive", str(folder))
    before = path.stat().st_size
    try:
        with _alone(path), _writing(path) as connection:
            said, frames = [], _end_earlier(connection, folder, seen)
            if frames:
                said.append(f"an earlier pruning that was cut short is ended: {frames} frames")
            archive = None
            if (cut := find_cut(connection, keep_us, now_us)) is not None:
                archive, extent_ = _archive(connection, path, folder, cut, seen)
                _put_row(connection, archive, extent_, now_us)
                frames += _take_out(connection, extent_.first - 1, cut, seen)
            said += _give_back(connection, path, seen) if frames or _free(connection) else []
    except sqlite3.Error as error:
        words = f"{path}: cannot be written just now ({error}); nothing is lost, prune again when it can"
        raise OSError(words) from error
    return Done(frames, archive, before, path.stat().st_size, said)


def _archive(
    connection: sqlite3.Connection, path: pathlib.Path, folder: pathlib.Path, cut: int, seen: Seen
) -> tuple[pathlib.Path, Extent]:
    """Comes back: the file, on the disk and read through, and what it holds."""
    start = _start(connection)
    file = folder / f"{path.name}.rows-{start.last + 1}-{cut}.jsonl.gz"
    if file.exists():  # of a pruning that was killed before it took a frame out
        found = extent(file)
    else:
        with new_file(file) as part:
            write_archive(_checked(connection, path, start, cut, seen), start, part)
            found = extent(part)
    if (found.first, found.last, found.hash) != (start.last + 1, cut, _hash_at(connection, cut)):
        raise ValueError(f"{file}: holds other rows than {path}; move it away and prune again")
    return file, found


def _checked(connection: sqlite3.Connection, path: pathlib.Path, start: Gap, cut: int, seen: Seen) -> Iterator[Kept]:
    """The rows to be archived, in pieces, so that no reading lasts. Raises ValueError at the first that is not as it
    was written: then nothing goes."""
    if start.last and (fault := first_fault(connection, until=start.last)):
        raise ValueError(f"{path}: {fault}; nothing was pruned")
    before = start.hash
    for after in range(start.last, cut, PIECE):
        for each in list(walk(connection, after, min(after + PIECE, cut))):
            if not isinstance(each, Kept) or each.hash != digest(before, each.number, each.row):
                raise ValueError(f"{path}: row {_number(each)} is not what was written there; nothing was pruned")
            before = each.hash
            yield each
        seen("archiving", min(after + PIECE, cut) - start.last, cut - start.last)


def _put_row(connection: sqlite3.Connection, archive: pathlib.Path, held: Extent, now_us: int) -> None:
    with archive.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    told = {"first": held.first, "cut": held.last, "frames": held.frames, "archive": archive.name, "sha256": sha256}
    body = json.dumps({**told, "left": _left(connection, held.last)}, sort_keys=True).encode()
    _begin(connection)
    put(connection, [Row("pruned", now_us, body)])
    connection.execute("commit")


def _left(connection: sqlite3.Connection, cut: int) -> str:
    left, after = Left(), 0
    for until in (*(each.cut for each in prunings(connection)), cut):
        for piece in range(after, until, PIECE):
            for each in list(walk(connection, piece, min(piece + PIECE, until))):
                left.add(each)
        after, last = until, left.cut()
    return last


def _end_earlier(connection: sqlite3.Connection, folder: pathlib.Path, seen: Seen) -> int:
    """What a pruning that was killed left undone. Comes back: how many frames."""
    parts = prunings(connection)
    if not parts or not _has_frames(connection, parts[-1]):
        return 0
    last = parts[-1]
    archive = folder / last.archive
    if not archive.is_file():
        words = f"is not there: bring it back, or name its folder; the pruning of row {last.number} was cut short"
        raise FileNotFoundError(2, words, str(archive))
    held = extent(archive)
    if (held.first, held.last, held.hash) != (last.first, last.cut, _hash_at(connection, last.cut)):
        raise ValueError(f"{archive}: is not what row {last.number} archived; bring that back first")
    return _take_out(connection, last.first - 1, last.cut, seen)


def _has_frames(connection: sqlite3.Connection, part: Pruned) -> bool:
    query = "select 1 from row where number >= ? and number <= ? and +kind = 'frame' limit 1"
    return connection.execute(query, (part.first, part.cut)).fetchone() is not None


def _take_out(connection: sqlite3.Connection, done: int, cut: int, seen: Seen) -> int:
    """Frames become gaps. done : the cut of the pruning before: no gap goes over it. Comes back: how many."""
    query = "select number, kind, hash from row where number > ? and number <= ? order by number limit ?"
    position, taken = done, 0
    while rows := connection.execute(query, (position, cut, BATCH)).fetchall():
        position = rows[-1][0]
        runs = _runs(rows)
        if runs:
            _begin(connection)
            began_s = time.monotonic()
            taken += sum(_take(connection, run, done) for run in runs)
            connection.execute("commit")
            _rest(began_s)
        seen("taking out", position - done, cut - done)
    return taken


def _take(connection: sqlite3.Connection, run: Gap, done: int) -> int:
    before = connection.execute("select first, last from gap order by first desc limit 1").fetchone()
    if before is not None and before[1] == run.first - 1 and before[1] > done:
        connection.execute("update gap set last = ?, hash = ? where first = ?", (run.last, run.hash, before[0]))
    else:
        connection.execute("insert into gap values (?, ?, ?)", (run.first, run.last, run.hash))
    return connection.execute("delete from row where number between ? and ?", (run.first, run.last)).rowcount


def _runs(rows: Sequence[tuple[int, str, bytes]]) -> list[Gap]:
    """Frames that follow each other."""
    runs: list[Gap] = []
    for number, kind, hash_ in rows:
        if kind != "frame":
            continue
        if runs and runs[-1].last == number - 1:
            runs[-1] = Gap(runs[-1].first, number, hash_)
        else:
            runs.append(Gap(number, number, hash_))
    return runs


def _give_back(connection: sqlite3.Connection, path: pathlib.Path, seen: Seen) -> list[str]:
    """Free pages, to the disk. Comes back: what of it could not be, in words."""
    free = _free(connection)
    page_bytes = connection.execute("pragma page_size").fetchone()[0]
    if connection.execute("pragma auto_vacuum").fetchone()[0] == INCREMENTAL:
        left = free
        while left > 0:
            _begin(connection)
            began_s = time.monotonic()
            for _ in range(PAGES):
                connection.execute("pragma incremental_vacuum(1)")  # Python steps it once a call: one page
            connection.execute("commit")
            seen("giving room back", free - left, free)
            _rest(began_s)
            left = min(_free(connection), left - 1)
        connection.execute("pragma wal_checkpoint(passive)").fetchall()
        return []
    used = (connection.execute("pragma page_count").fetchone()[0] - free) * page_bytes
    why = "a gateway writes" if is_written(path) else ""
    if not why and shutil.disk_usage(path.parent).free < 3 * used:
        why = f"there is no room for {3 * used / 1e6:.0f} MB meanwhile"
    if why:
        words = f"{free * page_bytes / 1e6:.0f} MB inside the file are free and used again, but not given back"
        return [f"{words} to the disk: an earlier version began it, and it cannot be written anew now: {why}"]
    seen("writing it anew", 0, 1)
    connection.execute("pragma auto_vacuum = incremental")
    connection.execute("vacuum")
    connection.execute("pragma wal_checkpoint(truncate)").fetchall()
    return []


def _begin(connection: sqlite3.Connection) -> None:
    """A transaction, between two of a gateway's: SQLite's own waiting would sleep through most of its pauses. Raises
    sqlite3.OperationalError after BUSY_S."""
    due_s = time.monotonic() + BUSY_S
    connection.execute("pragma busy_timeout = 0")
    while not connection.in_transaction:
        try:
            connection.execute("begin immediate")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > due_s:
                raise
            time.sleep(LOOK_S)
    connection.execute(f"pragma busy_timeout = {BUSY_S * 1000:.0f}")


def _rest(began_s: float) -> None:
    time.sleep(min(LONGEST_REST_S, REST * (time.monotonic() - began_s)))


def _free(connection: sqlite3.Connection) -> int:
    return int(connection.execute("pragma freelist_count").fetchone()[0])


def _start(connection: sqlite3.Connection) -> Gap:
    """What lies before the first row that can be pruned."""
    cut = last_cut(connection)
    return Gap(1, cut, _hash_at(connection, cut))


def _hash_at(connection: sqlite3.Connection, number: int) -> bytes:
    """Of this row, also where it was pruned and ends a gap; START for none."""
    query = "select hash from row where number = ? union all select hash from gap where last = ?"
    found = connection.execute(query, (number, number)).fetchone()
    return bytes(found[0]) if found else START


def _number(each: Kept | Gap) -> int:
    return each.number if isinstance(each, Kept) else each.first


@contextlib.contextmanager
def _alone(path: pathlib.Path) -> Iterator[None]:
    """One pruning of a journal at a time."""
    with path.with_name(f"{path.name}.pruning").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OSError(f"{path}: is being pruned by another just now") from None
        yield


@contextlib.contextmanager
def _writing(path: pathlib.Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_S)
    with contextlib.closing(connection):
        if check_identity(connection, path) < VERSION and is_written(path):
            raise ValueError(
                f"{path}: is written by a gateway of an earlier version, which does not know of pruning: start that "
                "gateway anew with this version first, or stop it"
            )
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        connection.execute("pragma wal_autocheckpoint = 250")  # 1 MB: a disk that is nearly full must do
        migrate(connection, path)
        yield connection
        if not is_written(path):
            with contextlib.suppress(sqlite3.Error):
                connection.execute("pragma busy_timeout = 0")
                connection.execute("pragma journal_mode = delete")
