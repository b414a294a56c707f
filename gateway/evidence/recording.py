"""One camera's clips of one incident: from the ring what was before, then what comes, until its time is over.

Where the camera begins anew meanwhile (another resolution, a broken connection) the clip ends and another begins. What
it takes of processor and disk it takes in a thread, twice a second.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from gateway.evidence.ring import Ring
from gateway.evidence.shelf import Entry, Sealed, Shelf
from hw.rtsp_video import Picture

STEP_S = 0.5
GRACE_US = 1_500_000
"""So long a picture may be under way."""
MOST_CLIPS = 20
"""Of one camera and incident; a stream that breaks more often is no evidence."""


class Clip(Protocol):
    """hw/mp4_clip.py."""

    n_pictures: int

    def add(self, pictures: Any) -> None: ...

    def close(self) -> None: ...


NewClip = Callable[[Picture, Sealed, str], Clip]


@dataclass(slots=True)
class _Open:
    """A clip that grows."""

    run: int
    name: str
    clip: Clip
    sealed: Sealed
    first_us: int
    last_us: int


class Recording:
    """of : () -> (from when, until when) to record, which may grow. new_clip : (first picture, sink, title). kept : is
    told each clip that is whole. lost : is told why there is none, in words. done_us : when it has ended, up to when
    there is nothing more to be had."""

    def __init__(
        self,
        shelf: Shelf,
        incident: str,
        camera: str,
        ring: Ring,
        of: Callable[[], tuple[int, int]],
        new_clip: NewClip,
        kept: Callable[[str, Entry], None],
        lost: Callable[[str, str, str], None],
        clock: Callable[[], int],
    ) -> None:
        self._shelf, self.incident, self.camera, self._ring, self._of = shelf, incident, camera, ring, of
        self._new_clip, self._kept, self._lost, self._clock = new_clip, kept, lost, clock
        self._stopped = asyncio.Event()
        self._last: Picture | None = None
        self._open: _Open | None = None
        self._entries: list[Entry] = []
        self._number = self._already()
        self.done_us = of()[0]

    async def run(self) -> bool:
        """Until its time is over. What goes wrong is told, and ends it. Comes back: whether its time was over."""
        try:
            while self._clock() <= self._of()[1] + GRACE_US and not self._stopped.is_set():
                await self._step()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopped.wait(), STEP_S)
            until_us = self._of()[1]
            await self._step()
            await self._end()
            if not self._entries:
                self._lost(self.incident, self.camera, "no picture came that a clip could begin with")
            self.done_us = min(until_us, self._clock())
            return not self._stopped.is_set()
        except (OSError, ValueError) as error:
            self._drop()
            self.done_us = self._kept_until_us() if self._number < MOST_CLIPS else self._of()[1]
            self._lost(self.incident, self.camera, str(error))
            return False
        except asyncio.CancelledError:
            self._drop()
            raise

    def stop(self) -> None:
        """End soon, with what there is."""
        self._stopped.set()

    async def _step(self) -> None:
        fresh = list(self._fresh())
        for run, pictures in fresh:
            if self._open is not None and self._open.run != run:
                await self._end()
            await asyncio.to_thread(self._write, run, pictures)
            self._last = pictures[-1]

    def _fresh(self) -> Iterator[tuple[int, list[Picture]]]:
        """(run, pictures) that were not written yet, up to the end."""
        from_us, until_us = self._of()
        last = self._last
        for run, group in self._ring.since(from_us if last is None else last.at_us):
            pictures = [each for each in group if each.at_us <= until_us]
            if last is not None and last in pictures:
                pictures = pictures[pictures.index(last) + 1 :]
            elif last is not None:
                pictures = [each for each in pictures if each.at_us > last.at_us]
            if pictures:
                yield run, pictures

    def _write(self, run: int, pictures: list[Picture]) -> None:
        """In a thread."""
        if self._open is None:
            first = next((each for each in pictures if each.is_key), None)
            if first is None:
                return
            pictures = pictures[pictures.index(first) :]
            self._begin(run, first)
        assert self._open is not None
        self._open.clip.add(pictures)
        self._open.last_us = pictures[-1].at_us

    def _begin(self, run: int, first: Picture) -> None:
        if self._number >= MOST_CLIPS:
            raise OSError(f"its video broke more than {MOST_CLIPS} times")
        name = f"{self.camera}-{self._number + 1}.mp4"
        sealed = self._shelf.draft(self.incident, name)
        try:
            clip = self._new_clip(first, sealed, f"{self.incident} {self.camera}")
        except BaseException:
            sealed.drop()
            raise
        self._open = _Open(run, name, clip, sealed, first.at_us, first.at_us)
        self._number += 1

    async def _end(self) -> None:
        """The clip that is open is whole."""
        if self._open is None:
            return
        kept, self._open = self._open, None
        entry = await asyncio.to_thread(self._finish, kept)
        self._entries.append(entry)
        self._kept(self.incident, entry)

    def _finish(self, kept: _Open) -> Entry:
        try:
            kept.clip.close()
            entry = Entry(kept.name, "clip", self.camera, kept.first_us, kept.last_us, "", 0, "")
            return self._shelf.keep(self.incident, kept.sealed, entry)
        except BaseException:
            kept.sealed.drop()
            raise

    def _drop(self) -> None:
        if self._open is not None:
            self._open.sealed.drop()
        self._open = None

    def _kept_until_us(self) -> int:
        return self._entries[-1].until_us if self._entries else self.done_us

    def _already(self) -> int:
        """How many clips a run before this one kept."""
        return sum(
            each.what == "clip" and each.camera == self.camera
            for each in self._shelf.about(self.incident).files.values()
        )
