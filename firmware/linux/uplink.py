"""The way from a Linux node to its gateway: one FrameLine at a time, opened again with jittered backoff when it goes.

It decides nothing about frames. While there is no line it keeps none: the node says them all again on the next one.
What was heard just now goes before what is said again, so that a backlog never delays a live arrival.
"""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from hw.ports import FrameLine

LONGEST_WAIT_S, SHORTEST_WAIT_S = 10.0, 0.1
STEADY_S = 10.0  # a line that held so long was a good one
log = structlog.get_logger(layer="firmware.linux.uplink")


class Client(Protocol):
    """Whom an uplink tells what happens."""

    def up(self) -> None:
        """There is a new line."""

    def received(self, frame: bytes) -> None:
        """A frame came."""


def backoff_s(tries: int) -> float:
    """Seconds to wait after so many failed tries, drawn at random over a growing span (as aiomqtt's guide has it), so
    that a street of nodes does not come back in step."""
    return max(SHORTEST_WAIT_S, min(LONGEST_WAIT_S, random.uniform(0, 1.5 ** min(10, tries))))  # noqa: S311


class Uplink:
    """name : of the other end. open_line : a new line, or OSError naming the address. is_up : it has one."""

    def __init__(
        self,
        name: str,
        open_line: Callable[[], Awaitable[FrameLine]],
        wait_s: Callable[[int], float] = backoff_s,
    ) -> None:
        self.name = name
        self._open_line = open_line
        self._wait_s = wait_s
        self._fresh: deque[bytes] = deque()
        self._again: deque[bytes] = deque()
        self._more = asyncio.Event()
        self.is_up = False
        self._tries = 0
        self._why = ""
        self._up_s: float | None = None
        self._comes_and_goes = False

    def offer(self, frame: bytes, *, fresh: bool) -> None:
        """Send a frame soon if there is a line; if not, forget it."""
        if self.is_up:
            (self._fresh if fresh else self._again).append(frame)
            self._more.set()

    async def open(self) -> FrameLine:
        """The first line. Raises OSError naming the address."""
        return await self._open_line()

    async def run(self, client: Client, line: FrameLine | None = None) -> None:
        """Carry frames for ever, over `line` first if there is one. Ends only when it is cancelled."""
        while True:
            try:
                await self._carry(line or await self._open_line(), client)
            except OSError as error:
                self._lost(error)
            line = None
            self._tries += 1
            await asyncio.sleep(self._wait_s(self._tries))

    def _lost(self, error: OSError) -> None:
        """Say it once an outage and cause; where lines come and go for the same cause, that once."""
        held_s = None if self._up_s is None else asyncio.get_running_loop().time() - self._up_s
        same, was_up = str(error) == self._why, held_s is not None
        comes_and_goes = same and (held_s < STEADY_S if held_s is not None else self._comes_and_goes)
        if comes_and_goes and not self._comes_and_goes:
            log.warning("uplink comes and goes", to=self.name, why=str(error))
        elif not comes_and_goes and (was_up or not same):
            log.warning("uplink is down", to=self.name, why=str(error))
        self._why, self._up_s, self._comes_and_goes = str(error), None, comes_and_goes

    async def _carry(self, line: FrameLine, client: Client) -> None:
        """Both ways until one of them fails: OSError."""
        self.is_up, self._up_s = True, asyncio.get_running_loop().time()
        if not self._comes_and_goes:
            log.info("uplink is up", to=self.name)
        client.up()
        ways = [asyncio.create_task(self._read(line, client)), asyncio.create_task(self._write(line))]
        try:
            done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            self.is_up = False
            for task in ways:
                task.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            await line.close()
            self._fresh.clear()
            self._again.clear()

    async def _read(self, line: FrameLine, client: Client) -> None:
        async for frame in line.frames():
            self._tries = 0
            client.received(frame)
        raise OSError(f"{self.name}: closed")

    async def _write(self, line: FrameLine) -> None:
        while True:
            while self._fresh or self._again:
                await line.write_frame((self._fresh or self._again).popleft())
            self._more.clear()
            await self._more.wait()
