"""News over real sockets: told in order, told again to who comes back, and nobody's silence is another's trouble."""

import asyncio
import json
import socket
import threading

import pytest
import uvicorn

from gateway.web.api import events
from gateway.web.api.events import event, told
from gateway.web.live.feed import MOST_WAITING, REMEMBERED, Feed
from gateway.web.records import Change

LONG = "x" * 20_000
"""So that a few hundred rows fill what the kernel keeps for one that does not read."""


def change(number, more=""):
    return Change(number, ("incident",), f"i-{number}{more}")


@pytest.fixture
def served(api_of):
    """The application on a socket, in a thread; `served.tell(numbers)` makes news."""
    feed = Feed()
    api = api_of(feed)
    server = uvicorn.Server(uvicorn.Config(api.app, port=0, log_config=None, access_log=False))

    is_open = threading.Event()

    async def run():
        feed.open()
        is_open.set()
        await server.serve()

    listening = socket.create_server(("127.0.0.1", 0))
    server.config.fd = listening.fileno()
    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    assert is_open.wait(10)
    api.port, api.feed = listening.getsockname()[1], feed
    api.tell = lambda numbers, more="": feed.tell([change(number, more) for number in numbers])
    yield api
    feed.close()
    server.force_exit = server.should_exit = True
    thread.join(10)
    listening.close()
    assert not thread.is_alive()


class Listener:
    """A program that reads a stream."""

    def __init__(self, api, key, last_id=None, receive_bytes=None):
        self.socket = socket.socket()
        if receive_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.settimeout(10)
        self.socket.connect(("127.0.0.1", api.port))
        said = f"Last-Event-ID: {last_id}\r\n" if last_id is not None else ""
        head = f"GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n{said}\r\n"
        self.socket.sendall(head.encode())
        self.text, self._looked = "", 0

    def until(self, words):
        while (at := self.text.find(words, self._looked)) < 0:
            self._looked = max(0, len(self.text) - len(words))
            came = self.socket.recv(1 << 20)
            assert came, self.text
            self.text += came.decode()
        self._looked = at
        return self.text

    def ids(self):
        return [int(line[4:]) for line in self.text.splitlines() if line.startswith("id: ")]


def test_news_come_with_their_rows_numbers_and_who_comes_back_misses_nothing(served):
    key = served.key()
    first = Listener(served, key)
    first.until("news of the journal")
    served.tell([41, 42])
    first.until("id: 42")
    first.socket.close()
    served.tell([43, 44, 45])

    again = Listener(served, key, last_id=42)
    again.until("id: 45")
    served.tell([46])
    again.until("id: 46")

    assert first.ids() == [41, 42]
    assert again.ids() == [43, 44, 45, 46]
    assert "missed" not in again.text


def test_who_was_away_for_too_long_is_told_that_something_was_missed(served):
    served.tell(range(1, REMEMBERED + 100))
    listener = Listener(served, served.key(), last_id=3)

    text = listener.until("\ndata: ")

    assert "event: missed" in text
    assert listener.ids() == [REMEMBERED + 99]


def test_one_that_never_reads_holds_up_nobody_and_holds_only_so_much(served):
    key = served.key()
    stuck, lively = Listener(served, key, receive_bytes=4096), Listener(served, key)
    lively.until("news of the journal")
    for start in range(0, 1000, 10):
        served.tell(range(start + 1, start + 11), LONG)
        lively.until(f"id: {start + 10}\n")

    assert lively.ids() == list(range(1, 1001))
    assert served.feed.n_listeners == 2
    assert max(queue.qsize() for queue in served.feed._queues) <= MOST_WAITING
    stuck.socket.close()


def test_a_stuck_listener_is_let_go(served, monkeypatch):
    monkeypatch.setattr(events, "STUCK_S", 0.2)
    key = served.key()
    stuck = Listener(served, key, receive_bytes=4096)
    lively = Listener(served, key)
    lively.until("news of the journal")
    number = 0
    while served.feed.n_listeners == 2:
        number += 1
        served.tell([number], LONG)
        lively.until(f"id: {number}\n")
        assert number < 10_000

    assert served.feed.n_listeners == 1
    stuck.socket.close()


@pytest.mark.parametrize("last_id", ["", "x", "-1", "1" * 30, "\u0661", "1 2", "0x1"])
def test_a_last_event_id_that_is_no_number_is_none(served, last_id):
    listener = Listener(served, served.key(), last_id=last_id)
    listener.until("news of the journal")
    served.tell([7])

    listener.until("id: 7")
    assert listener.text.startswith("HTTP/1.1 200")
    assert listener.ids() == [7]


def test_where_nothing_comes_a_word_does(monkeypatch):
    monkeypatch.setattr(events, "KEEP_ALIVE_S", 0.0)

    async def first(n):
        feed = Feed()
        feed.open()
        pieces = told(feed, None)
        got = [await anext(pieces) for _ in range(n)]
        await pieces.aclose()
        return got

    begin, *rest = asyncio.run(first(3))
    assert begin.startswith(b"retry: 2000\n: ")
    assert rest == [b": still here\n\n"] * 2


def test_what_a_row_says_cannot_begin_another_event():
    hostile = Change(7, ("a\n\nevent: x",), "i\r\ndata: \u2028 y")

    lines = event(hostile).decode().split("\n")

    assert lines[:2] == ["event: change", "id: 7"]
    assert json.loads(lines[2].removeprefix("data: "))["incident"] == hostile.incident
    assert lines[3:] == ["", ""]


def test_beyond_so_many_listeners_one_is_sent_away_with_when_to_try_again(api, monkeypatch):
    monkeypatch.setattr("gateway.web.live.feed.MOST_LISTENERS", 0)
    answer = api.as_key().get("/api/v1/events")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert answer.headers["content-type"] == "application/problem+json"
