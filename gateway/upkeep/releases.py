"""The folder that an operator puts releases in: each file named *.release is an image as firmware/update.py has it.

What is not whole, or none, is said once and offered to nobody. Whether it is genuine, only a board can tell.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn

import structlog

from firmware import update
from firmware.update import BadUpdate
from gateway.tasks import BEAT_S, until
from gateway.upkeep.rollout import Release

LOOK_S = 5.0
LENGTH = 4
MAX_BYTES = LENGTH + update.MAX_MANIFEST + update.MAX_IMAGE
log = structlog.get_logger("gateway.upkeep.releases")


class Releases:
    """An edge (gateway/edges.py). offer : told all of them each time that one comes, changes or goes."""

    def __init__(self, folder: Path, offer: Callable[[Iterable[Release]], None]) -> None:
        self._folder = folder
        self._offer = offer
        self._known: dict[Path, tuple[int, int]] = {}
        self._is_there = True

    def order(self, effect: object) -> None:
        """There is nothing to order of a folder."""

    async def run(self, beat: Callable[[], None]) -> NoReturn:
        """Look again and again. A disk that does not answer is waited for, by one thread and no more."""
        while True:
            looking = asyncio.ensure_future(asyncio.to_thread(self.look))
            while not looking.done():
                beat()
                await asyncio.wait((looking,), timeout=BEAT_S)
            releases = looking.result()
            if releases is not None:
                self._offer(releases)
            await until(asyncio.Event(), beat, LOOK_S)

    async def close(self) -> None:
        """Nothing is open between looks."""

    def look(self) -> list[Release] | None:
        """What is there; None where it is what was there last time."""
        if self._folder.is_dir() != self._is_there:
            self._is_there = not self._is_there
            if not self._is_there:
                log.warning("no releases can be offered", why=missing(self._folder))
        found = {path: _stamp(path) for path in sorted(self._folder.glob("*.release"))}
        if found == self._known:
            return None
        self._known = found
        return [release for path in found if (release := _readable(path)) is not None]


def missing(folder: Path) -> str:
    """What to say of a folder that is not there."""
    return f"{folder}: is no folder; make it, or name another as `releases`"


def read_release(name: str, image: bytes) -> Release:
    """Raises ValueError of one line that begins with name: what is no whole release."""
    end = LENGTH + int.from_bytes(image[:LENGTH], "big")
    try:
        manifest = update.unproven(image[LENGTH:end])
    except BadUpdate as error:
        raise ValueError(f"{name}: is no release, or not all of it is there ({error})") from None
    due = end + sum(file.size for file in manifest.files)
    if len(image) != due:
        raise ValueError(f"{name}: has {len(image)} bytes, and its manifest names {due}: copy it again")
    digest = hashlib.sha256(image).digest()
    return Release(name, manifest.sequence, manifest.class_id, manifest.min_version, digest, image)


def _readable(path: Path) -> Release | None:
    try:
        with path.open("rb") as file:
            release = read_release(path.name, file.read(MAX_BYTES + 1))
    except (OSError, ValueError) as error:
        log.warning("a release cannot be offered", why=str(error))
        return None
    log.info("a release to offer", file=path.name, sequence=release.sequence)
    return release


def _stamp(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat()
    except OSError:
        return (0, 0)
    return (stat.st_size, stat.st_mtime_ns)
