"""The line that can be cut: nothing comes through while it is, and all of it afterwards."""

import asyncio

import pytest

from simulators.browsing.relay import Relay

LONG_S = 0.2


@pytest.fixture
async def echo():
    async def answer(reader, writer):
        while said := await reader.read(100):
            writer.write(said)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    relay = Relay(server.sockets[0].getsockname()[1])
    await relay.open()
    yield relay
    await relay.close()
    server.close()


async def test_what_is_said_while_the_line_is_cut_comes_when_it_is_whole(echo):
    reader, writer = await asyncio.open_connection("127.0.0.1", int(echo.address.rpartition(":")[2]))
    writer.write(b"before")
    assert await reader.readexactly(6) == b"before"
    echo.cut()
    writer.write(b"meanwhile")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(LONG_S):
            await reader.readexactly(9)
    echo.mend()

    assert await reader.readexactly(9) == b"meanwhile"
    writer.close()


def test_a_relay_that_is_not_open_has_no_address():
    with pytest.raises(ValueError, match="not open"):
        _ = Relay(1).address
