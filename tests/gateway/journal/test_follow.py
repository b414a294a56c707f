"""Followers of a journal: killed at any moment, and with another journal in its place, they have every row once and in
order."""

import asyncio
import dataclasses
import pathlib
import shutil
import sqlite3
import subprocess
import sys

import pytest

from gateway.journal.follow import CursorFault, Follower
from gateway.journal.journal import Journal
from gateway.journal.rows import Row

N_KILLS = 200
# Forks followers and kills each after some milliseconds, wherever it is; the last one lives until all rows are there.
KILLER = """
import os, pathlib, random, signal, sys, time
from gateway.journal.follow import CursorFault, Follower

def follow(journal, cursor):
    follower = Follower(journal, cursor)
    follower.cursor.execute("create table if not exists told(number integer, body blob)")
    while True:
        rows = follower.look().rows
        if rows:
            follower.cursor.execute("begin immediate")
            follower.cursor.executemany("insert into told values (?, ?)", [(r.number, r.row.body) for r in rows])
            follower.done(rows)
            if rows[-1].row.body == b"last":
                os._exit(0)
        else:
            time.sleep(0.001)

journal, cursor, n_kills = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
dice = random.Random(3)
for kill in range(n_kills + 1):
    child = os.fork()
    if not child:
        follow(journal, cursor)
    if kill < n_kills:
        time.sleep(dice.uniform(0.0, 0.03))
        os.kill(child, signal.SIGKILL)
        if kill == n_kills - 1:
            (cursor.parent / "enough").touch()
    os.waitpid(child, 0)
"""


async def keep(journal, *bodies, kind="effect"):
    await journal.append([Row(kind, 1_790_000_000_000_000 + i, body) for i, body in enumerate(bodies)])


async def test_a_follower_that_is_killed_200_times_has_every_row_once_and_in_order(tmp_path):
    path, n_rows = tmp_path / "street.journal", 0
    journal = Journal(path)
    await keep(journal, b"0")
    command = (sys.executable, "-c", KILLER, path, tmp_path / "cursor", str(N_KILLS))
    killer = await asyncio.create_subprocess_exec(*command, stderr=subprocess.PIPE)
    async with asyncio.timeout(120):
        while not (tmp_path / "enough").exists() and killer.returncode is None:
            n_rows += 1
            await keep(journal, b"%d" % n_rows)
        await keep(journal, b"last")
        _, errors = await killer.communicate()
    journal.close()
    with sqlite3.connect(tmp_path / "cursor") as cursor:
        told = cursor.execute("select number, body from told").fetchall()

    assert killer.returncode == 0, errors
    assert n_rows > 200
    assert told == [(i + 1, b"%d" % i) for i in range(n_rows + 1)] + [(n_rows + 2, b"last")]


def bodies(look):
    return [each.row.body for each in look.rows]


def read(follower):
    """All that there is, done with; and what was said."""
    found, said = [], []
    while (look := follower.look()).rows or look.said:
        found += bodies(look)
        said += look.said
        follower.done(look.rows)
    return found, said


@pytest.fixture
async def written(tmp_path):
    """A journal of three rows that its gateway has closed."""
    journal = Journal(tmp_path / "street.journal")
    await keep(journal, b"1", b"2", b"3")
    journal.close()
    return tmp_path / "street.journal"


async def test_rows_come_once_over_starts_of_follower_and_gateway(written, tmp_path):
    first = Follower(written, tmp_path / "cursor")
    found = read(first)
    first.close()
    journal = Journal(written)
    await keep(journal, b"4")
    second = Follower(written, tmp_path / "cursor")
    live = read(second)
    await keep(journal, b"5")
    more = read(second)
    journal.close()
    after = read(second)
    second.close()

    assert [found, live, more, after] == [([b"1", b"2", b"3"], []), ([b"4"], []), ([b"5"], []), ([], [])]


async def test_one_begins_where_it_is_told_to(written):
    assert read(Follower(written, after=1)) == ([b"2", b"3"], [])
    assert read(Follower(written, after=None)) == ([], [])
    assert read(Follower(written, after=99)) == ([], [])


async def test_a_journal_that_was_restored_goes_on_behind_what_both_have(written, tmp_path):
    shutil.copy(written, tmp_path / "backup")
    follower = Follower(written, tmp_path / "cursor")
    journal = Journal(written)
    await keep(journal, b"4", b"5")
    journal.close()
    before = read(follower)
    shutil.copy(tmp_path / "backup", written)
    journal = Journal(written)
    await keep(journal, b"four", b"five", b"six")
    journal.close()
    found, said = read(follower)

    assert before == ([b"1", b"2", b"3", b"4", b"5"], [])
    assert found == [b"four", b"five", b"six"]
    assert said == [
        f"{written}: what follows row 3 is another: it was restored, replaced or begun anew; row 5 was read last"
    ]


async def test_another_journal_is_read_from_its_first_row(written, tmp_path):
    follower = Follower(written, tmp_path / "cursor")
    read(follower)
    written.unlink()
    journal = Journal(written)
    await keep(journal, b"new")
    journal.close()
    found, said = read(follower)

    assert found == [b"new"]
    assert len(said) == 1 and "this is another journal" in said[0]
    assert read(follower) == ([], [])


async def test_rows_that_are_missing_or_changed_are_said(written, tmp_path):
    with sqlite3.connect(written) as connection:
        connection.executescript("drop trigger row_stays; drop trigger row_keeps; delete from row where number = 2;")
    found, said = read(Follower(written))

    assert found == [b"1", b"3"]
    assert said == ["rows 2 to 2 are missing"]

    with sqlite3.connect(written) as connection:
        connection.execute("update row set number = 2 where number = 3")
    found, said = read(Follower(written))

    assert said == ["row 2 is not what was written there, or the one before it is not"]


async def test_what_did_not_work_comes_again(written, tmp_path):
    follower = Follower(written, tmp_path / "cursor")
    look = follower.look()
    follower.cursor.execute("create table told(number integer)")
    follower.cursor.execute("begin")
    follower.cursor.execute("insert into told values (1)")
    follower.undone()

    assert bodies(follower.look()) == bodies(look)
    assert follower.cursor.execute("select count(*) from told").fetchone() == (0,)


async def test_two_followers_with_one_cursor_and_a_cursor_that_is_none_are_refused(written, tmp_path):
    first = Follower(written, tmp_path / "cursor")
    with pytest.raises(OSError, match="in use by another follower"):
        Follower(written, tmp_path / "cursor")
    first.close()
    (tmp_path / "text").write_text("not a database " * 100)

    with pytest.raises(ValueError, match="is no cursor"):
        Follower(written, tmp_path / "text")
    with pytest.raises(FileNotFoundError):
        Follower(pathlib.Path(tmp_path / "none"), tmp_path / "other")


async def test_a_journal_is_no_cursor_and_stays_as_it_was(written, tmp_path):
    other = Journal(tmp_path / "killed.journal")
    await keep(other, b"1")
    for name in ("killed.journal", "killed.journal-wal"):
        shutil.copy(tmp_path / name, tmp_path / f"copy-{name}")
    other.close()
    (tmp_path / "link").symlink_to(written)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for name, why in (("street.journal", "itself"), ("link", "itself"), ("copy-killed.journal", "no cursor")):
        with pytest.raises(ValueError, match=why):
            Follower(written, tmp_path / name)

    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_another_programs_database_is_no_cursor(written, tmp_path):
    with sqlite3.connect(tmp_path / "other") as other:
        other.execute("create table address(street text)")
    other.close()
    before = (tmp_path / "other").read_bytes()
    with pytest.raises(ValueError, match="another program's file"):
        Follower(written, tmp_path / "other")

    assert (tmp_path / "other").read_bytes() == before


def test_a_cursor_of_before_with_a_table_of_its_followers_goes_on(written, tmp_path):
    first = Follower(written, tmp_path / "cursor")
    first.cursor.execute("create table told(body blob)")
    first.done(first.look().rows[:2])
    first.cursor.execute("pragma application_id = 0")
    first.close()

    assert read(Follower(written, tmp_path / "cursor")) == ([b"3"], [])


def test_on_a_full_disk_the_last_row_is_remembered(written, tmp_path):
    follower = Follower(written, tmp_path / "cursor")
    (n_pages,) = follower.cursor.execute("pragma page_count").fetchone()
    follower.cursor.execute(f"pragma max_page_count = {n_pages}")
    row = follower.look().rows[-1]
    follower.done([dataclasses.replace(row, number=number) for number in range(1, 1001)])

    assert follower.number == 1000


def test_a_disk_that_takes_nothing_is_said_of_the_cursor_and_what_was_begun_is_undone(written, tmp_path):
    follower = Follower(written, tmp_path / "cursor")
    follower.cursor.execute("create table told(number integer)")
    follower.cursor.execute("begin immediate")
    follower.cursor.execute("insert into told values (1)")
    follower.cursor.execute("pragma query_only = true")  # a commit writes still, further rows do not
    with pytest.raises(CursorFault, match=f"{tmp_path / 'cursor'}: cannot be written"):
        follower.done(follower.look().rows)
    follower.cursor.execute("pragma query_only = false")

    assert follower.cursor.execute("select count(*) from told").fetchone() == (0,)
    assert bodies(follower.look()) == [b"1", b"2", b"3"]


async def test_many_rows_are_read_a_thousand_at_a_time(tmp_path):
    journal = Journal(tmp_path / "street.journal")
    await keep(journal, *(b"%d" % i for i in range(2500)))
    follower, sizes = Follower(tmp_path / "street.journal", tmp_path / "cursor"), []
    while rows := follower.look().rows:
        sizes.append(len(rows))
        follower.done(rows)
    journal.close()

    assert sizes == [1000, 1000, 500]


async def test_a_row_that_stood_in_the_log_before_it_could_be_seen_is_not_passed_over(tmp_path):
    journal, seen = Journal(tmp_path / "street.journal"), asyncio.Queue()
    loop = asyncio.get_running_loop()
    await keep(journal, b"0")

    def follow():
        """Look without a pause, so that some looks fall into a commit."""
        follower, last = Follower(tmp_path / "street.journal"), b""
        while last != b"last":
            rows = follower.look().rows
            follower.done(rows)
            for each in rows:
                last = each.row.body
                loop.call_soon_threadsafe(seen.put_nowait, last)

    following = asyncio.create_task(asyncio.to_thread(follow))
    async with asyncio.timeout(20):
        for number in range(200):
            assert await seen.get() == b"%d" % number
            await keep(journal, b"%d" % (number + 1) if number < 199 else b"last")
        await following
    journal.close()
