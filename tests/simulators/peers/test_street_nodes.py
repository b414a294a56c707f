"""The nodes of a folder that `soundpost init` made, run against its own broker and gateway."""

import asyncio
import json
import os
import signal
import sys
from contextlib import asynccontextmanager

import pytest

from simulators.peers import street_nodes
from simulators.ports import free_ports

LIMIT_S = 60
SURVEY = "pole,lat,lon,height,node\n" + "".join(
    f"P{n},{38.9001 + 0.0005 * (n // 4):.5f},{-77.0005 + 0.0006 * (n % 4):.5f},6.5,n{n}\n" for n in range(8)
)


@asynccontextmanager
async def runs(*command):
    """A program that ends with the test."""
    pipes = {"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.DEVNULL}
    process = await asyncio.create_subprocess_exec(*map(str, command), **pipes)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()


async def lines_until(process, what):
    """What it says, up to a line of this kind."""
    said = []
    async with asyncio.timeout(LIMIT_S):
        while not said or said[-1]["what"] != what:
            line = await process.stdout.readline()
            assert line, said
            said.append(json.loads(line))
    return said


async def test_they_come_as_themselves_and_a_shot_among_them_is_placed(tmp_path, program):
    port, psk_port = free_ports(2)
    (tmp_path / "survey.csv").write_text(SURVEY)
    at, street = ("--host", "127.0.0.1", "--port", port, "--psk-port", psk_port), tmp_path / "street"
    user = ("--broker-user", "root") if os.geteuid() == 0 else ()
    soundpost = (sys.executable, "-m", "soundpost")
    async with runs(*soundpost, "init", tmp_path / "survey.csv", "--out", street, *at, *user) as init:
        await init.communicate()
    broker = runs(program("mosquitto"), "-c", street / "broker/mosquitto.conf")
    gateway = runs(*soundpost, "gateway", "--config", street / "gateway.toml", "--json")
    nodes = runs(sys.executable, "-m", street_nodes.__name__, street / "nodes", "--shots", 1)
    async with broker, gateway as gateway, nodes as nodes:
        told = await lines_until(nodes, "shot")
        incident = (await lines_until(gateway, "incident"))[-1]

    assert [each for each in told if each["what"] != "away"][:2] == [
        {"what": "let in", "nodes": 8},
        {"what": "acked", "nodes": 8},
    ]
    assert incident["incident"]
    assert nodes.returncode == 0


@pytest.mark.parametrize("text", [None, "node = 1\n"])
def test_a_folder_without_such_nodes_is_one_line(tmp_path, capsys, text):
    if text is not None:
        (tmp_path / "n1").mkdir()
        (tmp_path / "n1/node.toml").write_text(text)
    status = street_nodes.main([str(tmp_path)])

    assert (status, capsys.readouterr().err.count("\n")) == (1, 1)
