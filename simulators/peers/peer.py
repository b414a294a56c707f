"""What the simulated peers (lamp bank, camera) share: a notebook of what they were told, and a life as a process."""

import asyncio
import contextlib
import json
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Protocol

Fact = str | int | float | bool


def utc_us() -> int:
    """The host's clock, int microseconds UTC."""
    return time.time_ns() // 1000


class Notebook:
    """What a peer was told, in order, each entry with `t_us`, the UTC of its telling; with a path also as JSON lines.

    The file is begun anew, and each line is in it before `write` returns. Raises OSError where it cannot be written.
    """

    def __init__(self, path: Path | None = None, now_us: Callable[[], int] = utc_us) -> None:
        self.entries: list[dict[str, Fact]] = []
        self._now_us = now_us
        self._file = path.open("w", encoding="utf-8") if path else None

    def write(self, **fact: Fact) -> None:
        """Note one thing that the peer was told."""
        entry: dict[str, Fact] = {"t_us": self._now_us(), **fact}
        self.entries.append(entry)
        if self._file:
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file, if any; the entries stay."""
        if self._file:
            self._file.close()


class Peer(Protocol):
    """Something that listens at `url` between `open` and `close`."""

    url: str

    async def open(self) -> None: ...

    async def close(self) -> None: ...


@contextlib.asynccontextmanager
async def opened(*peers: Peer) -> AsyncIterator[None]:
    """They listen, in order, and are closed again, also where one of them cannot be opened."""
    async with contextlib.AsyncExitStack() as closing:
        for peer in peers:
            closing.push_async_callback(peer.close)
            await peer.open()
        yield


async def live(peer: Peer) -> None:
    """Run a peer as a process: say where it listens in one JSON line on standard output, end on SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await peer.open()
    sys.stdout.write(json.dumps({"url": peer.url}) + "\n")
    sys.stdout.flush()
    await stopped.wait()
    await peer.close()


def run(name: str, life: Coroutine[None, None, None]) -> int:
    """Run a peer's life to its end. Returns an exit status: 0 ended when told, 1 could not listen (one line why)."""
    try:
        asyncio.run(life)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{name}: {error}\n")
        return 1
    return 0


def host_and_port(text: str) -> tuple[str, int]:
    """`127.0.0.1:0` as ("127.0.0.1", 0). Raises ValueError where it is not HOST:PORT with a port of 0 to 65535."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"{text!r}: must be HOST:PORT, port 0 to 65535 (0: any free one)")
    return host, int(port)
