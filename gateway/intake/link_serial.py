"""A serial line to one or more nodes: frames in, replies out, opened again when the port comes back."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from gateway.backoff import Backoff
from gateway.tasks import end
from hw.ports import FrameLine

MAX_WAITING = 256  # replies; a node that gets none sends its records again
log = structlog.get_logger("gateway.link")

Deliver = Callable[[str, bytes], Awaitable[None]]
Connected = Callable[[str], None]


class SerialLink:
    """A link over one port. `open_line` opens the port, raising OSError that names it."""

    def __init__(self, name: str, open_line: Callable[[], Awaitable[FrameLine]]) -> None:
        self.name = name
        self._open_line = open_line
        self._line: FrameLine | None = None
        self._replies: asyncio.Queue[bytes] = asyncio.Queue(MAX_WAITING)
        self._backoff = Backoff()

    async def open(self) -> bool:
        """Open the port for the first time: True. Raises OSError naming it."""
        self._line = await self._open_line()
        return True

    async def run(self, deliver: Deliver, connected: Connected) -> None:
        """Deliver (link, frame) for ever. `connected` is called each time that the line is there."""
        while True:
            if self._line is None:
                await self._reopen()
            assert self._line is not None
            connected(self.name)
            try:
                await self._carry(self._line, deliver)
            finally:
                line, self._line = self._line, None
                with contextlib.suppress(OSError):
                    await line.close()

    def send(self, node: str, frame: bytes) -> bool:
        """Hand a reply to the line; False where it is not taken. Never waits."""
        if self._line is None or self._replies.full():
            return False
        self._replies.put_nowait(frame)
        return True

    async def close(self) -> None:
        """Close the port if it was opened and never run."""
        if self._line is not None:
            await self._line.close()

    async def _carry(self, line: FrameLine, deliver: Deliver) -> None:
        """Both ways until the line is gone."""
        both = [asyncio.create_task(self._read(line, deliver)), asyncio.create_task(self._write(line))]
        try:
            ended, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            log.warning("serial line lost", port=self.name, why=ended.pop().result())
        finally:
            await end(*both)

    async def _read(self, line: FrameLine, deliver: Deliver) -> str:
        """Deliver frames until the line is gone; comes back: why."""
        try:
            async for frame in line.frames():
                self._backoff.reset()
                await deliver(self.name, frame)
        except OSError as error:
            return str(error)
        return "it ended"

    async def _write(self, line: FrameLine) -> str:
        """Write replies until the line is gone; comes back: why."""
        while True:
            try:
                await line.write_frame(await self._replies.get())
            except OSError as error:
                return str(error)

    async def _reopen(self) -> None:
        while self._line is None:
            await asyncio.sleep(self._backoff.next_s())
            with contextlib.suppress(OSError):
                self._line = await self._open_line()
        while not self._replies.empty():
            self._replies.get_nowait()
        log.info("serial line is back", port=self.name)
