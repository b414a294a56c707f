"""A dry contact: one coil of a Modbus board, on, and after a moment off again."""

import asyncio

from pymodbus.pdu.bit_message import WriteSingleCoilRequest

from hw.modbus_line import ModbusLine
from hw.modbus_wire import Wires


class ModbusContact:
    """Coil `coil` of the board at a url of hw/modbus_line.py. Raises ValueError for a url that makes no sense; OSError
    naming url and coil."""

    def __init__(self, url: str, coil: int, pulse_s: float, wires: Wires | None = None) -> None:
        self._line = ModbusLine(url, wires=wires)
        self._url, self._coil, self._pulse_s = url, coil, pulse_s

    async def pulse(self) -> None:
        """On, and off again, also where that is given up meanwhile."""
        await self._set(on=True)
        try:
            await asyncio.sleep(self._pulse_s)
        finally:
            await self._set(on=False)

    async def close(self) -> None:
        """Hang up."""
        await self._line.close()

    async def _set(self, *, on: bool) -> None:
        try:
            answer = await self._line.ask(WriteSingleCoilRequest(address=self._coil, bits=[on]))
        except OSError as error:
            raise OSError(f"{self._url}: coil {self._coil}: the board {error}") from error
        if answer.isError():
            raise OSError(f"{self._url}: coil {self._coil}: the board refuses (Modbus code {answer.exception_code})")
