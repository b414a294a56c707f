"""What goes out for long: streams pass as they come, and end for whom may not see them any more."""

import asyncio

import pytest
from fastapi.responses import StreamingResponse

from gateway.web.accounts import accounts
from gateway.web.door import outgoing
from gateway.web.door.door import Door
from gateway.web.door.routes import Routes, routes_of
from gateway.web.grants import GRANTS, Grant


@pytest.fixture
def there(door, monkeypatch):
    """An app with a stream that says one thing and waits; its connection is looked at every 20 ms."""
    monkeypatch.setattr(outgoing, "CHECK_EVERY_S", 0.02)
    made = door()

    async def said():
        yield b"data: one\n\n"
        await asyncio.Event().wait()

    made.app.add_api_route("/stream", lambda: StreamingResponse(said(), media_type="text/event-stream"))
    made.app.user_middleware.clear()
    grant = Grant("/stream", ("GET",), ("dispatcher",))
    made.app.add_middleware(Door, lobby=made.lobby, routes=Routes(routes_of(made.app), (*GRANTS, grant)))
    made.number = made.make("anna")
    made.make("boss", "administrator")
    made.anna = made.browser()
    made.sign_in(made.anna, "anna")
    return made


class Listener:
    """Of the stream, as a server would hold it. `told` is what came."""

    def __init__(self, there, method="GET"):
        self.told, self._gone = asyncio.Queue(), asyncio.Event()
        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": method,
            "scheme": "http", "path": "/stream", "raw_path": b"/stream", "query_string": b"", "root_path": "",
            "headers": [(b"host", b"h"), (b"cookie", f"soundpost={there.anna.cookies['soundpost']}".encode())],
            "client": ("127.0.0.1", 1), "server": ("h", 80),
        }  # fmt: skip
        self.task = asyncio.create_task(there.app(scope, self._receive, self.told.put))

    async def _receive(self):
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def next(self):
        return await asyncio.wait_for(self.told.get(), 10)

    async def leave(self):
        self._gone.set()
        await asyncio.wait_for(self.task, 10)


async def test_a_stream_goes_out_as_it_comes_and_on_while_its_reader_may_see_it(there):
    listener = Listener(there)

    assert (await listener.next())["status"] == 200
    assert await listener.next() == {"type": "http.response.body", "body": b"data: one\n\n", "more_body": True}
    await asyncio.sleep(0.1)  # five looks
    assert listener.told.empty()
    await listener.leave()


async def test_a_stream_ends_when_its_readers_session_does(there):
    listener = Listener(there)
    await listener.next()
    await listener.next()
    with there.database.writing() as connection:
        accounts.lock(connection, accounts.numbered(connection, there.number))

    assert await listener.next() == outgoing.END
    await asyncio.wait_for(listener.task, 10)


async def test_a_stream_ends_when_its_readers_role_is_another(there):
    listener = Listener(there)
    await listener.next()
    await listener.next()
    with there.database.writing() as connection:
        accounts.set_role(connection, accounts.numbered(connection, there.number), "viewer")

    assert await listener.next() == outgoing.END
    await asyncio.wait_for(listener.task, 10)


async def test_an_open_stream_keeps_its_session_in_use(there):
    listener = Listener(there)
    await listener.next()
    await listener.next()
    for _ in range(3):
        there.clock.turn(50 * 60)
        hashed, seen = next(iter(there.lobby.seen.items()), (None, 0)), 0
        while seen != there.clock.now_us:
            await asyncio.sleep(0.01)
            hashed, seen = next(iter(there.lobby.seen.items()), (None, 0))

    assert hashed is not None
    assert listener.told.empty()
    await listener.leave()


async def test_head_of_a_stream_has_no_body_and_ends(there):
    listener = Listener(there, "HEAD")

    assert (await listener.next())["status"] == 200
    assert await listener.next() == outgoing.END
    await asyncio.wait_for(listener.task, 10)
