"""Lamps on a Modbus board, TCP or RTU: the level in per cent in holding register n, the relay of lamp n on coil n.

This is the register map of simulators/peers/lamp_bank.py; a board with another map needs another driver.
"""

from pymodbus.pdu import ModbusPDU
from pymodbus.pdu.bit_message import WriteSingleCoilRequest
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, WriteSingleRegisterRequest

from hw.modbus_line import ANSWER_S, ModbusLine


class ModbusLamps:
    """Lamps (hw/ports.py) at a url of hw/modbus_line.py. answer_s : how long the bank may take for one answer.

    It connects when first asked and again whenever the connection is gone; one request at a time is on the line. Raises
    ValueError for a url, channel or level that makes no sense; OSError naming the url and the lamp when the bank does
    not answer or refuses. A level is written with two requests and read with one.
    """

    def __init__(self, url: str, answer_s: float = ANSWER_S) -> None:
        self.url = url
        self._line = ModbusLine(url, answer_s)

    async def write_level(self, channel: int, level_pct: int) -> None:
        """Set a lamp's level and its relay (on above 0 per cent); returns once the bank has repeated both to us."""
        _check(channel, level_pct)
        await self._ask(WriteSingleRegisterRequest(address=channel, registers=[level_pct]))
        await self._ask(WriteSingleCoilRequest(address=channel, bits=[level_pct > 0]))

    async def read_level(self, channel: int) -> int:
        """The level, per cent, that the bank's own register holds."""
        _check(channel, 0)
        answer = await self._ask(ReadHoldingRegistersRequest(address=channel, count=1))
        return int(answer.registers[0])

    async def close(self) -> None:
        """Hang up. The next order would connect again."""
        await self._line.close()

    async def _ask(self, request: ModbusPDU) -> ModbusPDU:
        try:
            answer = await self._line.ask(request)
        except OSError as error:
            raise OSError(f"{self.url}: lamp {request.address}: the lamp bank {error}") from error
        if answer.isError():
            why = f"refuses (Modbus code {answer.exception_code})"
            raise OSError(f"{self.url}: lamp {request.address}: the lamp bank {why}")
        return answer


def _check(channel: int, level_pct: int) -> None:
    if not 0 <= channel <= 65535:
        raise ValueError(f"lamp channel {channel}: must be 0 to 65535")
    if not 0 <= level_pct <= 100:
        raise ValueError(f"lamp level {level_pct} %: must be 0 to 100")
