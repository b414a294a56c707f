"""Real nodes and gateways on one real Mosquitto, that come in any order."""

import asyncio
import json
import re
import signal
import sys

import numpy as np
import pytest
import soundfile
import trustme

from simulators.peers.mosquitto import Mosquitto
from simulators.ports import free_ports

LIMIT_S = 20
RATE_HZ = 16_000
AS_US = "user root\n"  # who is root would otherwise become one that may not read our folder


class Program:
    """A running `soundpost` command; what it says on standard output, line by line, and its log."""

    def __init__(self, folder, *arguments):
        self.folder, self.arguments, self.said = folder, arguments, []

    async def start(self):
        command = (sys.executable, "-m", "soundpost", *self.arguments)
        log = (self.folder / "log").open("ab")
        self._process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=log)
        return self

    async def until(self, word):
        async with asyncio.timeout(LIMIT_S):
            while line := await self._process.stdout.readline():
                self.said.append(line.decode())
                if word in self.said[-1]:
                    return self.said[-1]
        raise AssertionError(f"ended without saying {word}: {self.log()}")

    async def until_logged(self, words):
        async with asyncio.timeout(LIMIT_S):
            while words not in self.log():  # noqa: ASYNC110 (a file wakes nobody)
                await asyncio.sleep(0.02)

    def log(self):
        return (self.folder / "log").read_text()

    def is_running(self):
        return self._process.returncode is None

    async def stop(self, number=signal.SIGTERM):
        self._process.send_signal(number)
        async with asyncio.timeout(LIMIT_S):
            return await self._process.wait()


@pytest.fixture
async def start():
    started = []

    async def start(peer):
        started.append(peer)
        return await peer.start()

    yield start
    for peer in started:
        if peer.is_running():
            await peer.stop(signal.SIGKILL)


@pytest.fixture
def free_port():
    return free_ports(1)[0]


@pytest.fixture
def gateway_folder(tmp_path, small_street, free_port):
    """Makes a folder of this name with a gateway's config and keys."""

    def make(name):
        folder = tmp_path / name
        folder.mkdir()
        poles = "".join(f'[[pole]]\nnode = "{p.node}"\nxyz_m = {list(p.xyz_m)}\n' for p in small_street.poles.values())
        (folder / "gateway.toml").write_text(
            'journal = "street.journal"\nkeys_file = "keys.toml"\n'
            f'site = {{ lat_deg = 38.9, lon_deg = -77.0 }}\n{poles}[mqtt]\nhost = "127.0.0.1"\nport = {free_port}\n'
            "tls = false\n"
        )
        (folder / "keys.toml").touch(0o600)
        (folder / "keys.toml").write_text("".join(f'{n} = "{key.hex()}"\n' for n, key in small_street.keys.items()))
        return folder

    return make


@pytest.fixture
def node_folder(tmp_path, small_street, free_port):
    """A folder with the config of node n0: half a minute of quiet, as fast as it is heard."""
    folder = tmp_path / "n0"
    folder.mkdir()
    soundfile.write(folder / "night.wav", np.random.default_rng(7).normal(0, 1e-3, 30 * RATE_HZ), RATE_HZ)
    (folder / "n0.key").touch(0o600)
    (folder / "n0.key").write_text(small_street.keys["n0"].hex())
    (folder / "node.toml").write_text(
        'node = "n0"\nkey_file = "n0.key"\nstate_dir = "state"\n[source]\nkind = "file"\npath = "night.wav"\n'
        f'start_us = 1790000000000000\nsigma_us = 50\n[uplink]\nkind = "mqtt"\nhost = "127.0.0.1"\nport = {free_port}\n'
        "tls = false\n"
    )
    return folder


async def test_a_node_that_starts_before_its_broker_says_so_and_is_heard_when_it_is_there(
    gateway_folder, node_folder, program, tmp_path, free_port, start
):
    node = await start(Program(node_folder, "node", "--config", node_folder / "node.toml"))
    await node.until("ready")
    await node.until_logged("the broker is not there yet")
    await start(Mosquitto(program("mosquitto"), tmp_path, free_port))
    folder = gateway_folder("gateway")
    gateway = await start(Program(folder, "gateway", "--config", folder / "gateway.toml", "--json"))
    await gateway.until("ready")
    following = await start(Program(folder, "journal", "follow", folder / "street.journal", "--from", "1", "--json"))
    frame = json.loads(await following.until('"kind": "frame"'))

    assert frame["node"] == "n0"
    assert node.log().count("the broker is not there yet") == 1


async def test_two_gateways_on_one_broker_do_not_throw_each_other_out(
    gateway_folder, node_folder, program, tmp_path, free_port, start
):
    await start(Mosquitto(program("mosquitto"), tmp_path, free_port))
    gateways = []
    for name in ("east", "west"):
        folder = gateway_folder(name)
        gateways.append(await start(Program(folder, "gateway", "--config", folder / "gateway.toml", "--json")))
        await gateways[-1].until("ready")
    await start(Program(node_folder, "node", "--config", node_folder / "node.toml"))
    for gateway in gateways:
        journal = gateway.folder / "street.journal"
        following = await start(Program(gateway.folder, "journal", "follow", journal, "--from", "1", "--json"))
        await following.until('"kind": "frame"')

    assert [each.is_running() for each in gateways] == [True, True]
    assert [each.log().count("broker") for each in gateways] == [0, 0]


async def test_by_default_each_program_has_a_client_id_of_its_own_the_same_at_each_start(
    gateway_folder, node_folder, program, tmp_path, free_port, start
):
    log = tmp_path / "mosquitto.log"
    await start(Mosquitto(program("mosquitto"), tmp_path, free_port, f"{AS_US}log_type notice\nlog_dest file {log}\n"))
    for name in ("east", "east", "west"):
        folder = tmp_path / name if (tmp_path / name).exists() else gateway_folder(name)
        gateway = await start(Program(folder, "gateway", "--config", folder / "gateway.toml", "--json"))
        await gateway.until("ready")
        await gateway.stop()
    node = await start(Program(node_folder, "node", "--config", node_folder / "node.toml"))
    await node.until("ready")
    ids = re.findall(r"client connected from \S+ as (\S+)", log.read_text())
    gateways = [each for each in dict.fromkeys(ids) if re.fullmatch(r"soundpost-gateway-[0-9a-f]{12}", each)]

    assert len(gateways) == 2
    assert set(ids) - set(gateways) == {"soundpost-n0"}


async def test_a_broker_behind_tls_is_called_mqtts_by_gateway_and_node_and_carries_frames(
    gateway_folder, node_folder, program, tmp_path, free_port, start
):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    for name in ("broker", "client"):
        mine = authority.issue_cert("127.0.0.1" if name == "broker" else "client.street.example")
        mine.cert_chain_pems[0].write_to_path(tmp_path / f"{name}.pem")
        mine.private_key_pem.write_to_path(tmp_path / f"{name}.key")
    files = "".join(
        f"{word} {tmp_path / file}\n"
        for word, file in (("cafile", "ca.pem"), ("certfile", "broker.pem"), ("keyfile", "broker.key"))
    )
    await start(Mosquitto(program("mosquitto"), tmp_path, free_port, f"{AS_US}{files}require_certificate true\n"))
    folder = gateway_folder("gateway")
    for config in (folder / "gateway.toml", node_folder / "node.toml"):
        ours = '"../ca.pem"\ncert_file = "../client.pem"\ntls_key_file = "../client.key"'
        config.write_text(config.read_text().replace("tls = false", f"ca_file = {ours}"))
    gateway = await start(Program(folder, "gateway", "--config", folder / "gateway.toml", "--json"))
    ready = json.loads(await gateway.until("ready"))
    node = await start(Program(node_folder, "node", "--config", node_folder / "node.toml"))
    node_ready = await node.until("ready")
    following = await start(Program(folder, "journal", "follow", folder / "street.journal", "--from", "1", "--json"))
    frame = json.loads(await following.until('"kind": "frame"'))

    assert f"mqtts://127.0.0.1:{free_port}" in json.dumps(ready)
    assert f"uplink=mqtts://127.0.0.1:{free_port}" in node_ready
    assert frame["node"] == "n0"
