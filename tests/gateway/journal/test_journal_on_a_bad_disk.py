"""The journal at a start on a disk that is damaged, full, read-only or in the way: it goes on in memory, comes back by
itself, says so, and nothing that it acks is ever missing."""

import asyncio
import contextlib
import pathlib
import sqlite3
import subprocess

import pytest

from gateway.journal.chain import verify
from gateway.journal.journal import Journal, JournalFull
from gateway.journal.rows import Row, kept, reading


def frame(sequence, size=40):
    return Row("frame", 1_000_000 + sequence, bytes(size), "n1", 7, sequence)


def sequences(path):
    with reading(path) as connection:
        return [each.row.sequence for each in kept(connection, "frame")]


async def fill(path, n=20):
    journal = Journal(path)
    await journal.append([Row("config", 5, b"{}", boot=41), *(frame(i) for i in range(n))])
    journal.close()


async def until_news(journal, word):
    async with asyncio.timeout(20):
        news = []
        while not any(word in each for each in news):
            news += journal.news()
            await asyncio.sleep(0)
        return news


@contextlib.contextmanager
def small_disk(folder):
    """A real disk of 1 MB, mounted at a folder; skips where mount is refused."""
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=False).returncode:
        pytest.skip("mounting is refused here; the other tests of this file need no mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def remount(folder, how):
    subprocess.run(["mount", "-o", f"remount,{how}", folder], check=True)


async def test_on_a_read_only_disk_it_knows_what_was_and_writes_when_the_disk_can(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        path = disk / "street.journal"
        await fill(path)
        remount(disk, "ro")
        journal = Journal(path, again_s=0)
        boot, recent = journal.last_boot(), journal.recent_frames(3)
        durable = journal.append([frame(20)])
        await until_news(journal, "cannot be written")
        was_done = durable.done()
        remount(disk, "rw")
        await durable
        await until_news(journal, "on the disk again, with 1 rows")
        with pytest.raises(OSError, match="another gateway is writing this journal"):
            Journal(path)
        await asyncio.to_thread(journal.close)

        assert (boot, recent) == (41, [("n1", 7, 17), ("n1", 7, 18), ("n1", 7, 19)])
        assert not was_done
        assert sequences(path) == list(range(21))
        assert verify(path) is None


async def test_on_a_full_disk_it_begins_in_memory_and_writes_when_there_is_room(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        path, filler = disk / "street.journal", disk / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(bytes(4096)) == 4096:
                pass
        journal = Journal(path, again_s=0)
        waiting = [journal.append([frame(i)]) for i in range(5)]
        await until_news(journal, "cannot be written")
        done = [each.done() for each in waiting]
        filler.unlink()
        await asyncio.gather(*waiting)
        await asyncio.to_thread(journal.close)

        assert not any(done)
        assert sequences(path) == list(range(5))


async def test_a_disk_that_is_full_later_is_borne_and_everything_is_written_once_in_order(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        path, filler = disk / "street.journal", disk / "filler"
        journal = Journal(path, again_s=0)
        await journal.append([frame(0)])
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(bytes(4096)) == 4096:
                pass
        waiting = [journal.append([frame(i, 2000), Row("effect", i, b"{}")]) for i in range(1, 60)]
        await until_news(journal, "cannot be written")
        filler.unlink()
        await asyncio.gather(*waiting)
        await asyncio.to_thread(journal.close)

        assert sequences(path) == list(range(60))
        with reading(path) as connection:
            assert [each.row.at_us for each in kept(connection, "effect")] == list(range(1, 60))
        assert verify(path) is None


@pytest.mark.parametrize("part", ["street.journal", "street.journal.lock"])
async def test_a_folder_where_a_file_should_be_costs_the_acks_until_it_goes(tmp_path, part):
    (tmp_path / part).mkdir()
    journal = Journal(tmp_path / "street.journal", again_s=0)
    durable = journal.append([frame(1)])
    await until_news(journal, "cannot be written")
    was_done = durable.done()
    (tmp_path / part).rmdir()
    await durable
    journal.close()

    assert not was_done
    assert sequences(tmp_path / "street.journal") == [1]


GARBAGE = {
    "zeros": lambda whole: bytes(len(whole)),
    "noise": lambda whole: bytes(i * 7919 % 251 for i in range(9000)),
    "bad tables": lambda whole: whole[:100] + bytes(4096 - 100) + whole[4096:],
    "cut": lambda whole: whole[:4096],
    "bad pages": lambda whole: whole[:4096] + bytes([255]) * (len(whole) - 4096),
}


@pytest.mark.parametrize("garbage", GARBAGE)
async def test_a_damaged_journal_is_set_aside_whole_and_a_new_one_begun(tmp_path, garbage):
    path = tmp_path / "street.journal"
    await fill(path, 300)
    damaged = GARBAGE[garbage](path.read_bytes())
    path.write_bytes(damaged)
    journal = Journal(path)
    boot, rows = journal.last_boot(), list(journal.newest_first())
    await journal.append([frame(1)])
    journal.close()
    (aside,) = tmp_path.glob("street.journal.damaged-*Z-1")

    assert (boot, rows) == (0, [])
    assert aside.read_bytes()[100:] == damaged[100:]  # the head says how it was last opened
    assert sequences(path) == [1]
    assert any(str(aside) in each for each in journal.news())


async def test_damage_that_shows_only_on_reading_is_found_at_the_start(tmp_path):
    path = tmp_path / "street.journal"
    await fill(path, 2000)
    whole = bytearray(path.read_bytes())
    middle = len(whole) // 8192 * 4096
    whole[middle : middle + 8192] = bytes([255]) * 8192
    path.write_bytes(whole)
    journal = Journal(path)
    list(journal.newest_first())
    await journal.append([frame(5000)])
    journal.close()

    assert len(list(tmp_path.glob("street.journal.damaged-*"))) == 1
    assert sequences(path) == [5000]


async def test_two_damaged_files_of_one_second_have_two_names(tmp_path):
    path = tmp_path / "street.journal"
    for _ in range(3):
        path.write_bytes(bytes(9000))
        Journal(path).close()

    assert len(list(tmp_path.glob("street.journal.damaged-*"))) == 3


async def test_memory_has_a_bound_and_deeds_have_room_when_frames_have_none(tmp_path):
    path = tmp_path / "street.journal"
    path.mkdir()
    journal = Journal(path, again_s=1000)
    journal.append([frame(0)])
    await until_news(journal, "cannot be written")
    waiting = [journal.append([frame(i, 1_000_000)]) for i in range(1, 41)]
    deed = journal.append([Row("incident", 1, b"{}")])
    await until_news(journal, "no more room in memory")
    path.rmdir()
    lost = await asyncio.to_thread(journal.close)
    told = await asyncio.gather(*waiting, return_exceptions=True)

    assert lost == 0
    assert await deed is None
    assert 0 < sum(isinstance(each, JournalFull) for each in told) < 40
    assert sequences(path) == [i for i, each in enumerate([None, *told]) if each is None]


async def test_a_commit_that_was_told_as_failed_and_is_there_is_not_written_twice(tmp_path, monkeypatch):
    class Doubtful(sqlite3.Connection):
        """Commits, and then says that it did not: once."""

        failed = False

        def execute(self, sql, *values):
            done = super().execute(sql, *values)
            if sql == "commit" and not Doubtful.failed:
                Doubtful.failed = True
                raise sqlite3.OperationalError("disk I/O error")
            return done

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **how: connect(*args, factory=Doubtful, **how))
    path = pathlib.Path(tmp_path / "street.journal")
    journal = Journal(path, again_s=0)
    await journal.append([Row("effect", 1, b"{}"), frame(1)])
    await journal.append([Row("effect", 2, b"{}")])
    journal.close()

    with reading(path) as connection:
        assert [each.row.at_us for each in kept(connection, "effect")] == [1, 2]
    assert verify(path) is None
