"""The folder that `soundpost init` makes, run: a real Mosquitto, a real gateway, a real node over TLS; and nodes whose
keys and certificates are taken back while they send."""

import asyncio
import json
import os
import re
import shutil
import signal
import sys
import time

import numpy as np
import pytest
import soundfile

from firmware import wire
from firmware.linux.mqtt_line import Broker, open_mqtt_line
from firmware.workshop import pole_file
from firmware.workshop.application import compile_into
from gateway.journal.rows import kept, reading
from hw.mqtt_connection import tls_context
from simulators.board.bench import Bench
from simulators.ports import free_ports

LIMIT_S = 20
IN_FORCE_S = 5
STAND_IN = "simulators.board.stand_in_ear import StandInEar"
STAND_IN_FILES = ("simulators/__init__.py", "simulators/board/__init__.py", "simulators/board/stand_in_ear.py")
RATE_HZ = 16_000
POLES = "pole,lat,lon,height,node,hardware,bank,channel\n" + "".join(
    f"P{n},{38.9001 + 0.0005 * (n // 4):.5f},{-77.0005 + 0.0006 * (n % 4):.5f},6.5,n{n},"
    f"{'esp32s3' if n == 11 else 'linux'},tcp://127.0.0.1:9,{n}\n"
    for n in range(12)
)


class Program:
    """A running program; `soundpost` where no other is named. What it says is kept in files."""

    def __init__(self, folder, name, *command):
        self.out, self.err = folder / f"{name}.out", folder / f"{name}.err"
        self._command = command if name == "mosquitto" else (sys.executable, "-m", "soundpost", *command)
        self._process = None

    async def start(self):
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self._process = await asyncio.create_subprocess_exec(*map(str, self._command), stdout=out, stderr=err)
        return self

    async def until(self, word):
        async with asyncio.timeout(LIMIT_S):
            while word not in self.out.read_text() + self.err.read_text():
                assert self._process.returncode is None, self.err.read_text()
                await asyncio.sleep(0.02)

    async def stop(self, number=signal.SIGTERM):
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)
            await self._process.wait()


async def soundpost(*arguments):
    """Run to its end: (exit status, what it said)."""
    command = (sys.executable, "-m", "soundpost", *map(str, arguments))
    kinds = {"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.STDOUT}
    process = await asyncio.create_subprocess_exec(*command, **kinds)
    async with asyncio.timeout(LIMIT_S):
        said, _ = await process.communicate()
    return process.returncode, said.decode()


class Street:
    """A folder of `soundpost init` with its broker and its gateway."""

    def __init__(self, folder, port, psk_port, mosquitto):
        self.folder, self.port, self.psk_port, self._mosquitto = folder, port, psk_port, mosquitto
        self.sequence = 0

    async def start(self):
        at = self.folder.parent
        self.broker = await Program(
            at, "mosquitto", self._mosquitto, "-c", self.folder / "broker/mosquitto.conf"
        ).start()
        await listens(self.port)
        self.gateway = await Program(
            at, "gateway", "gateway", "--config", self.folder / "gateway.toml", "--json"
        ).start()
        await self.gateway.until('"ready"')

    async def stop(self):
        await self.gateway.stop()
        await self.broker.stop()

    async def line(self, node, files=None):
        """To the broker, as this node; files : where its certificate lies."""
        at = files or self.folder / "nodes" / node
        tls = tls_context(*(str(at / name) for name in ("ca.pem", f"{node}.pem", f"{node}.tls.key")))
        return await open_mqtt_line(Broker("127.0.0.1", self.port, node, tls=tls))

    def frame(self, node, key):
        self.sequence += 1
        health = wire.Health(
            time.time_ns() // 1000, 200, wire.LOCKED, 60, 0, 0, 0, None, None, 0, 0, 0, 0, 1850, None, wire.DBSPL, None
        )
        return wire.seal(health, key, node.encode(), 5, self.sequence)

    def key(self, node):
        return bytes.fromhex((self.folder / "keys" / f"{node}.key").read_text())

    def copied(self, node):
        """What a pole carried, where nobody changes it."""
        files = self.folder.parent / f"copied-{node}"
        shutil.copytree(self.folder / "nodes" / node, files)
        return files

    async def heard(self, node):
        async with asyncio.timeout(LIMIT_S):
            while not self.rows(node):  # noqa: ASYNC110 (a file wakes nobody)
                await asyncio.sleep(0.05)

    def rows(self, node):
        """How many frames of a node are in the journal."""
        with reading(self.folder / "street.journal") as connection:
            return sum(each.row.kind == "frame" and each.row.node == node for each in kept(connection))


async def listens(port):
    async with asyncio.timeout(LIMIT_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return


@pytest.fixture
async def street(tmp_path, program):
    (tmp_path / "survey.csv").write_text(POLES)
    port, psk_port = free_ports(2)
    user = ("--broker-user", "root") if os.geteuid() == 0 else ()
    (tmp_path / "wifi").write_text("let me in\n")
    wifi = ("--wifi", "street", "--wifi-password-file", tmp_path / "wifi")
    ports = ("--port", port, "--psk-port", psk_port, *user, *wifi)
    made = await soundpost("init", tmp_path / "survey.csv", "--out", tmp_path / "street", "--host", "127.0.0.1", *ports)
    assert made[0] == 0, made[1]
    street = Street(tmp_path / "street", port, psk_port, program("mosquitto"))
    yield street
    if hasattr(street, "gateway"):
        await street.stop()


@pytest.fixture
async def running(street):
    await street.start()
    return street


async def sends_until_refused(street, node):
    """Sends, and comes again when thrown out, as who stole a node would. Ends when it was refused twice on end."""
    key, files = street.key(node), street.copied(node)
    last_s, sent, line, refused = 0.0, 0, None, 0
    while refused < 2:
        try:
            line = line or await street.line(node, files)
            await line.write_frame(street.frame(node, key))
            last_s, sent, refused = time.monotonic(), sent + 1, 0
        except OSError:
            line, refused = None, refused + 1
        await asyncio.sleep(0.02)
    return last_s, sent, files, key


async def test_a_node_of_the_folder_reports_over_tls_and_its_frame_is_in_the_journal(running):
    checked = await soundpost("gateway", "--config", running.folder / "gateway.toml", "--check")
    node = running.folder / "nodes/n3"
    soundfile.write(node / "night.wav", np.random.default_rng(7).normal(0, 1e-3, 30 * RATE_HZ), RATE_HZ)
    config = (node / "node.toml").read_text()
    microphone = re.search(r"(?s)kind = \"microphone\".*?(?=\n\[uplink\])", config)[0]
    (node / "node.toml").write_text(config.replace(microphone, 'kind = "file"\npath = "night.wav"\nstart_us = 1\n'))
    told = await Program(running.folder.parent, "n3", "node", "--config", node / "node.toml").start()
    await running.heard("n3")
    await told.stop()

    assert checked[0] == 0
    assert "good. 12 poles, 12 lamps, 0 cameras" in checked[1]


@pytest.mark.parametrize("verb", ["remove", "rotate"])
async def test_a_node_that_sends_is_refused_soon_after_its_key_is_taken_back_and_after_a_restart(
    running, verb, record_property
):
    sending = asyncio.create_task(sends_until_refused(running, "n2"))
    await running.heard("n2")
    at_s = time.monotonic()
    status, said = await soundpost("keys", verb, "n2", "--out", running.folder / "keys")
    last_s, sent, files, key = await sending
    rows = running.rows("n2")

    record_property("figure", f"keys {verb}: the last frame {last_s - at_s:.2f} s after")
    assert (status, sent > 0, last_s - at_s < IN_FORCE_S) == (0, True, True), said
    assert "The broker was told, and whoever was connected is thrown out: in force now." in said

    await running.stop()
    await running.start()
    with pytest.raises(OSError, match="no way into the MQTT broker"):
        line = await running.line("n2", files)
        await line.write_frame(running.frame("n2", key))
    by_another = await running.line("n3")
    with pytest.raises(OSError, match="does not take what we say on det/n2"):
        await by_another._connection.write("det/n2", running.frame("n2", key))
    await by_another.write_frame(running.frame("n2", key))  # the wire lets it pass, and the gateway does not
    await by_another.write_frame(running.frame("n3", running.key("n3")))
    await running.heard("n3")

    assert running.rows("n2") == rows


async def test_a_node_with_its_new_key_and_certificate_is_let_in_at_once(running):
    await soundpost("keys", "rotate", "n2", "--out", running.folder / "keys")
    line = await running.line("n2")
    async with asyncio.timeout(IN_FORCE_S):
        while not running.rows("n2"):
            await line.write_frame(running.frame("n2", running.key("n2")))
            await asyncio.sleep(0.2)
    await line.close()

    assert (running.folder / "nodes/n2/n2.key").read_text() == (running.folder / "keys/n2.key").read_text()


def packet(kind, *parts):
    body = b"".join(parts)
    return bytes([kind, len(body)]) + body


def text(words):
    return len(words).to_bytes(2) + words.encode()


async def board(program, street, psk):
    """A board's connection: MQTT 5 over TLS-PSK. Comes back: the process, once the broker has let it in."""
    at = ("-connect", f"127.0.0.1:{street.psk_port}", "-psk_identity", "n11", "-psk", psk)
    pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.DEVNULL}
    command = (program("openssl"), "s_client", "-quiet", "-tls1_2", *at)
    process = await asyncio.create_subprocess_exec(*command, **pipes)
    process.stdin.write(packet(0x10, text("MQTT"), b"\x05\x02\x00\x3c\x00", text("n11")))  # MQTT 5, 3.1
    async with asyncio.timeout(LIMIT_S):
        answer = await process.stdout.read(4)
    return process, answer[:1] == b"\x20" and answer[3:4] == b"\x00"  # CONNACK, success


async def test_a_board_with_what_the_folder_has_for_it_reports_under_micropython(running, micropython):
    at = running.folder.parent
    pole = pole_file.read(running.folder / "nodes/n11/board.toml")
    compile_into(at / "flash", "x64", STAND_IN_FILES)
    key, config = bytes.fromhex(pole.files["/node.key"].decode()), json.loads(pole.files["/node.json"])
    board = Bench(at / "n11", "n11", key, config, at / "flash", seed=1, start_s=int(time.time()), ear=STAND_IN)
    for name in ("broker.key", "network.key"):
        (at / "n11" / name).write_bytes(pole.files[f"/{name}"])
    runs = asyncio.create_task(board.run())
    try:
        await board.start(micropython)
        await running.heard("n11")
    finally:
        runs.cancel()
        await asyncio.gather(runs, return_exceptions=True)
        await board.close()

    assert running.rows("n11") > 0


async def ended(process):
    process.stdin.close()
    async with asyncio.timeout(LIMIT_S):
        await process.communicate()


@pytest.mark.parametrize("verb", ["rotate", "remove"])
async def test_a_board_that_is_connected_is_thrown_out_and_its_old_key_opens_nothing(running, program, verb):
    psk = (running.folder / "nodes/n11/n11.broker.key").read_text().strip()
    process, is_in = await board(program, running, psk)
    await soundpost("keys", verb, "n11", "--out", running.folder / "keys")
    async with asyncio.timeout(IN_FORCE_S):
        while await process.stdout.read(100):
            pass
    await ended(process)
    again, is_in_again = await board(program, running, psk)
    await ended(again)

    assert (is_in, is_in_again) == (True, False)
    if verb == "rotate":
        psk = (running.folder / "nodes/n11/n11.broker.key").read_text().strip()
        other, is_in = await board(program, running, psk)
        other.kill()
        await ended(other)
        assert is_in


async def test_nobody_without_a_certificate_is_let_in_and_nobody_speaks_as_another(running):
    ca = str(running.folder / "nodes/n1/ca.pem")
    with pytest.raises(OSError):
        await (await open_mqtt_line(Broker("127.0.0.1", running.port, "n1", tls=tls_context(ca, None, None)))).close()
    with pytest.raises(OSError):
        await (await open_mqtt_line(Broker("127.0.0.1", running.port, "n1"))).close()
    line = await running.line("n1")
    with pytest.raises(OSError, match="does not take what we say on det/n2"):
        await line._connection.write("det/n2", b"x")
    await line.close()


async def test_the_brokers_and_the_gateways_own_certificates_are_renewed_by_the_same_command(running):
    status, said = await soundpost("keys", "rotate", "broker", "gateway", "--out", running.folder / "keys")
    await running.stop()
    await running.start()
    line = await running.line("n1")
    await line.close()

    assert (status, "Start the broker again" in said) == (0, True)


async def test_a_changed_survey_is_in_force_after_a_restart_of_the_gateway(running):
    survey = running.folder.parent / "survey.csv"
    rows = POLES.splitlines()
    survey.write_text("\n".join([*rows[:2], *rows[3:], "P20,38.9016,-77.0005,6.5,n20,linux,tcp://127.0.0.1:9,20"]))
    asked = await soundpost("init", survey, "--out", running.folder)
    changed = await soundpost("init", survey, "--out", running.folder, "--yes")
    with pytest.raises(OSError, match=r"n1\.pem"):
        await running.line("n1")
    line = await running.line("n20")
    await line.write_frame(running.frame("n20", running.key("n20")))
    await line.close()
    await running.gateway.stop()
    await running.broker.stop()
    await running.start()
    ready = json.loads(running.gateway.out.read_text().splitlines()[0])

    assert asked[0] == 1
    assert "nothing was changed; --yes changes it" in asked[1]
    assert changed[0] == 0
    assert "start the gateway again" in changed[1]
    assert ready["what"] == "ready"
