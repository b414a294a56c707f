"""A Modbus line never takes one request's answer for another's, and bears banks that are slow, curt or odd."""

import asyncio
import contextlib
import logging
import time

import pytest
from pymodbus.framer import FramerRTU

from gateway.orders import Light
from gateway.reaction.bank_rules import BankRules
from gateway.reaction.lights import LampBank as BankTask
from hw.modbus_lamps import ModbusLamps
from hw.serial_port import open_serial_port
from simulators.peers.cable import Cable
from simulators.peers.lamp_bank import LampBank


@contextlib.asynccontextmanager
async def opened(bank):
    await bank.open()
    try:
        yield bank
    finally:
        await bank.close()


@contextlib.asynccontextmanager
async def serving(serve):
    """A TCP server; `serve` is given (reader, writer) of each connection. Comes back: its url."""
    at_work = set()

    async def keep(reader, writer):
        at_work.add(asyncio.current_task())
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await serve(reader, writer)
        writer.close()

    server = await asyncio.start_server(keep, "127.0.0.1", 0)
    try:
        yield f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for each in at_work:
            each.cancel()
        await asyncio.gather(*at_work, return_exceptions=True)


def in_front_of(bank, turn, once=False, delay_s=0):
    """Passes requests on to a bank and gives back each answer turned, delay_s late; `once`: hangs up after each."""
    host, port = bank.url.removeprefix("tcp://").split(":")

    async def serve(reader, writer):
        to_bank, from_bank = await asyncio.open_connection(host, port)
        try:
            while not writer.is_closing():
                from_bank.write(await reader.readexactly(12))
                head = await to_bank.readexactly(6)
                await asyncio.sleep(delay_s)
                writer.write(turn(head + await to_bank.readexactly(head[5])))
                if once:
                    writer.close()
        finally:
            from_bank.close()

    return serve


@contextlib.asynccontextmanager
async def late_bank(port_name, delay_s, stuck=(), echo=False, dead=False):
    """A bank on a serial port whose answers are late; a stuck lamp confirms every order and stays at 0 per cent.

    echo : the line gives back what is sent on it, too. dead : there is no bank.
    """
    port, levels, running = await open_serial_port(port_name, 19200), {}, set()

    async def answer(request):
        function, address, value = request[1], int.from_bytes(request[2:4], "big"), request[4:6]
        if function == 6 and address not in stuck:
            levels[address] = value
        body = request[:2] + b"\x02" + levels.get(address, b"\0\0") if function == 3 else request[:6]
        await asyncio.sleep(delay_s)
        await port.write(body + FramerRTU.compute_CRC(body).to_bytes(2, "big"))

    async def serve():
        buffer = b""
        while part := await port.read():
            buffer += part
            if echo:
                await port.write(part)
            while len(buffer) >= 8 and not dead:
                running.add(asyncio.create_task(answer(buffer[:8])))
                buffer = buffer[8:]

    running.add(asyncio.create_task(serve()))
    try:
        yield levels
    finally:
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await port.close()


async def outcomes(lamps, channels, answer_s=0.5, lasts_s=4):
    """What LampBank makes of one order for these channels, which expires after lasts_s."""
    told, done = [], asyncio.Event()

    def report(outcome):
        told.append((outcome.device, outcome.done, outcome.note))
        if len(told) == len(channels):
            done.set()

    expires_us = time.time_ns() // 1000 + int(lasts_s * 1e6)
    task = BankTask("bank", lamps, channels, lambda: time.time_ns() // 1000, report, BankRules(answer_s))
    task.order(Light(tuple(channels), 100, "i1", expires_us))
    running = asyncio.create_task(task.run(lambda: None))
    async with asyncio.timeout(10):
        await done.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await lamps.close()
    return sorted(told)


LIT = [("a", True, "reads 100 %"), ("b", True, "reads 100 %")]


@pytest.mark.parametrize("delay_s", [0.13, 0.3])
async def test_a_slow_bank_is_lit_with_one_write_a_lamp_and_told_as_lit(delay_s):
    async with opened(LampBank(("127.0.0.1", 0))) as bank, serving(in_front_of(bank, bytes, delay_s=delay_s)) as url:
        assert await outcomes(ModbusLamps(url), {"a": 0, "b": 1}) == LIT
        assert [each["channel"] for each in bank.notebook.entries if "level_pct" in each] == [0, 1]


async def test_a_bank_slower_than_its_limit_is_told_as_such_and_a_longer_limit_mends_it():
    async with opened(LampBank(("127.0.0.1", 0))) as bank, serving(in_front_of(bank, bytes, delay_s=0.2)) as url:
        with pytest.raises(OSError, match=r"lamp 0: the lamp bank does not answer within 0\.1 s"):
            await ModbusLamps(url, answer_s=0.1).read_level(0)
        lamps = ModbusLamps(url, answer_s=0.4)

        assert await lamps.read_level(0) == 0
        await lamps.close()


async def test_a_bank_that_hangs_up_after_each_answer_is_lit():
    async with opened(LampBank(("127.0.0.1", 0))) as bank, serving(in_front_of(bank, bytes, once=True)) as url:
        assert await outcomes(ModbusLamps(url), {"a": 0, "b": 1}) == LIT
        assert [each["channel"] for each in bank.notebook.entries if "level_pct" in each] == [0, 1]


@pytest.mark.parametrize("count", [lambda n: n + 1, lambda n: 0, lambda n: 7], ids=["one ahead", "zero", "seven"])
async def test_a_bank_that_counts_transactions_oddly_is_lit(count):
    def turn(answer):
        return count(int.from_bytes(answer[:2], "big")).to_bytes(2, "big") + answer[2:]

    async with opened(LampBank(("127.0.0.1", 0))) as bank, serving(in_front_of(bank, turn)) as url:
        assert await outcomes(ModbusLamps(url), {"a": 0, "b": 1}) == LIT


@pytest.mark.parametrize("delay_s", [0.06, 0.11, 0.16, 0.21])
async def test_a_dark_lamp_is_never_told_as_lit_however_late_its_neighbours_answers_are(delay_s):
    with Cable() as cable:
        async with late_bank(cable.a, delay_s, stuck=(1,)):
            told = await outcomes(ModbusLamps(f"rtu://{cable.b}", answer_s=0.1), {"a": 0, "b": 1}, 0.1, 1.2)

    assert ("b", True, "reads 100 %") not in told
    assert told[0][1] == (delay_s < 0.1)


async def test_a_line_that_echoes_is_no_bank_and_does_not_hide_one():
    with Cable() as cable:
        async with late_bank(cable.a, 0.01, stuck=(1,), echo=True):
            told = await outcomes(ModbusLamps(f"rtu://{cable.b}", answer_s=0.1), {"a": 0, "b": 1}, 0.1, 1.2)
    with Cable() as cable:
        async with late_bank(cable.a, 0.01, echo=True, dead=True):
            told_dead = await outcomes(ModbusLamps(f"rtu://{cable.b}", answer_s=0.1), {"a": 0}, 0.1, 1.2)

    assert [each[:2] for each in told] == [("a", True), ("b", False)]
    assert [each[:2] for each in told_dead] == [("a", False)]


async def test_a_late_answer_is_let_go_by_before_the_next_request_of_a_serial_line():
    with Cable() as cable:
        async with late_bank(cable.a, 0.15) as levels:
            levels[0] = b"\x00\x64"
            lamps = ModbusLamps(f"rtu://{cable.b}", answer_s=0.3)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await lamps.read_level(0)

            assert await lamps.read_level(1) == 0
            await lamps.write_level(1, 60)
            assert await lamps.read_level(1) == 60
            await lamps.close()


def off_by_one(answer):
    return answer[:9] + bytes([answer[9] + 1]) + answer[10:]


ODD = {
    "another lamp": off_by_one,
    "another function": lambda answer: answer[:7] + b"\x03\x02\x00\x64",
    "another unit": lambda answer: answer[:6] + b"\x09" + answer[7:],
    "no such function": lambda answer: answer[:7] + b"\x63" + answer[8:],
    "no protocol": lambda answer: answer[:2] + b"\xff\xff" + answer[4:],
    "nothing": lambda answer: b"",
    "noise": lambda answer: b"\xa5" * 2000,
}


@pytest.mark.parametrize("turn", ODD.values(), ids=ODD.keys())
async def test_an_answer_that_is_another_requests_or_none_is_an_error_and_not_kept(turn):
    spoilt = [turn]

    def once(answer):
        return spoilt.pop()(answer) if spoilt else answer

    async with opened(LampBank(("127.0.0.1", 0))) as bank, serving(in_front_of(bank, once)) as url:
        lamps = ModbusLamps(url, answer_s=0.2)
        with pytest.raises(OSError, match=f"{url}: lamp 0: the lamp bank (does not answer|confirms|answers|talks)"):
            await lamps.write_level(0, 100)
        await lamps.write_level(0, 40)

        assert await lamps.read_level(0) == 40
        await lamps.close()


async def test_a_bank_that_talks_without_end_costs_one_error_and_no_log(caplog):
    caplog.set_level(logging.INFO)
    said = [0]

    async def talk(reader, writer):
        while True:
            writer.write(b"\x00\x01\x00\x05\x00\x03\x01\x03\x00" * 100)
            said[0] += 900
            await writer.drain()

    async with serving(talk) as url:
        lamps = ModbusLamps(url, answer_s=0.3)
        for _ in range(20):
            with pytest.raises(OSError, match=r"the lamp bank (talks without end|answers something|confirms)"):
                await lamps.read_level(0)
        await lamps.close()

    assert said[0] > 20_000
    assert len(caplog.text) < 20_000
