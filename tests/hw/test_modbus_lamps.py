"""The Modbus lamp driver where the world is broken: errors come soon, name the address, and mending mends."""

import asyncio
import contextlib
import time

import pytest

from hw.modbus_lamps import ModbusLamps
from simulators.peers.cable import Cable
from simulators.peers.lamp_bank import LampBank


@contextlib.asynccontextmanager
async def bank_at(address, **more):
    bank = LampBank(address, **more)
    await bank.open()
    try:
        yield bank
    finally:
        await bank.close()


async def test_the_relay_follows_the_level():
    async with bank_at(("127.0.0.1", 0), n_lamps=2, level_pct=30) as bank:
        lamps = ModbusLamps(bank.url)
        assert bank.relays == [True, True]

        await lamps.write_level(0, 0)
        assert bank.relays == [False, True]

        await lamps.write_level(0, 1)
        assert bank.relays == [True, True]
        await lamps.close()


async def test_a_bank_that_is_not_there_is_named_soon():
    async with bank_at(("127.0.0.1", 0)) as bank:
        url = bank.url
    lamps, began_s = ModbusLamps(url), time.monotonic()

    with pytest.raises(OSError, match=f"{url}: lamp 0: the lamp bank does not answer"):
        await lamps.write_level(0, 100)
    assert time.monotonic() - began_s < 1.0


async def test_a_bank_that_hears_and_says_nothing_is_given_up_soon():
    silent = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    host, port = silent.sockets[0].getsockname()
    lamps, began_s = ModbusLamps(f"tcp://{host}:{port}"), time.monotonic()

    with pytest.raises(OSError, match="does not answer"):
        await lamps.read_level(0)
    assert time.monotonic() - began_s < 1.5
    await lamps.close()
    silent.close()


async def test_a_bank_that_comes_back_is_used_again():
    async with bank_at(("127.0.0.1", 0)) as bank:
        lamps = ModbusLamps(bank.url)
        await lamps.write_level(0, 10)
        address = ("127.0.0.1", int(bank.url.rpartition(":")[2]))
    with pytest.raises(OSError, match="does not answer"):
        await lamps.write_level(0, 20)
    async with bank_at(address) as bank:
        await lamps.write_level(0, 30)

        assert bank.levels[0] == 30
        await lamps.close()


async def test_a_cable_that_was_cut_works_again_once_mended():
    with Cable() as cable:
        async with bank_at(cable.a) as bank:
            lamps = ModbusLamps(f"rtu://{cable.b}")
            await lamps.write_level(0, 10)
            cable.cut = True
            with pytest.raises(OSError, match="does not answer"):
                await lamps.write_level(0, 20)
            cable.cut = False
            await lamps.write_level(0, 30)

            assert bank.levels[0] == 30
            await lamps.close()


async def test_many_orders_at_once_are_all_carried_out():
    async with bank_at(("127.0.0.1", 0), n_lamps=20) as bank:
        lamps = ModbusLamps(bank.url)
        await asyncio.gather(*(lamps.write_level(channel, channel + 1) for channel in range(20)))

        assert bank.levels == list(range(1, 21))
        await lamps.close()


async def test_a_missing_serial_port_is_named():
    with pytest.raises(OSError, match=r"rtu:///dev/no-such-port: lamp 0: the lamp bank does not answer"):
        await ModbusLamps("rtu:///dev/no-such-port").read_level(0)


@pytest.mark.parametrize(
    "url",
    [
        "", "lamps", "http://a:1", "tcp://", "tcp://host:port", "tcp://host:99999", "tcp://host/path", "rtu://",
        "rtu:///dev/x?baud=fast", "rtu:///dev/x?baud=0", "rtu:///dev/x?bad", "tcp://host?unit=0", "tcp://host?colour=1",
    ],
)  # fmt: skip
async def test_a_senseless_url_shows_the_legal_forms(url):
    with pytest.raises(ValueError, match="must be tcp://HOST:PORT or rtu:///dev/PORT"):
        ModbusLamps(url)
