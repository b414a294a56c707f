"""Lamps on a Modbus board, TCP or RTU, whatever its register map (hw/lamp_map.py)."""

import math
import struct
from collections.abc import Mapping

from pymodbus.pdu import ModbusPDU
from pymodbus.pdu.bit_message import ReadCoilsRequest, ReadDiscreteInputsRequest, WriteSingleCoilRequest
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    WriteSingleRegisterRequest,
)

from hw.lamp_map import PLAIN, LampMap, Measure, Safe, Status
from hw.modbus_line import ANSWER_S, ModbusLine
from hw.modbus_wire import Wires
from hw.ports import LampRefuses, LampState, check_lamp

READS = {
    "coil": ReadCoilsRequest,
    "discrete": ReadDiscreteInputsRequest,
    "holding": ReadHoldingRegistersRequest,
    "input": ReadInputRegistersRequest,
}
FORMS = {"u16": ">H", "s16": ">h", "u32": ">I", "u32_low": ">I", "float": ">f", "float_low": ">f"}


class ModbusLamps:
    """Lamps (hw/ports.py) at a url of hw/modbus_line.py, which has `wires`. answer_s : how long the bank may take for
    one answer. fail_s : after how long without us the board goes back by itself, where its map says that it can; None:
    it is not asked to. The field `fail_s` is what the board makes of it, in whole steps of its own.

    It connects when first asked and again whenever the connection is gone; one request at a time is on the line. Raises
    ValueError for a url, channel, level or fail_s that makes no sense; OSError naming the url and the lamp when the
    bank does not answer or refuses. A level takes a request for each of relay and level to write, and one to read,
    where its map says no more.
    """

    def __init__(
        self,
        url: str,
        answer_s: float = ANSWER_S,
        board: LampMap = PLAIN,
        fail_s: float | None = None,
        wires: Wires | None = None,
    ) -> None:
        self.url = url
        self._steps = _steps(board, fail_s)
        unit_s = board.fail_unit_s
        self.fail_s = None if self._steps is None or unit_s is None else self._steps * unit_s
        self._map = board
        self._line = ModbusLine(url, answer_s, wires)
        self._armed = False
        self._fade: int | None = None  # as the board was told last
        self._safe: dict[int, int] = {}
        self._timed: set[int] = set()
        self._raw: dict[tuple[int, int], int] = {}  # (channel, per cent) -> what the cell held, to be put back exactly

    def nearest(self, level_pct: int) -> int:
        """A relay knows on and off; a register knows its own steps."""
        level = self._map.level
        if level is None:
            return 100 if level_pct > 0 else 0
        return round(round(level_pct * level.full / 100) * 100 / level.full)

    async def write_level(self, channel: int, level_pct: int, fade_s: float = 0.0) -> None:
        """Set a lamp's level and its relay (on above 0 per cent); returns once the bank has repeated both to us."""
        self._check(channel, level_pct)
        if self._map.fade is not None and self._map.level is not None:
            steps = min(round(fade_s / self._map.fade.unit_s), self._map.fade.longest)
            if steps != self._fade:
                await self._write("holding", self._map.fade.register_, steps, channel)
                self._fade = steps
        if self._map.level is not None:
            await self._write("holding", self._map.level.of(channel), self._cell(channel, level_pct), channel)
        if self._map.relay is not None:
            await self._switch(channel, level_pct > 0)

    async def read_level(self, channel: int) -> int:
        """The level, per cent, that the bank's own cells hold."""
        self._check(channel)
        level = self._map.actual or self._map.level
        relay = self._map.relay if level is None or level.stays else None
        if relay is not None and not await self._bit("coil", relay.of(channel), channel):
            return 0
        if level is None:
            return 100
        table = self._map.actual.table if self._map.actual is not None else "holding"
        (value,) = await self._words(table, level.of(channel), 1, channel)
        level_pct = round(value * 100 / level.full)
        if level_pct > 100:
            raise LampRefuses(f"{self.url}: lamp {channel}: its level register holds {value}, more than {level.full}")
        self._raw[channel, level_pct] = value
        return level_pct

    async def read_state(self, channel: int) -> LampState:
        """All that the map has of a lamp."""
        level_pct, status = await self.read_level(channel), self._map.status
        flags = None if status is None else (await self._words(status.table, status.of(channel), 1, channel))[0]
        manual = self._map.manual
        return LampState(
            level_pct,
            await self._measure(self._map.power, channel),
            await self._measure(self._map.current, channel),
            _flag(status, "lit", flags),
            _flag(status, "lamp_failure", flags),
            _flag(status, "gear_failure", flags),
            None if manual is None else await self._bit(manual.table, manual.of(channel), channel),
        )

    async def keep(self, before_pct: Mapping[int, int]) -> None:
        """Feed the board's watchdog, or renew the timed coils; tell the board what it is to go back to."""
        watchdog = self._map.watchdog
        if self.fail_s is None:
            return
        if watchdog is None:
            for channel in sorted(self._timed):
                await self._switch(channel, True)
            return
        if watchdog.safe is not None:
            for channel, level_pct in before_pct.items():
                if self._safe.get(channel) != level_pct:
                    await self._make_safe(watchdog.safe, channel, level_pct)
        if not self._armed:
            await self._arm()
        elif watchdog.fed_by == "write":
            await self._write("holding", watchdog.register_, self._steps or 0, 0)
        else:
            await self._words("holding", watchdog.register_, 1, 0)

    async def let_go(self, channel: int) -> bool:
        """A board is told the level that was."""
        return False

    async def close(self) -> None:
        """Hang up. The next order would connect again."""
        await self._line.close()

    def _check(self, channel: int, level_pct: int = 0) -> None:
        check_lamp(channel, level_pct)
        if channel >= self._map.board.lamps:
            raise LampRefuses(
                f"{self.url}: lamp {channel}: {self._map.board.name} has lamps 0 to {self._map.board.lamps - 1}"
            )

    async def _switch(self, channel: int, on: bool) -> None:
        assert self._map.relay is not None
        timed = self._map.timed
        if timed is None or self._steps is None or not on:
            self._timed.discard(channel)
            await self._ask(WriteSingleCoilRequest(address=self._map.relay.of(channel), bits=[on]), channel)
            return
        await self._ask(_FlashOn(timed.of(channel), self._steps), channel)
        self._timed.add(channel)

    async def _arm(self) -> None:
        """Let go of a time-out that may have been, set the watchdog's time and switch it on."""
        assert self._map.watchdog is not None
        watchdog = self._map.watchdog
        if watchdog.clear is not None:
            await self._ask(WriteSingleCoilRequest(address=watchdog.clear, bits=[True]), 0)
        await self._write("holding", watchdog.register_, self._steps or 0, 0)
        if watchdog.enable is not None:
            await self._ask(WriteSingleCoilRequest(address=watchdog.enable, bits=[True]), 0)
        self._armed = True

    async def _make_safe(self, safe: Safe, channel: int, level_pct: int) -> None:
        value = self._cell(channel, level_pct) if safe.table == "holding" else int(level_pct > 0)
        await self._write(safe.table, safe.of(channel), value, channel)
        self._safe[channel] = level_pct

    def _cell(self, channel: int, level_pct: int) -> int:
        """What a register holds for a level: what it held when it was read so, else by its scale."""
        full = self._map.level.full if self._map.level is not None else 100
        return self._raw.get((channel, level_pct), round(level_pct * full / 100))

    async def _measure(self, measure: Measure | None, channel: int) -> float | None:
        if measure is None:
            return None
        n_words = struct.calcsize(FORMS[measure.kind]) // 2
        words = await self._words(measure.table, measure.of(channel), n_words, channel)
        ordered = words[::-1] if measure.kind.endswith("_low") else words
        (value,) = struct.unpack(FORMS[measure.kind], struct.pack(f">{n_words}H", *ordered))
        return value * measure.unit if math.isfinite(value) else None

    async def _bit(self, table: str, address: int, channel: int) -> bool:
        return bool((await self._ask(READS[table](address=address, count=1), channel)).bits[0])

    async def _words(self, table: str, address: int, count: int, channel: int) -> list[int]:
        answer = await self._ask(READS[table](address=address, count=count), channel)
        return [int(value) for value in answer.registers[:count]]

    async def _write(self, table: str, address: int, value: int, channel: int) -> None:
        request: ModbusPDU = (
            WriteSingleRegisterRequest(address=address, registers=[value])
            if table == "holding"
            else WriteSingleCoilRequest(address=address, bits=[bool(value)])
        )
        await self._ask(request, channel)

    async def _ask(self, request: ModbusPDU, channel: int) -> ModbusPDU:
        try:
            answer = await self._line.ask(request)
        except OSError as error:
            self._forget()
            raise OSError(f"{self.url}: lamp {channel}: the lamp bank {error}") from error
        if answer.isError():
            self._forget()
            why = f"refuses (Modbus code {answer.exception_code})"
            raise LampRefuses(f"{self.url}: lamp {channel}: the lamp bank {why}")
        return answer

    def _forget(self) -> None:
        """The board may have been away, and have forgotten what it was told."""
        self._armed, self._fade = False, None
        self._safe.clear()


class _FlashOn(WriteSingleCoilRequest):
    """Function 5 with a time where FF00 would be: on for so many units."""

    def __init__(self, address: int, steps: int) -> None:
        super().__init__(address=address, bits=[True])
        self._steps = steps

    def encode(self) -> bytes:
        """Address and time."""
        return struct.pack(">HH", self.address, self._steps)


def _flag(status: Status | None, name: str, flags: int | None) -> bool | None:
    bit = None if status is None else getattr(status, name)
    return None if bit is None or flags is None else bool(flags >> bit & 1)


def _steps(board: LampMap, fail_s: float | None) -> int | None:
    """What the board is told for fail_s. None: nothing, and never 0, which says `never` to a watchdog and `off` to a
    timed coil."""
    unit_s, longest_s = board.fail_unit_s, board.longest_fail_s
    if fail_s is None or unit_s is None or longest_s is None:
        return None
    if fail_s > longest_s:
        raise ValueError(f"fail_s {fail_s:g}: {board.board.name} can wait {longest_s:g} s at most")
    steps = round(fail_s / unit_s)
    if steps < 1:
        raise ValueError(
            f"fail_s {fail_s:g}: {board.board.name} counts it in steps of {unit_s:g} s, of which it is none: the board "
            f"would never go back by itself; must be {unit_s:g} to {longest_s:g} s"
        )
    return steps
