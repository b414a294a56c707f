"""A line between browser and pages that can be cut: a relay for TCP on this machine. Cut as a pulled cable is: nothing
is closed, nothing comes through any more, and whoever calls is not answered."""

import asyncio
from contextlib import suppress

PIECE = 65536


class Relay:
    """port : of the pages. Build it, then `open`; `address` is where browsers go."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._whole = asyncio.Event()
        self._whole.set()
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        """http://..., once it is open."""
        if self._server is None:
            raise ValueError("the relay is not open")
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def open(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)

    def cut(self) -> None:
        """Nothing comes through."""
        self._whole.clear()

    def mend(self) -> None:
        """What waited comes through, as TCP sends it again."""
        self._whole.set()

    async def close(self) -> None:
        """Hang up on everybody."""
        self._whole.set()
        for each in self._lines:
            each.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)
        if self._server is not None:
            self._server.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._whole.wait()
            back, forth = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            writer.close()
            return
        ways = [asyncio.create_task(self._copy(reader, forth)), asyncio.create_task(self._copy(back, writer))]
        self._lines.update(ways)
        await asyncio.wait(ways)
        self._lines.difference_update(ways)

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(PIECE):
                await self._whole.wait()
                writer.write(piece)
                await writer.drain()
        writer.close()
