"""Where a pruning may cut a journal: behind what is old, and away from incidents, whose frames stay together."""

import contextlib
import sqlite3

from gateway.journal.chain import prunings

DAY_US = 86_400_000_000
QUIET_US = 640_000_000
"""What a gateway takes up at a start, and twice (gateway/journal/recovery.py, RECENT_US and WARM_US)."""
TOLD = ("incident", "reason", "area", "soon", "early")
LOOKED_AT = 100_000
"""Rows behind a cut: more than come in QUIET_US but in a flood."""


def find_cut(connection: sqlite3.Connection, keep_us: int, now_us: int) -> int | None:
    """The last row whose frames may go; None where none may. All rows up to it are older than keep_us, by the journal's
    own time where this machine's clock is ahead of it; a row of more than a day ahead of both, by a clock that was
    wrong, holds none back."""
    newest = connection.execute("select at_us from row where kind != 'pruned' order by number desc limit 1").fetchone()
    if newest is None:
        return None
    since_us, ahead_us = min(now_us, newest[0]) - keep_us, max(now_us, newest[0]) + DAY_US
    young = "select number from row where at_us > ? and at_us <= ? order by number limit 1"
    first = connection.execute(young, (since_us, ahead_us)).fetchone()
    done = last_cut(connection)
    cut = (newest_number(connection) if first is None else first[0]) - 1
    frame = "select 1 from row where kind = 'frame' and number > ? and number <= ? limit 1"
    if cut <= done or connection.execute(frame, (done, cut)).fetchone() is None:
        return None
    return _quiet(connection, done, cut) or cut


def newest_number(connection: sqlite3.Connection) -> int:
    """Of the last row, 0 for none."""
    return int(connection.execute("select coalesce(max(number), 0) from row").fetchone()[0])


def _quiet(connection: sqlite3.Connection, done: int, cut: int) -> int | None:
    """The last frame up to the cut that is QUIET_US from whatever is told of an incident, before and behind."""
    edge_us = _edge_us(connection, cut)
    upwards = "select number, at_us, kind from row where number > ? and number <= ? order by number desc"
    found: tuple[int, int] | None = None
    with contextlib.closing(connection.execute(upwards, (done, cut))) as rows:
        for number, at_us, kind in rows:
            if found is not None and at_us < found[1] - QUIET_US:
                break
            if kind in TOLD:
                found, edge_us = None, at_us - QUIET_US
            elif found is None and kind == "frame" and at_us < edge_us:
                found = number, at_us
    return None if found is None else found[0]


def _edge_us(connection: sqlite3.Connection, cut: int) -> int:
    """Before when a row up to the cut is far enough from what is told behind the cut."""
    (last_us,) = connection.execute("select at_us from row where number = ?", (cut,)).fetchone()
    behind = f"""select min(at_us) from row where number > ? and number <= ? and at_us < ?
        and kind in ({", ".join("?" * len(TOLD))})"""  # noqa: S608 (marks)
    (near_us,) = connection.execute(behind, (cut, cut + LOOKED_AT, last_us + QUIET_US, *TOLD)).fetchone()
    return int(last_us) + 1 if near_us is None else int(near_us) - QUIET_US


def last_cut(connection: sqlite3.Connection) -> int:
    """Of the pruning before, 0 for none."""
    return max((each.cut for each in prunings(connection)), default=0)
