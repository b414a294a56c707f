"""What counts in a gateway, joined to what it counts: the journal, whoever is told, and the core."""

import asyncio
import os
import pathlib
import time
from collections.abc import Callable, Sequence
from importlib import metadata
from typing import Any

from gateway.agent import Agent, Teller
from gateway.config import GatewayConfig
from gateway.core import Core
from gateway.edges import Plug
from gateway.effects import Told
from gateway.journal.journal import Journal
from gateway.journal.rows import Row
from gateway.lamp_notice import LampNotice
from gateway.watching.figures import PREFIX, Figures, Now
from gateway.watching.textfile import MetricsFile
from hw.linux.exposition import text_of


class Metering:
    """Of one gateway. clock : () -> microseconds UTC. Where its config names no `metrics_file` nothing is counted."""

    def __init__(self, config: GatewayConfig, folder: pathlib.Path, clock: Callable[[], int]) -> None:
        self._path = None if config.metrics_file is None else folder / config.metrics_file
        self._figures, self._clock = Figures(sorted(config.poles()), clock()), clock
        self._version = metadata.version("soundpost")

    def journal(self, path: pathlib.Path, max_bytes: int | None) -> Journal:
        """One that says how long frames wait for the disk. Raises as Journal does."""
        return Journal(path, max_bytes) if self._path is None else _Metered(path, max_bytes, self._figures.kept)

    def teller(self, teller: Teller) -> Teller:
        """One that counts what is told."""
        return teller if self._path is None else _Counting(teller, self._figures, self._clock)

    def plugs(self, core: Core, journal: Journal, agent: Callable[[], Agent]) -> list[Plug]:
        """What writes them. agent : () -> it; asked once it runs."""
        if self._path is None:
            return []
        path = self._path

        def text() -> str:
            return text_of(self._figures.families(self._now(core, journal, agent())), PREFIX)

        return [Plug("metrics", (), lambda tell: MetricsFile(path, text))]

    def _now(self, core: Core, journal: Journal, agent: Agent) -> Now:
        return Now(
            core.counts, core.nodes, agent.n_waiting, journal.held_bytes, _size(journal.path), _free(journal.path),
            self._clock(), self._version,
        )  # fmt: skip


class _Metered(Journal):
    """kept : told of each batch with frames in it how many seconds it took to the disk."""

    def __init__(self, path: pathlib.Path, max_bytes: int | None, kept: Callable[[float], None]) -> None:
        super().__init__(path, max_bytes)
        self._kept = kept

    def append(self, rows: Sequence[Row]) -> "asyncio.Future[None]":
        """As Journal."""
        began_s, durable = time.monotonic(), super().append(rows)
        if any(row.kind == "frame" for row in rows):
            durable.add_done_callback(lambda done: self._note(done, began_s))
        return durable

    def _note(self, done: "asyncio.Future[None]", began_s: float) -> None:
        if not done.cancelled() and done.exception() is None:
            self._kept(time.monotonic() - began_s)


class _Counting:
    """A Teller before another."""

    def __init__(self, teller: Teller, figures: Figures, clock: Callable[[], int]) -> None:
        self._teller, self._figures, self._clock = teller, figures, clock

    def record(self, told: Told | LampNotice) -> dict[str, Any]:
        """As the other has it."""
        return self._teller.record(told)

    def ready(self, links: Sequence[str]) -> None:
        """As the other says it."""
        self._teller.ready(links)

    def tell(self, told: Told | LampNotice) -> None:
        """Counted first: the other may fail."""
        self._figures.told(told, self._clock())
        self._teller.tell(told)


def _size(path: pathlib.Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _free(path: pathlib.Path) -> int | None:
    try:
        found = os.statvfs(path.parent)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize
