"""The whole unmodified firmware under a real MicroPython, six nodes of it, on ptys and pipes, with a real gateway."""

import asyncio
import json
import math
import signal
import sys
import time

import cbor2
import pycddl
import pytest

from dsp.air import Air
from firmware import wire
from firmware.workshop.application import ROOT, compile_into
from gateway.journal.chain import verify
from gateway.journal.rows import kept, reading
from simulators.board.broker import Broker
from simulators.board.street import AIR_C, POLES, BoardStreet

LIMIT_S, ROUNDS = 40, 20
SHOT = (45.0, 30.0, 1.5)
PICK_US = 200  # of an ear: where in a blast it finds the onset
STAND_IN = "simulators.board.stand_in_ear import StandInEar"
STAND_IN_FILES = ("simulators/__init__.py", "simulators/board/__init__.py", "simulators/board/stand_in_ear.py")
CDDL = (ROOT / "docs" / "wire.cddl").read_text()
FRAME, HEADER, UP = pycddl.Schema(CDDL), *(pycddl.Schema(f"start = {root}\n{CDDL}") for root in ("header", "up"))


class Gateway:
    """A `soundpost gateway --json`, and what it says."""

    def __init__(self, folder):
        self.folder, self._process = folder, None

    async def start(self):
        command = (sys.executable, "-m", "soundpost", "gateway", "--config", self.folder / "gateway.toml", "--json")
        self._process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=(self.folder / "log").open("ab")
        )
        await self.until("ready")
        return self

    async def until(self, what):
        async with asyncio.timeout(LIMIT_S):
            while line := await self._process.stdout.readline():
                said = json.loads(line)
                if said["what"] == what:
                    return said
        raise AssertionError(f"ended without saying {what}: {(self.folder / 'log').read_text()}")

    async def stop(self, number=signal.SIGTERM):
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)
            async with asyncio.timeout(LIMIT_S):
                await self._process.wait()


@pytest.fixture(scope="session")
def flash(tmp_path_factory):
    """The firmware, compiled for the unix port."""
    folder = tmp_path_factory.mktemp("flash")
    compile_into(folder, "x64", STAND_IN_FILES)
    return folder


def frames(folder):
    with reading(folder / "street.journal") as connection:
        return [each.row for each in kept(connection, "frame")]


def arrivals(street):
    """(node, record) of every arrival in the journal, opened with its node's key."""
    opened = [(row.node, wire.open(row.body, street.keys[row.node], wire.UP).record) for row in frames(street.folder)]
    return [(node, record) for node, record in opened if isinstance(record, wire.Arrival)]


async def until_placed(gateway, xyz_m):
    """The incident, as it is told once all arrivals of a shot are there: on a slow machine some come late, and it is
    told anew with them."""
    incident = await gateway.until("incident")
    while distance_m(incident, xyz_m) > 5 or incident["grade"] != "A":
        incident = await gateway.until("incident")
    return incident


def late_us(node, record, xyz_m, utc_s):
    """How much later than it was an arrival says that a shot's sound came to its pole."""
    travel_s = math.dist(POLES[node], xyz_m) / Air(AIR_C).speed_mps
    return record.t_us - round((utc_s + travel_s) * 1e6)


async def until_heard(street, n_arrivals):
    async with asyncio.timeout(LIMIT_S):
        while len(arrivals(street)) < n_arrivals:  # noqa: ASYNC110  (another process writes them)
            await asyncio.sleep(0.1)


async def until_locked(street):
    async with asyncio.timeout(LIMIT_S):
        while not all(bench.is_locked() for bench in street.benches.values()):  # noqa: ASYNC110  (they write it)
            await asyncio.sleep(0.1)


@pytest.fixture(params=[STAND_IN, ""], ids=["stand-in", "ear"])
async def street(tmp_path, flash, request):
    """With a stand-in for the boards' ear, and with their own."""
    street = BoardStreet(tmp_path, flash, int(time.time()), ear=request.param)
    yield street
    await street.close()


@pytest.fixture
async def gateway(street):
    """That of the street, running."""
    gateway = await Gateway(street.folder).start()
    yield gateway
    await gateway.stop()


def check_frames(folder):
    for row in frames(folder):
        parts = wire.split(row.body)
        FRAME.validate_cbor(row.body)
        HEADER.validate_cbor(cbor2.loads(row.body).value[0])
        UP.validate_cbor(row.body[parts.payload_start : parts.payload_end])


def distance_m(incident, xyz_m):
    return math.dist((incident["e_m"], incident["n_m"]), xyz_m[:2])


async def test_six_boards_place_a_shot_and_nothing_is_lost_when_boards_and_gateway_are_killed(
    street, gateway, micropython
):
    await street.switch_on(micropython)
    await until_locked(street)
    fired_s = time.time() + 0.3
    street.drive_shot(SHOT, fired_s)
    await until_placed(gateway, SHOT)
    await until_heard(street, 6)
    first = arrivals(street)
    await gateway.stop(signal.SIGKILL)
    street.drive_shot((90.0, 20.0, 1.5), time.time() + 0.3)  # while nobody listens
    await asyncio.sleep(1.5)
    await street.benches["b3"].kill()  # with what it heard still queued
    await gateway.start()
    await street.benches["b3"].start(micropython)
    await until_heard(street, 12)
    await until_locked(street)
    street.drive_shot(SHOT, time.time() + 0.3)
    await until_placed(gateway, SHOT)
    await until_heard(street, 18)
    await gateway.stop()
    consoles = {node: bench.console() for node, bench in street.benches.items()}

    assert sorted(node for node, _ in arrivals(street)) == sorted([*POLES] * 3)
    assert {record.clock for _, record in arrivals(street)} == {wire.LOCKED}
    for node, record in first:  # a shared machine loses frames: sigma knows
        assert abs(late_us(node, record, SHOT, fired_s)) <= 5 * record.sigma_us + PICK_US, record
    check_frames(street.folder)
    assert verify(street.folder / "street.journal") is None
    assert not any("Traceback" in text or "ERROR" in text for text in consoles.values()), consoles


async def test_all_of_a_magazine_arrives_though_a_board_holds_two_frames_at_a_time(tmp_path, flash, micropython):
    street = BoardStreet(tmp_path, flash, int(time.time()), live=("b0", "b1"))
    gateway = await Gateway(tmp_path).start()
    try:
        await street.switch_on(micropython)
        await until_locked(street)
        begin_s = time.time() + 0.3
        for n in range(ROUNDS):
            street.drive_shot(SHOT, begin_s + 0.1 * n)
        await until_heard(street, 2 * ROUNDS)
        consoles = [bench.console() for bench in street.benches.values()]
    finally:
        await gateway.stop()
        await street.close()

    heard = arrivals(street)
    assert sorted(node for node, _ in heard) == ["b0"] * ROUNDS + ["b1"] * ROUNDS
    assert all(record.clip for _, record in heard)
    assert not any("Traceback" in text or "ERROR" in text for text in consoles), consoles


async def test_a_board_with_another_key_than_its_gateways_is_refused_by_it_and_hears_no_word(
    tmp_path, flash, micropython
):
    street = BoardStreet(tmp_path, flash, int(time.time()), ear=STAND_IN, live=("b0", "b1"))
    (tmp_path / "b0" / "node.key").write_text(street.keys["b1"].hex())
    gateway = await Gateway(tmp_path).start()
    try:
        await street.switch_on(micropython)
        await until_locked(street)
        street.drive_shot(SHOT, time.time() + 0.3)
        async with asyncio.timeout(LIMIT_S):
            while not arrivals(street) or " mac=" not in (tmp_path / "log").read_text():  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        console = street.benches["b0"].console()
    finally:
        await gateway.stop()
        await street.close()

    assert {row.node for row in frames(tmp_path)} == {"b1"}
    assert "refused what came from the gateway's side why=mac" in console
    assert "Traceback" not in console
    assert not any(key.hex() in console + (tmp_path / "log").read_text() for key in street.keys.values())


@pytest.mark.parametrize("ear", [STAND_IN, ""], ids=["stand-in", "ear"])
async def test_over_tls_and_a_broker_that_is_killed_six_boards_place_two_shots(
    tmp_path, flash, micropython, program, ear
):
    broker = Broker(program("mosquitto"), tmp_path)
    street = BoardStreet(tmp_path, flash, int(time.time()), broker.ports, ear=ear)
    broker.configure(street.broker_keys)
    gateway = Gateway(tmp_path)
    try:
        await broker.start()
        await gateway.start()
        await street.switch_on(micropython)
        await until_locked(street)
        street.drive_shot(SHOT, time.time() + 0.3)
        incident = await until_placed(gateway, SHOT)
        await until_heard(street, 6)
        await broker.kill()
        street.drive_shot((90.0, 20.0, 1.5), time.time() + 0.3)  # while there is no broker
        await asyncio.sleep(1.5)
        await broker.start()
        await until_heard(street, 12)
    finally:
        await gateway.stop()
        await street.close()
        await broker.kill()

    assert incident["grade"] == "A"
    assert sorted(node for node, _ in arrivals(street)) == sorted([*POLES] * 2)
    check_frames(tmp_path)
    assert (tmp_path / "b0" / "console").read_text().count("uplink is up") >= 2


async def test_a_board_with_another_key_than_its_brokers_stays_outside(tmp_path, flash, micropython, program):
    broker = Broker(program("mosquitto"), tmp_path)
    street = BoardStreet(tmp_path, flash, int(time.time()), broker.ports, ear=STAND_IN)
    broker.configure(street.broker_keys | {"b0": bytes(32)})
    bench = street.benches["b0"]
    try:
        await broker.start()
        await bench.start(micropython)
        async with asyncio.timeout(LIMIT_S):
            while "uplink is down" not in bench.console():  # noqa: ASYNC110  (another process writes it)
                await asyncio.sleep(0.1)
    finally:
        await street.close()
        await broker.kill()

    assert "uplink is up" not in bench.console()
    assert street.broker_keys["b0"].hex() not in bench.console()
