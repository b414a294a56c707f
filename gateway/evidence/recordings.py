"""All recordings: of each case and camera a still at once, then the clip. What fails on one camera holds up none.

Of each it is remembered up to when it is whole: a further row of the incident records what comes after, and nothing
twice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from gateway.evidence.camera_line import CameraLine
from gateway.evidence.cases import Case
from gateway.evidence.recording import GRACE_US, NewClip, Recording
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
        self._done_us: dict[Key, int] = {}

    def take_up(self) -> None:
        """What a run before this one kept is not recorded again."""
        for about in self._shelf.abouts():
            is_over = self._clock() > about.until_us + GRACE_US
            for entry in about.files.values():
                if entry.what == "clip":
                    key = (about.incident, entry.camera)
                    done_us = about.until_us if is_over else entry.until_us
                    self._done_us[key] = max(self._done_us.get(key, 0), done_us)

    def record(self, case: Case, camera: str) -> None:
        """A row of the case: what of it the camera has not recorded yet, it does from now on."""
        key = (case.incident, camera)
        if key in self._running or self._is_whole(key):
            return
        if len(self._running) >= MOST_RECORDINGS:
            self._lost(case.incident, camera, f"more than {MOST_RECORDINGS} recordings at once")
            return
        self._running[key] = self._recording(key, case.from_us)
        self._start(self._whole(key), f"record {camera}")

    def forget(self, incident: str) -> None:
        """Nothing is kept of it any more."""
        for key in [key for key in self._done_us if key[0] == incident]:
            del self._done_us[key]

    def stop(self) -> None:
        """Clips that are open become whole soon, as long as they are."""
        for recording in self._running.values():
            recording.stop()

    def _is_whole(self, key: Key) -> bool:
        return self._done_us.get(key, 0) >= self._until_us(key[0])

    def _recording(self, key: Key, from_us: int) -> Recording:
        since_us = max(from_us, self._done_us.get(key, 0))
        return Recording(
            self._shelf, *key, self._lines[key[1]].ring, lambda: (since_us, self._until_us(key[0])),
            self._new_clip, self._kept, self._lost, self._clock,
        )  # fmt: skip

    async def _whole(self, key: Key) -> None:
        """A still at once, then the clip; one more for a shot that was told while it was being closed."""
        is_over = True
        try:
            await self._make_room()
            await self._still(*key)
            while is_over and not self._is_whole(key):
                is_over = await self._running[key].run()
                self._done_us[key] = self._running[key].done_us
                self._running[key] = self._recording(key, self._done_us[key])
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
