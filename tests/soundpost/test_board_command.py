"""`soundpost board provision` and `check` against a real MicroPython on a pty whose flash is LittleFS in a file."""

import asyncio
import contextlib
import json
import sys
import time

import pytest

from firmware import wire
from firmware.workshop import release
from gateway.gate import Gate
from gateway.seen import Seen
from hw.serial_line import open_serial_line
from simulators.board.usb_bench import UsbBench
from simulators.peers.cable import Cable
from soundpost import keys

LIMIT_S = 90
CONFIG = {"chip": "esp32s3", "uplink": {"kind": "serial"}}
POLE = """
node = "n17"
chip = "esp32s3"
xyz_m = [12.0, 40.5, 6.2]
key_file = "keys/n17.key"
update_key_file = "fleet/fleet.key"
uplink = { kind = "serial", baud = 115200 }
"""


@pytest.fixture(scope="session")
def workshop(tmp_path_factory):
    """Keys, and releases 7 and 8 for a simulated board."""
    folder = tmp_path_factory.mktemp("workshop")
    keys.make_keys(["n17", "n18"], folder / "keys")
    keys.make_keys(["fleet"], folder / "fleet")
    (folder / "n17.toml").write_text(POLE)
    update_key = bytes.fromhex((folder / "fleet" / "fleet.key").read_text())
    for chip, n in (("esp32s3", 7), ("esp32s3", 8), ("rp2350", 7)):
        (folder / f"{chip}-{n}.release").write_bytes(release.build(chip, "x64", n, 0, update_key))
    return folder


class Desk:
    """A technician's: a board on a cable, a gateway's gate at its RS-485 pair, and the command."""

    def __init__(self, folder, workshop, micropython, **board):
        self.folder, self.workshop, self.micropython = folder, workshop, micropython
        self.pair = Cable()
        self.board = UsbBench(folder / "board", CONFIG, port=self.pair.a, seed=3, start_s=int(time.time()), **board)
        self.key = bytes.fromhex((workshop / "keys" / "n17.key").read_text())
        self.running = [asyncio.create_task(self.board.run()), asyncio.create_task(self.serve())]

    async def serve(self):
        line = await open_serial_line(self.pair.b, 115_200)
        gate = Gate({"n17": self.key}, Seen())
        async for frame in line.frames():
            with contextlib.suppress(ValueError):
                opened = gate.open(frame, time.time_ns() // 1000)
                ack = wire.Ack(((opened.boot, opened.sequence, opened.sequence),))
                await line.write_frame(gate.seal("n17", ack))

    async def run(self, verb, *more, pole="n17.toml", image="esp32s3-7.release"):
        """(status, standard output's JSON lines, standard error)."""
        files = () if verb == "logs" else (
            "--pole", self.workshop / pole, "--release", self.workshop / image, "--out", self.folder / "out", "--json"
        )  # fmt: skip
        command = (sys.executable, "-m", "soundpost", "board", verb, *files, "--port", self.board.link, *more)
        process = await asyncio.create_subprocess_exec(
            *map(str, command), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(LIMIT_S):
            out, err = await process.communicate()
        self.said = out.decode() + err.decode()
        lines = [json.loads(line) for line in out.splitlines()] if files else out.decode().splitlines()
        return process.returncode, lines, err.decode()

    def log(self):
        return (self.folder / "out" / "n17.log").read_text()

    async def close(self):
        for task in self.running:
            task.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)
        await self.board.close()
        self.pair.close()


@pytest.fixture
async def desk(tmp_path, workshop, micropython):
    desk = Desk(tmp_path, workshop, micropython)
    await desk.board.start(micropython)
    yield desk
    await desk.close()


def by_name(lines):
    return {line["what"]: line for line in lines}


async def test_a_bare_board_is_provisioned_passes_and_runs_and_a_check_passes_too(desk):
    status, lines, err = await desk.run("provision")
    said = by_name(lines)

    assert (status, err) == (0, ""), desk.said
    assert said["verdict"]["verdict"] == "PASS"
    assert {"chip", "flash", "microphone", "pps", "gnss", "gateway"} <= set(said)
    label = (desk.folder / "out" / "n17.label.txt").read_text()
    assert "n17" in label and "firmware 7" in label
    assert desk.key.hex() not in desk.said + desk.log() + label + desk.board.console()
    status, lines, _ = await desk.run("check")
    assert (status, by_name(lines)["verdict"]["verdict"]) == (0, "PASS")
