"""Lamps whose bus or pins cannot put them back by themselves, with a guard that does (hw/lamp_guard.py).

The guard is a process of its own, on the other end of a pipe. It is told what a lamp was before the lamp is told
anything, so that whatever kills us, it knows. It is not killed with us: it heeds no signal of a terminal or a service
manager, and ends when the pipe does. One that ends before is started anew.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence

import structlog

from hw.lamp_guard import READY, Exact
from hw.ports import LampState

COMMAND = (sys.executable, "-m", "hw.lamp_guard")
log = structlog.get_logger("hw.guarded_lamps")


class LampGuard:
    """The guard of one bank's lamps; it outlives each driver of them. channels : of the bank's lamps."""

    def __init__(self, url: str, answer_s: float, channels: Sequence[int], command: Sequence[str] = COMMAND) -> None:
        self.url = url
        self._first = {"url": url, "answer_s": answer_s, "channels": sorted(channels)}
        self._command = command
        self._up: dict[int, tuple[int, int, int]] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._ready: asyncio.Future[bool] | None = None
        self._failed = False

    async def ready(self) -> None:
        """Until it guards, so that no guard of an earlier run is at work. One that cannot be started at all is said,
        and done without: better a lamp that stays up than one that stays dark."""
        if self._process is None or self._process.poll() is not None:
            self._start()
        if self._ready is not None and not await asyncio.shield(self._ready) and not self._failed:
            self._failed = True
            log.warning("no guard: these lamps stay as they are if this gateway dies", bank=self.url)

    def up(self, channel: int, was_pct: int, raw: int, told_pct: int) -> None:
        """A lamp is about to be told this."""
        self._up[channel] = was_pct, raw, told_pct
        self._tell()

    def back(self, channel: int) -> None:
        """A lamp is what it was, or somebody else's."""
        if self._up.pop(channel, None) is not None:
            self._tell()

    def was(self, channel: int) -> tuple[int, int] | None:
        """What a lamp that is up was, and the raw of it."""
        return self._up[channel][:2] if channel in self._up else None

    def _start(self) -> None:
        self._ready = None
        try:
            self._process = subprocess.Popen(  # not asyncio's, which kills its child when its loop ends
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )
        except OSError as error:
            if not self._failed:
                self._failed = True
                log.warning("the guard of lamps cannot be started", bank=self.url, why=str(error))
            return
        self._write(self._first)
        self._tell()
        assert self._process.stdout is not None
        loop = asyncio.get_running_loop()
        self._ready = loop.create_future()
        loop.add_reader(self._process.stdout.fileno(), self._said, self._process, self._ready)

    def _said(self, process: subprocess.Popen[bytes], ready: "asyncio.Future[bool]") -> None:
        assert process.stdout is not None
        asyncio.get_running_loop().remove_reader(process.stdout.fileno())
        if not ready.done():
            ready.set_result(process.stdout.readline().strip() == READY.encode())

    def _tell(self) -> None:
        self._write({"up": self._up})

    def _write(self, told: Mapping[str, object]) -> None:
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):  # it has ended: it is told all when it is started anew
                self._process.stdin.write(json.dumps(told).encode() + b"\n")
                self._process.stdin.flush()


class GuardedLamps:
    """Lamps (hw/ports.py) of a driver, guarded. fail_s : what the gateway is asked to call `keep` by; the guard itself
    knows at once. Raises what the driver does."""

    def __init__(self, lamps: Exact, guard: LampGuard, fail_s: float) -> None:
        self.fail_s: float | None = fail_s
        self._lamps, self._guard = lamps, guard
        self._before_pct: dict[int, int] = {}
        self._read_pct: dict[int, int] = {}

    def nearest(self, level_pct: int) -> int:
        """As the driver has it."""
        return self._lamps.nearest(level_pct)

    async def write_level(self, channel: int, level_pct: int, fade_s: float = 0.0) -> None:
        """Tell the guard, then the lamp."""
        await self._guard.ready()
        before_pct = self._before_pct.get(channel, level_pct)
        if level_pct == before_pct:
            await self._lamps.write_level(channel, level_pct, fade_s)
            self._guard.back(channel)
            return
        was = self._guard.was(channel)
        raw = was[1] if was is not None and was[0] == before_pct else self._lamps.raw(channel, before_pct)
        self._guard.up(channel, before_pct, raw, level_pct)
        await self._lamps.write_level(channel, level_pct, fade_s)

    async def read_level(self, channel: int) -> int:
        """As the driver has it."""
        await self._guard.ready()
        self._read_pct[channel] = level_pct = await self._lamps.read_level(channel)
        return level_pct

    async def read_state(self, channel: int) -> LampState:
        """As the driver has it."""
        await self._guard.ready()
        state = await self._lamps.read_state(channel)
        if state.level_pct is not None:
            self._read_pct[channel] = state.level_pct
        return state

    async def keep(self, before_pct: Mapping[int, int]) -> None:
        """What the lamps were; and the guard is there."""
        self._before_pct = dict(before_pct)
        await self._guard.ready()
        for channel, was_pct in before_pct.items():
            known, read_pct = self._guard.was(channel), self._read_pct.get(channel, was_pct)
            if known is not None and known[0] != was_pct:
                self._guard.back(channel)
            elif known is None and read_pct != was_pct:  # an earlier run brought it up
                self._guard.up(channel, was_pct, self._lamps.raw(channel, was_pct), read_pct)

    async def let_go(self, channel: int) -> bool:
        """As the driver has it."""
        return await self._lamps.let_go(channel)

    async def close(self) -> None:
        """The driver's end; the guard stays until we end."""
        await self._lamps.close()
