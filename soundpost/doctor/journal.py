"""The journal: opens, is of a version that we read, its chain holds, its limit is not near; and whether a gateway
writes it now. Everything is read only, also while it is written."""

import pathlib
import sqlite3
from dataclasses import dataclass

from gateway.journal.chain import first_broken, walk
from gateway.journal.format import VERSION
from gateway.journal.rows import START, Gap, digest, gap_at, reading
from soundpost.doctor.disk import bytes_a_day
from soundpost.doctor.verdict import Verdict, failed, passed, warned
from soundpost.terminal import utc_second

NEWEST = 2_000
NEARLY = 0.9


@dataclass(frozen=True, slots=True)
class State:
    """n_rows : in all. last_us : of the newest row, None where there is none. broken : the number of the first row that
    is not what was written, None where all that were looked at are. n_looked : how many those were."""

    n_rows: int
    last_us: int | None
    broken: int | None
    n_looked: int
    n_bytes: int


def judge_journal(state: State, most_mb: int | None, name: str) -> list[Verdict]:
    """most_mb : journal_max_mb of the config."""
    if state.broken is not None:
        do = "keep the file as it is, and see `soundpost journal verify`: somebody or the disk changed it"
        return [failed("journal", f"row {state.broken} is not what was written there", do, name)]
    if state.last_us is None:
        return [warned("journal", "holds no row", "start the gateway", name)]
    whole = "all" if state.n_looked >= state.n_rows else f"the newest {state.n_looked}"
    says = f"version {VERSION}, {state.n_rows} rows, the chain of {whole} holds, last {_when(state.last_us)}"
    found = [passed("journal", says, name)]
    if most_mb is not None and state.n_bytes > NEARLY * most_mb * 1e6:
        says = f"{state.n_bytes / 1e6:.0f} of journal_max_mb = {most_mb}: when it is full, nothing is acked"
        found.append(warned("journal", says, "raise journal_max_mb, or `soundpost journal prune` it", name))
    return found


def none_yet(name: str) -> Verdict:
    """There is no such file."""
    return failed("journal", "is not there; a gateway makes it when it starts", "start it, or mend its name", name)


def judge_running(pid: int | None) -> Verdict:
    """pid : who holds the journal's lock; None: nobody."""
    if pid is None:
        return failed("gateway", "no gateway runs", "systemctl start soundpost-gateway, and see its log")
    return passed("gateway", f"runs{f' as process {pid}' if pid > 0 else ''}")


def chain_breaks(connection: sqlite3.Connection, newest: int) -> tuple[int | None, int]:
    """Of the newest so many rows: the first that is not chained to the one before it, and how many were looked at."""
    last = connection.execute("select max(number) from row").fetchone()[0] or 0
    first = max(1, last - newest + 1)
    number, before = first - 1, START
    if (gap := gap_at(connection, number)) is not None:  # pruned: the chain goes on behind it
        number, before = gap.last, gap.hash
    elif number:
        row = connection.execute("select hash from row where number = ?", (number,)).fetchone()
        if row is None:
            return number, 0
        before = row[0]
    for each in walk(connection, number):
        if isinstance(each, Gap):
            number, before = each.last, each.hash
            continue
        number += 1
        if each.number != number or each.hash != digest(before, number, each.row):
            return number, number - first
        before = each.hash
    return (None if number == last else number + 1), last - first + 1


def read_state(path: pathlib.Path, whole: bool) -> State:
    """Raises OSError or ValueError naming the file."""
    with reading(path) as connection:
        connection.execute("begin")  # rows and gaps of one moment
        n_rows = connection.execute("select count(*) from row").fetchone()[0]
        newest = "select at_us from row order by number desc limit 1"
        last_us = next((at_us for (at_us,) in connection.execute(newest)), None)
        broken, n_looked = (first_broken(connection), n_rows) if whole else chain_breaks(connection, NEWEST)
    return State(n_rows, last_us, broken, n_looked, path.stat().st_size)


def growth(path: pathlib.Path) -> float | None:
    """Bytes a day, by the rows of late and how big rows are on average; None where that is not known, also of a journal
    that cannot be read: `journal` says so."""
    newest = "select min(at_us), max(at_us), count(*) from (select at_us from row order by number desc limit ?)"
    try:
        with reading(path) as connection:
            n_rows = connection.execute("select count(*) from row").fetchone()[0]
            first_us, last_us, n = connection.execute(newest, (NEWEST,)).fetchone()
    except (OSError, ValueError):
        return None
    return None if not n else bytes_a_day(path.stat().st_size * n // n_rows, last_us - first_us)


def who_writes(path: pathlib.Path, locks: str | None = None) -> int | None:
    """The process that holds `FILE.lock`, by the kernel's list of locks: asking for the lock itself could keep a
    gateway from starting. locks : the text of /proc/locks (proc(5)); None: read it. Comes back: its number, or 0 where
    it is hidden; None: nobody."""
    try:
        lock = path.with_name(path.name + ".lock").stat()
        text = pathlib.Path("/proc/locks").read_text() if locks is None else locks
    except OSError:
        return None
    for line in text.splitlines():
        fields = line.split()
        if len(fields) >= 6 and fields[1] == "FLOCK" and fields[5].rpartition(":")[2] == str(lock.st_ino):
            return max(0, int(fields[4]))
    return None


def _when(at_us: int) -> str:
    try:
        return utc_second(at_us)
    except OverflowError:
        return f"{at_us} us"
