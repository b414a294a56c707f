"""The way from a board to its gateway: one line at a time, opened again with growing, random waits when it goes.

As firmware/linux/uplink.py is for a Linux node: while there is no line it keeps nothing, for the node says it all again
on the next one, and what was heard just now goes before what is said again.
"""

import asyncio
import gc
import random

TEND_MS = 250
LONGEST_WAIT_MS = 10_000
MOST_SHORT = 8
"""Times that there is no memory for a line, one after the other: then the board starts anew."""
MOST_BYTES = 4_608
"""Of frames that wait for the line: two with their clips, or a score of healths. A board has no room for a burst of
clips; what does not fit lies on flash, and goes when an ack has come."""


class BoardLink:
    """open_line(): a new line, or OSError. client: has `up`, called when there is one, and `received(frame)`. beat():
    called as it goes round. is_up: whether there is a line."""

    def __init__(self, open_line, client, beat) -> None:  # type: ignore[no-untyped-def]
        self._open_line, self._client, self._beat = open_line, client, beat
        self._fresh: list[bytes] = []
        self._again: list[bytes] = []
        self._more = asyncio.Event()
        self.is_up = False

    def offer(self, frame: bytes, fresh: bool) -> bool:
        """Send it soon if there is a line, and room; False where it will not be sent."""
        room = MOST_BYTES if fresh else MOST_BYTES // 2  # a backlog leaves room for what is heard
        if not self.is_up or sum([len(waiting) for waiting in self._fresh + self._again]) + len(frame) > room:
            return False
        (self._fresh if fresh else self._again).append(frame)
        self._more.set()
        return True

    async def run(self) -> None:
        """For ever. MemoryError where there is too little of it for a line again and again: only a new start puts a
        heap in order, and what is unsaid is on flash."""
        tries = short = 0
        while True:
            self._beat()
            gc.collect()  # what the last line held, TLS above all
            try:
                line = await self._open_line()
                tries = short = 0
                await self._talk(line)
            except (OSError, MemoryError) as error:
                print(f"WARN uplink is down why={error}")
                short = short + 1 if isinstance(error, MemoryError) else 0
                if short == MOST_SHORT:
                    raise
            tries += 1
            await asyncio.sleep_ms(random.randrange(100, min(LONGEST_WAIT_MS, 200 << min(tries, 6))))

    async def _talk(self, line) -> None:  # type: ignore[no-untyped-def]
        """Both ways until one of them fails: OSError."""
        print("INFO uplink is up")
        self.is_up = True
        self._client.up()
        ways = [asyncio.create_task(self._read(line)), asyncio.create_task(self._write(line))]
        try:
            while not any([way.done() for way in ways]):
                self._beat()
                await line.tend()
                await asyncio.sleep_ms(TEND_MS)
        finally:
            self.is_up = False
            self._fresh, self._again = [], []
            for way in ways:
                way.cancel()
            await line.close()

    async def _read(self, line) -> None:  # type: ignore[no-untyped-def]
        try:
            while True:
                for frame in await line.read_frames():
                    self._client.received(frame)
        except OSError as error:
            print(f"WARN uplink is down why={error}")

    async def _write(self, line) -> None:  # type: ignore[no-untyped-def]
        try:
            while True:
                while self._fresh or self._again:
                    await line.write_frame((self._fresh or self._again).pop(0))
                self._more.clear()
                await self._more.wait()
        except OSError as error:
            print(f"WARN uplink is down why={error}")
