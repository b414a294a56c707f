"""The journal: durable, chained, one writer, honest when the disk is not."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys

import pytest

from gateway.incident import Store
from gateway.intake.seen import Seen
from gateway.journal.chain import verify
from gateway.journal.journal import Journal, JournalFull, frame_row
from gateway.journal.rows import Row, kept, reading


def frame(sequence, node="n1", boot=7, size=40):
    return frame_row(Store(node, boot, sequence, bytes([sequence % 256]) * size, 1_000_000 + sequence))


def rows_of(path, kind=None):
    with reading(path) as connection:
        return [each.row for each in kept(connection, kind)]


def tamper(path, sql):
    with sqlite3.connect(path) as db:
        db.executescript(f"drop trigger row_keeps; drop trigger row_stays; {sql}")
    db.close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "street.journal"


@pytest.fixture
async def filled(path):
    journal = Journal(path)
    await journal.append([Row("config", 5, b"{}"), *(frame(i) for i in range(20))])
    journal.close()
    return path


async def test_what_is_acked_can_be_read_back_in_order(filled):
    assert rows_of(filled, "frame") == [frame(i) for i in range(20)]
    assert verify(filled) is None


async def test_a_frame_that_comes_twice_is_one_row(path):
    journal = Journal(path)
    await journal.append([frame(1)])
    await journal.append([frame(2), frame(1), frame(1, boot=8), frame(1, node="n2")])
    journal.close()

    assert [(r.node, r.boot, r.sequence) for r in rows_of(path)] == [
        ("n1", 7, 1), ("n1", 7, 2), ("n1", 8, 1), ("n2", 7, 1),
    ]  # fmt: skip
    assert verify(path) is None


async def test_the_chain_goes_on_after_the_journal_is_opened_again(filled):
    journal = Journal(filled)
    recent = journal.recent_frames(3)
    await journal.append([frame(99)])
    journal.close()

    assert recent == [("n1", 7, 17), ("n1", 7, 18), ("n1", 7, 19)]
    assert len(rows_of(filled)) == 22
    assert verify(filled) is None


async def test_many_waiting_batches_are_kept_in_the_order_of_the_calls(path):
    journal = Journal(path)
    await asyncio.gather(*(journal.append([frame(i)]) for i in range(500)))
    journal.close()

    assert [row.sequence for row in rows_of(path)] == list(range(500))


async def test_a_batch_that_nobody_waits_for_any_more_is_kept(path):
    journal = Journal(path)
    durable = journal.append([frame(1)])
    durable.cancel()
    await journal.append([frame(2)])
    journal.close()

    assert [row.sequence for row in rows_of(path)] == [1, 2]


@pytest.mark.parametrize(
    ("sql", "broken"),
    [
        ("update row set body = x'00' where number = 7", 7),
        ("update row set at_us = at_us + 1 where number = 1", 1),
        ("update row set node = 'n9' where number = 3", 3),
        ("update row set kind = 'effect' where number = 21", 21),
        ("delete from row where number = 5", 5),
        ("delete from row where number = 4; update row set number = number - 1 where number > 4", 4),
        ("update row set number = 100 where number = 8; update row set number = 8 where number = 9", 8),
    ],
)
async def test_what_was_tampered_with_is_found_at_its_row(filled, sql, broken):
    tamper(filled, sql)

    assert verify(filled) == f"row {broken} is not what was written there"


async def test_rows_cannot_be_changed_or_removed_by_plain_sql(filled):
    with sqlite3.connect(filled) as db:
        for sql in ("update row set at_us = 1", "delete from row"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                db.execute(sql)
    db.close()


async def test_a_second_gateway_on_the_same_journal_is_refused_and_told_who_has_it(path):
    journal = Journal(path)

    with pytest.raises(OSError, match=rf"{path}: another gateway is writing this journal \(process {os.getpid()}\)"):
        Journal(path)
    journal.close()
    Journal(path).close()


async def test_a_full_journal_acks_nothing_and_takes_frames_again_when_there_is_room(path):
    journal = Journal(path, max_bytes=49_152, again_s=0)
    waiting = [journal.append([frame(i, size=2000)]) for i in range(6)]
    await asyncio.gather(*waiting)
    waiting = [journal.append([frame(i, size=2000)]) for i in range(6, 40)]
    left = await asyncio.to_thread(journal.close)
    told = await asyncio.gather(*waiting, return_exceptions=True)
    roomier = Journal(path)
    await roomier.append([frame(77)])
    roomier.close()

    assert left > 0
    assert sum(isinstance(each, JournalFull) for each in told) == left
    assert [row.sequence for row in rows_of(path)] == [*range(40 - left), 77]
    assert verify(path) is None


DISK_FAILS = """
import asyncio, pathlib, resource, sys
from gateway.incident import Store
from gateway.journal.journal import Journal, frame_row

async def main():
    journal = Journal(pathlib.Path(sys.argv[1]), again_s=0.01)
    ends = resource.RLIM_INFINITY
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, ends))  # a write past it fails: to SQLite an I/O error
    waiting = [journal.append([frame_row(Store("n1", 1, i, bytes(1000), i))]) for i in range(60)]
    while not (news := journal.news()):
        await asyncio.sleep(0)
    print(*news, file=sys.stderr)
    print(sum(each.done() for each in waiting))
    resource.setrlimit(resource.RLIMIT_FSIZE, (ends, ends))
    await asyncio.gather(*waiting)
    print(sum(each.done() for each in waiting), *journal.news())

asyncio.run(main())
"""


def test_after_a_disk_error_the_file_is_opened_anew_and_has_each_row_once_in_order(path):
    run = subprocess.run(
        [sys.executable, "-c", DISK_FAILS, path], check=False, capture_output=True, text=True, timeout=30
    )

    assert run.returncode == 0, run.stderr
    before, after = run.stdout.splitlines()
    assert int(before) < 60
    assert after.startswith("60")
    assert f"{path} cannot be written" in run.stderr
    assert [row.sequence for row in rows_of(path)] == list(range(60))
    assert verify(path) is None


WRITES_FOR_EVER = """
import asyncio, pathlib, sys
from gateway.incident import Store
from gateway.journal.journal import Journal, frame_row

async def main():
    journal = Journal(pathlib.Path(sys.argv[1]))
    for i in range(10**9):
        await journal.append([frame_row(Store("n1", int(sys.argv[2]), i, bytes(100), i))])
        print(i, flush=True)

asyncio.run(main())
"""


def test_what_was_acked_before_a_kill_is_there_after_it(path):
    for boot in (1, 2):
        writer = subprocess.Popen([sys.executable, "-c", WRITES_FOR_EVER, path, str(boot)], stdout=subprocess.PIPE)
        acked = -1
        while acked < 150:
            acked = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        acked = max([acked, *map(int, writer.communicate()[0].decode().rsplit("\n", 1)[0].split())])

        assert {row.sequence for row in rows_of(path) if row.boot == boot} >= set(range(acked + 1))
        assert verify(path) is None


def test_another_programs_file_is_refused_and_left_alone(tmp_path):
    other, text = tmp_path / "other.sqlite", tmp_path / "notes.txt"
    with sqlite3.connect(other) as db:
        db.execute("create table t(x)")
    db.close()
    text.write_text("not a database, " * 100)

    for path in (other, text):
        before = path.read_bytes()
        with pytest.raises((OSError, ValueError), match=str(path)):
            Journal(path)
        with pytest.raises((OSError, ValueError), match=str(path)):
            verify(path)
        assert path.read_bytes() == before


def test_a_journal_that_is_not_there_is_named(tmp_path):
    with pytest.raises(OSError, match="no such journal"):
        verify(tmp_path / "none.journal")
    with pytest.raises(OSError, match="no such folder"):
        Journal(tmp_path / "none" / "street.journal")


async def test_only_the_owner_may_read_a_journal(filled):
    assert filled.stat().st_mode & 0o077 == 0


def test_seen_knows_the_newest_frames():
    seen = Seen([("a", 1, 1)], limit=2)
    seen.add("a", 1, 2)
    seen.add("b", 1, 1)

    assert not seen.contains("a", 1, 1)
    assert seen.contains("a", 1, 2)
    assert seen.contains("b", 1, 1)
