"""What every Lamps driver does (hw/ports.py): one test of the fake, Modbus and DALI on real ptys, TCP, GPIO, TALQ."""

import contextlib
import pathlib

import pytest
from gpiod.line import Value
from gpiozero.pins.mock import MockFactory

from hw.dali_lamps import DaliLamps
from hw.fake import FakeLamps
from hw.gpio_lamps import ChipPin, GpioLamps, ZeroPin
from hw.linux.lamp_map_file import lamp_map
from hw.modbus_lamps import ModbusLamps
from hw.ports import LampRefuses
from hw.talq_call import TalqAccount, TalqCall
from hw.talq_lamps import TalqLamps
from simulators.peers.cable import Cable
from simulators.peers.dali_bus import DaliBus
from simulators.peers.lamp_bank import LampBank
from simulators.peers.talq_gateway import CLIENT, TalqGateway

NIGHT_PCT = 30
WITH_ALL = lamp_map("soundpost-bank", pathlib.Path())
ANSWER_S = 3.0  # a machine may have other things to do


@contextlib.asynccontextmanager
async def fake():
    yield FakeLamps(8, NIGHT_PCT)


@contextlib.asynccontextmanager
async def tcp(**more):
    bank = LampBank(("127.0.0.1", 0), 8, NIGHT_PCT)
    await bank.open()
    lamps = ModbusLamps(bank.url, ANSWER_S, **more)
    try:
        yield lamps
    finally:
        await lamps.close()
        await bank.close()


def with_watchdog():
    return tcp(board=WITH_ALL, fail_s=2.0)


@contextlib.asynccontextmanager
async def rtu():
    with Cable() as cable:
        bank = LampBank(cable.a, 8, NIGHT_PCT)
        await bank.open()
        lamps = ModbusLamps(f"rtu://{cable.b}?baud=19200", ANSWER_S)
        try:
            yield lamps
        finally:
            await lamps.close()
            await bank.close()


@contextlib.asynccontextmanager
async def dali():
    with Cable() as cable:
        bus = DaliBus(cable.a, 8, NIGHT_PCT)
        await bus.open()
        lamps = DaliLamps(f"dali://{cable.b}", ANSWER_S)
        try:
            yield lamps
        finally:
            await lamps.close()
            await bus.close()


@contextlib.asynccontextmanager
async def talq():
    odn = TalqGateway(8, NIGHT_PCT)
    await odn.open()
    lamps = TalqLamps(odn.url, TalqCall(odn.url, TalqAccount(CLIENT), ANSWER_S), odn.devices, 60.0)
    try:
        yield lamps
    finally:
        await lamps.close()
        await odn.close()


def gpio(open_pin):
    """Relays: they know 0 and 100 only, and start off."""

    @contextlib.asynccontextmanager
    async def open_lamps():
        lamps = GpioLamps("gpio://", open_pin())
        for channel in range(8):
            await lamps.write_level(channel, NIGHT_PCT)
        try:
            yield lamps
        finally:
            await lamps.close()

    return open_lamps


def gpiozero():
    factory = MockFactory()
    return lambda line: ZeroPin(line, False, factory) if line < 8 else no_line(line)


def gpiod():
    chip = FakeChip(8)
    return lambda line: ChipPin("/dev/gpiochip0", line, False, chip.request_lines)


def no_line(line):
    raise OSError(f"no line {line}")


class FakeChip:
    """A gpiochip's lines; `states` is what they are at."""

    def __init__(self, n_lines):
        self.states = [Value.INACTIVE] * n_lines
        self.outputs = set()

    def request_lines(self, path, consumer, config):
        (line,) = config
        if line >= len(self.states):
            no_line(line)
        return FakeRequest(self, line)


class FakeRequest:
    def __init__(self, chip, line):
        self._chip, self._line = chip, line

    def get_value(self, line):
        return self._chip.states[line]

    def set_value(self, line, value):
        assert line in self._chip.outputs
        self._chip.states[line] = value

    def reconfigure_lines(self, config):
        for line, settings in config.items():
            self._chip.outputs.add(line)
            self._chip.states[line] = settings.output_value

    def release(self):
        self._chip.outputs.discard(self._line)


DRIVERS = [fake, tcp, with_watchdog, rtu, dali, talq]
RELAYS = {"gpiozero": gpio(gpiozero), "gpiod": gpio(gpiod)}


@pytest.fixture(params=[*DRIVERS, *RELAYS.values()], ids=[*(kind.__name__ for kind in DRIVERS), *RELAYS])
async def lamps(request):
    async with request.param() as driver:
        yield driver


async def test_a_level_that_was_written_can_be_read(lamps):
    for level_pct in (100, 0, 1, 55):
        await lamps.write_level(3, level_pct)

        assert await lamps.read_level(3) == lamps.nearest(level_pct)


async def test_other_lamps_keep_the_level_they_started_with(lamps):
    await lamps.write_level(3, 100)

    night_pct = lamps.nearest(NIGHT_PCT)
    assert [await lamps.read_level(channel) for channel in range(8)] == [night_pct] * 3 + [100] + [night_pct] * 4


async def test_what_a_lamp_was_can_be_put_back_exactly(lamps):
    before_pct = await lamps.read_level(5)
    await lamps.write_level(5, 100, fade_s=0.5)
    await lamps.write_level(5, before_pct)

    assert await lamps.read_level(5) == before_pct == lamps.nearest(before_pct)


async def test_a_state_has_the_level_that_was_told(lamps):
    await lamps.write_level(2, 100)

    assert (await lamps.read_state(2)).level_pct == 100


async def test_saying_that_we_are_here_moves_no_lamp(lamps):
    for _ in range(3):
        await lamps.keep(dict.fromkeys(range(8), 30))

    assert [await lamps.read_level(channel) for channel in range(8)] == [lamps.nearest(NIGHT_PCT)] * 8


@pytest.mark.parametrize("level_pct", [-1, 101])
async def test_a_senseless_level_names_the_legal_range(lamps, level_pct):
    with pytest.raises(ValueError, match=f"lamp level {level_pct} %: must be 0 to 100"):
        await lamps.write_level(0, level_pct)


async def test_a_negative_channel_names_the_legal_range(lamps):
    with pytest.raises(ValueError, match="lamp channel -1: must be 0 to"):
        await lamps.read_level(-1)


async def test_a_lamp_that_is_not_there_is_refused_by_name(lamps):
    with pytest.raises(LampRefuses, match="lamp 8: "):
        await lamps.write_level(8, 50)

    assert await lamps.read_level(7) == lamps.nearest(NIGHT_PCT)
