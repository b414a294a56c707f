"""Several boards on one RS-485 line: each is heard, one request at a time, and a silent one holds up no other."""

import asyncio
import contextlib
import time

import pytest
from pymodbus.framer import FramerRTU

from hw.modbus_lamps import ModbusLamps
from hw.modbus_wire import Turns, Wires
from hw.serial_port import open_serial_port
from simulators.peers.cable import Cable

ANSWER_S = 0.3


class Boards:
    """Units 1 and 2 on one port. late_s : by unit, how late its answers are, None for never. overlapped : requests that
    came while another's answer was under way."""

    def __init__(self, late_s=None):
        self.late_s = {1: 0.0, 2: 0.0} | (late_s or {})
        self.levels = {unit: [30] * 8 for unit in self.late_s}
        self.asked = []
        self.overlapped = self._busy = 0
        self._running = set()

    @contextlib.asynccontextmanager
    async def on(self, port_name):
        port = await open_serial_port(port_name, 19200)
        self._running.add(asyncio.create_task(self._serve(port)))
        try:
            yield self
        finally:
            for each in self._running:
                each.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)
            await port.close()

    async def _serve(self, port):
        buffer = b""
        while part := await port.read():
            buffer += part
            while len(buffer) >= 8:
                self._running.add(asyncio.create_task(self._answer(port, buffer[:8])))
                buffer = buffer[8:]

    async def _answer(self, port, request):
        unit, function, address, value = request[0], request[1], request[3], int.from_bytes(request[4:6], "big")
        self.asked.append(unit)
        if self.late_s[unit] is None:
            return
        self.overlapped += self._busy > 0
        self._busy += 1
        await asyncio.sleep(self.late_s[unit])
        self._busy -= 1
        if function == 6:
            self.levels[unit][address] = value
        body = request[:2] + b"\x02" + self.levels[unit][address].to_bytes(2, "big") if function == 3 else request[:6]
        await port.write(body + FramerRTU.compute_CRC(body).to_bytes(2, "big"))


def lamps_on(port, *units):
    wires = Wires()
    return [ModbusLamps(f"rtu://{port}?baud=19200&unit={unit}", ANSWER_S, wires=wires) for unit in units]


async def light_all(lamps):
    for channel in range(4):
        await lamps.write_level(channel, 100)


async def test_two_boards_on_one_line_are_both_lit_one_request_at_a_time():
    with Cable() as cable:
        async with Boards({1: 0.01, 2: 0.01}).on(cable.a) as boards:
            one, two = lamps_on(cable.b, 1, 2)
            await asyncio.gather(light_all(one), light_all(two))
            read = [await each.read_level(channel) for each in (one, two) for channel in (0, 4)]
            await one.close()
            await two.write_level(0, 50)
            await two.close()

    assert read == [100, 30, 100, 30]
    assert boards.levels[2][0] == 50
    assert boards.overlapped == 0


async def test_a_board_that_is_silent_holds_up_its_neighbour_by_one_answer_time_at_most():
    with Cable() as cable:
        async with Boards({1: None}).on(cable.a) as boards:
            one, two = lamps_on(cable.b, 1, 2)
            await two.read_level(0)

            async def ask_on():
                while True:
                    with contextlib.suppress(OSError):
                        await one.read_level(0)

            asking = [asyncio.create_task(ask_on()) for _ in range(4)]
            took_s = []
            for _ in range(12):
                await asyncio.sleep(0.07)
                began_s = time.monotonic()
                assert await two.read_level(0) == 30
                took_s.append(time.monotonic() - began_s)
            for each in asking:
                each.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
            await two.close()

    assert boards.asked.count(1) >= 2
    assert max(took_s) < ANSWER_S + 0.2  # and what the machine needs


async def test_what_a_board_says_too_late_is_taken_neither_for_its_neighbours_answer_nor_for_its_next():
    with Cable() as cable:
        async with Boards({1: ANSWER_S + 0.1}).on(cable.a) as boards:
            boards.levels[1][0] = 77
            one, two = lamps_on(cable.b, 1, 2)
            with pytest.raises(OSError, match=r"does not answer within 0\.3 s"):
                await one.read_level(0)
            boards.late_s[2] = 0.2  # the late answer comes while this one is waited for

            assert await two.read_level(0) == 30
            boards.late_s[1] = 0.0
            assert await one.read_level(1) == 30
            await one.close()
            await two.close()


def test_two_bauds_on_one_line_are_refused():
    wires = Wires()
    ModbusLamps("rtu:///dev/ttyS9?baud=19200&unit=1", wires=wires)

    with pytest.raises(ValueError, match="its port has 19200 baud for another board"):
        ModbusLamps("rtu:///dev/ttyS9?baud=9600&unit=2", wires=wires)


async def test_a_turn_that_is_given_up_goes_to_the_next_and_those_behind_come_last():
    turns, had = Turns(), []

    async def wait(name, behind=False):
        async with turns.turn(behind):
            had.append(name)
            await asyncio.sleep(0)

    async with turns.turn(behind=False):
        waiting = [asyncio.create_task(wait("behind", behind=True)), asyncio.create_task(wait("given up"))]
        waiting.append(asyncio.create_task(wait("first")))
        await asyncio.sleep(0)
        waiting[1].cancel()
        await asyncio.sleep(0)
    given_up = asyncio.create_task(wait("given up as it comes"))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.gather(*waiting, given_up, return_exceptions=True)
    await wait("last")

    assert had == ["first", "behind", "last"]
