"""`soundpost node` as a process on a cable, the real gate at the far end: what it hears arrives, whatever happens."""

import asyncio
import contextlib
import pathlib
import signal
import socket
import subprocess
import sys

import numpy as np
import pytest
import soundfile
import structlog

from firmware import wire
from firmware.linux.voices import VERDICT
from gateway.intake.gate import Gate
from gateway.intake.seen import Seen
from hw.serial_line import open_serial_line
from simulators.peers.cable import Cable
from soundpost.__main__ import main
from soundpost.keys import make_keys

RATE_HZ = 16_000
START_US = 1_790_000_000_000_000
SHOTS_S = (2.0, 3.0)
LIMIT_S = 20


@pytest.fixture
def node_folder(tmp_path):
    """A folder with a key, a sound with two bangs, and a function that writes node.toml for a port."""
    noise = np.random.default_rng(7).normal(0, 1e-3, 5 * RATE_HZ)
    for at_s in SHOTS_S:
        n = np.arange(RATE_HZ // 50)
        noise[int(at_s * RATE_HZ) + n] += 0.6 * np.exp(-n / 40) * np.cos(2 * np.pi * 900 * n / RATE_HZ)
    soundfile.write(tmp_path / "night.wav", noise, RATE_HZ)
    make_keys(["n17"], tmp_path / "keys")
    return tmp_path


@pytest.fixture
def full():
    """A file that takes nothing."""
    with pathlib.Path("/dev/full").open("wb") as full:
        yield full


def configure(folder, port, more="", paced="false"):
    path = folder / "node.toml"
    path.write_text(
        f"""node = "n17"\nkey_file = "keys/n17.key"\nstate_dir = "state"\n[source]\nkind = "file"\npath = "night.wav"
start_us = {START_US}\nsigma_us = 50\npaced = {paced}\n{more}\n[uplink]\nkind = "serial"\nport = "{port}"\n"""
    )
    return path


async def started(path, program=("-m", "soundpost"), out=subprocess.PIPE):
    command = (sys.executable, *program, "node", "--config", path)
    return await asyncio.create_subprocess_exec(
        *command, stdout=out, stderr=subprocess.PIPE if out == subprocess.PIPE else out
    )


LOOKING = """
import sys
from dsp.hearing import detect
from dsp.hearing.onset import Look
from soundpost.__main__ import main


class Looking(detect.Detector):
    heard = []

    def _keep(self, onsets):
        self.heard = [*self.heard, *onsets]
        return onsets

    def feed(self, *args):
        return self._keep(super().feed(*args))

    def flush(self):
        return self._keep(super().flush())

    def looks(self):
        heard, self.heard = self.heard, []
        return [Look(each.channel, each.sample, ms, 0.875, "blast") for each in heard for ms in (400, 950)]


import firmware.linux.dsp_ear as ear
ear.Detector = Looking
sys.exit(main(sys.argv[1:]))
"""
"""The node as it is, but for a detector that looks twice at each onset."""


SPOILT = """
import pathlib, sys
from firmware.linux import run
from firmware.linux.voices import voices
from soundpost.__main__ import main

weights = pathlib.Path(sys.argv.pop(1))
run.voices = lambda: voices(weights, weights.with_name("no-ear.npz"))
sys.exit(main(sys.argv[1:]))
"""
"""The node as it is, but for where its weights are."""


class Gateway:
    """The far end: opens what comes and acks it, unless it is mute. `heard` holds the arrivals by (boot, sequence),
    `looks` the looks."""

    def __init__(self, folder, mute=False):
        self.looks = []
        key = bytes.fromhex((folder / "keys" / "n17.key").read_text())
        self.gate, self.mute, self.heard, self.more = Gate({"n17": key}, Seen()), mute, {}, asyncio.Event()

    async def serve(self, port):
        line = await open_serial_line(port, 115_200)
        try:
            async for frame in line.frames():
                opened = self.gate.open(frame, START_US + 10**9)
                if isinstance(opened.record, wire.Look):
                    self.looks.append(opened.record)
                if isinstance(opened.record, wire.Arrival):
                    self.heard[opened.boot, opened.sequence] = opened.record
                    self.more.set()
                if not self.mute:
                    spans = ((opened.boot, opened.sequence, opened.sequence),)
                    await line.write_frame(self.gate.seal("n17", wire.Ack(spans)))
        finally:
            await line.close()

    async def until(self, n_heard):
        async with asyncio.timeout(LIMIT_S):
            while len(self.heard) < n_heard:
                self.more.clear()
                await self.more.wait()


@contextlib.asynccontextmanager
async def serving(gateway, port):
    task = asyncio.create_task(gateway.serve(port))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def finished(process):
    out, err = await asyncio.wait_for(process.communicate(), LIMIT_S)
    return process.returncode, out.decode(), err.decode()


async def test_a_recorded_night_is_reported_and_the_node_ends_when_all_is_acknowledged(node_folder):
    with Cable() as cable:
        gateway = Gateway(node_folder)
        async with serving(gateway, cable.b):
            code, out, err = await finished(await started(configure(node_folder, cable.a)))

    times_s = [(arrival.t_us - START_US) / 1e6 for arrival in gateway.heard.values()]
    assert (code, out.splitlines()[0].split()[:2]) == (0, ["ready", "node=n17"])
    assert times_s == pytest.approx(SHOTS_S, abs=0.002)
    assert {arrival.clock for arrival in gateway.heard.values()} == {wire.LOCKED}
    assert "WARN" not in err.upper()
    assert (node_folder / "keys" / "n17.key").read_text().strip() not in out + err


async def test_later_looks_follow_their_arrivals_and_the_node_ends_when_they_are_acknowledged(node_folder):
    with Cable() as cable:
        gateway = Gateway(node_folder)
        async with serving(gateway, cable.b):
            code, _, err = await finished(await started(configure(node_folder, cable.a), ("-c", LOOKING)))

    wanted = [(sequence, ms, 875, wire.BLAST, 0) for _, sequence in sorted(gateway.heard) for ms in (400, 950)]
    assert (code, len(gateway.heard)) == (0, 2)
    assert sorted(gateway.looks) == wanted
    assert "WARN" not in err.upper()


async def test_a_node_whose_weights_are_cut_says_so_and_hears_with_the_first_look(node_folder):
    whole = VERDICT.read_bytes()
    (node_folder / "cut.npz").write_bytes(whole[: len(whole) // 2])
    with Cable() as cable:
        gateway = Gateway(node_folder)
        async with serving(gateway, cable.b):
            program = ("-c", SPOILT, str(node_folder / "cut.npz"))
            code, out, err = await finished(await started(configure(node_folder, cable.a), program))

    (told,) = (line for line in (out + err).splitlines() if "a voice is not heard" in line)
    assert (code, len(gateway.heard), gateway.looks) == (0, 2, [])
    assert str(node_folder / "cut.npz") in told
    assert all(arrival.p_gunshot_permille is not None for arrival in gateway.heard.values())


async def test_what_is_rare_is_kept_in_the_state_folder_and_a_damaged_file_is_told(node_folder):
    with Cable() as cable:
        async with serving(Gateway(node_folder), cable.b):
            code, _, first = await finished(await started(configure(node_folder, cable.a)))
            kept = (node_folder / "state" / "rarity.bin").read_bytes()
            (node_folder / "state" / "rarity.bin").write_bytes(kept[:-1])
            again, _, err = await finished(await started(configure(node_folder, cable.a)))

    assert (code, again, len(kept) <= 600) == (0, 0, True)
    assert "what is rare here is not known yet" in first
    assert "what is rare here is learnt anew" in err
    assert (node_folder / "state" / "rarity.bin").read_bytes()[:8] == kept[:8]


async def test_a_node_that_can_write_to_no_terminal_reports_all_the_same(node_folder, full):
    with Cable() as cable:
        gateway = Gateway(node_folder)
        async with serving(gateway, cable.b):
            process = await started(configure(node_folder, cable.a), out=full)
            status = await asyncio.wait_for(process.wait(), LIMIT_S)

    assert (status, len(gateway.heard)) == (0, 2)


async def test_figures_where_nobody_can_write_are_told_by_the_check(node_folder, capsys):
    with Cable() as cable:
        path = configure(node_folder, cable.a)
        path.write_text('metrics_file = "/proc/node.prom"\n' + path.read_text())

        assert main(["node", "--config", str(path), "--check"]) == 1
        assert "metrics_file: /proc/node.prom cannot be written" in capsys.readouterr().err


async def test_a_running_node_writes_figures_and_a_folder_that_is_away_is_told_before_it_starts(node_folder, capsys):
    with Cable() as cable:
        path = configure(node_folder, cable.a, paced="true")
        path.write_text('metrics_file = "figures/node.prom"\n' + path.read_text())
        assert main(["node", "--config", str(path), "--check"]) == 1
        assert "metrics_file" in capsys.readouterr().err
        (node_folder / "figures").mkdir()
        async with serving(Gateway(node_folder), cable.b):
            process = await started(path)
            async with asyncio.timeout(LIMIT_S):
                while not (node_folder / "figures/node.prom").exists():  # noqa: ASYNC110 (a file wakes nobody)
                    await asyncio.sleep(0.05)
            process.terminate()
            await finished(process)

    assert 'soundpost_node_info{node="n17"' in (node_folder / "figures/node.prom").read_text()


async def test_a_node_killed_before_any_ack_says_it_all_again(node_folder):
    with Cable() as cable:
        gateway = Gateway(node_folder, mute=True)
        async with serving(gateway, cable.b):
            first = await started(configure(node_folder, cable.a))
            await gateway.until(2)
            first.send_signal(signal.SIGKILL)
            await finished(first)
            before, gateway.heard, gateway.mute = dict(gateway.heard), {}, False
            code, _, _ = await finished(await started(configure(node_folder, cable.a)))

    assert code == 0
    assert before.items() <= gateway.heard.items()
    assert len(gateway.heard) == 4  # it heard the same night again, as another boot


async def test_frames_lost_on_the_cable_come_again(node_folder):
    with Cable() as cable:
        gateway = Gateway(node_folder)
        cable.cut = True
        async with serving(gateway, cable.b):
            process = await started(configure(node_folder, cable.a))
            async with asyncio.timeout(LIMIT_S):
                await process.stdout.readline()
            cable.cut = False
            code, _, _ = await finished(process)

    assert (code, len(gateway.heard)) == (0, 2)


async def test_a_node_that_is_told_to_stop_stops_with_status_0(node_folder):
    with Cable() as cable:
        path = configure(node_folder, cable.a).read_text().replace("paced = false", "paced = true")
        (node_folder / "node.toml").write_text(path.replace(str(START_US), "9000000000000000"))
        process = await started(node_folder / "node.toml")
        async with asyncio.timeout(LIMIT_S):
            await process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        code, _, err = await finished(process)

    assert code == 0
    assert "Traceback" not in err


@pytest.fixture
def refused(capsys):
    """Runs the command in this process: its one line on standard error, having seen to status 1 and no more output."""

    def line(path):
        status = main(["node", "--config", str(path)])
        said = capsys.readouterr()
        assert (status, said.out) == (1, "")
        assert said.err.startswith("soundpost node: ")
        assert said.err.count("\n") == 1
        return said.err

    yield line
    structlog.reset_defaults()


def test_what_is_not_there_is_one_line_and_status_1(node_folder, refused):
    path = configure(node_folder, "/dev/no-such-port")

    assert "/dev/no-such-port: no such serial port" in refused(path)
    (node_folder / "night.wav").unlink()
    assert "night.wav" in refused(path)
    (node_folder / "keys" / "n17.key").chmod(0o640)
    assert "must be 0600" in refused(path)


def test_check_names_a_port_and_a_sound_that_are_not_there(node_folder):
    path = configure(node_folder, node_folder / "port")
    (node_folder / "night.wav").unlink()
    command = (sys.executable, "-m", "soundpost", "node", "--config", path, "--check")
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=LIMIT_S)

    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (1, "", 1)
    assert f"uplink.port: {node_folder / 'port'} is not there; source.path: {node_folder / 'night.wav'}" in ran.stderr


async def test_systemd_is_told_that_it_listens_and_that_it_ends(node_folder, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(node_folder / "notify"))
        systemd.settimeout(LIMIT_S)
        monkeypatch.setenv("NOTIFY_SOCKET", str(node_folder / "notify"))
        with Cable() as cable:
            process = await started(configure(node_folder, cable.a, paced="true"))
            said = [await asyncio.to_thread(systemd.recv, 100)]
            while said[-1] != b"WATCHDOG=1":
                said.append(await asyncio.to_thread(systemd.recv, 100))
            process.send_signal(signal.SIGTERM)
            while said[-1] != b"STOPPING=1":
                said.append(await asyncio.to_thread(systemd.recv, 100))
            await process.communicate()

    assert (said[0], process.returncode) == (b"READY=1", 0)
