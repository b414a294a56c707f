"""`soundpost demo --web` as a newcomer starts it: a process, whose terminal says where its pages are."""

import asyncio
import re
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from simulators.demo.programs import python
from simulators.demo.web import Opened

UP_S, OVER_S, END_S = 180.0, 180.0, 60.0
SAID = re.compile(r"pages +(\S+)  sign in as (\S+) with (\S+) ")
OVER = "the night is over"


@dataclass(slots=True)
class Demo:
    """opened : where its pages are. up_s : how long they took. lines : what its terminal says."""

    opened: Opened
    up_s: float
    lines: asyncio.StreamReader

    async def night_over(self) -> None:
        """Wait for that. Raises OSError where it ends before, TimeoutError."""
        async with asyncio.timeout(OVER_S):
            while line := await self.lines.readline():
                if OVER in line.decode():
                    return
        raise OSError("soundpost demo --web: ended before its night was over")


@asynccontextmanager
async def demo(folder: Path) -> AsyncIterator[Demo]:
    """Its pages are up; on leaving it is told to stop, as by Ctrl-C. Raises OSError where they do not come."""
    command = python("soundpost", "demo", "--web", "--link", "serial", "--out", str(folder))
    pipe, began_s = asyncio.subprocess.PIPE, time.monotonic()
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, start_new_session=True)
    assert process.stdout is not None
    try:
        opened = await _opened(process.stdout)
        yield Demo(opened, time.monotonic() - began_s, process.stdout)
    finally:
        await _end(process)


async def _opened(lines: asyncio.StreamReader) -> Opened:
    async with asyncio.timeout(UP_S):
        while line := await lines.readline():
            if said := SAID.search(line.decode()):
                return Opened(said[1], said[2], said[3])
    raise OSError("soundpost demo --web: ended before its pages were up")


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
    try:
        async with asyncio.timeout(END_S):
            await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
