"""What Modbus requests go over: a connection to a board, or a serial port with several boards on it, each a unit.

A serial port can be open once. So whoever asks boards on one port has one `Wires` make their lines, and one request is
on the wire at a time. Turns are by coming, but a unit that did not answer last goes behind those that did: a silent
board holds up another by the one request that is under way, and by no more.
"""

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol
from urllib.parse import SplitResult

from hw.serial_port import SerialPort, open_serial_port

MOST_BYTES = 1024
"""No answer is longer than 260 bytes; whoever says more than this without one talks without end."""


class Stream(Protocol):
    """Bytes both ways. `read` gives at least one, b"" where the other end has hung up; both raise OSError."""

    async def read(self) -> bytes: ...

    async def write(self, data: bytes) -> None: ...

    async def close(self) -> None: ...


class Turns:
    """One at a time; of those that wait, those behind come last."""

    def __init__(self) -> None:
        self._taken = False
        self._waiting: tuple[deque[asyncio.Future[None]], deque[asyncio.Future[None]]] = (deque(), deque())

    @contextlib.asynccontextmanager
    async def turn(self, behind: bool) -> AsyncIterator[None]:
        """Wait for a turn, and have it."""
        await self._take(behind)
        try:
            yield
        finally:
            self._give()

    async def _take(self, behind: bool) -> None:
        if not self._taken:
            self._taken = True
            return
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[behind].append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():  # it became ours while we were given up
                self._give()
            raise

    def _give(self) -> None:
        for queue in self._waiting:
            while queue:
                next_one = queue.popleft()
                if not next_one.done():
                    next_one.set_result(None)
                    return
        self._taken = False


class Wire:
    """stream : what is open; only who has the turn touches it. late : the units whose answers may still be under way.
    echoes : whether the wire gives back what is sent, as some RS-485 adapters do."""

    def __init__(self, connect: Callable[[], Awaitable[Stream]], baud: int) -> None:
        self.connect, self.baud = connect, baud
        self.stream: Stream | None = None
        self.late: set[int] = set()
        self.echoes = False
        self._turns = Turns()
        self._users: set[object] = set()

    @contextlib.asynccontextmanager
    async def turn(self, user: object, behind: bool) -> AsyncIterator[None]:
        """The wire for one request of `user`."""
        async with self._turns.turn(behind):
            self._users.add(user)
            yield

    async def hang_up(self) -> None:
        """Close what is open; the next request connects again."""
        if self.stream is not None:
            stream, self.stream = self.stream, None
            await stream.close()

    async def leave(self, user: object) -> None:
        """A user needs it no more; the last one hangs up."""
        self._users.discard(user)
        if not self._users:
            await self.hang_up()


class Wires:
    """The wires of those who share them: one for each serial port, by whatever name it goes, and one for each TCP."""

    def __init__(self) -> None:
        self._serial: dict[str, Wire] = {}

    def of(self, parts: SplitResult, baud: int) -> Wire:
        """The wire of a url; of a serial port that is shared, with the baud of the first. Raises ValueError where the
        url makes no sense."""
        if parts.scheme == "tcp":
            return Wire(_tcp(parts), baud)
        if parts.scheme != "rtu" or not parts.path or parts.netloc or parts.fragment or baud <= 0:
            raise ValueError
        return self._serial.setdefault(os.path.realpath(parts.path), Wire(_rtu(parts.path, baud), baud))


class _Tcp:
    """A Stream over a socket that holds no more than MOST_BYTES of what nobody has asked for."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def read(self) -> bytes:
        return await self._reader.read(MOST_BYTES)

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def close(self) -> None:
        self._writer.close()


def _tcp(parts: SplitResult) -> Callable[[], Awaitable[Stream]]:
    host, port = parts.hostname, 502 if parts.port is None else parts.port
    if not host or not host.isascii() or " " in host or parts.path or parts.fragment or port == 0:
        raise ValueError

    async def connect() -> Stream:
        return _Tcp(*await asyncio.open_connection(host, port, limit=MOST_BYTES))

    return connect


def _rtu(name: str, baud: int) -> Callable[[], Awaitable[Stream]]:
    async def connect() -> SerialPort:
        return await open_serial_port(name, baud)

    return connect
