"""Keeps one camera's ring filled, for ever: connects, takes pictures, and says what is wrong, once an outage."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from typing import NoReturn

from gateway.backoff import Backoff
from gateway.evidence.ring import Ring
from hw.rtsp_video import Picture

KEYLESS_US = 15_000_000
STEADY_S = 10.0
LONGEST_WAIT_S = 10.0

Tell = Callable[[str, str], None]
Connect = Callable[[Callable[[int], None]], AsyncGenerator[Picture, None]]


class CameraLine:
    """connect : (what is told of pictures that came with something missing) -> pictures as they come; OSError in a few
    words where they do not. tell : (camera, what) in words. incomplete : how many came so."""

    def __init__(self, name: str, connect: Connect, ring: Ring, tell: Tell) -> None:
        self.name, self.ring = name, ring
        self.is_up = False
        self._connect, self._tell = connect, tell
        self._backoff = Backoff(first_s=0.5, longest_s=LONGEST_WAIT_S)
        self._why = ""
        self._layout = b""
        self._keyless = False
        self._short = 0
        self.incomplete = 0

    def lost(self, n_pictures: int) -> None:
        """So many more came with something missing."""
        self.incomplete += n_pictures

    async def run(self) -> NoReturn:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            began_s = loop.time()
            try:
                async with contextlib.aclosing(self._connect(self.lost)) as pictures:
                    await self._take(pictures)
                self._lost("the camera ended its video")
            except OSError as error:
                self._lost(str(error))
            if loop.time() - began_s > STEADY_S:
                self._backoff.reset()
            await asyncio.sleep(self._backoff.next_s())

    async def _take(self, pictures: AsyncGenerator[Picture, None]) -> None:
        since_us: int | None = None
        async for picture in pictures:
            if since_us is None:
                since_us = picture.at_us
                self._came()
            self.ring.feed(picture)
            self._look(picture, since_us)

    def _look(self, picture: Picture, since_us: int) -> None:
        """Say what makes clips shorter, or none."""
        if picture.is_key:
            if self._layout and picture.layout != self._layout:
                self._tell(self.name, "its picture has another form from now on: it goes to a clip of its own")
            if self._keyless:
                self._tell(self.name, "sends key pictures again")
            self._layout, self._keyless = picture.layout, False
        elif not self._keyless and picture.at_us - max(since_us, self.ring.last_key_us or 0) > KEYLESS_US:
            self._keyless = True
            self._tell(self.name, f"sends no key picture for {KEYLESS_US // 1_000_000} s: no clip can begin")
        if self.ring.short and not self._short:
            self._tell(self.name, "sends more than its ring may hold: clips begin later than they should")
        self._short = self.ring.short

    def _came(self) -> None:
        if self._why:
            self._tell(self.name, "sends pictures again")
        self._why, self.is_up = "", True

    def _lost(self, why: str) -> None:
        """Say it once an outage, and again where the cause is another one."""
        self.ring.cut()
        if why != self._why:
            self._tell(self.name, f"sends no pictures: {why}")
        self._why, self.is_up = why, False
