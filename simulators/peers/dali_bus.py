"""A DALI bus on a pty: a serial gateway and the gears behind it, that remember what they were told.

It speaks as hw/dali_line.py has it, but knows nothing of python-dali: the opcodes are those of IEC 62386-102 as
public drivers have them. Each gear has an arc level, a fade time, DTR0 and DTR1, a status, and, as D4i, bank 202
with its power. `spoil` : what the gateway says goes through it, for faults.
"""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field

from hw.serial_port import SerialPort, open_serial_port
from simulators.peers.lamp_body import LampBody
from simulators.peers.peer import Notebook, utc_us

SPECIAL_DTR0, SPECIAL_DTR1 = 0xA3, 0xC3
QUERY_STATUS, QUERY_LEVEL, READ_MEMORY, SET_FADE = 0x90, 0xA0, 0xC5, 0x2E
TWICE = 0x10


@dataclass(slots=True)
class Gear:
    """A gear and its lamp. The body's level is the arc level, of 254."""

    body: LampBody
    is_d4i: bool = True
    fade: int = 0
    dtr0: int = 0
    dtr1: int = 0
    energy_wh: int = 1234
    told: list[int] = field(default_factory=list)

    def arc(self, level: int) -> None:
        """Direct arc power; 255 stops a fade, and changes nothing here."""
        self.told.append(level)
        if level < 255:
            self.body.tell(level, utc_us())

    def command(self, opcode: int, twice: bool) -> int | None:
        """Carry out an opcode; the byte of the backward frame, None for no answer."""
        now_us = utc_us()
        if opcode == SET_FADE and twice:
            self.fade = self.dtr0
        elif opcode == QUERY_STATUS:
            return (self.body.status(now_us) & 0x03) | (0x04 if self.body.power_w(now_us) else 0)
        elif opcode == QUERY_LEVEL:
            return self.body.register(now_us)
        elif opcode == READ_MEMORY and self.is_d4i and self.dtr1 == 202:
            at, self.dtr0 = self.dtr0, min(255, self.dtr0 + 1)
            return self._bank(now_us)[at] if at < 16 else None
        return None

    def _bank(self, now_us: int) -> bytes:
        power = round(self.body.power_w(now_us) * 10)
        return bytes(4) + b"\0" + self.energy_wh.to_bytes(6, "big") + b"\xff" + power.to_bytes(4, "big")


class DaliBus:
    """`gears` by short address, `notebook.entries` all frames that came. port : a serial port, or one end of a pty."""

    def __init__(self, port: str, n_lamps: int = 8, level_pct: int = 0) -> None:
        self.gears = {address: Gear(LampBody(_arc(level_pct), full=254)) for address in range(n_lamps)}
        self.notebook = Notebook()
        self.spoil: Callable[[bytes], bytes] = bytes
        self._name = port
        self._port: SerialPort | None = None
        self._serving: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Listen. Raises OSError naming the port."""
        self._port = await open_serial_port(self._name, 38400)
        self._serving = asyncio.create_task(self._serve(self._port))

    async def close(self) -> None:
        """Let go of the port."""
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.gather(self._serving, return_exceptions=True)
        if self._port is not None:
            await self._port.close()
        self.notebook.close()

    async def _serve(self, port: SerialPort) -> None:
        received = b""
        while part := await port.read():
            received += part
            while len(received) >= 5:
                message, received = received[:5], received[5:]
                if _xor(message[:4]) == message[4]:
                    await port.write(self.spoil(self._answer(message)))

    def _answer(self, message: bytes) -> bytes:
        control, address, opcode = message[:3]
        self.notebook.write(address=address, opcode=opcode)
        answer = self._forward(address, opcode, bool(control & TWICE))
        is_query = bool(address & 1) and (opcode & 0xC0 in (0x80, 0xC0)) and address < 0x80
        if not is_query:
            return _message(0, 0)
        return _message(1, 0) if answer is None else _message(2, answer)

    def _forward(self, address: int, opcode: int, twice: bool) -> int | None:
        if address in (SPECIAL_DTR0, SPECIAL_DTR1):
            for gear in self.gears.values():
                setattr(gear, "dtr0" if address == SPECIAL_DTR0 else "dtr1", opcode)
            return None
        there = self.gears.get(address >> 1)
        if there is None:
            return None
        if address & 1:
            return there.command(opcode, twice)
        there.arc(opcode)
        return None


def _arc(level_pct: int) -> int:
    """The standard curve: 1 is 0.1 per cent, 254 is 100."""
    return round(254 - 253 / 3 * (2 - math.log10(level_pct))) if level_pct else 0


def _message(code: int, value: int) -> bytes:
    head = bytes([code, 0, 0, value])
    return head + bytes([_xor(head)])


def _xor(data: bytes) -> int:
    total = 0
    for byte in data:
        total ^= byte
    return total
