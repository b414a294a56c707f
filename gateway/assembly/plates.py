"""A plate reader out of a camera and a recogniser: a program of its own, which pushes what it reads as any reader does.

It reads all day, for a recogniser cannot be told what will matter. What it reads is pushed to the evidence process and
nowhere else, waits there unread, and is dropped unread where there is no incident; nothing is written or logged here.
"""

import asyncio
import base64
import contextlib
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from gateway.backoff import Backoff
from gateway.evidence.sighting import BadSighting, plate_text
from hw.rtsp_video import Picture

PLATE = r"(?=.*\d)[A-Z0-9](?:[ .\-\u00b7]?[A-Z0-9]){3,9}"
"""4 to 10 letters and digits, a digit among them: what most of the world's plates are."""
LEAST_SURE = 0.6
STEADY_S = 10.0
Push = Callable[[Mapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Parts:
    """connect : to a camera's pictures; OSError where they do not come. still : a key picture to a JPEG. read : a JPEG
    to (text, confidence) of each word. push : to who keeps it. said : in words, what is not well, once."""

    connect: Callable[[], AsyncGenerator[Picture, None]]
    still: Callable[[Picture], bytes]
    read: Callable[[bytes], Sequence[tuple[str, float]]]
    push: Push
    said: Callable[[str], None]
    plate: re.Pattern[str]
    every_us: int


class PlateWatch:
    """n_read, n_pushed : pictures that were read, plates that were taken."""

    def __init__(self, parts: Parts) -> None:
        self.n_read = self.n_pushed = 0
        self._parts = parts
        self._why = ""
        self._read_us: int | None = None

    async def run(self) -> NoReturn:
        """For ever."""
        backoff, loop = Backoff(first_s=0.5, longest_s=10.0), asyncio.get_running_loop()
        while True:
            began_s = loop.time()
            try:
                async with contextlib.aclosing(self._parts.connect()) as pictures:
                    await self._look(pictures)
                self._say("the camera ended its video")
            except OSError as error:
                self._say(str(error))
            if loop.time() - began_s > STEADY_S:
                backoff.reset()
            await asyncio.sleep(backoff.next_s())

    async def _look(self, pictures: AsyncGenerator[Picture, None]) -> None:
        """The newest key picture is read, in a thread; those that come meanwhile are not."""
        reading: asyncio.Task[None] | None = None
        try:
            async for picture in pictures:
                if picture.is_key and (reading is None or reading.done()) and self._is_due(picture.at_us):
                    self._read_us = picture.at_us
                    reading = asyncio.create_task(self._read(picture))
        finally:
            if reading is not None:
                await asyncio.wait((reading,))

    def _is_due(self, at_us: int) -> bool:
        return self._read_us is None or not 0 <= at_us - self._read_us < self._parts.every_us

    async def _read(self, picture: Picture) -> None:
        try:
            jpeg = await asyncio.to_thread(self._parts.still, picture)
            words = await asyncio.to_thread(self._parts.read, jpeg)
            self.n_read += 1
            for plate, sure in plates(words, self._parts.plate):
                shown = base64.b64encode(jpeg).decode()
                told = {"plate": plate, "confidence": round(sure, 3), "at": picture.at_us / 1e6, "picture": shown}
                await self._parts.push(told)
                self.n_pushed += 1
            self._why = ""
        except OSError as error:
            self._say(str(error))

    def _say(self, why: str) -> None:
        if why != self._why:
            self._parts.said(why)
        self._why = why


def plates(words: Sequence[tuple[str, float]], like: re.Pattern[str]) -> Iterator[tuple[str, float]]:
    """Those words that may be plates, in capitals, with how sure they are."""
    for word, sure in words:
        with contextlib.suppress(BadSighting):
            text = plate_text(word).upper()
            if sure >= LEAST_SURE and like.fullmatch(text):
                yield text, min(1.0, sure)
