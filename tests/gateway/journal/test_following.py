"""Following a journal inside an event loop: rows in order and once, over a restart, too; young ones are given again."""

import asyncio
import json
import threading

import pytest

from gateway.journal import following
from gateway.journal.following import Following
from gateway.journal.journal import Journal
from gateway.journal.rows import Row

T_US = 1_790_000_000_000_000


def row(number, kind="incident"):
    return Row(kind, T_US + number, json.dumps({"n": number}).encode())


async def taken(journal, cursor, wanted, **more):
    """The rows that a follower gets until the last one is `wanted`."""
    found, over = [], asyncio.Event()

    async def take(kept):
        found.append((kept.row.kind, json.loads(kept.row.body)["n"]))
        if found[-1][1] == wanted:
            over.set()

    task = asyncio.create_task(Following(journal, cursor, take, lambda words: None, **more).run())
    waiting = asyncio.create_task(over.wait())
    async with asyncio.timeout(20):
        await asyncio.wait((task, waiting), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
    task.cancel()
    waiting.cancel()
    await asyncio.gather(task, waiting, return_exceptions=True)
    await asyncio.to_thread(_joined)
    return found


def _joined():
    """Its thread lets go of the cursor when it looks up next."""
    for thread in threading.enumerate():
        if thread.name == "following the journal":
            thread.join(20)


@pytest.fixture
async def journal(tmp_path):
    made = Journal(tmp_path / "street.journal")
    await made.append([row(1), row(2)])
    yield made
    await asyncio.to_thread(made.close)


async def test_a_new_cursor_begins_behind_what_is_there_and_misses_nothing_after(journal, tmp_path):
    path, cursor = tmp_path / "street.journal", tmp_path / "cursor"
    following = asyncio.create_task(taken(path, cursor, 5))
    await asyncio.sleep(0.5)  # it has begun, behind the second row
    await journal.append([row(3), row(4)])
    await journal.append([row(5)])

    assert await following == [("incident", 3), ("incident", 4), ("incident", 5)]


async def test_a_restart_gives_young_incidents_again_and_then_goes_on(journal, tmp_path):
    path, cursor = tmp_path / "street.journal", tmp_path / "cursor"
    first = asyncio.create_task(taken(path, cursor, 4))
    await asyncio.sleep(0.5)
    await journal.append([row(3, "request"), row(4)])
    await first
    await journal.append([row(5, "request")])
    again = await taken(path, cursor, 5, again_kind="incident", again_since_us=T_US + 2)

    assert [pair for pair in again if pair[0] == "incident"][:2] == [("incident", 2), ("incident", 4)]
    assert again[-1] == ("request", 5)


async def test_a_journal_that_is_not_there_yet_is_waited_for_and_said_once(tmp_path):
    said, seen = [], asyncio.Event()

    def say(words):
        said.append(words)
        loop.call_soon_threadsafe(seen.set)

    async def take(kept):
        raise AssertionError

    loop = asyncio.get_running_loop()
    task = asyncio.create_task(Following(tmp_path / "none", tmp_path / "cursor", take, say).run())
    async with asyncio.timeout(20):
        await seen.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert said == [f"{tmp_path / 'none'}: is not there yet; it is waited for"]


async def test_what_the_taker_raises_ends_the_following_and_is_not_lost(journal, tmp_path):
    async def take(kept):
        raise ZeroDivisionError

    following = Following(tmp_path / "street.journal", tmp_path / "cursor", take, lambda words: None, "incident", 0)
    with pytest.raises(ZeroDivisionError):
        async with asyncio.timeout(20):
            await following.run()


async def test_of_too_many_young_rows_the_newest_are_given_again_and_that_is_said(journal, tmp_path, monkeypatch):
    monkeypatch.setattr(following, "AGAIN_ROWS", 2)
    await journal.append([row(3), row(4)])
    path, said, found = tmp_path / "street.journal", [], []

    async def take(kept):
        found.append(json.loads(kept.row.body)["n"])
        if len(found) == 2:
            raise StopAsyncIteration

    with pytest.raises((StopAsyncIteration, RuntimeError)):
        async with asyncio.timeout(20):
            await Following(path, tmp_path / "cursor", take, said.append, "incident", T_US + 2).run()

    assert found == [3, 4]
    assert said == [
        f"{path}: of 3 young rows 'incident' only the newest 2 are taken up again; what was begun for the others stays "
        "as it is"
    ]
