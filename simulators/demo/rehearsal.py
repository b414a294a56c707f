"""`python -m simulators.demo.rehearsal STREET`: a shot in a street of `soundpost init`, before a microphone hangs.

STREET's broker and gateway run already, as they will run. Here each of its Linux nodes runs as `soundpost node` with
its own key, certificate and settings; only its microphone is rendered sound, in which somebody fires near the middle.
The gateway does not know that it is a rehearsal: what it lights is lit, and whom it tells is told.
"""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from firmware.linux.spool import left_behind
from gateway.config import GatewayConfig, read_config
from simulators.demo.configs import to_toml
from simulators.demo.programs import Program, python, run_once, start
from simulators.recordings.export import write_recording
from simulators.recordings.recording import Recording
from simulators.street.scenario import Scenario
from simulators.street.scene import record

SHOT_S, DURATION_S, SHOT_M = 4.0, 9.0, 1.5
CLOCK_US = 50
"""One sigma of the clocks: what GNSS without a pulse in the sound does well."""
LEAD_S = 3.0
"""Until the sound begins: this, and what the nodes take to start here and now. A late one hears all, later."""
READY_S, ACKED_S = 60.0, 60.0


def scene_of(config: GatewayConfig, nodes: Sequence[str], shot_m: tuple[float, float] | None, rounds: int) -> Scenario:
    """A street with a shot in it. shot_m : east and north of the site; None: near the middle of the poles."""
    poles = {node: pole.xyz_m for node, pole in config.poles().items() if node in nodes}
    east_m, north_m, up_m = (sum(xyz_m[axis] for xyz_m in poles.values()) / len(poles) for axis in range(3))
    at_m = shot_m or (round(east_m + 7.0, 1), round(north_m - 4.0, 1))
    shot = {"t_s": SHOT_S, "xyz_m": (*at_m, up_m - 6.0 + SHOT_M), "calibre": "9mm", "rounds": rounds, "interval_s": 0.5}
    return Scenario.model_validate(
        {
            "start_utc": "1970-01-01T00:00:00Z",
            "duration_s": DURATION_S,
            "clock_sigma_us": CLOCK_US,
            "site": config.site.model_dump(include={"lat_deg", "lon_deg", "h_m"}),
            "air": {"temperature_c": config.air.temperature_c, "humidity_pct": config.air.humidity_pct},
            "poles": [{"node": node, "xyz_m": xyz_m} for node, xyz_m in poles.items()],
            "shots": [shot],
        }
    )


async def rehearse(street: Path, shot_m: tuple[float, float] | None, rounds: int) -> None:
    """All of it. Raises ValueError or OSError of one line."""
    config = read_config(street / "gateway.toml")
    nodes = [node for node in config.poles() if (street / "nodes" / node / "node.toml").exists()]
    if len(nodes) < 4:
        raise OSError(f"{street / 'nodes'}: {len(nodes)} Linux nodes of four; did they go to their poles already?")
    scenario = scene_of(config, nodes, shot_m, rounds)
    with tempfile.TemporaryDirectory(prefix="soundpost-rehearsal-") as name:
        recording = await asyncio.to_thread(record, scenario, "rehearsal")
        programs: list[Program] = []
        try:
            await _play(street, recording, Path(name), programs)
        finally:
            await asyncio.gather(*(program.stop() for program in programs))


async def _play(street: Path, recording: Recording, scratch: Path, programs: list[Program]) -> None:
    """Each node hears its track, from the same moment on, and ends when all that it heard is acknowledged."""
    lead_s = LEAD_S + await _start_s(street, recording, scratch) / len(os.sched_getaffinity(0))
    start_us = time.time_ns() // 1000 + round(lead_s * 1e6)
    tracks = tuple(replace(track, start_us=start_us + track.start_us) for track in recording.tracks)
    await asyncio.to_thread(write_recording, replace(recording, tracks=tracks), scratch / "sound")
    for track in tracks:
        config = await asyncio.to_thread(_node, street, track.node, start_us, scratch)
        told = python("soundpost", "node", "--config", str(config))
        programs.append(await start(track.node, told, scratch / "logs"))
    await asyncio.gather(*(program.first_line(READY_S) for program in programs))
    (truth,) = recording.truths
    east_m, north_m, _ = truth.xyz_m
    fired, n_rounds = datetime.fromtimestamp(start_us / 1e6 + SHOT_S, UTC), truth.n_rounds
    _say(f"{len(programs)} nodes listen; {n_rounds} rounds at ({east_m:.1f}, {north_m:.1f}) m, {fired:%H:%M:%S} UTC")
    try:
        async with asyncio.timeout(lead_s + DURATION_S + ACKED_S):
            ended = await asyncio.gather(*(program.ended() for program in programs))
    except TimeoutError:
        raise OSError(
            "not all that was heard is acknowledged: do the broker and the gateway of this folder run?"
        ) from None
    if failed := [program.why() for program, status in zip(programs, ended, strict=True) if status != 0]:
        raise OSError(failed[0])
    await asyncio.to_thread(_check_acked, scratch, [track.node for track in tracks])
    _say("all that they heard is acknowledged")


def _check_acked(scratch: Path, nodes: Sequence[str]) -> None:
    """A node that ends gives up in time what nobody acknowledges, and keeps it: that is no fault of its own."""
    waiting = sum(not each.is_health for node in nodes for each in left_behind(scratch / node / "state"))
    if waiting:
        raise OSError(f"{waiting} arrivals are not acknowledged: do the broker and the gateway of this folder run?")


async def _start_s(street: Path, recording: Recording, scratch: Path) -> float:
    """How long all nodes take to start on one core, by one that only checks its settings."""
    (scratch / "logs").mkdir()
    begun_s = time.monotonic()
    config = street / "nodes" / recording.tracks[0].node / "node.toml"
    await run_once("check", python("soundpost", "node", "--check", "--config", str(config)), scratch / "logs")
    return (time.monotonic() - begun_s) * len(recording.tracks)


def _node(street: Path, node: str, start_us: int, scratch: Path) -> Path:
    """A copy of what goes to the pole, with a file for a microphone; its node.toml."""
    folder = scratch / node
    shutil.copytree(street / "nodes" / node, folder)
    path = folder / "node.toml"
    tables = tomllib.loads(path.read_text())
    sound = {"kind": "file", "path": f"../sound/{node}.wav", "start_us": start_us, "sigma_us": CLOCK_US, "paced": True}
    path.write_text(to_toml({**tables, "source": {**sound, "full_scale_db": 120.0}}))
    return path


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(argv: Sequence[str] | None = None) -> int:
    """0: all was acknowledged; 1: not, with one line why."""
    parser = argparse.ArgumentParser(
        prog="python -m simulators.demo.rehearsal", description="a shot, before there is one"
    )
    parser.add_argument("street", type=Path, metavar="STREET", help="the folder that soundpost init made")
    parser.add_argument(
        "--at", type=float, nargs=2, metavar=("EAST_M", "NORTH_M"), help="where (default: in the middle)"
    )
    parser.add_argument("--rounds", type=int, default=2, help="how many (default 2)")
    args = parser.parse_args(argv)
    try:
        asyncio.run(rehearse(args.street, (args.at[0], args.at[1]) if args.at else None, args.rounds))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"rehearsal: {' '.join(str(error).split())}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
