"""A bank of dimmable lamps on Modbus, TCP or RTU, that remembers what it was told. hw/modbus_lamps.py speaks to it.

Lamp n: holding register n is its level, per cent of full light, and coil n its relay. A level above 100 is refused
with "illegal value", a lamp that is not there with "illegal address", as boards do.

usage: python -m simulators.peers.lamp_bank --tcp 127.0.0.1:0 --lamps 8 --level-pct 30 --log told.jsonl
       python -m simulators.peers.lamp_bank --rtu /dev/pts/3 --baud 19200
First it prints one line, {"url": "tcp://127.0.0.1:40123"}; the log has one line a write: {"t_us", "channel",
"level_pct"} or {"t_us", "channel", "relay_on"}.
"""

import argparse
import asyncio
import sys
from pathlib import Path

from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from simulators.peers.peer import Notebook, host_and_port, live, run

WRITE_COIL, WRITE_REGISTER, WRITE_COILS, WRITE_REGISTERS = 5, 6, 15, 16
"""Modbus function codes, as pymodbus names and sends them."""
COILS = (1, WRITE_COIL, WRITE_COILS)


class LampBank:
    """`levels` and `relays` are what the lamps do now, `notebook.entries` all that was written, with its UTC.

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
        self.levels = [level_pct] * n_lamps
        self.relays = [level_pct > 0] * n_lamps
        self.url = ""
        self._address = address
        self._baud = baud
        self._server: ModbusTcpServer | ModbusSerialServer | None = None

    async def open(self) -> None:
        """Listen. Raises OSError naming the address where that cannot be done."""
        device = SimDevice(id=1, simdata=self._memory(), action=self._heed)
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

    def _memory(self) -> tuple[list[SimData], list[SimData], list[SimData], list[SimData]]:
        coils = [SimData(0, values=list(self.relays), datatype=DataType.BITS)]
        registers = [SimData(0, values=list(self.levels), datatype=DataType.REGISTERS)]
        none = [SimData(0, values=[False] * 16, datatype=DataType.BITS)]
        return coils, none, registers, [SimData(0, values=0, datatype=DataType.REGISTERS)]

    async def _heed(
        self,
        function: int,
        _start: int,
        address: int,
        count: int,
        _registers: list[int],
        told: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """Called by the server before each access: refuse it, or note what is written and do it."""
        n_lamps = len(told) if told else 1 if function in COILS else count
        if address + n_lamps > len(self.levels):
            return ExcCodes.ILLEGAL_ADDRESS
        if told is None:
            return None
        return (self._switch if function in COILS else self._dim)(address, told)

    def _switch(self, first: int, told: list[int] | list[bool]) -> ExcCodes | None:
        for channel, on in enumerate(told, first):
            self.relays[channel] = bool(on)
            self.notebook.write(channel=channel, relay_on=bool(on))
        return None

    def _dim(self, first: int, told: list[int] | list[bool]) -> ExcCodes | None:
        if max(told) > 100:
            return ExcCodes.ILLEGAL_VALUE
        for channel, level_pct in enumerate(told, first):
            self.levels[channel] = level_pct
            self.notebook.write(channel=channel, level_pct=level_pct)
        return None

    async def close(self) -> None:
        """Stop listening and hang up on whoever is connected."""
        if self._server is not None:
            await self._server.shutdown()  # type: ignore[no-untyped-call]
            self._server = None
        self.notebook.close()


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
    parser.add_argument("--log", type=Path, metavar="FILE", help="JSON lines of all that was written")
    args = parser.parse_args(argv)

    async def life() -> None:
        bank = LampBank(args.tcp or args.rtu, args.lamps, args.level_pct, baud=args.baud, notebook=Notebook(args.log))
        await live(bank)

    return run("lamp_bank", life())


if __name__ == "__main__":
    sys.exit(main())
