"""Lamps on a Modbus board, TCP or RTU: the level in per cent in holding register n, the relay of lamp n on coil n.

This is the register map of simulators/peers/lamp_bank.py; a board with another map needs another driver.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import SplitResult, parse_qs, urlsplit

from pymodbus import FramerType, ModbusException
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.pdu import ModbusPDU

TIMEOUT_S = 0.25
"""For connecting and for each answer. At 19,200 baud a request and its answer are 16 bytes, 9 ms."""
TRIES = 2
"""A connection that died unnoticed costs one try; the second goes over a new one."""
FORMS = "must be tcp://HOST:PORT or rtu:///dev/PORT?baud=19200 (both may add unit=1 to 247)"
Answer = TypeVar("Answer")
Client = AsyncModbusTcpClient | AsyncModbusSerialClient


class ModbusLamps:
    """Lamps (hw/ports.py) at `url`: tcp://HOST:PORT?unit=1 or rtu:///dev/ttyUSB0?baud=19200&unit=1.

    It connects when first asked and again whenever the connection is gone; one order at a time is on the line. Raises
    ValueError for a url, channel or level that makes no sense; OSError naming the url and the lamp when the bank does
    not answer or refuses. An answer or that error comes within TRIES * 3 * TIMEOUT_S.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._client, self._unit = _client(url)
        self._alone = asyncio.Lock()

    async def write_level(self, channel: int, level_pct: int) -> None:
        """Set a lamp's level and its relay (on above 0 per cent); returns once the bank has repeated both to us."""
        _check(channel, level_pct)
        on = level_pct > 0

        async def order() -> None:
            dimmed = await self._client.write_register(channel, level_pct, device_id=self._unit)
            self._heed(channel, dimmed, dimmed.registers[:1] == [level_pct])
            switched = await self._client.write_coil(channel, on, device_id=self._unit)
            self._heed(channel, switched, switched.bits[:1] == [on])

        await self._speak(channel, order)

    async def read_level(self, channel: int) -> int:
        """The level, per cent, that the bank's own register holds."""
        _check(channel, 0)

        async def order() -> int:
            answer = await self._client.read_holding_registers(channel, count=1, device_id=self._unit)
            self._heed(channel, answer, len(answer.registers) == 1)
            return int(answer.registers[0])

        return await self._speak(channel, order)

    async def close(self) -> None:
        """Hang up. The next order would connect again."""
        self._client.close()

    async def _speak(self, channel: int, order: Callable[[], Awaitable[Answer]]) -> Answer:
        """Carry out one order, connecting first where need be; a broken connection is tried once more."""
        async with self._alone:
            for _ in range(TRIES):
                try:
                    if self._client.connected or await self._client.connect():
                        return await order()
                except ModbusException:
                    self._client.close()
        raise OSError(f"{self.url}: lamp {channel}: the lamp bank does not answer")

    def _heed(self, channel: int, answer: ModbusPDU, repeated: bool) -> None:
        """Raise OSError unless the bank did as it was told."""
        if answer.isError():
            raise OSError(f"{self.url}: lamp {channel}: the lamp bank refuses (Modbus code {answer.exception_code})")
        if not repeated:
            raise OSError(f"{self.url}: lamp {channel}: the lamp bank confirms something else")


def _check(channel: int, level_pct: int) -> None:
    if not 0 <= channel <= 65535:
        raise ValueError(f"lamp channel {channel}: must be 0 to 65535")
    if not 0 <= level_pct <= 100:
        raise ValueError(f"lamp level {level_pct} %: must be 0 to 100")


def _client(url: str) -> tuple[Client, int]:
    """An unconnected client for a url, and the unit to speak to. Raises ValueError naming the legal forms."""
    try:
        parts = urlsplit(url)
        asked = parse_qs(parts.query, strict_parsing=bool(parts.query))
        unit = int(asked.pop("unit", ["1"])[0])
        baud = int(asked.pop("baud", ["19200"])[0])
        client = CLIENTS[parts.scheme](parts, baud)
    except (KeyError, ValueError) as error:
        raise ValueError(f"lamps url {url!r}: {FORMS}") from error
    if asked or not 1 <= unit <= 247:
        raise ValueError(f"lamps url {url!r}: {FORMS}")
    return client, unit


def _tcp(parts: SplitResult, _baud: int) -> Client:
    if not parts.hostname or parts.path:
        raise ValueError
    return AsyncModbusTcpClient(parts.hostname, port=parts.port or 502, timeout=TIMEOUT_S, retries=0, reconnect_delay=0)


def _rtu(parts: SplitResult, baud: int) -> Client:
    if not parts.path or parts.netloc or baud <= 0:
        raise ValueError
    return AsyncModbusSerialClient(
        parts.path, framer=FramerType.RTU, baudrate=baud, timeout=TIMEOUT_S, retries=0, reconnect_delay=0
    )


CLIENTS: dict[str, Callable[[SplitResult, int], Client]] = {"tcp": _tcp, "rtu": _rtu}
