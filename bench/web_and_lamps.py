"""Do lamps come up as soon whatever becomes of the pages' process? A real gateway, its Modbus bank, one of each.

usage: python -m bench.web_and_lamps [--shots 10]        (from the project's folder; Linux, two cores)

The street of bench/evidence_and_lamps.py. The gateway and `soundpost web` share core 0, all else is on core 1. By
turns: without the pages; with them; with them and eight who ask without a pause (bench/asking.py), so that they
take all of the core that they get; killed (SIGKILL) while each shot is told and started anew; with a disk that takes no
byte more (RLIMIT_FSIZE: each write fails). Latency: from the last of seven frames written to the first lamp told, by
the bank's own notes; first of all that is the time that the association waits. Prints one line of JSON a turn.
"""

import argparse
import asyncio
import contextlib
import json
import math
import os
import pathlib
import resource
import signal
import statistics
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Coroutine

from bench.evidence_and_lamps import KEYS, POLES, latencies_ms
from simulators.peers.cable import Cable
from simulators.peers.lamp_bank import LampBank

TURNS = ("without", "idle", "busy", "killed", "full")
WARM = 2
Hurt = Callable[[], None]
Shoot = Callable[[int, int], Coroutine[object, object, list[float]]]
"""So many shots, the first with this sequence number: the latency of each, ms."""


def write(folder: pathlib.Path, port: str, bank: str) -> None:
    """gateway.toml, web.toml and keys."""
    (folder / "keys.toml").touch(0o600)
    (folder / "keys.toml").write_text("\n".join(f'{node} = "{key.hex()}"' for node, key in KEYS.items()) + "\n")
    poles = "".join(f'[[pole]]\nnode = "{node}"\nxyz_m = {list(map(float, xyz_m))}\n' for node, xyz_m in POLES.items())
    lamps = ", ".join(f'{{ name = "l{i}", channel = {i}, xyz_m = [{30.0 * i}, 10.0, 8.0] }}' for i in range(4))
    (folder / "gateway.toml").write_text(
        'journal = "street.journal"\nkeys_file = "keys.toml"\nair = { temperature_c = 12 }\n'
        f"site = {{ lat_deg = 38.9, lon_deg = -77.0, h_m = 20 }}\n{poles}"
        f'[[serial]]\nport = "{port}"\n[[lamp_bank]]\nurl = "{bank}"\nlamps = [{lamps}]\n'
        "[policy.lights]\nonly_when_dark = false\nhold_s = 1.0\n"
    )
    (folder / "web.toml").write_text("port = 0\n")


def _on_core_0(hurt: Hurt = lambda: None) -> Hurt:
    def before() -> None:
        os.sched_setaffinity(0, {0})
        hurt()

    return before


def _no_byte_more(folder: pathlib.Path) -> Hurt:
    def hurt() -> None:
        most = max((path.stat().st_size for path in folder.glob("web.db*")), default=0)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    return hurt


@contextlib.asynccontextmanager
async def program(folder: pathlib.Path, *words: str, hurt: Hurt = lambda: None) -> AsyncIterator[tuple[int, str]]:
    """Runs on core 0. Comes back: its process and the first line that it says."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "soundpost", *words, cwd=folder, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL, preexec_fn=_on_core_0(hurt),
    )  # fmt: skip
    assert process.stdout is not None
    try:
        line = (await process.stdout.readline()).decode()
        drain = asyncio.create_task(process.stdout.read())
        yield process.pid, line
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        await process.wait()
    await drain


@contextlib.asynccontextmanager
async def busy(address: str) -> AsyncIterator[list[int]]:
    """Eight who ask without a pause. Comes back, at its end: how many answers came."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.asking", f"{address}/about", stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    answers: list[int] = []
    try:
        yield answers
    finally:
        answers.append(int((await process.communicate(b""))[0]))


async def turn(how: str, n_shots: int) -> dict[str, object]:
    """One turn, with its figures."""
    with tempfile.TemporaryDirectory() as name, Cable() as cable:
        folder, bank = pathlib.Path(name), LampBank(("127.0.0.1", 0), 4, 30)
        await bank.open()
        write(folder, cable.a, bank.url)
        try:
            async with program(folder, "gateway", "--config", "gateway.toml", "--json"):
                await latencies_ms(cable, bank, WARM, 1)
                found, more = await _under(how, folder, lambda n, first: latencies_ms(cable, bank, n, first), n_shots)
        finally:
            await bank.close()
    found = sorted(found)
    return {
        "web": how, "shots": n_shots, "lit": len(found), "p50_ms": round(statistics.median(found), 1),
        "p99_ms": round(found[min(len(found) - 1, math.ceil(0.99 * len(found)) - 1)], 1),
        "worst_ms": round(found[-1], 1), **more,
    }  # fmt: skip


async def _under(how: str, folder: pathlib.Path, shoot: Shoot, n_shots: int) -> tuple[list[float], dict[str, object]]:
    """The latencies, and what is to be said of the turn."""
    if how == "without":
        return await shoot(n_shots, 100), {}
    if how == "killed":
        return await _killed(folder, shoot, n_shots), {}
    if how == "full":
        async with program(folder, "web", "--config", "web.toml"):
            await asyncio.sleep(2)
    hurt = _no_byte_more(folder) if how == "full" else lambda: None
    async with program(folder, "web", "--config", "web.toml", hurt=hurt) as (pid, line):
        asking = busy(line.split()[-1]) if how == "busy" else contextlib.nullcontext(list[int]())
        async with asking as answers:
            before_s, began_s = _cpu_s(pid), time.monotonic()
            found = await shoot(n_shots, 100)
            cores = (_cpu_s(pid) - before_s) / (time.monotonic() - began_s)
        more: dict[str, object] = {"web_cores": round(cores, 2)}
        if answers:
            more["answers"] = answers[0]
        if how == "full":
            more["health"] = await asyncio.to_thread(_health, line.split()[-1])
    return found, more


async def _killed(folder: pathlib.Path, shoot: Shoot, n_shots: int) -> list[float]:
    found: list[float] = []
    for shot in range(n_shots):
        async with program(folder, "web", "--config", "web.toml") as (pid, _):
            shooting = asyncio.create_task(shoot(1, 100 + shot))
            await asyncio.sleep(0.05)
            os.kill(pid, signal.SIGKILL)
            found += await shooting
    return found


def _health(address: str) -> str:
    try:
        return str(urllib.request.urlopen(f"{address}/health", timeout=10).read().decode())
    except urllib.error.HTTPError as error:
        return error.read().decode()
    except OSError as error:
        return str(error)


def _cpu_s(pid: int) -> float:
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def main(n_shots: int) -> None:
    """All turns."""
    for how in TURNS:
        print(json.dumps(await turn(how, n_shots)), flush=True)  # noqa: T201


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="lamp latency whatever becomes of the pages' process")
    parser.add_argument("--shots", type=int, default=10)
    args = parser.parse_args()
    os.sched_setaffinity(0, {1})
    asyncio.run(main(args.shots))
