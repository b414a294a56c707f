"""Lamps on a DALI bus: arc level, fade, status, lamp failure, and what a D4i gear tells of its power and energy.

Frames are python-dali's (IEC 62386-102 and DiiA Part 252, as it has them). Per cent and arc level by the standard
logarithmic curve: level n of 1 to 254 is 10^(3 (n - 1) / 253 - 1) per cent (from general knowledge of IEC 62386-102);
a lamp is put back to its own arc level, not to its per cent. Fade time n of 1 to 15 is 0.5 sqrt(2^n) s, 0 for at once.

The bus falls to its gears' system failure level when its power goes, not when we do: `fail_s` is None, and a guard
puts the lamps back (hw/guarded_lamps.py).
"""

import math
from collections.abc import Mapping

from dali.address import GearShort
from dali.command import Command
from dali.gear.general import (
    DAPC,
    DTR0,
    DTR1,
    QueryActualLevel,
    QueryStatus,
    ReadMemoryLocation,
    SetFadeTime,
)

from hw.dali_line import ANSWER_S, DaliLine
from hw.ports import LampRefuses, LampState, check_lamp

LAST_SHORT = 63
MASK = 255  # QUERY ACTUAL LEVEL while the lamp starts up
GEAR_FAILURE, LAMP_FAILURE, LAMP_ON = 0x01, 0x02, 0x04  # QUERY STATUS
ENERGY_BANK, ENERGY_AT, ENERGY_BYTES, POWER_AT, POWER_BYTES = 202, 0x04, 7, 0x0B, 5
POWER_EVERY = 12
"""Looks: reading power and energy takes a third of a second of the bus, for which an order would have to wait."""


class DaliLamps:
    """Lamps (hw/ports.py) at a url of hw/dali_line.py; the channel is the short address, 0 to 63.

    Raises ValueError for a url, channel or level that makes no sense; LampRefuses where no gear answers at an address;
    OSError naming the url and the lamp where the serial gateway does not answer.
    """

    fail_s: float | None = None

    def __init__(self, url: str, answer_s: float = ANSWER_S) -> None:
        self.url = url
        self._line = DaliLine(url, answer_s)
        self._fade: dict[int, int] = {}
        self._arc: dict[tuple[int, int], int] = {}  # (channel, per cent) -> the arc level that was read so
        self._looks: dict[int, int] = {}

    def nearest(self, level_pct: int) -> int:
        """Per cent of the nearest arc level."""
        return to_pct(to_arc(level_pct))

    async def write_level(self, channel: int, level_pct: int, fade_s: float = 0.0) -> None:
        """Set a lamp's arc level; returns once its gear has shown that it is there (DALI confirms no command)."""
        check_lamp(channel, level_pct, LAST_SHORT)
        await self._set_fade(channel, to_fade(fade_s))
        await self._ask(DAPC(GearShort(channel), self.raw(channel, level_pct)), channel)
        await self._number(QueryStatus(GearShort(channel)), channel)

    async def read_level(self, channel: int) -> int:
        """The level, per cent, that the gear is at."""
        check_lamp(channel, last_channel=LAST_SHORT)
        arc = await self._number(QueryActualLevel(GearShort(channel)), channel)
        if arc == MASK:
            raise LampRefuses(f"{self.url}: lamp {channel}: is starting up, or its gear has failed")
        self._arc[channel, to_pct(arc)] = arc
        return to_pct(arc)

    async def read_state(self, channel: int) -> LampState:
        """What the gear tells; of its power and energy now and then."""
        check_lamp(channel, last_channel=LAST_SHORT)
        status = await self._number(QueryStatus(GearShort(channel)), channel)
        level_pct = None if status & GEAR_FAILURE else await self.read_level(channel)
        looks = self._looks[channel] = self._looks.get(channel, 0) + 1
        is_due = looks % POWER_EVERY == 1
        power_w, energy_wh = await self._power(channel) if is_due else (None, None)
        return LampState(
            level_pct,
            power_w,
            lit=bool(status & LAMP_ON),
            lamp_failure=bool(status & LAMP_FAILURE),
            gear_failure=bool(status & GEAR_FAILURE),
            energy_wh=energy_wh,
        )

    def raw(self, channel: int, level_pct: int) -> int:
        """The arc level that was read as this level."""
        return self._arc.get((channel, level_pct), to_arc(level_pct))

    def learn(self, channel: int, level_pct: int, raw: int) -> None:
        """This arc level is what this level was read from."""
        self._arc[channel, level_pct] = raw

    async def keep(self, before_pct: Mapping[int, int]) -> None:
        """Nothing on the bus heeds it."""

    async def let_go(self, channel: int) -> bool:
        """It has no control of its own here but what it is told."""
        return False

    async def close(self) -> None:
        """Let go of the port."""
        await self._line.close()

    async def _set_fade(self, channel: int, fade: int) -> None:
        if self._fade.get(channel) != fade:
            await self._ask(DTR0(fade), channel)
            await self._ask(SetFadeTime(GearShort(channel)), channel)
            self._fade[channel] = fade

    async def _power(self, channel: int) -> tuple[float | None, float | None]:
        power_w = await self._scaled(channel, POWER_AT, POWER_BYTES)
        return power_w, None if power_w is None else await self._scaled(channel, ENERGY_AT, ENERGY_BYTES)

    async def _scaled(self, channel: int, first: int, count: int) -> float | None:
        """A number of bank 202: a power of ten, signed, then the number. None where the gear has no such bank, or does
        not know (all ones, or one less: DiiA Part 252)."""
        await self._ask(DTR1(ENERGY_BANK), channel)
        await self._ask(DTR0(first), channel)
        read: list[int] = []
        for _ in range(count):
            byte = await self._ask(ReadMemoryLocation(GearShort(channel)), channel)
            if byte is None:
                return None
            read.append(byte)
        power_of_ten = read[0] - 256 if read[0] > 127 else read[0]
        number = int.from_bytes(bytes(read[1:]), "big")
        if number >= 256 ** (count - 1) - 2 or not -6 <= power_of_ten <= 6:
            return None
        return float(number * 10**power_of_ten)

    async def _number(self, query: Command, channel: int) -> int:
        answer = await self._ask(query, channel)
        if answer is None:
            raise LampRefuses(f"{self.url}: lamp {channel}: no gear answers at this address")
        return answer

    async def _ask(self, command: Command, channel: int) -> int | None:
        try:
            return await self._line.ask(command)
        except OSError as error:
            self._fade.clear()
            raise OSError(f"{self.url}: lamp {channel}: the DALI gateway {error}") from error


def to_arc(level_pct: int) -> int:
    """The arc level, 0 to 254, of a level in per cent."""
    return 0 if level_pct <= 0 else min(254, max(1, round(1 + 253 / 3 * (math.log10(level_pct) + 1))))


def to_pct(arc: int) -> int:
    """Per cent of an arc level; what burns at all is 1 at least."""
    return 0 if arc <= 0 else max(1, round(10 ** (3 * (min(arc, 254) - 1) / 253 - 1)))


def to_fade(fade_s: float) -> int:
    """The number of the nearest fade time, 0 for at once."""
    return 0 if fade_s < 0.5 else min(range(1, 16), key=lambda n: abs(0.5 * math.sqrt(2.0**n) - fade_s))
