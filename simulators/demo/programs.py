"""The processes that the demo starts: each with its logs, each ended by its own id, whatever happens."""

import asyncio
import ctypes
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

STOP_S = 8.0
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""A street of programs on one machine must not each take all of its cores for a small product of matrices."""

Told = Callable[[str], None]
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
DEATH_OF_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)


class Program:
    """A running program. What it says goes to logs/NAME.out, its errors to logs/NAME.err; `told` gets each line.

    It has a session of its own, so that a Ctrl-C at the terminal reaches only the demo, which then ends it in order.
    """

    def __init__(self, name: str, arguments: Sequence[str], process: Process, logs: Path, told: Told | None) -> None:
        self.name = name
        self.arguments = tuple(arguments)
        self.pid = process.pid
        self._process = process
        self._errors = logs / f"{name}.err"
        self._first: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._pump = asyncio.create_task(self._listen(logs / f"{name}.out", told), name=f"output of {name}")

    async def first_line(self, limit_s: float) -> str:
        """The first line that it says. Raises OSError where it ends before, or says nothing for so long."""
        try:
            async with asyncio.timeout(limit_s):
                return await asyncio.shield(self._first)
        except TimeoutError:
            raise OSError(f"{self.name}: not ready within {limit_s:g} s; see {self._errors}") from None

    async def ended(self) -> int:
        """Wait for its own end, all its output read. Its exit status."""
        status = await self._process.wait()
        await asyncio.shield(self._pump)
        return status

    async def stop(self) -> int:
        """End it if it still runs: SIGTERM, and SIGKILL if that takes too long. Its exit status."""
        with suppress(ProcessLookupError):
            if self._process.returncode is None:
                self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_S):
                await self._process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                self._process.kill()
        return await self.ended()

    def signal(self, number: int) -> None:
        """Send it a signal, where it still runs."""
        with suppress(ProcessLookupError):
            self._process.send_signal(number)

    def why(self) -> str:
        """Its exit status and the last line of its errors."""
        last = self._errors.read_text("utf-8", errors="replace").strip().splitlines()[-1:]
        return f"ended with status {self._process.returncode}{': ' + last[0] if last else ''} (see {self._errors})"

    async def _listen(self, log: Path, told: Told | None) -> None:
        assert self._process.stdout is not None
        with log.open("wb") as file:
            async for line in self._process.stdout:
                file.write(line)
                file.flush()
                words = line.decode("utf-8", errors="replace").rstrip()
                if not self._first.done():
                    self._first.set_result(words)
                if told is not None:
                    told(words)
        await self._process.wait()
        if not self._first.done():
            self._first.set_exception(OSError(f"{self.name}: {self.why()}"))
            self._first.exception()  # said by whoever waits for it; nobody may


def _end_with_us() -> None:
    """A demo that is killed outright leaves nothing running, which would hold its ports."""
    if LIBC:
        LIBC.prctl(DEATH_OF_PARENT, signal.SIGTERM)


async def start(
    name: str,
    arguments: Sequence[str],
    logs: Path,
    told: Told | None = None,
    environment: Mapping[str, str] | None = None,
) -> Program:
    """Start a program. Secrets may stand in `environment`, never in `arguments`. Raises OSError."""
    with (logs / f"{name}.err").open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *arguments,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=errors,
            env={**os.environ, **ONE_THREAD, **(environment or {})},
            start_new_session=True,
            preexec_fn=_end_with_us if LIBC else None,
        )
    return Program(name, arguments, process, logs, told)


def python(*arguments: str) -> list[str]:
    """The command line of a Python module of ours, run by the Python that runs us."""
    return [sys.executable, "-m", *arguments]


async def run_once(name: str, arguments: Sequence[str], logs: Path) -> None:
    """Run a program to its end. Raises OSError with its last line where its status is not 0."""
    program = await start(name, arguments, logs)
    try:
        if await program.ended() != 0:
            raise OSError(f"{name}: {program.why()}")
    finally:
        await program.stop()
