"""Writes the gateway's figures where node_exporter's textfile collector looks (`--collector.textfile.directory`): a
gateway serves no pages, so nobody can ask it anything. An edge (gateway/edges.py); a disk that takes nothing costs
these figures alone."""

import asyncio
import pathlib
from collections.abc import Callable
from typing import NoReturn

import structlog

from gateway.tasks import until
from hw.linux.textfile import EVERY_S, TextFile

log = structlog.get_logger("gateway.watching")


class MetricsFile:
    """path : its name ends in .prom. text : () -> what it holds now."""

    def __init__(self, path: pathlib.Path, text: Callable[[], str], every_s: float = EVERY_S) -> None:
        self._file, self._text, self._every_s = TextFile(path, _say), text, every_s

    def order(self, effect: object) -> None:
        """There is nothing to order of it."""

    async def run(self, beat: Callable[[], None]) -> NoReturn:
        """Write again and again."""
        while True:
            await self._file.write(self._text())
            await until(asyncio.Event(), beat, self._every_s)

    async def close(self) -> None:
        """What is there stays, with the time of its writing in it."""


def _say(why: str) -> None:
    log.warning("metrics cannot be written", why=why)
