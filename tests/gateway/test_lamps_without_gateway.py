"""A gateway that is killed with lamps up, and what its lamps do then: real processes, real banks, real ptys. Pins alone
are files: there is no gpiochip here."""

import asyncio
import contextlib
import json
import os
import pathlib
import signal
import sys
import time

import pytest

from gateway.journal.rows import kept, reading
from hw.serial_line import open_serial_line
from simulators.peers.cable import Cable
from simulators.peers.dali_bus import DaliBus
from simulators.peers.lamp_bank import LampBank
from simulators.peers.talq_gateway import CLIENT, TalqGateway

LIMIT_S = 30
SHOT = (45.0, 30.0, 1.5)
NIGHT_PCT = (30, 45, 10, 0)


def now_us():
    return time.time_ns() // 1000


@contextlib.asynccontextmanager
async def gateway(folder, **environment):
    """A running gateway; told to end, where it is still there."""
    command = (sys.executable, "-m", "soundpost", "gateway", "--config", folder / "gateway.toml", "--json")
    with (folder / "log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=log, env={**os.environ, **environment}
        )
    try:
        await said(process, "ready")
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            async with asyncio.timeout(LIMIT_S):
                await process.wait()


async def said(process, what, **fields):
    async with asyncio.timeout(LIMIT_S):
        while line := await process.stdout.readline():
            told = json.loads(line)
            if told["what"] == what and fields.items() <= told.items():
                return told
    raise AssertionError(f"ended without saying {what}")


@contextlib.asynccontextmanager
async def street_with(folder, small_street, bank_table, devices=None):
    """The small street with a bank of this table, and the serial line of its nodes."""
    poles = "".join(f'[[pole]]\nnode = "{p.node}"\nxyz_m = {list(p.xyz_m)}\n' for p in small_street.poles.values())
    lamps = ", ".join(
        f'{{ name = "{lamp.name}", channel = {i}, xyz_m = {list(lamp.xyz_m)}, rated_w = 40.0'
        + (f', device = "{devices[i]}" }}' if devices else " }")
        for i, lamp in enumerate(small_street.lamps)
    )
    with Cable() as cable:
        (folder / "gateway.toml").write_text(
            'journal = "street.journal"\nkeys_file = "keys.toml"\nair = { temperature_c = 12 }\n'
            f'site = {{ lat_deg = 38.9, lon_deg = -77.0, h_m = 20 }}\n{poles}[[serial]]\nport = "{cable.a}"\n'
            f"[[lamp_bank]]\n{bank_table}fail_s = 6.0\nlooks_s = 1.0\nanswer_s = 2.0\nlamps = [{lamps}]\n"
            "[policy.lights]\nonly_when_dark = false\nhold_s = 8\n"
        )
        (folder / "keys.toml").touch(0o600)
        keys = "".join(f'{node} = "{key.hex()}"\n' for node, key in small_street.keys.items())
        (folder / "keys.toml").write_text(keys)
        line = await open_serial_line(cable.b, 115200)
        yield line
        await line.close()


@pytest.fixture
async def street(tmp_path, small_street):
    """The small street with a Modbus bank whose lamps are at NIGHT_PCT."""
    bank = LampBank(("127.0.0.1", 0), 4)
    for channel, level_pct in enumerate(NIGHT_PCT):
        bank.drive_level(channel, level_pct)
    await bank.open()
    async with street_with(tmp_path, small_street, f'url = "{bank.url}"\nmap = "soundpost-bank"\n') as line:
        yield bank, line, small_street, tmp_path
    await bank.close()


async def shoot(line, small_street, process):
    for _, frame in small_street.frames_of(SHOT, now_us() - 400_000):
        await line.write_frame(frame)
    for _ in small_street.lamps:
        await said(process, "light", done=True)


async def on_disk(folder, n_rows):
    """Until so many effects are in the journal."""
    for _ in range(200):
        with reading(folder / "street.journal") as journal:
            if len(list(kept(journal, "effect"))) >= n_rows:
                return
        await asyncio.sleep(0.05)
    raise AssertionError("the effects are not written")


async def test_lamps_of_a_killed_gateway_are_back_to_what_they_were_within_ten_seconds(street):
    bank, line, small_street, folder = street
    async with gateway(folder) as process:
        await shoot(line, small_street, process)
        assert bank.levels == [100] * 4
        process.send_signal(signal.SIGKILL)
        killed_s = time.monotonic()
        async with asyncio.timeout(20):
            await bank.went_back.wait()
        took_s = time.monotonic() - killed_s

    assert bank.levels == list(NIGHT_PCT)
    assert bank.relays == [True, True, True, False]
    assert took_s < 10.0


async def test_lamps_go_back_to_what_each_was_when_the_hold_is_over_also_by_the_next_gateway(street):
    bank, line, small_street, folder = street
    async with gateway(folder) as process:
        await shoot(line, small_street, process)
        await on_disk(folder, 4)
        process.send_signal(signal.SIGKILL)
    bank.watchdog_s = 0.0  # a board that has none
    async with gateway(folder) as process:
        for _ in small_street.lamps:
            await said(process, "light", done=True, level_pct=30)
    with reading(folder / "street.journal") as journal:
        rows = [json.loads(each.row.body) for each in kept(journal, "effect")]

    assert bank.levels == list(NIGHT_PCT)
    assert {row["device"]: row["was_pct"] for row in rows if "was_pct" in row} == {
        f"l{i}": NIGHT_PCT[i] for i in range(4)
    }


async def test_a_dead_lamp_is_one_line_and_one_row_and_not_again_after_a_restart(street):
    bank, line, small_street, folder = street
    bank.drive_kind(1, "dead")
    async with gateway(folder) as process:
        found = await said(process, "lamp")
    async with gateway(folder) as process:
        await shoot(line, small_street, process)
    with reading(folder / "street.journal") as journal:
        rows = [json.loads(each.row.body) for each in kept(journal, "lamp")]

    assert (found["lamp"], found["fault"], found["open"]) == ("l1", "lamp", True)
    assert rows == [{key: found[key] for key in rows[0]}]


async def levels_are(read, want, limit_s=10.0):
    """How long until the lamps are at this."""
    began_s = time.monotonic()
    async with asyncio.timeout(limit_s + 5):
        while read() != want:  # noqa: ASYNC110  (another process acts)
            await asyncio.sleep(0.05)
    return time.monotonic() - began_s


async def test_lamps_behind_a_lighting_management_are_under_its_program_within_ten_seconds(tmp_path, small_street):
    odn = TalqGateway(4, 30)
    await odn.open()
    table = f'url = "{odn.url}"\ntalq = {{ client = "{CLIENT}" }}\n'
    async with street_with(tmp_path, small_street, table, odn.devices) as line, gateway(tmp_path) as process:
        await shoot(line, small_street, process)
        up = odn.levels
        await asyncio.sleep(7)  # longer than fail_s: it is renewed
        kept = odn.levels
        process.send_signal(signal.SIGKILL)
        took_s = await levels_are(lambda: odn.levels, [30] * 4)
    await odn.close()

    assert (up, kept) == ([100] * 4, [100] * 4)
    assert took_s < 10.0


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_lamps_on_a_dali_bus_are_back_at_their_own_arc_levels_within_ten_seconds(tmp_path, small_street, number):
    with Cable() as bus_cable:
        bus = DaliBus(bus_cable.a, 4)
        arcs = [201, 85, 0, 144]
        for gear, arc in zip(bus.gears.values(), arcs, strict=True):
            gear.arc(arc)
        await bus.open()
        table = f'url = "dali://{bus_cable.b}"\n'

        def read():
            return [gear.body.level_pct for gear in bus.gears.values()]

        async with street_with(tmp_path, small_street, table) as line:
            async with gateway(tmp_path) as process:
                await shoot(line, small_street, process)
                up = read()
                process.send_signal(number)
                took_s = await levels_are(read, arcs)
            async with gateway(tmp_path):  # the next one finds the bus free
                heard = len(bus.notebook.entries)
                while len(bus.notebook.entries) < heard + 20:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            await levels_are(read, arcs)
        await bus.close()

    assert up == [254] * 4
    assert took_s < 10.0
    assert "lamps do not answer" not in (tmp_path / "log").read_text()


FAKE_GPIOD = """
import fcntl, os, pathlib
from gpiod.line import Value
HERE = pathlib.Path(os.environ["FAKE_GPIO"])
class LineSettings:
    def __init__(self, direction=None, active_low=False, output_value=None):
        self.direction, self.active_low, self.output_value = direction, active_low, output_value
class Request:
    def __init__(self, line):
        self.file = (HERE / str(line)).open("r+")
        fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # as a kernel's line: one holds it
    def get_value(self, line):
        self.file.seek(0)
        return Value.ACTIVE if self.file.read(1) == "1" else Value.INACTIVE
    def set_value(self, line, value):
        self.file.seek(0)
        self.file.write("1" if value == Value.ACTIVE else "0")
        self.file.flush()
    def reconfigure_lines(self, config):
        for line, settings in config.items():
            self.set_value(line, settings.output_value)
    def release(self):
        self.file.close()
def request_lines(path, consumer, config):
    return Request(*config)
"""
FAKE_LINE = """
import enum
class Value(enum.Enum):
    INACTIVE, ACTIVE = 0, 1
class Direction(enum.Enum):
    AS_IS, INPUT, OUTPUT = 1, 2, 3
"""


async def test_relays_on_pins_are_what_they_were_within_ten_seconds(tmp_path, small_street):
    package, pins = tmp_path / "shim" / "gpiod", tmp_path / "pins"
    for folder in (package, pins):
        folder.mkdir(parents=True)
    (package / "__init__.py").write_text(FAKE_GPIOD)
    (package / "line.py").write_text(FAKE_LINE)
    for line in range(4):
        (pins / str(line)).write_text("1" if line == 2 else "0")
    root = pathlib.Path(__file__).parents[2]
    environment = {"PYTHONPATH": f"{package.parent}:{root}", "FAKE_GPIO": str(pins)}

    def read():
        return "".join((pins / str(line)).read_text()[:1] for line in range(4))

    bank = street_with(tmp_path, small_street, 'url = "gpio:///dev/gpiochip0"\n')
    async with bank as line, gateway(tmp_path, **environment) as process:
        await shoot(line, small_street, process)
        up = read()
        process.send_signal(signal.SIGKILL)
        took_s = await levels_are(read, "0010")

    assert up == "1111"
    assert took_s < 10.0
