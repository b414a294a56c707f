"""A journal copied while another process writes it, brought back, and what is refused; each fault of the disk leaves no
file that looks like a backup."""

import contextlib
import sqlite3
import subprocess
import sys

import pytest

from gateway.journal.backup import backup, restore
from gateway.journal.chain import verify
from gateway.journal.file import JournalFile
from gateway.journal.journal import Journal
from gateway.journal.prune import prune
from gateway.journal.rows import Row, kept, reading, was_in_use

DAY_US = 86_400_000_000
N = 3000


def unseen(words, done, total):
    """Nobody looks."""


def rows_of(path):
    with reading(path) as connection:
        return list(kept(connection))


def frame(number):
    return Row("frame", number, bytes([number % 256]) * 300, "n1", 7, number)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "gateway" / "street.journal"
    path.parent.mkdir()
    file = JournalFile(path)
    file.commit(frame(number) for number in range(1, N + 1))
    file.close()
    return path


WRITE = """
import asyncio, pathlib, sys
from gateway.journal.journal import Journal
from gateway.journal.rows import Row
async def write():
    journal, number = Journal(pathlib.Path(sys.argv[1])), 0
    await journal.append([Row("lamp", 1, b"{}")])
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
    """A process that appends frame after frame, as fast as the disk takes them."""
    said = []
    with subprocess.Popen(
        [sys.executable, "-c", WRITE, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        try:
            yield said
        finally:
            said += process.communicate(timeout=60)[0].split("\n", 1)[0].split(" ", 1)


def test_a_copy_made_under_a_writer_is_whole_and_begins_as_the_journal_does(path, tmp_path):
    to = tmp_path / "copy"
    with writer(path) as said:
        done = backup(path, to, unseen)
    copy, after = rows_of(to), rows_of(path)

    assert said == [str(len(after) - N - 1)]
    assert copy == after[: len(copy)]
    assert len(copy) == done.rows > N
    assert (done.newest, done.head) == (copy[-1].number, copy[-1].hash.hex())
    assert verify(to) is None
    assert not was_in_use(to)
    assert to.stat().st_mode & 0o777 == 0o600


def test_a_copy_in_many_steps_is_begun_once_whatever_is_written_meanwhile(path, tmp_path, monkeypatch):
    monkeypatch.setattr("gateway.journal.backup.STEP", 4)
    lefts = []

    def seen(words, done, total):
        if words == "copying":
            lefts.append(total - done)

    with writer(path):
        backup(path, tmp_path / "copy", seen)

    assert len(lefts) > 50
    assert lefts == sorted(lefts, reverse=True)


def test_what_is_restored_is_the_journal_and_a_gateway_writes_on_in_it(path, tmp_path):
    backup(path, tmp_path / "copy", unseen)
    restore(tmp_path / "copy", tmp_path / "restored.journal", unseen)
    file = JournalFile(tmp_path / "restored.journal")
    file.commit([frame(N + 1)])
    file.close()

    assert rows_of(tmp_path / "restored.journal")[:-1] == rows_of(path)
    assert verify(tmp_path / "restored.journal") is None


def test_a_pruned_journal_is_backed_up_and_restored_as_it_is(path, tmp_path):
    file = JournalFile(path)
    file.commit([Row("lamp", 100 * DAY_US, b"{}")])
    file.close()
    prune(path, DAY_US, 100 * DAY_US, tmp_path, unseen)
    backup(path, tmp_path / "copy", unseen)
    restore(tmp_path / "copy", tmp_path / "restored.journal", unseen)

    assert rows_of(tmp_path / "restored.journal") == rows_of(path)
    assert verify(tmp_path / "restored.journal") is None


@pytest.mark.parametrize("how", [backup, restore])
def test_nothing_is_ever_overwritten(path, tmp_path, how):
    (tmp_path / "there").write_text("mine")
    with pytest.raises(FileExistsError, match="nothing is ever overwritten"):
        how(path, tmp_path / "there", unseen)

    assert (tmp_path / "there").read_text() == "mine"


def test_nothing_is_restored_beside_what_another_journal_left(path, tmp_path):
    (tmp_path / "new.journal-wal").write_bytes(b"rows")
    with pytest.raises(FileExistsError, match="left of another journal"):
        restore(path, tmp_path / "new.journal", unseen)


@pytest.mark.parametrize("how", [backup, restore])
def test_a_journal_that_is_not_what_was_written_gives_no_copy(path, tmp_path, how):
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript("drop trigger row_keeps; update row set body = x'00' where number = 7")
    with pytest.raises(ValueError, match="row 7 is not what was written there"):
        how(path, tmp_path / "copy", unseen)

    assert [each.name for each in tmp_path.iterdir()] == ["gateway"]


@pytest.mark.parametrize("how", [backup, restore])
@pytest.mark.parametrize("content", [b"", b"hello" * 500, bytes(9000)])
def test_what_is_no_journal_is_refused(tmp_path, how, content):
    (tmp_path / "other").write_bytes(content)
    with pytest.raises(ValueError, match="is not a journal"):
        how(tmp_path / "other", tmp_path / "copy", unseen)

    assert not (tmp_path / "copy").exists()


def test_an_archive_is_no_backup(path, tmp_path):
    file = JournalFile(path)
    file.commit([Row("lamp", 100 * DAY_US, b"{}")])
    file.close()
    archive = prune(path, DAY_US, 100 * DAY_US, tmp_path, unseen).archive
    with pytest.raises(ValueError, match="is an archive of pruned rows, not a backup"):
        restore(archive, tmp_path / "copy", unseen)


def test_a_folder_that_is_not_there_is_named(path, tmp_path):
    with pytest.raises(FileNotFoundError, match="no such folder"):
        backup(path, tmp_path / "none" / "copy", unseen)


RUN = """
import os, pathlib, resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from gateway.journal import backup
backup.STEP = 8
left = int(sys.argv[3])
def seen(words, done, total):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[4] != "0":
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[4]),) * 2)
try:
    backup.backup(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), seen)
except OSError as error:
    sys.exit(str(error))
"""


def run(path, to, steps=0, limit=0):
    command = [sys.executable, "-c", RUN, str(path), str(to), str(steps), str(limit)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


def test_a_kill_leaves_no_backup_of_that_name_and_the_next_one_takes_over_what_was_begun(path, tmp_path):
    to = tmp_path / "copy"
    run(path, to, steps=10)
    killed = to.exists()
    again = run(path, to)

    assert not killed
    assert again.returncode == 0, again.stderr
    assert rows_of(to) == rows_of(path)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["copy", "gateway"]


@pytest.mark.parametrize("limit", [5000, 200_000])
def test_a_full_disk_is_one_line_and_leaves_nothing(path, tmp_path, limit):
    full = run(path, tmp_path / "copy", limit=limit)

    assert full.returncode == 1
    assert "cannot be written" in full.stderr
    assert len(full.stderr.splitlines()) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["gateway"]


async def test_a_gateway_in_the_same_moment_is_not_waited_for(path, tmp_path):
    journal = Journal(path)
    await journal.append([frame(N + 1)])
    done = run(path, tmp_path / "copy")
    await journal.append([frame(N + 2)])
    journal.close()

    assert done.returncode == 0, done.stderr
    assert len(rows_of(tmp_path / "copy")) == N + 1
    assert len(rows_of(path)) == N + 2
