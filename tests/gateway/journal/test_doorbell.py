"""A follower and its gateway over the socket beside the journal: no row waits for a ring that was missed."""

import asyncio
import socket
import time

from gateway.edges import Edges, Plug
from gateway.incident import Committed
from gateway.journal import bell
from gateway.journal.bell import Bell
from gateway.journal.doorbell import Doorbell, socket_beside
from gateway.journal.request import Requests, signed

KEY = bytes(range(32))


def now_us():
    return time.time_ns() // 1000


def test_after_it_has_connected_a_follower_looks_at_once(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as mute:
        mute.bind(str(socket_beside(tmp_path / "j")))
        mute.listen()
        began_s = time.monotonic()
        follower = Bell(tmp_path / "j")
        follower.wait()
        follower.close()

    assert time.monotonic() - began_s < 1


async def test_a_follower_is_rung_for_when_it_is_let_in_and_at_each_commit_and_may_ask(tmp_path):
    told = []
    plug = Plug(
        "followers",
        (Committed,),
        lambda tell: Doorbell(tmp_path / "j", Requests({"desk": KEY}, {"i-1"}), tell, now_us),
        3.0,
        0.0,
    )
    edges = Edges([plug], told.append, now_us)
    running = asyncio.create_task(edges.run())
    async with asyncio.timeout(10):
        while not socket_beside(tmp_path / "j").exists():  # noqa: ASYNC110 (a file wakes nobody)
            await asyncio.sleep(0.01)
        follower = Bell(tmp_path / "j")
        for _ in range(2):  # connects; is rung for because it is new
            await asyncio.to_thread(follower.wait)
        waiting = asyncio.create_task(asyncio.to_thread(follower.wait))
        await asyncio.sleep(0.05)
        still = waiting.done()
        edges.order(Committed())
        await waiting
        edges.order(Committed())  # a ring before the answer
        body = {"incident": "i-1", "verdict": "gunshot"}
        answer = await asyncio.to_thread(follower.ask, signed("review", body, "desk", KEY, now_us(), bytes(16)))
        refused = await asyncio.to_thread(follower.ask, b"{}\n")
    follower.close()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await edges.close()

    assert not still
    assert answer == {"taken": "00" * 16}
    assert "not one line of JSON" in refused["refused"]
    assert [asked.by for asked in told] == ["desk"]
    assert not socket_beside(tmp_path / "j").exists()


def test_where_nobody_rings_a_follower_looks_again_in_a_while(tmp_path, monkeypatch):
    monkeypatch.setattr(bell, "ALONE_S", 0.05)
    began_s = time.monotonic()
    Bell(tmp_path / "j").wait()

    assert 0.05 <= time.monotonic() - began_s < 1


async def test_a_journal_whose_path_is_longer_than_a_sockets_may_be_is_followed_all_the_same(tmp_path):
    folder = tmp_path / ("a" * 60) / ("b" * 60)
    folder.mkdir(parents=True)
    doorbell = Doorbell(folder / "j", Requests({"desk": KEY}, {"i-1"}), lambda asked: None, now_us)
    running = asyncio.create_task(doorbell.run(lambda: None))
    async with asyncio.timeout(10):
        while not socket_beside(folder / "j").exists():  # noqa: ASYNC110 (a file wakes nobody)
            await asyncio.sleep(0.01)
        line = signed("review", {"incident": "i-1", "verdict": "gunshot"}, "desk", KEY, now_us(), bytes(16))
        follower = Bell(folder / "j")
        answer = await asyncio.to_thread(follower.ask, line)
    running.cancel()
    await doorbell.close()

    assert "taken" in answer
    assert not socket_beside(folder / "j").exists()
