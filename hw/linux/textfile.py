"""A file of figures for node_exporter's textfile collector (`--collector.textfile.directory`): who serves no pages
tells them so, and the exporter, which watches the machine anyway, hands them on."""

import asyncio
import os
import pathlib
from collections.abc import Callable

EVERY_S = 15.0
MODE = 0o644
"""node_exporter is another user; there is no secret in it."""


def write_whole(path: pathlib.Path, text: str) -> None:
    """At once, so that nobody reads half of it; a file beside it that does not end in .prom is not collected. Not
    synced: after a crash of the host the next is there within 15 s. What is there already is taken away and never
    opened: others may write this folder, and what they laid there may lead to the journal, or be a pipe that nobody
    reads. Raises OSError."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, MODE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    part.rename(path)


class TextFile:
    """One that is written again and again. path : its name ends in .prom. say : told why it cannot be written, each
    cause once; a disk that takes nothing costs these figures alone."""

    def __init__(self, path: pathlib.Path, say: Callable[[str], None]) -> None:
        self._path, self._say = path, say
        self._why = ""

    async def write(self, text: str) -> None:
        """Whole, without holding the loop up."""
        try:
            await asyncio.to_thread(write_whole, self._path, text)
        except OSError as error:
            if str(error) != self._why:
                self._say(str(error))
            self._why = str(error)
        else:
            self._why = ""
