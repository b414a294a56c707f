"""All recordings: of each case and camera a still at once, then the clip. What fails on one camera holds up none."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from gateway.evidence.camera_line import CameraLine
from gateway.evidence.cases import Case
from gateway.evidence.recording import NewClip, Recording
from gateway.evidence.shelf import Entry, Shelf
from hw.rtsp_video import Picture

MOST_RECORDINGS = 64
Key = tuple[str, str]
"""(incident, camera)."""
Start = Callable[[Coroutine[Any, Any, None], str], object]


class Recordings:
    """lines : the cameras. until_us : until when an incident is recorded, by now. still : a key picture to a JPEG.
    make_room : is awaited before the first byte. kept, lost : as Recording tells. start : runs work beside."""

    def __init__(
        self,
        shelf: Shelf,
        lines: Mapping[str, CameraLine],
        until_us: Callable[[str], int],
        new_clip: NewClip,
        still: Callable[[Picture], bytes],
        clock: Callable[[], int],
        make_room: Callable[[], Awaitable[None]],
        kept: Callable[[str, Entry], None],
        lost: Callable[[str, str, str], None],
        start: Start,
    ) -> None:
        self._shelf, self._lines, self._until_us = shelf, lines, until_us
        self._new_clip, self._picture_of, self._clock = new_clip, still, clock
        self._make_room, self._kept, self._lost, self._start = make_room, kept, lost, start
        self._running: dict[Key, Recording] = {}

    def record(self, case: Case, camera: str) -> None:
        """A row of the case: where the camera is not recorded yet, it is from now on."""
        key = (case.incident, camera)
        if key in self._running:
            return
        if len(self._running) >= MOST_RECORDINGS:
            self._lost(case.incident, camera, f"more than {MOST_RECORDINGS} recordings at once")
            return
        recording = Recording(
            self._shelf, case.incident, camera, self._lines[camera].ring,
            lambda: (case.from_us, self._until_us(case.incident)),
            self._new_clip, self._kept, self._lost, self._clock,
        )  # fmt: skip
        self._running[key] = recording
        self._start(self._whole(key, recording), f"record {camera}")

    def stop(self) -> None:
        """Clips that are open become whole soon, as long as they are."""
        for recording in self._running.values():
            recording.stop()

    async def _whole(self, key: Key, recording: Recording) -> None:
        """A still at once, then the clip."""
        try:
            await self._make_room()
            await self._still(*key)
            await recording.run()
        finally:
            self._running.pop(key, None)

    async def _still(self, incident: str, camera: str) -> None:
        name = f"{camera}.jpg"
        picture = self._lines[camera].ring.newest_key()
        if picture is None or name in self._shelf.about(incident).files:
            return
        entry = Entry(name, "still", camera, picture.at_us, picture.at_us, "", 0, "")
        try:
            jpeg = await asyncio.to_thread(self._picture_of, picture)
            self._kept(incident, await asyncio.to_thread(self._shelf.put, incident, entry, jpeg))
        except (OSError, ValueError) as error:
            self._lost(incident, camera, f"no still: {error}")
