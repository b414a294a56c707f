"""Writes the gateway's figures where node_exporter's textfile collector looks (`--collector.textfile.directory`): a
gateway serves no pages, so nobody can ask it anything. An edge (gateway/edges.py); a disk that takes nothing costs
these figures alone."""

import asyncio
import pathlib
from collections.abc import Callable
from typing import NoReturn

import structlog

from gateway.tasks import until
from hw.linux.textfile import EVERY_S, write_whole

log = structlog.get_logger("gateway.watching")


class MetricsFile:
    """path : its name ends in .prom. text : () -> what it holds now."""

    def __init__(self, path: pathlib.Path, text: Callable[[], str], every_s: float = EVERY_S) -> None:
        self._path, self._text, self._every_s = path, text, every_s
        self._why = ""

    def order(self, effect: object) -> None:
        """There is nothing to order of it."""

    async def run(self, beat: Callable[[], None]) -> NoReturn:
        """Write again and again."""
        while True:
            await self._write()
            await until(asyncio.Event(), beat, self._every_s)

    async def close(self) -> None:
        """What is there stays, with the time of its writing in it."""

    async def _write(self) -> None:
        try:
            await asyncio.to_thread(write_whole, self._path, self._text())
        except OSError as error:
            if str(error) != self._why:
                log.warning("metrics cannot be written", why=str(error))
            self._why = str(error)
        else:
            self._why = ""
