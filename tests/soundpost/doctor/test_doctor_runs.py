"""`soundpost doctor` beside real programs: a broker with TLS, a gateway, a lamp bank; well, and with faults."""

import asyncio
import json
import os
import signal
import sqlite3
import sys
import time

import pytest

from firmware import wire
from firmware.linux.mqtt_line import Broker, open_mqtt_line
from gateway.journal.file import JournalFile
from gateway.journal.rows import Row
from hw.mqtt_connection import tls_context
from simulators.peers.camera import VirtualCamera
from simulators.peers.lamp_bank import LampBank
from simulators.peers.peer import opened
from simulators.ports import free_ports

LIMIT_S = 20
NODES = ("n0", "n1", "n2", "n3")
SURVEY = "pole,lat,lon,height,node,bank,channel\n" + "".join(
    f"P{n},{38.9001 + 0.0005 * (n // 2):.5f},{-77.0005 + 0.0006 * (n % 2):.5f},6.5,n{n},{{url}},{n}\n" for n in range(4)
)


async def soundpost(*arguments):
    """Run to its end: (exit status, standard output, standard error)."""
    command = (sys.executable, "-m", "soundpost", *map(str, arguments))
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(LIMIT_S):
        said, complained = await process.communicate()
    return process.returncode, said.decode(), complained.decode()


async def doctor(folder, *more):
    """What it found, (check, what) -> (level, says), and its status."""
    status, said, complained = await soundpost("doctor", "--config", folder / "gateway.toml", "--json", *more)
    assert "Traceback" not in complained
    lines = [json.loads(line) for line in said.splitlines()]
    return status, {(each["check"], each["what"]): (each["level"], each["says"]) for each in lines}


@pytest.fixture
async def programs():
    """Starts programs, and ends what a test left running."""
    running = []

    async def start(*command):
        process = await asyncio.create_subprocess_exec(
            *map(str, command), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        running.append(process)
        return process

    yield start
    for process in running:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
            await process.wait()


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


async def made(tmp_path, url, port):
    """A folder of `soundpost init`."""
    (tmp_path / "survey.csv").write_text(SURVEY.format(url=url))
    options = ("--host", "127.0.0.1", "--port", port, "--broker-user", "root" if os.geteuid() == 0 else "nobody")
    status, _, complained = await soundpost("init", tmp_path / "survey.csv", "--out", tmp_path / "street", *options)
    assert status == 0, complained
    return tmp_path / "street"


async def say(folder, port, node, clock=wire.LOCKED):
    """A node's health, to the broker; returns when the gateway has acknowledged it."""
    files = folder / "nodes" / node
    key = bytes.fromhex((folder / "keys" / f"{node}.key").read_text())
    now_us = time.time_ns() // 1000
    health = wire.Health(now_us, 200, clock, 60, 0, 0, 0, None, None, 0, 0, 0, 0, 1850, None, wire.DBSPL, None)
    tls = tls_context(*(str(files / name) for name in ("ca.pem", f"{node}.pem", f"{node}.tls.key")))
    line = await open_mqtt_line(Broker("127.0.0.1", port, node, tls=tls))
    try:
        await line.write_frame(wire.seal(health, key, node.encode(), 5, 1))
    finally:
        await line.close()


async def in_journal(folder, n):
    async with asyncio.timeout(LIMIT_S):
        while (await soundpost("journal", "export", folder / "street.journal"))[1].count(" frame ") < n:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_a_street_that_is_well_passes_and_nothing_of_it_is_touched(tmp_path, program, programs):
    bank, port = LampBank(("127.0.0.1", 0), n_lamps=4, level_pct=30), free_ports(1)[0]
    async with opened(bank):
        folder = await made(tmp_path, bank.url, port)
        broker = (program("mosquitto"), "-c", folder / "broker/mosquitto.conf")
        await programs(*broker)
        await listens(port)
        gateway = await programs(sys.executable, "-m", "soundpost", "gateway", "--config", folder / "gateway.toml")
        assert b"ready" in await gateway.stdout.readline()
        for node in NODES[:3]:
            await say(folder, port, node)
        await say(folder, port, "n3", wire.HOLDOVER)
        await in_journal(folder, 4)
        written = list(bank.notebook.entries)
        status, found = await doctor(folder)

        assert status == 0, found
        assert {level for level, _ in found.values()} <= {"PASS", "WARN"}
        assert found["gateway", ""] == ("PASS", f"runs as process {gateway.pid}")
        assert found["broker", f"mqtts://127.0.0.1:{port}"] == ("PASS", "answers by TLSv1.3")
        assert found["lamp bank", bank.url] == ("PASS", "4 of 4 lamps answer")
        assert found["node", "n0"][0] == "PASS"
        assert found["node", "n3"][0] == "WARN"
        assert "all holds" in found["journal", str(folder / "street.journal")][1]
        assert [each for each in bank.notebook.entries if each not in written] == []
        assert gateway.returncode is None


async def test_with_everything_away_each_thing_fails_by_name_in_bounded_time(tmp_path, program, programs):
    silent = await asyncio.start_server(lambda reader, writer: reader.read(), "127.0.0.1", 0)
    url, port = f"tcp://127.0.0.1:{silent.sockets[0].getsockname()[1]}", free_ports(1)[0]
    folder = await made(tmp_path, url, port)
    (folder / "keys/keys.toml").chmod(0o644)
    began_s = time.monotonic()
    status, found = await doctor(folder)
    silent.close()

    assert status == 1
    failed = {key for key, (level, _) in found.items() if level == "FAIL"}
    assert failed >= {
        ("gateway", ""), ("broker", f"mqtts://127.0.0.1:{port}"), ("lamp bank", url),
        ("permissions", str(folder / "keys/keys.toml")), ("journal", str(folder / "street.journal")),
    }  # fmt: skip
    assert time.monotonic() - began_s < LIMIT_S


async def test_a_broker_that_lets_this_certificate_in_no_longer_is_said(tmp_path, program, programs):
    port = free_ports(1)[0]
    folder = await made(tmp_path, "tcp://127.0.0.1:9", port)
    other = await made_other(tmp_path, port)
    await programs(program("mosquitto"), "-c", other / "broker/mosquitto.conf")
    await listens(port)
    _, found = await doctor(folder)

    assert found["broker", f"mqtts://127.0.0.1:{port}"][0] == "FAIL"


async def made_other(tmp_path, port):
    (tmp_path / "other").mkdir()
    return await made(tmp_path / "other", "tcp://127.0.0.1:9", port)


async def test_a_broken_config_is_said_and_the_rest_is_examined(tmp_path):
    bank = LampBank(("127.0.0.1", 0), n_lamps=4)
    async with opened(bank):
        folder = await made(tmp_path, bank.url, free_ports(1)[0])
        text = (folder / "gateway.toml").read_text()
        (folder / "gateway.toml").write_text(text.replace("lat_deg = 38.9", 'lat_deg = "north"', 1) + "\n[nonsense]\n")
        status, found = await doctor(folder)

    assert status == 1
    level, says = found["config", "gateway.toml"]
    assert level == "FAIL"
    assert "nonsense" in says
    assert found["lamp bank", bank.url][0] == "PASS"
    assert ("date", "") in found


@pytest.mark.parametrize("text", ["journal = \x00", "= = =", "[[[[", ""])
async def test_a_config_that_is_no_toml_still_gives_time_disk_and_versions(tmp_path, text):
    (tmp_path / "gateway.toml").write_text(text)
    status, found = await doctor(tmp_path)

    assert status == 1
    assert found["config", "gateway.toml"][0] == "FAIL"
    assert found["versions", ""][0] == "PASS"
    assert found["disk", str(tmp_path)][0] in ("PASS", "WARN")


async def test_a_config_that_is_not_there_is_one_line_and_no_traceback(tmp_path):
    status, found = await doctor(tmp_path)

    assert status == 1
    assert found["config", "gateway.toml"] == ("FAIL", f"{tmp_path}/gateway.toml: No such file or directory")


async def test_a_node_is_examined_by_its_own_config(tmp_path):
    folder = await made(tmp_path, "tcp://127.0.0.1:9", free_ports(1)[0])
    status, said, _ = await soundpost("doctor", "--config", folder / "nodes/n1/node.toml")

    assert status == 1
    assert "PASS  config node.toml" in said
    assert "FAIL  broker mqtts://127.0.0.1" in said
    assert "time" in said
    assert "lamp bank" not in said


async def test_rows_that_somebody_changed_are_found_whole_or_among_the_newest(tmp_path, small_journal):
    folder = await made(tmp_path, "tcp://127.0.0.1:9", free_ports(1)[0])
    small_journal(folder / "street.journal", 3_000)
    _, good = await doctor(folder)
    with sqlite3.connect(folder / "street.journal") as connection:
        connection.execute("drop trigger row_keeps")
        connection.execute("update row set at_us = at_us + 1 where number = 5")
    connection.close()
    _, newest = await doctor(folder)
    _, whole = await doctor(folder, "--whole")
    name = ("journal", str(folder / "street.journal"))

    assert good[name][0] == "PASS"
    assert "the newest 2000 holds" in good[name][1]
    assert newest[name][0] == "PASS"
    assert whole[name] == ("FAIL", "row 5 is not what was written there")


async def test_a_camera_is_asked_and_not_turned_and_one_with_another_password_fails(tmp_path):
    camera = VirtualCamera()
    async with opened(camera):
        folder = await made(tmp_path, "tcp://127.0.0.1:9", free_ports(1)[0])
        for name, password in (("good", "street"), ("bad", "other")):
            (folder / f"{name}.password").touch(0o600)
            (folder / f"{name}.password").write_text(password)
            with (folder / "gateway.toml").open("a") as config:
                config.write(
                    f'\n[[camera]]\nname = "{name}"\nurl = "{camera.url}"\nuser = "soundpost"\n'
                    f'password_file = "{name}.password"\nxyz_m = [0.0, 0.0, 6.0]\n'
                )
        _, found = await doctor(folder)

        assert found["config", "gateway.toml"][0] == "PASS"
        assert found["camera", "good"][0] == "PASS"
        assert found["camera", "bad"][0] == "FAIL"
        assert not [each for each in camera.notebook.entries if "pan_deg" in each]


async def test_a_web_process_whose_gateway_is_silent_says_so_and_one_that_is_away_is_named(tmp_path, programs):
    folder, port = await made(tmp_path, "tcp://127.0.0.1:9", free_ports(1)[0]), free_ports(1)[0]
    (folder / "web.toml").write_text(f"port = {port}\n")
    url = f"http://127.0.0.1:{port}/health"
    _, before = await doctor(folder)
    web = await programs(sys.executable, "-m", "soundpost", "web", "--config", folder / "web.toml")
    async with asyncio.timeout(LIMIT_S):
        assert b"ready" in await web.stdout.readline()
    _, after = await doctor(folder)

    assert before["web", url][1].startswith("does not answer")
    assert after["web", url][0] == "FAIL"
    assert after["web", url][1] in ("silent", "offline")
    assert after["web database", str(folder / "web.db")][0] == "PASS"


@pytest.fixture
def small_journal():
    """Writes a journal of so many rows."""

    def write(path, n_rows):
        file = JournalFile(path)
        now_us = time.time_ns() // 1000
        file.commit([Row("journal", now_us - 1_000_000 * (n_rows - n), b"{}") for n in range(n_rows)])
        file.close()

    return write
