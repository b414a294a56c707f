"""A host whose clock starts in 1970: each program says so in one line with what to do, and does nothing half."""

import asyncio
import json
import os
import pathlib
import subprocess
import sys

import pytest

from firmware import wire
from gateway.journal.rows import reading
from hw.linux.date import BORN_US, wrong_date
from hw.serial_line import open_serial_line
from simulators.peers.cable import Cable
from soundpost.doctor import nodes
from soundpost.keys import make_keys

SURVEY = "pole,lat,lon,height,node\n" + "".join(f"P{n},38.900{n},-77.0005,6.5,n{n}\n" for n in range(6))
LIMIT_S = 90


@pytest.fixture
def in_1970(program):
    """How to run a command of soundpost in 1970: (its words) -> (command, environment). The library is loaded by hand:
    `faketime` itself would stay between us and the process that a test ends."""
    program("faketime")
    (library,) = pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
    faked = {"LD_PRELOAD": str(library), "FAKETIME": "@1970-01-01 00:03:00", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def run(*words):
        return (sys.executable, "-m", "soundpost", *words), {**os.environ, "TZ": "UTC", **faked}

    return run


@pytest.fixture
async def street(tmp_path):
    """A gateway with one serial line and a node n1: the folder, and the line's other end."""
    with Cable() as cable:
        make_keys([f"n{n}" for n in range(1, 5)], tmp_path / "keys")
        poles = "".join(f'[[pole]]\nnode = "n{n}"\nxyz_m = [{60 * n}, {n * n}, 6]\n' for n in range(1, 5))
        (tmp_path / "gateway.toml").write_text(
            'journal = "street.journal"\nkeys_file = "keys/keys.toml"\nsite = { lat_deg = 38.9, lon_deg = -77.0 }\n'
            f'{poles}[[serial]]\nport = "{cable.a}"\n'
        )
        yield tmp_path, cable.b


def ran(command, environment):
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=LIMIT_S, env=environment)


def test_a_date_before_the_program_was_written_is_wrong_and_one_after_is_not():
    assert wrong_date(180_000_000).startswith("this host's clock says 1970-01-01 00:03Z")
    assert "set it" in wrong_date(BORN_US - 1)
    assert wrong_date(BORN_US) == ""


def test_init_makes_nothing_in_1970(in_1970, tmp_path):
    (tmp_path / "survey.csv").write_text(SURVEY)
    found = ran(*in_1970("init", tmp_path / "survey.csv", "--out", tmp_path / "street", "--host", "10.0.0.1"))

    assert found.returncode == 1
    (line,) = found.stderr.splitlines()
    assert "the clock says 1970-01-01: set it first" in line
    assert not (tmp_path / "street").exists()


async def test_a_gateway_says_so_at_its_start_and_acks_no_arrival_of_now(in_1970, street):
    folder, port = street
    command, environment = in_1970("gateway", "--config", folder / "gateway.toml", "--json", "--log", "text")
    gateway = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environment
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            assert json.loads(await gateway.stdout.readline())["what"] == "ready"
            acked = await _acked(folder, port)
    finally:
        gateway.terminate()
        _, err = await gateway.communicate()

    (line,) = (each for each in err.decode().splitlines() if "this host's clock says 1970-01-01" in each)
    assert "set it" in line
    assert "kept by them" in line
    assert acked == [2]  # the node's word of itself; its arrival it keeps
    with reading(folder / "street.journal") as journal:
        assert journal.execute("select count(*) from row where kind = 'frame'").fetchone() == (1,)


async def _acked(folder, port):
    """Sequences that the gateway acks of an arrival of now (1) and a health (2)."""
    key = bytes.fromhex((folder / "keys/n1.key").read_text().strip())
    now_us = 1_790_000_000_000_000
    arrival = wire.Arrival(
        now_us, 50, wire.LOCKED, 9000, wire.DBSPL, 3000, 900, wire.BLAST, 0, (1, 2, 3, 4), None, None
    )
    health = wire.Health(now_us, 50, wire.LOCKED, 60, 0, 0, 0, None, None, 0, 0, 0, 0, None, None, wire.DBFS, None)
    line = await open_serial_line(port, 115_200)
    try:
        for sequence, record in ((1, arrival), (2, health)):
            await line.write_frame(wire.seal(record, key, b"n1", 5, sequence))
        async for frame in line.frames():
            if wire.split(frame).kid != b"n1":
                continue  # the gateway greets all of them on the same line
            if spans := wire.open(frame, key, wire.DOWN).record.spans:
                return [sequence for _, first, last in spans for sequence in range(first, last + 1)]
    finally:
        await line.close()
    return []


async def test_a_node_says_so_once_at_its_start(in_1970, street, tmp_path):
    folder, port = street
    (folder / "node.toml").write_text(
        'node = "n1"\nkey_file = "keys/n1.key"\nstate_dir = "state"\n[source]\nkind = "pipe"\npath = "-"\n'
        f'rate_hz = 16000\n[uplink]\nkind = "serial"\nport = "{port}"\n'
    )
    command, environment = in_1970("node", "--config", folder / "node.toml", "--log", "text")
    node = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environment
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            while b"1970-01-01 00:03Z" not in (line := await node.stderr.readline()):
                assert line
    finally:
        node.terminate()
        _, rest = await node.communicate()

    assert b"no shot is placed by this node" in line
    assert b"1970-01-01 00:03Z" not in rest


async def test_the_doctor_fails_the_date_and_what_hangs_on_it(in_1970, street):
    folder, _ = street
    found = await asyncio.to_thread(ran, *in_1970("doctor", "--config", folder / "gateway.toml"))
    failed = {line.split()[1]: line for line in found.stdout.splitlines() if line.startswith("FAIL")}

    assert found.returncode == 1
    assert "1970-01-01" in failed["date"]
    assert "set the clock" in failed["certificate"]


def test_a_node_that_was_heard_after_what_the_host_calls_now_is_not_called_well():
    verdict = nodes.judge_node("n1", nodes.LastWord(1_790_000_000_000_000), 180_000_000)

    assert verdict.level == "FAIL"
    assert "yet to come" in verdict.says
