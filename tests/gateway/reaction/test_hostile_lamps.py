"""Hostile and malformed answers of a bank, Modbus and DALI: no lamp is told as lit that is not, each is an error with a
name, and a bank beside it is not kept waiting. SOUNDPOST_HOSTILE=10000: so many of each."""

import asyncio
import contextlib
import os
import random
import time

from pymodbus.framer import FramerRTU
from structlog.testing import capture_logs

from gateway.edges import Edges, Plug
from gateway.orders import Light
from gateway.reaction.bank_rules import BankRules, try_s
from gateway.reaction.lamp_memory import LampMemory
from gateway.reaction.lights import LampBank
from hw.dali_lamps import DaliLamps
from hw.fake import FakeLamps
from hw.modbus_lamps import ModbusLamps
from simulators.peers.cable import Cable
from simulators.peers.dali_bus import DaliBus

ANSWERS = int(os.environ.get("SOUNDPOST_HOSTILE", "500"))
LATE_S = 0.1
SPOILS = {
    "another unit": lambda answer, dice: bytes([dice.randrange(2, 248)]) + answer[1:],
    "an exception": lambda answer, dice: answer[:1] + bytes([answer[1] | 0x80, dice.randrange(1, 12)]),
    "another function": lambda answer, dice: answer[:1] + bytes([dice.randrange(1, 128)]) + answer[2:],
    "another address": lambda answer, dice: answer[:2] + dice.randbytes(2) + answer[4:],
    "another length": lambda answer, dice: answer[:2] + dice.randbytes(1) + answer[3:],
    "half": lambda answer, dice: answer[: dice.randrange(len(answer))],
    "noise": lambda answer, dice: dice.randbytes(dice.randrange(1, 300)),
    "nothing": lambda answer, dice: b"",
    "too much": lambda answer, dice: answer + dice.randbytes(dice.randrange(1, 300)),
}


class HostileBank:
    """A Modbus TCP bank whose lamps stay dark: `answers` counts what it said, and all of it is spoilt."""

    def __init__(self, seed):
        self._dice = random.Random(seed)
        self.answers = 0

    async def serve(self, reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readexactly(6)
                request = await reader.readexactly(int.from_bytes(head[4:6], "big"))
                good = request[:2] + b"\x02\x00\x00" if request[1] in (1, 2, 3, 4) else request
                name = self._dice.choice(list(SPOILS))
                body = SPOILS[name](good, self._dice)
                self.answers += 1
                if self._dice.random() < 0.1:
                    head = self._dice.randbytes(4) + head[4:]
                writer.write(head[:4] + len(body).to_bytes(2, "big") + body)
                await writer.drain()
                if name in ("half", "nothing") or self._dice.random() < 0.1:
                    break
        writer.close()


async def test_hostile_modbus_answers_are_errors_with_the_bank_s_name():
    bank = HostileBank(1)
    server = await asyncio.start_server(bank.serve, "127.0.0.1", 0)
    lamps = ModbusLamps(f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}", 0.02)
    dice, errors, levels = random.Random(1), 0, []
    while bank.answers < ANSWERS:
        try:
            if dice.random() < 0.5:
                await lamps.write_level(dice.randrange(8), 100)
            else:
                levels.append(await lamps.read_level(dice.randrange(8)))
        except OSError as error:
            errors += 1
            assert str(error).startswith("tcp://127.0.0.1:")
    await lamps.close()
    server.close()

    assert errors > ANSWERS / 2
    assert all(0 <= level_pct <= 100 for level_pct in levels)


def rtu(request):
    """An RTU answer of a dark bank, with its checksum."""
    body = request[:2] + b"\x02\x00\x00" if request[1] in (1, 2, 3, 4) else request[:6]
    return body + FramerRTU.compute_CRC(body).to_bytes(2, "big")


def test_a_wrong_checksum_in_any_bit_of_an_rtu_answer_is_seen():
    answer = rtu(bytes([1, 3, 0, 0, 0, 1]))
    turned = [bytes(answer[:i]) + bytes([answer[i] ^ 1 << bit]) + answer[i + 1 :] for i in range(7) for bit in range(8)]

    assert all(FramerRTU.compute_CRC(each[:5]).to_bytes(2, "big") != each[5:] for each in turned)


async def test_hostile_dali_answers_are_errors_and_the_next_good_one_is_right():
    dice = random.Random(2)
    with Cable() as cable:
        bus = DaliBus(cable.a, 4, 30)
        await bus.open()
        lamps, spoilt = DaliLamps(f"dali://{cable.b}", 0.02), [0]

        def spoil(message):
            spoilt[0] += 1
            kind = dice.choices(range(4), (1, 20, 20, 1))[0]
            turned = message[:4] + bytes([message[4] ^ dice.randrange(1, 256)])
            return (message[: dice.randrange(5)], turned, dice.randbytes(dice.randrange(5, 40)), b"")[kind]

        bus.spoil = spoil
        levels = []
        while spoilt[0] < ANSWERS:
            with contextlib.suppress(OSError):
                levels.append(await lamps.read_level(dice.randrange(4)))
        bus.spoil = bytes
        patient = DaliLamps(f"dali://{cable.b}", 3.0)
        await lamps.close()

        assert [await patient.read_level(channel) for channel in range(4)] == [30] * 4
        assert all(0 <= level_pct <= 100 for level_pct in levels)
        await patient.close()
        await bus.close()


class LateLamps(FakeLamps):
    """Good lamps that note when they are told."""

    def __init__(self):
        super().__init__()
        self.told_s = []

    async def write_level(self, channel, level_pct, fade_s=0.0):
        self.told_s.append(time.monotonic())
        await super().write_level(channel, level_pct)


async def test_a_hostile_bank_moves_no_lamp_wrongly_tells_none_as_lit_and_keeps_no_other_waiting():
    bank, good, outcomes = HostileBank(3), LateLamps(), []
    server = await asyncio.start_server(bank.serve, "127.0.0.1", 0)
    url = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    def plug(name, driver, channels):
        def make(tell):
            return LampBank(name, driver, channels, lambda: 0, tell, BankRules(0.05, 0.5), LampMemory())

        return Plug(name, (Light,), make, try_s(0.05) + 0.5)

    bad, fine = {f"b{i}": i for i in range(8)}, {f"g{i}": i for i in range(8)}
    edges = Edges([plug("bad", ModbusLamps(url, 0.05), bad), plug("good", good, fine)], outcomes.append, lambda: 0)
    running = asyncio.create_task(edges.run())
    waits_s = []
    with capture_logs() as logs:
        for turn in range(40):
            ordered_s = time.monotonic()
            edges.order(Light((*bad, *fine), 100 if turn % 2 else 40, f"i{turn}", 2**60))
            await asyncio.sleep(0.05)
            waits_s += [told_s - ordered_s for told_s in good.told_s]
            good.told_s.clear()
            edges.order(Light(tuple(fine), 0, f"i{turn}", back=True))
            await asyncio.sleep(0.02)
            good.told_s.clear()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await edges.close()
    server.close()
    lit = {each.device for each in outcomes if getattr(each, "done", False)}

    assert lit <= set(fine)
    assert sorted(waits_s)[len(waits_s) // 2] < LATE_S
    assert [each["event"] for each in logs].count("lamps do not answer") >= 1
