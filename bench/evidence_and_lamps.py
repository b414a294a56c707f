"""Do lamps come up as soon while four cameras record? One core for the gateway and the evidence process together.

usage: python -m bench.evidence_and_lamps [--shots 20] [--rounds 2]        (from the project's folder; Linux, two cores)

A real gateway, its lamp bank (Modbus TCP) and the frames of six poles and one over a pty; four RTSP cameras at 1080p,
15 pictures/s, about 4 Mbit/s each, whose pictures were coded before. By turns without and with `soundpost evidence`,
which records all four the whole time. Latency: from the last of seven frames written to the first lamp told, by the
bank's own notes; first of all that is the time that the association waits. Prints p50, p99 and the worst of each turn,
how long the gateway waited for a core (whoever had it), and the processor time of the evidence process.
"""

import argparse
import asyncio
import contextlib
import json
import math
import os
import pathlib
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from fractions import Fraction
from typing import ClassVar

import av
import numpy as np

from dsp.air import Air
from firmware import wire
from hw.rtsp_camera import RtspCamera, place_of
from hw.rtsp_messages import Account
from hw.serial_line import open_serial_line
from simulators.peers import rtp, rtsp_picture
from simulators.peers.cable import Cable
from simulators.peers.lamp_bank import LampBank
from simulators.peers.picture import Look

POLES = {f"n{i}": xyz_m for i, xyz_m in enumerate(
    [(0, 0, 6), (60, 5, 6.5), (120, -4, 6), (3, 70, 7), (64, 75, 6), (118, 66, 6.2), (60, -60, 6)])}  # fmt: skip
KEYS = {node: bytes([i + 1]) * 32 for i, node in enumerate(POLES)}
SHOT, N_CAMERAS, EVERY_S, SIZE, FPS = (45.0, 30.0, 1.5), 4, 3.0, (1920, 1080), 15
SPEED_MPS = Air(12.0).speed_mps


class Canned:
    """In place of rtsp_picture.Coder: two seconds of noise that moves, coded once for all cameras."""

    pictures: ClassVar[list[list[bytes]]] = []

    def __init__(self, size: tuple[int, int], fps: int, key_every: int) -> None:
        self.size, self._next = size, -1
        if not Canned.pictures:
            Canned.pictures = _coded()

    def code(self, look: Look, t_us: int) -> list[bytes]:
        """The next one."""
        self._next += 1
        return Canned.pictures[self._next % len(Canned.pictures)]


def _coded() -> list[list[bytes]]:
    coder = av.CodecContext.create("libx264", "w")
    assert isinstance(coder, av.VideoCodecContext)
    coder.width, coder.height, coder.pix_fmt = *SIZE, "yuv420p"
    coder.time_base, coder.framerate, coder.gop_size, coder.max_b_frames = Fraction(1, FPS), Fraction(FPS), FPS, 0
    coder.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "x264-params": "scenecut=0:bitrate=4000:vbv-maxrate=4500:vbv-bufsize=4000",
    }
    dice = np.random.default_rng(1)
    ground = dice.integers(0, 255, (SIZE[1] * 3 // 2, SIZE[0]), dtype=np.uint8)
    found = []
    for index in range(2 * FPS):
        frame = av.VideoFrame.from_ndarray(np.roll(ground, 8 * index, axis=1), format="yuv420p")
        frame.pts = index
        found.append(rtp.units(b"".join(bytes(packet) for packet in coder.encode(frame))))
    return found


def _write(folder: pathlib.Path, port: str, bank: str, streams: list[str]) -> None:
    def secret(name: str, text: str) -> None:
        (folder / name).touch(0o600)
        (folder / name).write_text(text + "\n")

    secret("keys.toml", "\n".join(f'{node} = "{key.hex()}"' for node, key in KEYS.items()))
    secret("reviewers.toml", f'evidence = "{"11" * 32}"')
    secret("evidence.key", "11" * 32)
    secret("shelf.key", "33" * 32)
    (folder / "evidence").mkdir()
    poles = "".join(f'[[pole]]\nnode = "{node}"\nxyz_m = {list(map(float, xyz_m))}\n' for node, xyz_m in POLES.items())
    lamps = ", ".join(f'{{ name = "l{i}", channel = {i}, xyz_m = [{30.0 * i}, 10.0, 8.0] }}' for i in range(4))
    cameras = "".join(
        f'[[evidence.stream]]\ncamera = "c{i}"\nurl = "{url}"\nxyz_m = [60.0, -20.0, 5.0]\nrange_m = 150\n'
        for i, url in enumerate(streams)
    )
    (folder / "gateway.toml").write_text(
        'journal = "street.journal"\nkeys_file = "keys.toml"\nrequests_keys_file = "reviewers.toml"\n'
        "site = { lat_deg = 38.9, lon_deg = -77.0, h_m = 20 }\nair = { temperature_c = 12 }\n"
        f'{poles}[[serial]]\nport = "{port}"\n[[lamp_bank]]\nurl = "{bank}"\nlamps = [{lamps}]\n'
        "[policy.lights]\nonly_when_dark = false\nhold_s = 1.0\n"
        f'[evidence]\nkey_file = "shelf.key"\nrequest_key_file = "evidence.key"\nleast_free_mb = 1\n{cameras}'
    )


@contextlib.asynccontextmanager
async def _running(folder: pathlib.Path, name: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program on core 0."""
    command = (sys.executable, "-m", "soundpost", name, "--config", str(folder / "gateway.toml"), "--json")
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, preexec_fn=lambda: os.sched_setaffinity(0, {0})
    )
    try:
        assert process.stdout is not None
        await process.stdout.readline()
        drain = asyncio.create_task(process.stdout.read())
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()
    await drain


async def _latencies_ms(cable: Cable, bank: LampBank, n_shots: int, first: int) -> list[float]:
    line = await open_serial_line(cable.b, 115200)
    found = []
    for shot in range(n_shots):
        t_us = time.time_ns() // 1000 - 400_000
        heard = sorted((t_us + round(math.dist(xyz_m, SHOT) / SPEED_MPS * 1e6), node) for node, xyz_m in POLES.items())
        noted = len(bank.notebook.entries)
        for at_us, node in heard:
            said = wire.Arrival(
                at_us, 200, wire.LOCKED, 9500, wire.DBSPL, 3500, 930, wire.BLAST, 0, (300, 2000, 900, 4), None, None
            )
            await line.write_frame(wire.seal(said, KEYS[node], node.encode(), 5, first + shot))
        told_us = time.time_ns() // 1000
        await asyncio.sleep(EVERY_S)
        lit = [each for each in bank.notebook.entries[noted:] if each.get("level_pct") == 100]
        found += [(int(lit[0]["t_us"]) - told_us) / 1000] if lit else []
    await line.close()
    return found


async def _turn(n_shots: int, *, with_evidence: bool, streams: list[str]) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as name, Cable() as cable:
        folder, bank = pathlib.Path(name), LampBank(("127.0.0.1", 0), 4, 30)
        await bank.open()
        _write(folder, cable.a, bank.url, streams)
        async with contextlib.AsyncExitStack() as running:
            gateway = await running.enter_async_context(_running(folder, "gateway"))
            cpu_s, began_s = 0.0, time.monotonic()
            if with_evidence:
                evidence = await running.enter_async_context(_running(folder, "evidence"))
                await asyncio.sleep(8)  # the rings fill
            await _latencies_ms(cable, bank, 2, 1)
            if with_evidence:
                cpu_s, began_s = _cpu_s(evidence.pid), time.monotonic()
            waited_s = _waited_s(gateway.pid)
            found = sorted(await _latencies_ms(cable, bank, n_shots, 100))
            waited_s = _waited_s(gateway.pid) - waited_s
            used = (_cpu_s(evidence.pid) - cpu_s) / (time.monotonic() - began_s) if with_evidence else 0.0
        await bank.close()
        clips = await asyncio.to_thread(_clips_bytes, folder)
    told = {
        "with_evidence": with_evidence,
        "shots": n_shots,
        "lit": len(found),
        "p50_ms": round(statistics.median(found), 1),
    }
    told |= {
        "p99_ms": round(found[min(len(found) - 1, math.ceil(0.99 * len(found)) - 1)], 1),
        "worst_ms": round(found[-1], 1),
    }
    told["gateway_waited_ms_a_shot"] = round(1e3 * waited_s / n_shots, 2)
    return {**told, "evidence_cores": round(used, 3), "clips_mb": round(clips / 1e6, 1)}


def _clips_bytes(folder: pathlib.Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.mp4.sealed"))


def _waited_s(pid: int) -> float:
    """How long its first thread, the loop, was ready to run and had no core (proc(5): schedstat)."""
    return int(pathlib.Path(f"/proc/{pid}/schedstat").read_text("utf-8").split()[1]) / 1e9


def _cpu_s(pid: int) -> float:
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _show() -> None:
    """The four cameras, as a program of its own: their addresses in a line, then pictures until it is ended."""
    rtsp_picture.Coder = Canned  # type: ignore[assignment, misc]
    cameras = [rtsp_picture.RtspPicture(size=SIZE, fps=FPS) for _ in range(N_CAMERAS)]
    for camera in cameras:
        await camera.open()
    print(json.dumps([camera.url for camera in cameras]), flush=True)  # noqa: T201
    await asyncio.Event().wait()


async def _watch(urls: list[str]) -> None:
    """Somebody who looks and keeps nothing, so that the cameras have as much to do without the evidence process."""

    async def look(url: str) -> None:
        async for _ in RtspCamera(place_of(url), Account("", ""), None, lambda: 0).pictures():
            pass

    print("looking", flush=True)  # noqa: T201
    await asyncio.gather(*(look(url) for url in urls))


@contextlib.asynccontextmanager
async def _beside(*words: str) -> AsyncIterator[bytes]:
    """This file as another program, on core 1. Gives its first line."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.evidence_and_lamps",
        *words,
        stdout=asyncio.subprocess.PIPE,
        preexec_fn=lambda: os.nice(10),
    )
    try:
        assert process.stdout is not None
        yield await process.stdout.readline()
    finally:
        process.kill()
        await process.wait()


async def _main(n_shots: int, n_rounds: int) -> None:
    async with _beside("--show") as line:
        urls: list[str] = json.loads(line)
        for _ in range(n_rounds):
            async with _beside("--watch", *urls):
                print(json.dumps(await _turn(n_shots, with_evidence=False, streams=urls)), flush=True)  # noqa: T201
            print(json.dumps(await _turn(n_shots, with_evidence=True, streams=urls)), flush=True)  # noqa: T201


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="lamp latency without and with four cameras recording")
    parser.add_argument("--shots", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--show", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--watch", nargs="+", help=argparse.SUPPRESS)
    args = parser.parse_args()
    os.sched_setaffinity(0, {1})
    work = _show() if args.show else _watch(args.watch) if args.watch else _main(args.shots, args.rounds)
    asyncio.run(work)
