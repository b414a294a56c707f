"""How fast rows are safe on disk, beside plain SQLite inserts of the same bytes, as durable and as many in a commit.

Wall clock, for the disk is what is waited for; the disk is that of the folder for temporary files.
"""

import asyncio
import itertools
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.incident import Store
from gateway.journal.journal import Journal, frame_row

N, BODY = 1000, bytes(200)
GROUP, FLOOR = "journal, this disk", "sqlite3 insert of the same bytes"
pytestmark = pytest.mark.benchmark(timer=time.perf_counter)


@pytest.fixture
def paths(tmp_path: Path) -> Iterator[Path]:
    return (tmp_path / f"{number}.journal" for number in itertools.count())


@pytest.fixture(params=[1, N], ids="{}_in_a_commit".format)
def at_once(request: pytest.FixtureRequest) -> Any:
    return request.param


async def kept(journal: Journal, at_once: int) -> int:
    rows = [frame_row(Store("n1", 1, sequence, BODY, sequence)) for sequence in range(N)]
    for first in range(0, N, at_once):
        await asyncio.gather(*(journal.append([row]) for row in rows[first : first + at_once]))
    return len(rows)


def inserted(connection: sqlite3.Connection, at_once: int) -> int:
    for first in range(0, N, at_once):
        connection.execute("begin immediate")
        for number in range(first, first + at_once):
            connection.execute("insert into row values (?, ?)", (number, BODY))
        connection.execute("commit")
    return int(connection.execute("select count(*) from row").fetchone()[0])


def plain(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(
        "pragma journal_mode = wal; pragma synchronous = full; create table row(number integer primary key, body blob);"
    )
    return connection


def test_the_journal_keeps(measure: Callable[..., Any], paths: Iterator[Path], at_once: int) -> None:
    n_rows = measure(
        GROUP, f"Journal.append, {at_once} waiting at a time",
        lambda journal: asyncio.run(kept(journal, at_once)), N, "rows",
        floor=f"{FLOOR}, {at_once} a commit", setup=lambda: (Journal(next(paths)),), rounds=3,
    )  # fmt: skip

    assert n_rows == N


def test_the_floor_of_the_journal(measure: Callable[..., Any], paths: Iterator[Path], at_once: int) -> None:
    n_rows = measure(
        GROUP, f"{FLOOR}, {at_once} a commit", lambda connection: inserted(connection, at_once), N, "rows",
        setup=lambda: (plain(next(paths)),), rounds=3,
    )  # fmt: skip

    assert n_rows == N
