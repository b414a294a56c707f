"""How fast 200 programs are told over real sockets by a real `soundpost web` on one core, one of which never reads.
Prints figures; judges none.

    python -m bench.web_sse [LISTENERS]

From just before a row is committed to the journal until each listener has it. This process plays the gateway, with its
door, and the listeners; where there are two cores it keeps off that of the web process.
"""

import asyncio
import itertools
import os
import pathlib
import re
import signal
import sys
import tempfile
import time

from bench.web_store import T_US, incident, say
from gateway.incident import Committed
from gateway.journal.doorbell import Doorbell
from gateway.journal.file import JournalFile
from gateway.journal.request import Requests
from gateway.web.accounts import accounts, api_keys
from gateway.web.database import Database
from gateway.web.grants import scopes
from gateway.web.live.feed import MOST_EACH

ROWS, EACH_S, READY_S, SLOWEST_S = 40, 0.5, 60.0, 10.0
POLES = "".join(f'[[pole]]\nnode = "n{n}"\nxyz_m = [{60.0 * n}, {50.0 * (n % 2)}, 6.0]\n' for n in range(5))
GATEWAY = (
    'journal = "street.journal"\nkeys_file = "keys.toml"\nsite = { lat_deg = 38.9, lon_deg = -77.0, h_m = 20 }\n'
    f'{POLES}[[serial]]\nport = "/dev/ttyS0"\n'
)
ASKED = "GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {}\r\n\r\n"


def prepared(folder: pathlib.Path, n: int) -> list[str]:
    """Settings, an empty journal, API keys for so many listeners: come back."""
    (folder / "gateway.toml").write_text(GATEWAY)
    (folder / "web.toml").write_text("port = 0\n")
    JournalFile(folder / "street.journal").close()
    with Database(folder / "web.db").writing() as connection:
        boss = accounts.make(connection, "boss", "administrator", T_US)
        names = [f"bench-{index}" for index in range(-(-n // MOST_EACH))]
        return [api_keys.make(connection, name, "viewer", ("read",), scopes(), boss, T_US) for name in names]


async def served(folder: pathlib.Path) -> tuple[asyncio.subprocess.Process, int]:
    """The web process, on one core, and its port."""
    command = (sys.executable, "-m", "soundpost", "web", "--config", str(folder / "web.toml"))
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})  # the process has it from us, with all of its threads
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    os.sched_setaffinity(0, cores - {min(cores)} or cores)
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), READY_S)).decode()
    return process, int(re.findall(r":(\d+)$", line.strip())[0])


class Listeners:
    """heard : when each had the row that is waited for, by its number."""

    def __init__(self, port: int, keys: list[str]) -> None:
        self._port, self._keys = port, itertools.cycle(keys)
        self.heard: dict[str, list[float]] = {}
        self.begun = 0

    async def listen(self) -> None:
        """One, for good."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(self._asked())
        await reader.readuntil(b": news")
        self.begun += 1
        try:
            while line := await reader.readline():
                if line.startswith(b"id: "):
                    self.heard.setdefault(line[4:].decode().strip(), []).append(time.perf_counter())
        finally:
            writer.close()

    async def stuck(self) -> asyncio.StreamWriter:
        """One that asks and never reads."""
        _, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1024)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(self._asked())
        return writer

    def _asked(self) -> bytes:
        return ASKED.format(next(self._keys)).encode()


async def told(listeners: Listeners, file: JournalFile, bell: Doorbell, n: int) -> list[float]:
    """Rows, one after the other; ms until the last of n listeners had each."""
    worst = []
    for number in range(1, ROWS + 1):
        began = time.perf_counter()
        await asyncio.to_thread(file.commit, [incident(number, time.time_ns() // 1000)])
        bell.order(Committed())
        while len(listeners.heard.get(str(number), ())) < n and time.perf_counter() - began < SLOWEST_S:  # noqa: ASYNC110
            await asyncio.sleep(0.002)
        heard = listeners.heard.get(str(number), [])
        if len(heard) < n:
            say(f"row {number}: {n - len(heard)} of {n} heard nothing within {SLOWEST_S:g} s")
        worst.append(1000 * (max(heard, default=began + SLOWEST_S) - began))
        await asyncio.sleep(EACH_S)
    return sorted(worst)


async def run(folder: pathlib.Path, n: int) -> None:
    """With so many listeners and one that never reads."""
    keys = prepared(folder, n + 1)
    file = JournalFile(folder / "street.journal")
    bell = Doorbell(folder / "street.journal", Requests({}, set()), lambda asked: None, lambda: time.time_ns() // 1000)
    ringing = asyncio.create_task(bell.run(lambda: None))
    process, port = await served(folder)
    listeners = Listeners(port, keys)
    stuck = await listeners.stuck()
    tasks = [asyncio.create_task(listeners.listen()) for _ in range(n)]
    began = time.perf_counter()
    while listeners.begun < n and time.perf_counter() - began < READY_S:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    say(f"{listeners.begun} of {n} listen after {time.perf_counter() - began:.1f} s, and one that never reads")
    try:
        worst = await told(listeners, file, bell, n)
        say(f"from a row's commit to the last of {n}: median {worst[ROWS // 2]:.0f} ms, worst {worst[-1]:.0f} ms")
    finally:
        for each in (*tasks, ringing):
            each.cancel()
        stuck.close()
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), READY_S)
        await bell.close()
        file.close()


def main() -> None:
    """All of it."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory(prefix="soundpost-bench-") as name:
        asyncio.run(run(pathlib.Path(name), n))


if __name__ == "__main__":
    main()
