"""What every Lamps driver does (hw/ports.py): one test over the fake, Modbus TCP and Modbus RTU over a real pty."""

import contextlib
import pathlib

import pytest

from hw.fake import FakeLamps
from hw.linux.lamp_map_file import lamp_map
from hw.modbus_lamps import ModbusLamps
from hw.ports import LampRefuses
from simulators.peers.cable import Cable
from simulators.peers.lamp_bank import LampBank

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


@pytest.fixture(params=[fake, tcp, with_watchdog, rtu], ids=lambda kind: kind.__name__)
async def lamps(request):
    async with request.param() as driver:
        yield driver


async def test_a_level_that_was_written_can_be_read(lamps):
    for level_pct in (100, 0, 1, 55):
        await lamps.write_level(3, level_pct)

        assert await lamps.read_level(3) == lamps.nearest(level_pct)


async def test_other_lamps_keep_the_level_they_started_with(lamps):
    await lamps.write_level(3, 100)

    assert [await lamps.read_level(channel) for channel in range(8)] == [30, 30, 30, 100, 30, 30, 30, 30]


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

    assert [await lamps.read_level(channel) for channel in range(8)] == [30] * 8


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

    assert await lamps.read_level(7) == NIGHT_PCT
