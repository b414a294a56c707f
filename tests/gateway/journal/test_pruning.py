"""Pruning a journal on a real disk: the frames go into an archive, all else stays, the chain holds, a gateway writes
on, and a kill, a full disk or a hand that changes things at any moment loses nothing unseen."""

import contextlib
import json
import random
import signal
import sqlite3
import subprocess
import sys

import pytest

from gateway.journal.archive import extent, read_archive
from gateway.journal.chain import first_fault, verify
from gateway.journal.cut import QUIET_US, find_cut
from gateway.journal.file import JournalFile
from gateway.journal.follow import Follower, rows_after
from gateway.journal.journal import Journal
from gateway.journal.prune import prune
from gateway.journal.rows import Kept, Row, digest, kept, reading
from gateway.journal.whole import opened

DAY_US = 86_400_000_000
S = 1_000_000
NOW_US = 1_794_000_000 * S
N = 400


def unseen(words, done, total):
    """Nobody looks."""


def frame(number, at_us):
    return Row("frame", at_us, bytes([number % 256]) * 300, f"n{number % 5}", 7, number)


def street(n=N, days=100):
    """Frames over so many days, and a deed after each ninth."""
    step_us = days * DAY_US // n
    for number in range(n):
        at_us = NOW_US - (n - number) * step_us
        yield Row("lamp", at_us, b'{"lamp": "l1"}') if number % 10 == 5 else frame(number, at_us)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "street.journal"
    file = JournalFile(path)
    file.commit(street())
    file.close()
    return path


def rows_of(path, kind=None):
    with reading(path) as connection:
        return list(kept(connection, kind))


def pruned(path, days=10, now_us=NOW_US):
    return prune(path, days * DAY_US, now_us, path.parent, unseen)


def tampered(path, sql):
    with contextlib.closing(sqlite3.connect(path)) as db:
        drops = "".join(f"drop trigger {name};" for name in ("row_keeps", "row_stays", "gap_grows", "gap_stays"))
        db.executescript(f"{drops} {sql}")


def test_old_frames_go_into_the_archive_and_all_else_stays_as_it_was(path):
    before = rows_of(path)
    done = pruned(path)
    after = rows_of(path)
    old = [each for each in before if each.row.at_us < NOW_US - 10 * DAY_US]
    frames = [each for each in old if each.row.kind == "frame"]

    assert done.frames == len(frames) > 300
    assert [each for each in read_archive(done.archive) if isinstance(each, Kept)] == old[: frames[-1].number]
    assert after[:-1] == [each for each in before if each not in frames]
    assert after[-1].row.kind == "pruned"
    assert json.loads(after[-1].row.body)["archive"] == done.archive.name
    assert verify(path) is None


def test_the_room_is_given_back_to_the_disk(tmp_path):
    path = tmp_path / "street.journal"
    file = JournalFile(path)
    file.commit(street(5000))
    file.close()
    done = pruned(path, days=1)

    assert done.after < done.before / 5
    assert path.stat().st_size == done.after
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)


def test_a_second_pruning_goes_on_behind_the_first_and_all_together_are_the_whole_journal(path):
    before = rows_of(path)
    first, second = pruned(path, days=60), pruned(path, days=10)
    nothing = pruned(path, days=10)
    with opened(path) as journal:
        whole = list(kept(journal.connection))
        fault = first_fault(journal.connection)

    assert (extent(second.archive).first, nothing.archive) == (extent(first.archive).last + 1, None)
    assert [each for each in whole if each.row.kind != "pruned"] == before
    assert fault is None
    assert verify(path) is None


def test_an_archive_that_is_not_there_is_named_and_the_journal_is_read_without_it(path):
    done = pruned(path)
    done.archive.rename(path.parent / "elsewhere")
    with opened(path) as journal:
        assert list(journal.missing) == [done.archive]
        assert journal.cut == json.loads(rows_of(path)[-1].row.body)["cut"]


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("update row set body = x'7b7d' where number = 6", "row 6 is not what was written there"),
        (
            "delete from row where number = 16; update gap set last = 16 where first = 7",
            "row 401 says was left",
        ),
        ("update gap set hash = zeroblob(32) where first = 1", "row 6 is not what was written there"),
        (
            "delete from row where number = 395; insert into gap select 395, 395, hash from row where number = 394",
            "and no row says that it was pruned",
        ),
    ],
)
def test_what_is_changed_in_a_pruned_journal_is_found(path, sql, says):
    pruned(path)
    tampered(path, sql)

    assert says in verify(path)


def test_a_hand_that_reckons_the_chain_before_a_gap_anew_is_found_by_what_the_pruning_wrote_down(path):
    pruned(path)
    row = next(each for each in rows_of(path) if each.row.kind == "lamp")
    with contextlib.closing(sqlite3.connect(path)) as db:
        before = db.execute("select hash from gap where last = ?", (row.number - 1,)).fetchone()[0]
    forged = Row("lamp", row.row.at_us, b'{"lamp": "another"}')
    hash_ = digest(before, row.number, forged)
    tampered(path, f"update row set body = x'{forged.body.hex()}', hash = x'{hash_.hex()}' where number = {row.number}")

    assert "is not what row" in verify(path)


def test_rows_that_are_no_frames_or_in_no_gap_cannot_be_deleted(path):
    pruned(path)
    with contextlib.closing(sqlite3.connect(path)) as db:
        for sql in (
            "delete from row where kind = 'lamp'",
            "delete from row where number = 395",
            "delete from gap",
            "update gap set hash = zeroblob(32)",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                db.execute(sql)


def test_a_broken_journal_is_not_pruned(path):
    tampered(path, "update row set body = x'00' where number = 7")
    with pytest.raises(ValueError, match="row 7 is not what was written there; nothing was pruned"):
        pruned(path)

    assert len(rows_of(path)) == N
    assert not list(path.parent.glob("*.gz*"))


def test_the_cut_lies_away_from_incidents(tmp_path):
    path = tmp_path / "street.journal"
    edge_us = NOW_US - 10 * DAY_US
    file = JournalFile(path)
    file.commit(frame(number, edge_us + (number - 1000) * 10 * S) for number in range(970))
    file.commit([Row("incident", edge_us - 300 * S, b'{"incident": "x"}')])
    file.commit(frame(number, edge_us + (number - 1000) * 10 * S) for number in range(970, 1100))
    file.commit([frame(2000, NOW_US)])
    file.close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        cut = find_cut(connection, 10 * DAY_US, NOW_US)
        at_us = connection.execute("select at_us from row where number = ?", (cut,)).fetchone()[0]

    assert at_us < edge_us - 300 * S - QUIET_US
    assert at_us > edge_us - 300 * S - QUIET_US - 20 * S


def test_a_clock_of_this_machine_that_is_years_ahead_prunes_nothing_young(path):
    done = pruned(path, days=10, now_us=NOW_US + 3650 * DAY_US)

    assert done.frames < N * 0.9
    assert min(each.row.at_us for each in rows_of(path, "frame")) >= NOW_US - 11 * DAY_US


def test_rows_ahead_of_the_last_one_are_young_but_for_those_of_a_clock_that_was_wrong(tmp_path):
    path = tmp_path / "street.journal"
    file = JournalFile(path)
    file.commit([frame(1, NOW_US - 50 * DAY_US), frame(2, NOW_US + 900 * DAY_US), frame(3, NOW_US - 49 * DAY_US)])
    file.commit([frame(4, NOW_US + S), frame(5, NOW_US)])
    file.close()
    pruned(path)

    assert [each.number for each in rows_of(path, "frame")] == [4, 5]


def test_a_follower_goes_over_what_was_pruned_and_says_so(path, tmp_path):
    early = Follower(path, tmp_path / "early")
    early.done(early.look().rows[:23])
    late = Follower(path, tmp_path / "late")
    late.done(late.look().rows)
    pruned(path)
    look, after = early.look(), late.look()
    new = Follower(path, tmp_path / "new").look()

    assert [each.row.kind for each in after.rows] == ["pruned"]
    assert list(after.said) == []
    assert look.rows[0].number == 26
    assert len(look.said) == 1
    assert "frames of rows 24 to 3" in look.said[0]
    assert "were pruned before they were read;" in look.said[0]
    assert "frames of rows 1 to 3" in new.said[0]
    assert new.rows[0].number == 6


def test_a_follower_whose_last_row_was_pruned_still_knows_another_journal(path, tmp_path):
    follower = Follower(path, tmp_path / "cursor")
    follower.done(follower.look().rows[:23])
    path.unlink()
    other = JournalFile(path)
    other.commit(each for each in [Row("lamp", NOW_US - 101 * DAY_US, b"{}"), *street()])
    other.close()
    pruned(path)
    look = follower.look()

    assert "this is another journal" in look.said[0]
    assert look.rows[0].number == 1


def test_who_remembers_one_row_alone_as_the_web_does_reads_on_behind_what_was_pruned(path):
    row = rows_of(path)[22]
    pruned(path)
    found = rows_after(path, iter([(row.number, row.hash)]), 4000)

    assert not found.is_another
    assert found.rows[0].number == 26
    assert [words for words in found.said if "pruned" not in words] == []


RUN = """
import os, pathlib, resource, signal, sqlite3, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from gateway.journal import prune
prune.BATCH, prune.PIECE, prune.PAGES = 20, 50, 2
left = int(sys.argv[2])
def seen(words, done, total):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[3] != "0":
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
path = pathlib.Path(sys.argv[1])
try:
    done = prune.prune(path, 10 * 86_400_000_000, 1_794_000_000 * 1_000_000, path.parent, seen)
except OSError as error:
    sys.exit(str(error))
print(done.frames)
"""


def run(path, steps=0, limit=0):
    command = [sys.executable, "-c", RUN, str(path), str(steps), str(limit)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("step", [1, 5, 8, 9, 12, 20, 26, 27, 29])
def test_a_kill_at_any_step_leaves_a_whole_journal_and_the_next_pruning_ends_it(path, step):
    before = rows_of(path)
    killed = run(path, step)
    between = verify(path)
    left = {each.number for each in rows_of(path)}
    archives = list(path.parent.glob("*.gz"))
    gone = [each for each in before if each.number not in left]
    ended = run(path)
    with opened(path) as journal:
        whole = [each for each in kept(journal.connection) if each.row.kind != "pruned"]

    assert killed.returncode == -signal.SIGKILL
    assert between is None
    assert not gone or {each.number for each in gone} <= set(range(1, extent(archives[0]).last + 1))
    assert ended.returncode == 0, ended.stderr
    assert whole == before
    assert verify(path) is None
    assert [each.name for each in path.parent.glob("*.part*")] == []


@pytest.mark.parametrize("limit", [1000, 20_000])
def test_a_full_disk_is_one_line_and_loses_nothing(path, limit):
    before = rows_of(path)
    full = run(path, limit=limit)

    assert full.returncode == 1
    assert len(full.stderr.splitlines()) == 1
    assert "cannot be written" in full.stderr
    assert rows_of(path)[:N] == before
    assert verify(path) is None
    assert [each.name for each in path.parent.glob("*.part*")] == []
    assert run(path).returncode == 0


def test_a_disk_without_room_for_the_archive_takes_nothing_out_and_one_with_room_does(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk], check=False).returncode:
        pytest.skip("mounting is refused here; the other tests of this file need no mount")
    try:
        path, filler = disk / "street.journal", disk / "filler"
        file = JournalFile(path)
        dice = random.Random(1)
        file.commit(Row("frame", row.at_us, dice.randbytes(800), "n1", 7, i) for i, row in enumerate(street(900)))
        file.close()
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(bytes(4096)) == 4096:
                pass
        full = run(path)
        between = verify(path), len(rows_of(path))
        filler.unlink()
        ended = run(path)

        assert full.returncode == 1
        assert len(full.stderr.splitlines()) == 1
        assert between == (None, 900)
        assert ended.returncode == 0, ended.stderr
        assert len(rows_of(path)) < 100
        assert verify(path) is None
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def test_a_cut_short_pruning_whose_archive_was_taken_away_takes_out_nothing_more(path):
    run(path, 12)
    archive = next(path.parent.glob("*.gz"))
    left = len(rows_of(path))
    archive.rename(path.parent / "away")
    with pytest.raises(FileNotFoundError, match="is not there: bring it back, or name its folder"):
        pruned(path)

    assert len(rows_of(path)) == left


WRITE = """
import asyncio, pathlib, sys
from gateway.journal.journal import Journal
from gateway.journal.rows import Row
async def write():
    journal, number = Journal(pathlib.Path(sys.argv[1])), 0
    print("ready", flush=True)
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    while not ended.done():
        number += 1
        await journal.append([Row("frame", 1_794_000_000_000_000 + number, bytes(300), "w", 9, number)])
    journal.close()
    print(number, *journal.news(), flush=True)
asyncio.run(write())
"""


@contextlib.contextmanager
def writer(path):
    """A process that appends frame after frame; afterwards, what it said is in the list."""
    said = []
    with subprocess.Popen(
        [sys.executable, "-c", WRITE, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        try:
            yield said
        finally:
            said += process.communicate(timeout=60)[0].split("\n", 1)[0].split(" ", 1)


def test_a_gateway_writes_on_while_its_journal_is_pruned_and_is_never_told_of_trouble(path):
    with writer(path) as said:
        done = pruned(path)
    frames = [each for each in rows_of(path, "frame") if each.row.node == "w"]

    assert said == [str(len(frames))]
    assert [each.row.sequence for each in frames] == list(range(1, len(frames) + 1))
    assert done.frames > 300
    assert verify(path) is None


async def test_a_journal_that_is_open_goes_on_behind_the_row_of_the_pruning(path):
    journal = Journal(path)
    await journal.append([frame(5000, NOW_US)])
    ended = run(path)
    await journal.append([frame(5001, NOW_US + 1)])
    journal.close()

    assert ended.returncode == 0
    assert [each.row.kind for each in rows_of(path)[-3:]] == ["frame", "pruned", "frame"]
    assert verify(path) is None


def test_a_follower_goes_over_two_prunings_that_touch(path, tmp_path):
    pruned(path, days=60)
    pruned(path, days=10)
    said = Follower(path, tmp_path / "new").look().said

    assert [words for words in said if "were pruned" not in words] == []
