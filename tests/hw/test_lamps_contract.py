"""What every Lamps driver does (hw/ports.py): one test over the fake, Modbus TCP and Modbus RTU over a real pty."""

import contextlib

import pytest

from hw.fake import FakeLamps
from hw.modbus_lamps import ModbusLamps
from simulators.peers.cable import Cable
from simulators.peers.lamp_bank import LampBank

NIGHT_PCT = 30


@contextlib.asynccontextmanager
async def fake():
    yield FakeLamps(8, NIGHT_PCT)


@contextlib.asynccontextmanager
async def tcp():
    bank = LampBank(("127.0.0.1", 0), 8, NIGHT_PCT)
    await bank.open()
    lamps = ModbusLamps(bank.url)
    try:
        yield lamps
    finally:
        await lamps.close()
        await bank.close()


@contextlib.asynccontextmanager
async def rtu():
    with Cable() as cable:
        bank = LampBank(cable.a, 8, NIGHT_PCT)
        await bank.open()
        lamps = ModbusLamps(f"rtu://{cable.b}?baud=19200")
        try:
            yield lamps
        finally:
            await lamps.close()
            await bank.close()


@pytest.fixture(params=[fake, tcp, rtu], ids=lambda kind: kind.__name__)
async def lamps(request):
    async with request.param() as driver:
        yield driver


async def test_a_level_that_was_written_can_be_read(lamps):
    for level_pct in (100, 0, 1, 55):
        await lamps.write_level(3, level_pct)

        assert await lamps.read_level(3) == level_pct


async def test_other_lamps_keep_the_level_they_started_with(lamps):
    await lamps.write_level(3, 100)

    assert [await lamps.read_level(channel) for channel in range(8)] == [30, 30, 30, 100, 30, 30, 30, 30]


@pytest.mark.parametrize("level_pct", [-1, 101])
async def test_a_senseless_level_names_the_legal_range(lamps, level_pct):
    with pytest.raises(ValueError, match=f"lamp level {level_pct} %: must be 0 to 100"):
        await lamps.write_level(0, level_pct)


async def test_a_negative_channel_names_the_legal_range(lamps):
    with pytest.raises(ValueError, match="lamp channel -1: must be 0 to 65535"):
        await lamps.read_level(-1)


async def test_a_lamp_that_is_not_there_is_refused_by_name(lamps):
    with pytest.raises(OSError, match="lamp 8: the lamp bank refuses"):
        await lamps.write_level(8, 50)

    assert await lamps.read_level(7) == NIGHT_PCT
