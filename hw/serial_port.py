"""A serial port for asyncio: pyserial opens and configures it, the event loop waits for it.

Not pyserial-asyncio-fast 0.16: once its port had taken only a part of a write, it never took its writer off the loop
again, and the program span on `assert data` for ever (seen on a pty whose reader was slow).
"""

import asyncio
import contextlib
import errno
import os
from collections.abc import Callable

import serial

READ_BYTES = 65536
WRITE_LIMIT_S = 10.0
"""A port that takes not one byte for so long is dead: a UART without flow control never stops taking."""
OPEN_FAULTS = {
    errno.ENOENT: "no such serial port",
    errno.EACCES: "no permission to open the serial port (is the user in the group dialout?)",
    errno.EAGAIN: "the serial port is in use by another program",
    errno.EBUSY: "the serial port is in use by another program",
}


class SerialPort:
    """An open port. One task may read while others write. Build it with `open_serial_port`."""

    def __init__(self, name: str, opened: serial.Serial, write_limit_s: float) -> None:
        self.name = name
        self._write_limit_s = write_limit_s
        self._serial = opened
        self._fd: int = opened.fileno()
        self._loop = asyncio.get_running_loop()
        self._writing = asyncio.Lock()
        self._waits: set[asyncio.Future[None]] = set()
        self._closed = False

    async def read(self) -> bytes:
        """The next bytes, at least one; b"" once we have closed the port. Raises OSError when the port is gone."""
        await self._wait(self._loop.add_reader, self._loop.remove_reader)
        if self._closed:
            return b""
        try:
            received = os.read(self._fd, READ_BYTES)
        except OSError as error:
            raise OSError(f"{self.name}: the serial line is gone ({error.strerror})") from error
        if not received:  # ready, yet nothing there: hung up
            raise OSError(f"{self.name}: the serial line is gone")
        return received

    async def write(self, data: bytes) -> None:
        """Hand bytes to the port, all of them. Raises OSError when it is closed, gone or takes nothing."""
        async with self._writing:
            rest = memoryview(data)
            while rest:
                if self._closed:
                    raise OSError(f"{self.name}: the serial line is closed")
                rest = rest[self._write_some(rest) :]
                if rest:
                    await self._writable()

    def _write_some(self, rest: memoryview) -> int:
        try:
            return os.write(self._fd, rest)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise OSError(f"{self.name}: the serial line is gone ({error.strerror})") from error

    async def _writable(self) -> None:
        try:
            async with asyncio.timeout(self._write_limit_s):
                await self._wait(self._loop.add_writer, self._loop.remove_writer)
        except TimeoutError as error:
            raise OSError(f"{self.name}: the serial line took nothing for {self._write_limit_s:g} s") from error

    async def _wait(self, add: Callable[..., object], remove: Callable[[int], object]) -> None:
        """Until the port is ready, or closed."""
        if self._closed:
            return
        ready: asyncio.Future[None] = self._loop.create_future()
        self._waits.add(ready)
        add(self._fd, _release, ready)
        try:
            await ready
        finally:
            self._waits.discard(ready)
            if not self._closed:
                remove(self._fd)

    async def close(self) -> None:
        """Close the port. Whoever waits for it is released."""
        if self._closed:
            return
        self._closed = True
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        for ready in self._waits:
            _release(ready)
        with contextlib.suppress(OSError):
            await asyncio.to_thread(self._serial.close)  # a UART may take seconds to send what it still holds


def _release(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)


async def open_serial_port(name: str, baud: int, write_limit_s: float = WRITE_LIMIT_S) -> SerialPort:
    """Open a serial port (or a pty), for us alone. write_limit_s : how long a write waits for the port to take a byte.

    Raises ValueError for a baud that is not a positive number, OSError naming the port where it is missing, busy or
    forbidden.
    """
    if baud <= 0:
        raise ValueError(f"baud {baud}: must be above 0, for example 115200")
    try:
        opened = await asyncio.to_thread(serial.Serial, name, baud, timeout=0, exclusive=True)
    except serial.SerialException as error:
        why = OPEN_FAULTS.get(error.errno or 0, f"cannot open the serial port ({error})")
        raise OSError(f"{name}: {why}") from error
    return SerialPort(name, opened, write_limit_s)
