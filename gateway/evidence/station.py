"""Everything that evidence does, joined: cameras' rings, cases, clips, stills, sightings, triggers, retention.

It is told an incident's rows and reviews, and tells the journal what it did (gateway/evidence/custody.py). What is slow
or fails on one camera or reader is told and holds up nothing else.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import structlog

from gateway.evidence import custody
from gateway.evidence.camera_line import CameraLine
from gateway.evidence.cases import Case, Cases
from gateway.evidence.left_out import LeftOut, counts
from gateway.evidence.letting_go import Limits
from gateway.evidence.recording import NewClip
from gateway.evidence.recordings import Recordings
from gateway.evidence.shelf import Entry, Shelf
from gateway.evidence.sightings import Sightings
from gateway.evidence.sightings_file import SightingsFile
from gateway.evidence.telling import Telling
from gateway.evidence.tidying import Tidying
from gateway.evidence.triggers import Trigger, Triggers
from gateway.tasks import end
from hw.rtsp_video import Picture

LATE_US = 30_000_000
TICK_S = 1.0
TIDY_S = 60.0
STOP_S = 5.0
SAY_AGAIN_US = 600_000_000
log = structlog.get_logger("gateway.evidence")


@dataclass(frozen=True, slots=True)
class Parts:
    """What a station is made of. still : a key picture to a JPEG. triggers : by reader."""

    cases: Cases
    sightings: Sightings
    shelf: Shelf
    lines: Mapping[str, CameraLine]
    telling: Telling
    triggers: Mapping[str, Trigger]
    limits: Limits
    new_clip: NewClip
    still: Callable[[Picture], bytes]
    clock: Callable[[], int]
    least_free_bytes: int


class Station:
    """`run` it; tell it rows as they come."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._shelf, self._clock = parts.shelf, parts.clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._said_us: dict[tuple[str, str], int] = {}
        self._left_out = LeftOut()
        self._triggers = Triggers(parts.triggers, parts.shelf, parts.clock, parts.telling.say, self._start)
        self._tidying = Tidying(
            parts.shelf, parts.limits, parts.least_free_bytes, parts.clock, self._let_go, self._say_once
        )
        self._sightings_file = SightingsFile(parts.shelf, self._kept, self._lost, self._say_once)
        self._recordings = Recordings(
            parts.shelf, parts.lines, parts.cases.until_us, parts.new_clip, parts.still, parts.clock,
            self._tidying.tidy, self._kept, self._lost, self._start,
        )  # fmt: skip

    async def incident(self, record: Mapping[str, Any]) -> None:
        """An `incident` row, perhaps once more. What it asks for is begun; what must not happen twice is on the disk on
        return. Where the disk does not take that, it is told as lost. Raises ValueError for a row that is none."""
        case = self._parts.cases.feed(record, self._clock())
        if case is None:
            return
        try:
            await self._begin(case)
        except OSError as error:
            self._lost(case.incident, "all", str(error))

    def early(self, record: Mapping[str, Any]) -> None:
        """An `early` row: a provisional round. Readers near it are told to read; what they read is kept for an incident
        only. Raises as `incident` does."""
        self._triggers.early(record["incident"], self._parts.cases.early(record, self._clock()))

    async def _begin(self, case: Case) -> None:
        try:
            self._shelf.begin(case.incident, case.shots[0].t_us, case.until_us)
        except OSError:
            await self._tidying.tidy()
            self._shelf.begin(case.incident, case.shots[0].t_us, case.until_us)
        self._triggers.open(case.incident, case.readers)
        for camera in case.cameras:
            self._recordings.record(case, camera)
        self._say_refused(self._parts.sightings.open(case))

    def reviewed(self, incident: str, verdict: str) -> None:
        """A review."""
        self._shelf.review(incident, verdict)

    def seen(self, reader: str, payload: bytes) -> None:
        """A reader's message."""
        self._say_refused(self._parts.sightings.feed(reader, payload, self._clock()))

    def camera_says(self, camera: str, words: str) -> None:
        """What is wrong with a camera, or right again."""
        self._say_once(camera, words)

    async def run(self) -> NoReturn:
        """For ever: first what a kill left is told, then cameras are followed and time passes."""
        self._take_up()
        lines = [asyncio.create_task(line.run(), name=f"camera {name}") for name, line in self._parts.lines.items()]
        telling = asyncio.create_task(self._parts.telling.run(), name="telling")
        ticking = asyncio.create_task(self._tick(), name="evidence")
        try:
            done, _ = await asyncio.wait((*lines, telling, ticking), return_when=asyncio.FIRST_COMPLETED)
            raise RuntimeError("a part of the evidence process ended") from next(iter(done)).exception()
        finally:
            self._recordings.stop()
            if self._tasks:
                await asyncio.wait(tuple(self._tasks), timeout=STOP_S)
            await end(*lines, ticking, *self._tasks)
            await self._sightings_file.finish()
            untold = await self._parts.telling.finish(2.0)
            await end(telling)
            if untold:
                log.warning("what was done and is not told is told at the next start", things=untold)
            await self._triggers.close()

    def _take_up(self) -> None:
        for incident, name in self._shelf.clear_parts():
            self._lost(incident, name, "was being written when the program was killed")
        self._recordings.take_up()
        for name, why in self._shelf.damaged.items():
            log.error("a folder is not as it was left; it is not touched", folder=name, why=why)
        for about in self._shelf.abouts():
            for entry in about.files.values():
                if not entry.told:
                    self._kept(about.incident, entry)

    async def _tick(self) -> NoReturn:
        loop = asyncio.get_running_loop()
        tidy_s = loop.time()
        while True:
            await asyncio.sleep(TICK_S)
            for source, words in self._left_out.look(
                counts(self._parts.lines, self._parts.cases, self._parts.sightings)
            ):
                self._say_once(source, words)
            over = self._parts.sightings.tick(self._clock(), LATE_US)
            await self._sightings_file.write(tuple(self._parts.sightings.attached.values()), over, loop.time())
            if loop.time() >= tidy_s:
                tidy_s = loop.time() + TIDY_S
                await self._tidying.tidy()

    def _let_go(self, incident: str, why: str) -> None:
        self._recordings.forget(incident)
        self._parts.telling.say(custody.let_go(incident, why))

    def _kept(self, incident: str, entry: Entry) -> None:
        self._parts.telling.say(custody.kept(incident, entry), lambda: self._is_told(incident, entry))

    def _is_told(self, incident: str, entry: Entry) -> None:
        """It is in the journal, unless it is another file by now."""
        try:
            if self._shelf.about(incident).files.get(entry.name) == entry:
                self._shelf.told(incident, entry.name)
        except (OSError, ValueError) as error:
            self._say_once("folder", str(error))

    def _lost(self, incident: str, what: str, why: str) -> None:
        log.error("evidence is lost", incident=incident, what=what, why=why)
        self._parts.telling.say(custody.lost(incident, what, why))

    def _say_refused(self, refused: Sequence[tuple[str, str]]) -> None:
        """What a reader said that is no sighting is kept apart: told, and nothing of it repeated."""
        for reader, why in refused:
            self._say_once(reader, f"said what is no sighting, and is not kept: {why}")

    def _say_once(self, source: str, words: str) -> None:
        """In SAY_AGAIN_US: a journal forgets nothing, and some cameras come and go all day."""
        now_us = self._clock()
        self._said_us = {each: us for each, us in self._said_us.items() if 0 <= now_us - us < SAY_AGAIN_US}
        if (source, words) not in self._said_us:
            self._said_us[source, words] = now_us
            log.warning("evidence", of=source, news=words)
            self._parts.telling.say(custody.fault(source, words))

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> "asyncio.Task[None]":
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a part of the evidence process failed", part=task.get_name(), exc_info=error)
