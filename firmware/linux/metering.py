"""Writes a node's figures where node_exporter looks (hw/linux/textfile.py); a full disk costs these alone."""

import asyncio
import pathlib
from collections.abc import Callable
from typing import NoReturn

import structlog

from firmware.linux.figures import PREFIX, Figures, Now
from firmware.linux.looking_node import LookingNode
from hw.linux.exposition import text_of
from hw.linux.textfile import EVERY_S, TextFile

log = structlog.get_logger(layer="firmware.linux.metering")


class Metering:
    """path : its name ends in .prom. figures : told by the shell what is kept and acked."""

    def __init__(self, path: pathlib.Path, figures: Figures, every_s: float = EVERY_S) -> None:
        self.figures = figures
        self._file, self._every_s = TextFile(path, _say), every_s

    async def run(self, node: LookingNode, now: Callable[[], Now]) -> NoReturn:
        """Write again and again."""
        while True:
            await self._file.write(text_of(self.figures.families(node, now()), PREFIX))
            await asyncio.sleep(self._every_s)


def _say(why: str) -> None:
    log.warning("metrics cannot be written", why=why)
