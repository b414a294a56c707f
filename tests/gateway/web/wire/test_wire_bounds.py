"""Who may be connected, who gives way, and how many files that needs; over real sockets, too."""

import asyncio
import functools
import socket
import subprocess
import sys
import time

import pytest
import uvicorn

from gateway.web.door.addresses import networks
from gateway.web.wire import bounds as wire_bounds
from gateway.web.wire import protocol
from gateway.web.wire.bounds import Bounds
from gateway.web.wire.open_files import connections_of
from gateway.web.wire.protocol import BoundedProtocol

HALF = b"GET / HTTP/1.1\r\nHost: x\r\nX-a: "
BIG = 20_000_000
"""More than the kernel keeps for one that does not read."""
WHOLE = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class One:
    """A connection that knows whether it was dropped."""

    def __init__(self):
        self.is_dropped = False

    def drop(self):
        self.is_dropped = True


def came(bounds, n, peer):
    found = [One() for _ in range(n)]
    for each in found:
        bounds.came(each, peer)
    return found


def test_who_waited_longest_without_a_request_gives_way_and_who_is_answered_does_not():
    bounds = Bounds(3)
    first, second, third = came(bounds, 3, "192.0.2.1")
    bounds.asks(first)
    (fourth,) = came(bounds, 1, "192.0.2.2")

    assert [each.is_dropped for each in (first, second, third, fourth)] == [False, True, False, False]
    assert len(bounds) == 3


def test_where_all_are_answered_the_new_one_is_dropped():
    bounds = Bounds(2)
    for each in came(bounds, 2, "192.0.2.1"):
        bounds.asks(each)
    (late,) = came(bounds, 1, "192.0.2.2")

    assert (late.is_dropped, len(bounds)) == (True, 2)


@pytest.mark.parametrize("peers", [("192.0.2.1", "192.0.2.1"), ("2001:db8::1", "2001:db8::2")])
def test_one_address_has_its_share_and_no_more_and_another_is_let_in(peers, monkeypatch):
    monkeypatch.setattr(wire_bounds, "MOST_EACH", 2)
    bounds = Bounds(10)
    old = came(bounds, 2, peers[0])
    (new,) = came(bounds, 1, peers[1])
    (other,) = came(bounds, 1, "198.51.100.7")

    assert [each.is_dropped for each in (*old, new, other)] == [True, False, False, False]


@pytest.mark.parametrize("peer", ["127.0.0.1", "10.1.2.3", ""])
def test_a_proxy_and_this_machine_speak_for_many(peer, monkeypatch):
    monkeypatch.setattr(wire_bounds, "MOST_EACH", 2)

    assert not any(each.is_dropped for each in came(Bounds(10, networks(["10.0.0.0/8"])), 5, peer))


def test_what_went_leaves_room_once():
    bounds = Bounds(2)
    first, second = came(bounds, 2, "192.0.2.1")
    bounds.went(first)
    bounds.went(first)
    bounds.waits(first)
    came(bounds, 1, "192.0.2.1")

    assert (len(bounds), second.is_dropped) == (2, False)


@pytest.mark.parametrize(("n_files", "n"), [(65_536, 2000), (1024, 640), (256, 16)])
def test_there_is_room_for_the_files_of_the_process_and_for_who_comes_at_once(n_files, n):
    assert connections_of(n_files, 2000) == n


def test_the_soft_limit_is_raised_to_the_hard_one():
    script = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (300, 900))\n"
        "from gateway.web.wire.open_files import raise_open_files\n"
        "print(raise_open_files(), *resource.getrlimit(resource.RLIMIT_NOFILE))"
    )
    told = subprocess.run((sys.executable, "-c", script), capture_output=True, text=True, check=True, timeout=60)

    assert told.stdout.split() == ["900", "900", "900"]


async def app(scope, receive, send):
    if scope["path"] == "/long":
        await asyncio.sleep(3600)
    body = b"x" * BIG if scope["path"] == "/big" else b"ok"
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Listening:
    """`app` behind the protocol, in this loop."""

    def __init__(self, bounds):
        self.bounds, self.at = bounds, socket.create_server(("127.0.0.1", 0))
        held = functools.partial(BoundedProtocol, bounds=bounds)
        settings = {"http": held, "lifespan": "off", "log_config": None, "access_log": False, "backlog": 64}
        self.server = uvicorn.Server(uvicorn.Config(app, timeout_graceful_shutdown=1, **settings))

    async def __aenter__(self):
        self.task = asyncio.create_task(self.server._serve([self.at]))
        async with asyncio.timeout(20):
            while not self.server.started:  # noqa: ASYNC110 (uvicorn sets no event)
                await asyncio.sleep(0.01)
        return self

    async def __aexit__(self, *why):
        self.server.should_exit = self.server.force_exit = True
        await asyncio.wait_for(self.task, 20)

    async def says(self, words):
        reader, writer = await asyncio.open_connection(*self.at.getsockname())
        writer.write(words)
        return reader, writer


async def ended(reader):
    """Whether it was dropped; for at most 20 s."""
    try:
        return await asyncio.wait_for(reader.read(), 20) == b""
    except ConnectionResetError:
        return True


async def answered(reader):
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
    return head.startswith(b"HTTP/1.1 200 ") and await reader.readexactly(2) == b"ok"


@pytest.mark.parametrize("words", [b"", HALF])
async def test_who_does_not_say_whole_what_they_ask_for_in_time_is_let_go(words, monkeypatch):
    monkeypatch.setattr(protocol, "HEADERS_S", 0.2)
    async with Listening(Bounds()) as there:
        reader, _ = await there.says(words)

        assert await ended(reader)
        assert len(there.bounds) == 0


async def test_a_byte_now_and_then_buys_no_time_also_after_a_request_that_was_answered(monkeypatch):
    monkeypatch.setattr(protocol, "HEADERS_S", 0.5)
    async with Listening(Bounds()) as there:
        reader, writer = await there.says(WHOLE)
        assert await answered(reader)
        writer.write(HALF)
        end_s = time.monotonic() + 20
        while not reader.at_eof() and time.monotonic() < end_s and not writer.is_closing():
            writer.write(b"x")
            await asyncio.sleep(0.05)

        assert time.monotonic() < end_s
        assert len(there.bounds) == 0


async def test_a_long_answer_is_not_cut_by_the_time_for_headers(monkeypatch):
    monkeypatch.setattr(protocol, "HEADERS_S", 0.2)
    async with Listening(Bounds()) as there:
        reader, _ = await there.says(WHOLE.replace(b"/ ", b"/long ", 1))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 1)

        assert len(there.bounds) == 1


async def test_who_takes_a_long_page_slowly_is_not_cut_off_while_they_do(monkeypatch):
    monkeypatch.setattr(protocol, "HEADERS_S", 0.2)
    async with Listening(Bounds()) as there:
        reader, writer = await there.says(WHOLE.replace(b"/ ", b"/big ", 1))
        writer.transport.pause_reading()
        await asyncio.sleep(0.6)  # three times what one has for headers
        writer.transport.resume_reading()
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)

        assert len(await asyncio.wait_for(reader.readexactly(BIG), 20)) == BIG


async def test_two_requests_at_once_are_both_answered_and_then_the_wait_begins_anew():
    async with Listening(Bounds()) as there:
        reader, writer = await there.says(WHOLE + WHOLE)

        assert await answered(reader) and await answered(reader)
        writer.write(WHOLE)
        assert await answered(reader)


async def test_a_flood_of_half_requests_keeps_nobody_out_and_costs_who_listens_nothing():
    async with Listening(Bounds(50)) as there:
        long, held = await there.says(WHOLE.replace(b"/ ", b"/long ", 1))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(long.read(1), 0.2)
        flood = [await there.says(HALF) for _ in range(200)]
        reader, _ = await there.says(WHOLE)

        assert await answered(reader)
        assert len(there.bounds) <= 50
        assert sum([await ended(each) for each, _ in flood[:100]]) == 100
        assert not long.at_eof() and not held.is_closing()
