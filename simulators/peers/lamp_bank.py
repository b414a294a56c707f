"""A bank of dimmable lamps on Modbus, TCP or RTU, that remembers what it was told. hw/modbus_lamps.py speaks to it.

Lamp n: holding register n is its level, per cent of full light, and coil n its relay. A level above 100 is refused
with "illegal value", a lamp that is not there with "illegal address", as boards do. The map `soundpost-bank`
(hw/lamp_maps/) has the rest: input register n its power in 0.1 W, 200 + n its current in mA at 230 V, 400 + n its
flags; discrete input n that somebody has it in hand; holding register 900 the time of a fade, which this bank heeds
not; 901 its watchdog in 0.1 s, 0 for none: when nobody asks for so long, the lamps go to what 500 + n hold.

usage: python -m simulators.peers.lamp_bank --tcp 127.0.0.1:0 --lamps 8 --level-pct 30 --log told.jsonl
       python -m simulators.peers.lamp_bank --rtu /dev/pts/3 --baud 19200 --kind 2=dead --kind 5=cycling
First it prints one line, {"url": "tcp://127.0.0.1:40123"}; the log has one line a write: {"t_us", "channel",
"level_pct"} or {"t_us", "channel", "relay_on"}, with "by": "watchdog" where it was the bank itself.
"""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from simulators.peers.lamp_body import KINDS, LampBody
from simulators.peers.peer import Notebook, host_and_port, live, run, utc_us

READ_COILS, READ_DISCRETE, READ_HOLDING, READ_INPUT = 1, 2, 3, 4
WRITE_COIL, WRITE_COILS = 5, 15
"""Modbus function codes, as pymodbus names and sends them."""
COILS = (WRITE_COIL, WRITE_COILS)
CURRENT, STATUS, SAFE, FADE, WATCHDOG, N_CELLS = 200, 400, 500, 900, 901, 1000
BASES = {READ_COILS: (0,), READ_DISCRETE: (0,), READ_HOLDING: (0, SAFE), READ_INPUT: (0, CURRENT, STATUS)}
MOST_WITH_MORE = 100  # lamps of a bank that has more than levels and relays
LOOK_S = 0.05
MAINS_V = 230.0


class LampBank:
    """`levels` and `relays` are what the lamps do now, `notebook.entries` all that was written, with its UTC; `bodies`
    are the lamps, `in_hand` those that somebody has taken.

    address : (host, port) to listen on TCP, port 0 for any free one, or the name of a serial port for RTU. After `open`
    `url` is what ModbusLamps takes.
    """

    def __init__(
        self,
        address: tuple[str, int] | str,
        n_lamps: int = 8,
        level_pct: int = 0,
        *,
        baud: int = 19200,
        notebook: Notebook | None = None,
    ) -> None:
        if not 1 <= n_lamps <= 1000:
            raise ValueError(f"{n_lamps} lamps: must be 1 to 1000")
        if not 0 <= level_pct <= 100:
            raise ValueError(f"level {level_pct} %: must be 0 to 100")
        self.notebook = notebook or Notebook()
        self.bodies = [LampBody(level_pct) for _ in range(n_lamps)]
        self.relays = [level_pct > 0] * n_lamps
        self.in_hand: set[int] = set()
        self.safe_pct = [level_pct] * n_lamps
        self.watchdog_s = 0.0
        self.went_back = asyncio.Event()  # by its watchdog
        self.url = ""
        self._address = address
        self._baud = baud
        self._server: ModbusTcpServer | ModbusSerialServer | None = None
        self._heard_s = 0.0
        self._watching: asyncio.Task[None] | None = None

    @property
    def _has_more(self) -> bool:
        return len(self.bodies) <= MOST_WITH_MORE

    @property
    def levels(self) -> list[int]:
        """What the registers hold."""
        return [body.register(utc_us()) for body in self.bodies]

    def drive_kind(self, channel: int, kind: str) -> None:
        """A lamp becomes one of that kind. Raises ValueError for a kind or lamp that there is not."""
        if kind not in KINDS:
            raise ValueError(f"lamp kind {kind!r}: must be one of {', '.join(KINDS)}")
        if not 0 <= channel < len(self.bodies):
            raise ValueError(f"lamp {channel}: must be 0 to {len(self.bodies) - 1}")
        self.bodies[channel].kind = kind

    def drive_level(self, channel: int, level_pct: int) -> None:
        """Somebody at the bank sets a lamp."""
        self._set(channel, level_pct, "hand")

    async def open(self) -> None:
        """Listen. Raises OSError naming the address where that cannot be done."""
        device = SimDevice(id=1, simdata=_memory(), action=self._heed)
        if isinstance(self._address, str):
            name = f"rtu://{self._address}?baud={self._baud}"
            self._server = ModbusSerialServer(
                device, framer=FramerType.RTU, port=self._address, baudrate=self._baud, timeout=0, reconnect_delay=0
            )
        else:
            name = "tcp://{}:{}".format(*self._address)
            self._server = ModbusTcpServer(device, address=self._address)
        try:
            await self._server.serve_forever(background=True)
        except RuntimeError as error:
            raise OSError(f"{name}: the lamp bank cannot listen here") from error
        listener: object = self._server.transport
        if isinstance(listener, asyncio.Server):
            name = "tcp://{}:{}".format(*listener.sockets[0].getsockname()[:2])
        self.url = name
        self._watching = asyncio.create_task(self._watch())

    async def _heed(
        self,
        function: int,
        _start: int,
        address: int,
        count: int,
        cells: list[int],
        told: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """Called by the server before each access: refuse it, or note what is written and do it."""
        self._heard_s = asyncio.get_running_loop().time()
        if told is not None:
            return self._switch(address, told) if function in COILS else self._dim(address, told)
        if function not in BASES:
            return None  # what was just written is repeated
        return self._show(function, address, 1 if function in (READ_COILS, READ_DISCRETE) else count, cells)

    def _show(self, function: int, first: int, count: int, cells: list[int]) -> ExcCodes | None:
        """Put into the server's memory what is to be read."""
        now_us = utc_us()
        for address in range(first, first + count):
            value = self._value(function, address, now_us)
            if value is None:
                return ExcCodes.ILLEGAL_ADDRESS
            if function in (READ_COILS, READ_DISCRETE):
                word, bit = divmod(address, 16)
                cells[word] = cells[word] & ~(1 << bit) | (value << bit)
            else:
                cells[address] = value
        return None

    def _value(self, function: int, address: int, now_us: int) -> int | None:
        """What a cell holds; None where there is none."""
        if function == READ_HOLDING and address == WATCHDOG:
            return round(self.watchdog_s * 10)
        base = max((base for base in BASES[function] if (base <= address and self._has_more) or not base), default=0)
        channel = address - base
        if not 0 <= channel < len(self.bodies):
            return None
        body = self.bodies[channel]
        if function in (READ_COILS, READ_DISCRETE):
            return int(self.relays[channel] if function == READ_COILS else channel in self.in_hand)
        if function == READ_HOLDING:
            return self.safe_pct[channel] if base else body.register(now_us)
        if base == STATUS:
            return body.status(now_us)
        power_w = body.power_w(now_us)
        return round(power_w / MAINS_V * 1000) if base else round(power_w * 10)

    def _switch(self, first: int, told: list[int] | list[bool]) -> ExcCodes | None:
        if first + len(told) > len(self.bodies):
            return ExcCodes.ILLEGAL_ADDRESS
        for channel, on in enumerate(told, first):
            self.relays[channel] = bool(on)
            self.notebook.write(channel=channel, relay_on=bool(on))
        return None

    def _dim(self, first: int, told: list[int] | list[bool]) -> ExcCodes | None:
        if first in (FADE, WATCHDOG) and self._has_more and len(told) == 1:
            self.watchdog_s = told[0] / 10 if first == WATCHDOG else self.watchdog_s
            return None
        base = SAFE if first >= SAFE and self._has_more else 0
        if first - base + len(told) > len(self.bodies):
            return ExcCodes.ILLEGAL_ADDRESS
        if max(told) > 100:
            return ExcCodes.ILLEGAL_VALUE
        for channel, level_pct in enumerate(told, first - base):
            if base == SAFE:
                self.safe_pct[channel] = level_pct
            else:
                self._set(channel, level_pct)
        return None

    def _set(self, channel: int, level_pct: int, by: str = "") -> None:
        self.bodies[channel].tell(level_pct, utc_us())
        more: dict[str, str] = {"by": by} if by else {}
        self.notebook.write(channel=channel, level_pct=level_pct, **more)

    async def _watch(self) -> None:
        """The bank's own watchdog."""
        while True:
            await asyncio.sleep(LOOK_S)
            if self.watchdog_s and asyncio.get_running_loop().time() - self._heard_s > self.watchdog_s:
                self.watchdog_s = 0.0
                for channel, level_pct in enumerate(self.safe_pct):
                    if self.bodies[channel].register(utc_us()) != level_pct:
                        self._set(channel, level_pct, "watchdog")
                        self.relays[channel] = level_pct > 0
                self.went_back.set()

    async def close(self) -> None:
        """Stop listening and hang up on whoever is connected."""
        if self._watching is not None:
            self._watching.cancel()
        if self._server is not None:
            await self._server.shutdown()  # type: ignore[no-untyped-call]
            self._server = None
        self.notebook.close()


def _memory() -> tuple[list[SimData], list[SimData], list[SimData], list[SimData]]:
    bits = [SimData(0, values=[False] * N_CELLS, datatype=DataType.BITS)]
    words = [SimData(0, values=[0] * N_CELLS, datatype=DataType.REGISTERS)]
    return bits, bits, words, words


def lamp_and_kind(text: str) -> tuple[int, str]:
    """`2=dead` as (2, "dead"). Raises ValueError where it is not of that form."""
    channel, _, kind = text.partition("=")
    if not channel.isdecimal() or kind not in KINDS:
        raise ValueError(f"{text!r}: must be CHANNEL=KIND, kind one of {', '.join(KINDS)}")
    return int(channel), kind


def main(argv: list[str] | None = None) -> int:
    """Run a lamp bank as a process until SIGTERM. Returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m simulators.peers.lamp_bank", description="a simulated bank of lamps"
    )
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--tcp", type=host_and_port, metavar="HOST:PORT", help="port 0: any free one")
    where.add_argument("--rtu", metavar="PORT", help="a serial port, or one end of a pty pair")
    parser.add_argument("--baud", type=int, default=19200)
    parser.add_argument("--lamps", type=int, default=8, metavar="N")
    parser.add_argument("--level-pct", type=int, default=0, help="level of all lamps at the start, 0 to 100")
    parser.add_argument("--kind", type=lamp_and_kind, action="append", default=[], metavar="CHANNEL=KIND")
    parser.add_argument(
        "--later", type=lamp_and_kind, action="append", default=[], metavar="CHANNEL=KIND", help="the same, on SIGUSR1"
    )
    parser.add_argument("--log", type=Path, metavar="FILE", help="JSON lines of all that was written")
    args = parser.parse_args(argv)

    async def life() -> None:
        notebook = Notebook(args.log)
        bank = LampBank(args.tcp or args.rtu, args.lamps, args.level_pct, baud=args.baud, notebook=notebook)
        for channel, kind in args.kind:
            bank.drive_kind(channel, kind)

        def spoil() -> None:
            for channel, kind in args.later:
                bank.drive_kind(channel, kind)

        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, spoil)
        await live(bank)

    return run("lamp_bank", life())


if __name__ == "__main__":
    sys.exit(main())
