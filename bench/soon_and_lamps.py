"""How soon the lamp bank is told once six arrivals agree: many shots in a row at one running gateway.

usage: python -m bench.soon_and_lamps [--shots 240]        (from the project's folder; some five minutes)

A real gateway process with its journal on the disk, a real Modbus TCP bank on the loopback, the frames of seven poles
over a pty, each written when its pole would have heard the shot and LINK_S later. Two times for each shot, both to the
bank's own note of the first lamp: from the sixth arrival as the gateway has it (the time of its reason row, when the
frame was fed), and from the sixth frame as it was written here, with the line and the journal's write before it. Prints
one line of JSON: p50, p99 and the worst of both, how many lamps came up before the decision, and the machine's load.
"""

import argparse
import asyncio
import bisect
import json
import math
import os
import pathlib
import signal
import statistics
import sys
import tempfile
import time

import numpy as np

from dsp.air import Air
from firmware import wire
from gateway.journal.rows import kept, reading
from gateway.reaction.provisional import SOON
from hw.serial_line import open_serial_line
from simulators.peers.cable import Cable
from simulators.peers.lamp_bank import LampBank

POLES = {f"n{i}": xyz_m for i, xyz_m in enumerate(
    [(0, 0, 6), (60, 5, 6.5), (120, -4, 6), (3, 70, 7), (64, 75, 6), (118, 66, 6.2), (60, -60, 6)])}  # fmt: skip
KEYS = {node: bytes([i + 1]) * 32 for i, node in enumerate(POLES)}
SPOTS = ((20.0, 15.0), (95.0, 15.0), (20.0, 55.0), (60.0, 38.0), (95.0, 50.0), (60.0, -25.0))
"""A lamp each, and shots within NEAR_M of it: the next shot is at another, so that none waits until lamps are back."""
NEAR_M, RADIUS_M, EVERY_S, LINK_S, WARM = 8.0, 16.0, 1.3, 0.05, 12
SPEED_MPS = Air(12.0).speed_mps


def _write(folder: pathlib.Path, port: str, bank: str) -> None:
    (folder / "keys.toml").touch(0o600)
    (folder / "keys.toml").write_text("".join(f'{node} = "{key.hex()}"\n' for node, key in KEYS.items()))
    poles = "".join(f'[[pole]]\nnode = "{node}"\nxyz_m = {list(map(float, xyz_m))}\n' for node, xyz_m in POLES.items())
    lamps = ", ".join(f'{{ name = "l{i}", channel = {i}, xyz_m = [{e}, {n}, 8.0] }}' for i, (e, n) in enumerate(SPOTS))
    (folder / "gateway.toml").write_text(
        'journal = "street.journal"\nkeys_file = "keys.toml"\nair = { temperature_c = 12 }\n'
        f"site = {{ lat_deg = 38.9, lon_deg = -77.0, h_m = 20 }}\n{poles}"
        f'[[serial]]\nport = "{port}"\n[[lamp_bank]]\nurl = "{bank}"\nmap = "soundpost-bank"\nlamps = [{lamps}]\n'
        f"[policy.lights]\nonly_when_dark = false\nhold_s = 1.0\nradius_m = {RADIUS_M}\n"
    )


async def _shoot(cable: Cable, n_shots: int) -> list[int]:
    """Fire them all. Comes back: when the sixth frame of each was written, us UTC."""
    line, dice = await open_serial_line(cable.b, 115200), np.random.default_rng(1)
    sixth_us = []
    for shot in range(n_shots):
        spot = SPOTS[shot % len(SPOTS)]
        away_m, angle = NEAR_M * math.sqrt(dice.uniform()), dice.uniform(0, 2 * math.pi)
        place_m = (spot[0] + away_m * math.cos(angle), spot[1] + away_m * math.sin(angle), 1.5)
        began_us = time.time_ns() // 1000
        heard = sorted(
            (began_us + round(math.dist(xyz_m, place_m) / SPEED_MPS * 1e6), node) for node, xyz_m in POLES.items()
        )
        for number, (at_us, node) in enumerate(heard, 1):
            await asyncio.sleep(max(0.0, (at_us - time.time_ns() // 1000) / 1e6 + LINK_S))
            said = wire.Arrival(
                at_us, 200, wire.LOCKED, 9500, wire.DBSPL, 3500, 930, wire.BLAST, 0, (300, 2000, 900, 4), None, None
            )
            if number == 6:
                sixth_us.append(time.time_ns() // 1000)
            await line.write_frame(wire.seal(said, KEYS[node], node.encode(), 5, shot + 1))
        await asyncio.sleep(max(0.0, EVERY_S - (time.time_ns() // 1000 - began_us) / 1e6))
    await asyncio.sleep(2.0)
    await line.close()
    return sixth_us


def _soon_us(journal: pathlib.Path) -> list[int]:
    """When the arrival was fed that brought lamps up before the decision."""
    with reading(journal) as rows:
        told = [json.loads(each.row.body) for each in kept(rows, "reason")]
    mine = [each for each in told if each["incident"].startswith(SOON) and each["act"] == "lights" and each["does"]]
    return sorted(each["at_us"] for each in mine)


def _after_ms(since_us: list[int], full_us: list[int], until_ms: float = 1000.0) -> list[float]:
    """From each time to the first lamp after it; those where none came so soon are left out."""
    found = []
    for at_us in since_us:
        index = bisect.bisect_left(full_us, at_us)
        if index < len(full_us) and full_us[index] - at_us < until_ms * 1000:
            found.append((full_us[index] - at_us) / 1000)
    return sorted(found)


def _words(found: list[float]) -> dict[str, float]:
    p99 = found[max(0, math.ceil(0.99 * len(found)) - 1)]
    return {"n": len(found), "p50_ms": round(statistics.median(found), 1), "p99_ms": round(p99, 1)} | {
        "worst_ms": round(found[-1], 1)
    }


async def _main(n_shots: int) -> None:
    load = [os.getloadavg()[0]]
    with tempfile.TemporaryDirectory() as name, Cable() as cable:
        folder, bank = pathlib.Path(name), LampBank(("127.0.0.1", 0), len(SPOTS), 30)
        await bank.open()
        _write(folder, cable.a, bank.url)
        command = (sys.executable, "-m", "soundpost", "gateway", "--config", str(folder / "gateway.toml"), "--json")
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        assert process.stdout is not None
        await process.stdout.readline()
        drain = asyncio.create_task(process.stdout.read())
        sixth_us = (await _shoot(cable, WARM + n_shots))[WARM:]
        load.append(os.getloadavg()[0])
        process.send_signal(signal.SIGTERM)
        await process.wait()
        await drain
        await bank.close()
        soon_us = await asyncio.to_thread(_soon_us, folder / "street.journal")
    full_us = [int(each["t_us"]) for each in bank.notebook.entries if each.get("level_pct") == 100]
    fed_us = [at_us for at_us in soon_us if at_us >= sixth_us[0] - 1_000_000]
    told = {"shots": n_shots, "soon": len(fed_us), "fed_to_told": _words(_after_ms(fed_us, full_us))}
    told |= {"written_to_told": _words(_after_ms(sixth_us, full_us)), "load": [round(each, 1) for each in load]}
    print(json.dumps({**told, "cores": os.cpu_count()}), flush=True)  # noqa: T201


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="from the sixth agreeing arrival to the lamp bank, many times")
    parser.add_argument("--shots", type=int, default=240)
    asyncio.run(_main(parser.parse_args().shots))
