"""`soundpost board provision` and `check` against a real MicroPython on a pty whose flash is LittleFS in a file."""

import asyncio
import contextlib
import json
import shutil
import sys
import time

import pytest

from firmware import update, wire
from firmware.workshop import release
from firmware.workshop.pole_file import EXAMPLE
from gateway.intake.gate import Gate
from gateway.intake.seen import Seen
from hw.board_console import Board
from hw.serial_line import open_serial_line
from simulators.board.usb_bench import UsbBench
from simulators.emulators import unix_port
from simulators.peers.cable import Cable
from soundpost import keys
from soundpost.__main__ import main

LIMIT_S = 90
CONFIG = {"chip": "esp32s3", "uplink": {"kind": "serial"}}


@pytest.fixture(scope="session")
def workshop(tmp_path_factory):
    """Keys, and releases 7 and 8 for a simulated board; 9 has another byte at the end of every file."""
    folder = tmp_path_factory.mktemp("workshop")
    keys.make_keys(["n17", "n18"], folder / "keys")
    keys.make_keys(["fleet"], folder / "fleet")
    (folder / "n17.toml").write_text(EXAMPLE)
    update_key = bytes.fromhex((folder / "fleet" / "fleet.key").read_text())
    for chip, n in (("esp32s3", 7), ("esp32s3", 8), ("rp2350", 7)):
        (folder / f"{chip}-{n}.release").write_bytes(release.build(chip, "x64", n, 0, update_key))
    eight = release.read((folder / "esp32s3-8.release").read_bytes(), "8", update_key)
    contents = {path: content + b"\0" for path, content in eight.contents.items()}
    rows = tuple(update.file_of(path, content) for path, content in contents.items())
    nine = update.image(update.Manifest(9, eight.manifest.class_id, 0, rows), update_key, contents)
    (folder / "esp32s3-9.release").write_bytes(nine)
    return folder


LOOK = """
import sys, vfs
from firmware import update
from firmware.board import boot
from firmware.board.installer import verify
class Disk:
    def __init__(self, path):
        self.file = open(path, "r+b")
    def readblocks(self, block, buffer, offset=0):
        self.file.seek(block * 4096 + offset)
        self.file.readinto(buffer)
    def writeblocks(self, block, buffer, offset=0):
        self.file.seek(block * 4096 + offset)
        self.file.write(buffer)
    def ioctl(self, request, argument):
        return {4: 256, 5: 4096, 6: 0}.get(request)
disk, key = Disk(sys.argv[1]), bytes.fromhex(sys.argv[2])
vfs.umount("/")
vfs.mount(vfs.VfsLfs2(disk), "/")
slot = boot.choose("")
if slot:
    with open("/" + slot + "/manifest", "rb") as file:
        manifest = update.open(file.read(), key)
    for file in manifest.files:
        verify("/" + slot, file)
    print("whole", manifest.sequence)
else:
    print("none")
"""


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
        async for frame in line.frames():
            gate = Gate({"n17": self.key}, Seen())
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

    async def until(self, is_so):
        async with asyncio.timeout(LIMIT_S):
            while not is_so():  # noqa: ASYNC110  (another process does it)
                await asyncio.sleep(0.05)

    def started_slot(self):
        """What boot.py would start from a copy of the board's flash, every file of it read: "whole N" or "none"."""
        shutil.copy(self.folder / "board" / "flash", self.folder / "copy")
        update_key = (self.workshop / "fleet" / "fleet.key").read_text().strip()
        return unix_port.run(self.micropython, LOOK, (self.folder / "copy", update_key)).strip()

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


def written(lines):
    return int(by_name(lines)["flash"]["figure"].split()[0])


async def test_a_bare_board_is_provisioned_passes_and_runs_and_a_check_passes_too(desk):
    status, lines, err = await desk.run("provision")
    said = by_name(lines)
    label = (desk.folder / "out" / "n17.label.txt").read_text()

    assert (status, err) == (0, ""), desk.said
    assert said["verdict"]["verdict"] == "PASS"
    assert {"chip", "flash", "microphone", "pps", "gnss", "gateway"} <= set(said)
    assert "n17" in label
    assert "firmware 7" in label
    assert desk.key.hex() not in desk.said + desk.log() + label + desk.board.console()
    status, lines, _ = await desk.run("check")
    assert (status, by_name(lines)["verdict"]["verdict"]) == (0, "PASS"), desk.said
    await desk.until(lambda: "INFO ready node=n17" in desk.board.console())  # it runs by itself once it is let go


async def test_a_cable_pulled_half_way_is_named_and_the_second_run_goes_on_from_there(desk):
    desk.board.drive_unplug(after_bytes=90_000)
    status, _, err = await desk.run("provision", "--no-check")

    assert (status, err.count("\n")) == (1, 1), desk.said
    assert "is the cable in" in err
    assert "FAIL" in desk.log()
    await desk.board.start(desk.micropython)
    status, lines, err = await desk.run("check")
    assert (status, by_name(lines)["verdict"]["verdict"]) == (1, "FAIL"), err
    assert "half-written slot" in by_name(lines)["flash"]["figure"]
    assert "provision` again" in by_name(lines)["flash"]["next"]
    status, lines, err = await desk.run("provision")
    assert status == 0, desk.said
    assert 0 < written(lines) < 48  # of some sixty
    status, lines, _ = await desk.run("provision", "--no-check")
    assert (status, written(lines)) == (0, 0)


async def test_wherever_the_cable_is_pulled_no_half_written_slot_is_ever_started(desk):
    started = []
    status, _, _ = await desk.run("provision", "--no-check")
    assert status == 0, desk.said
    assert desk.started_slot() == "whole 7"
    for after_bytes in (1_000, 3_500, 15_000, 40_000):
        desk.board.drive_unplug(after_bytes)
        status, _, _ = await desk.run("provision", "--no-check", image="esp32s3-9.release")
        assert status == 1
        started.append(desk.started_slot())
        await desk.board.start(desk.micropython)
    status, lines, _ = await desk.run("provision", "--no-check", image="esp32s3-9.release")

    assert set(started) <= {"whole 7", "none"}
    assert started[-1] == "none"
    assert (status, by_name(lines)["verdict"]["verdict"], desk.started_slot()) == (0, "PASS", "whole 9"), desk.said


async def test_what_a_board_lacks_is_named_with_what_to_do_next(desk):
    await desk.run("provision", "--no-check")
    old = desk.folder / "out" / "n17.label.txt"
    old.write_text("PASS of another day\n")
    desk.board.has_pulses = desk.board.has_fix = False
    desk.board.drive_microphone(stuck=0)
    desk.key = bytes(32)
    status, lines, _ = await desk.run("check", "--wait-s", "5")
    said = by_name(lines)

    assert (status, said["verdict"]["verdict"]) == (1, "FAIL"), desk.said
    assert not old.exists()
    assert "silent" in said["microphone"]["figure"]
    assert "L/R to ground" in said["microphone"]["next"]
    assert said["pps"]["figure"].startswith("0 pulses")
    assert "126, not 125" in said["pps"]["next"]
    assert (said["gnss"]["figure"], "antenna" in said["gnss"]["next"]) == ("no fix", True)
    assert said["gateway"]["figure"] == "no ack"
    mark = next(iter(keys.fingerprints(desk.workshop / "keys" / "n17.key").values()))
    assert mark in said["gateway"]["next"]
    assert not (desk.folder / "out" / "n17.label.txt").exists()
    desk.board.drive_microphone(stuck=-77)
    _, lines, _ = await desk.run("check", "--wait-s", "2")
    assert by_name(lines)["microphone"]["figure"] == "stuck: every word is -77"


async def test_another_chip_an_older_release_and_a_foreign_one_are_refused_and_nothing_is_written(desk):
    (desk.workshop / "rp.toml").write_text(EXAMPLE.replace("esp32s3", "rp2350"))
    status, _, err = await desk.run("provision", pole="rp.toml", image="rp2350-7.release")
    assert (status, "wrong chip" in err, "take the right board" in err) == (1, True, True)
    status, _, err = await desk.run("provision", image="rp2350-7.release")
    assert (status, "is for rp2350" in err) == (1, True)
    (desk.workshop / "fake.toml").write_text(EXAMPLE.replace("fleet/fleet", "keys/n18"))
    status, _, err = await desk.run("provision", pole="fake.toml")
    assert (status, "not sealed with this update key" in err) == (1, True)
    status, lines, _ = await desk.run("provision", "--no-check", image="esp32s3-8.release")
    assert status == 0
    status, _, err = await desk.run("provision", "--no-check")
    assert (status, "the board has release 8" in err) == (1, True), desk.said
    status, lines, _ = await desk.run("provision", "--no-check", "--older")
    assert (status, by_name(lines)["flash"]["ok"]) == (0, True)


class Claiming:
    """In the place of a board's console: a board that says that it is this, and of which nothing else may be asked."""

    def __init__(self, board):
        self._board = board

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        pass

    def who(self):
        return self._board


@pytest.mark.parametrize(
    ("board", "says"),
    [
        (Board("ESP32S3 module", (1, 26, 1), 6, 2), "its MicroPython is 1.26.1; 1.27 is the least"),
        (Board("ESP32S3 module", (1, 29, 0), 5, 2), "its MicroPython is 1.29.0; 1.27 is the least"),
        (Board("ESP32S3 module", (1, 29, 0), 6, 10), "its cores are xtensawin, the release is for x64"),
        (Board("ESP32S3 module", (1, 29, 0), 6, 63), "its cores are ?, the release is for x64"),
    ],
)
def test_a_board_too_old_or_with_other_cores_is_refused_before_anything_is_written(
    tmp_path, workshop, monkeypatch, capsys, board, says
):
    monkeypatch.setattr("soundpost.board.provision.BoardConsole", lambda port: Claiming(board))
    files = ("--pole", workshop / "n17.toml", "--release", workshop / "esp32s3-7.release", "--out", tmp_path)
    status = main(["board", "provision", *map(str, files), "--port", "/dev/ttyACM0"])
    said = capsys.readouterr()

    assert status == 1
    assert says in said.err
    assert len(said.err.splitlines()) == 1
    assert (workshop / "keys" / "n17.key").read_text().strip() not in said.out + said.err


async def test_a_full_flash_is_named(tmp_path, workshop, micropython):
    desk = Desk(tmp_path, workshop, micropython, n_blocks=20)
    try:
        await desk.board.start(micropython)
        status, _, err = await desk.run("provision", "--no-check")
    finally:
        await desk.close()

    assert (status, "its flash is full" in err, "--erase" in err) == (1, True, True), desk.said


async def test_logs_show_what_a_board_says_and_do_not_disturb_it(desk):
    await desk.run("provision", "--no-check")
    path = desk.folder / "n17.txt"
    showing = asyncio.create_task(desk.run("logs", "--seconds", "5", "--out", path))
    await desk.until(path.exists)
    desk.board.drive_reset()
    status, lines, _ = await showing

    assert status == 0
    assert any("INFO uplink is up" in line for line in lines), desk.board.console()
    assert path.read_text().splitlines() == lines


async def test_no_board_at_a_port_is_one_line(desk):
    desk.board.link = desk.folder / "nothing"
    for verb in ("check", "logs"):
        status, _, err = await desk.run(verb)
        assert (status, err.count("\n"), "is the cable in" in err) == (1, 1, True)
