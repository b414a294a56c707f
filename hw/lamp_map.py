"""The register map of a Modbus lamp board: which cell says or does what, one of each for every lamp. As values.

A board has four tables of cells (Modbus Application Protocol 1.1b3, section 4.3): coils and holding registers can be
written, discrete inputs and input registers only read. Addresses count from 0, as they go over the wire; datasheets
that say 00001 or 40001 count from 1. hw/linux/lamp_map_file.py reads maps from TOML, hw/lamp_maps/ holds some.
"""

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Address = Annotated[int, Field(ge=0, le=65535)]
Factor = Annotated[float, Field(gt=0, le=10_000)]
Written = tuple[str, int, str]  # table, address, what it is


class Part(BaseModel):
    """A table of the map."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Cells(Part):
    """A cell for each lamp: that of lamp n at first + n * step, or as listed in `at`.

    first : the address of lamp 0's cell, from 0 as it goes over the wire.
    step : from one lamp's cell to the next one's.
    at : the addresses, one for each lamp, instead of first and step.
    """

    first: Address = 0
    step: int = Field(default=1, ge=1, le=10_000)
    at: tuple[Address, ...] | None = None

    def of(self, channel: int) -> int:
        """The address of a lamp's cell."""
        return self.at[channel] if self.at is not None else self.first + channel * self.step


class Relay(Cells):
    """A coil that switches the lamp."""


class Level(Cells):
    """A holding register that dims the lamp; at 0 it holds 0.

    full : what it holds at 100 per cent.
    stays : it keeps its value while the relay is off, so that the relay must be read, too.
    """

    full: int = Field(default=100, ge=1, le=65535)
    stays: bool = False


class Actual(Level):
    """A register that tells the level, where that is another than the one to write.

    table : which of the board's tables it is in.
    """

    table: Literal["holding", "input"] = "input"


class Measure(Cells):
    """A register that measures, in units of `unit` watts or amperes.

    table : which of the board's tables it is in.
    kind : how it is written; 32 bits take two registers, the high one first, or last (`_low`).
    unit : watts or amperes of one step.
    """

    table: Literal["holding", "input"] = "input"
    kind: Literal["u16", "s16", "u32", "u32_low", "float", "float_low"] = "u16"
    unit: Factor = 1.0


class Status(Cells):
    """A register of flags: the number of each flag's bit.

    table : which of the board's tables it is in.
    gear_failure : the bit of a failed control gear.
    lamp_failure : the bit of a failed lamp.
    lit : the bit of a lamp that burns.
    """

    table: Literal["holding", "input"] = "input"
    gear_failure: int | None = Field(default=None, ge=0, le=15)
    lamp_failure: int | None = Field(default=None, ge=0, le=15)
    lit: int | None = Field(default=None, ge=0, le=15)


class Manual(Cells):
    """A bit that is set while somebody has the lamp in hand.

    table : which of the board's tables it is in.
    """

    table: Literal["coil", "discrete"] = "discrete"


class Fade(Part):
    """A holding register of the board: how long a change of level takes.

    register_ : its address.
    unit_s : seconds of one step.
    longest : steps at most.
    """

    register_: Address = Field(alias="register")
    unit_s: Factor
    longest: int = Field(ge=1, le=65535)


class Safe(Cells):
    """What the board puts the lamp to when its watchdog runs out.

    table : which of the board's tables it is in.
    """

    table: Literal["coil", "holding"] = "holding"


class Watchdog(Part):
    """The board goes back by itself when nobody speaks to it.

    register_ : the address of its time, 0 there for never.
    unit_s : seconds of one step.
    longest : steps at most.
    enable : the coil that switches it on.
    clear : the coil that lets go of a time-out.
    fed_by : by any request, or only a write.
    safe : where the board has what to go back to; without it the relays fall off, and the lamps' own control has them.
    """

    register_: Address = Field(alias="register")
    unit_s: Factor
    longest: int = Field(ge=1, le=65535)
    enable: Address | None = None
    clear: Address | None = None
    fed_by: Literal["any", "write"] = "any"
    safe: Safe | None = None


class Timed(Cells):
    """A coil that is on for a time, and then falls off: function 5 with the time instead of FF00.

    unit_s : seconds of one step.
    longest : steps at most.
    """

    unit_s: Factor
    longest: int = Field(default=0x7FFF, ge=1, le=0x7FFF)


class Board(Part):
    """What it is.

    name : the board's.
    datasheet : whose words the map follows.
    verified : whether the writer of the map has read them.
    lamps : how many it can have.
    """

    name: str = Field(min_length=1, max_length=80)
    datasheet: str = Field(min_length=1, max_length=400)
    verified: bool
    lamps: int = Field(ge=1, le=1000)


class LampMap(Part):
    """The whole map. A lamp has a relay, a level, or both; all else is told where the board can.

    board : what it is.
    relay : coils that switch.
    level : holding registers that dim.
    actual : where the level is told, if not where it is written.
    power : what a lamp draws, watts.
    current : what a lamp draws, amperes.
    status : flags of failures.
    manual : whether somebody has the lamp in hand.
    fade : how long a change takes.
    watchdog : the board goes back by itself.
    timed : relays that fall off by themselves; instead of watchdog.
    """

    board: Board
    relay: Relay | None = None
    level: Level | None = None
    actual: Actual | None = None
    power: Measure | None = None
    current: Measure | None = None
    status: Status | None = None
    manual: Manual | None = None
    fade: Fade | None = None
    watchdog: Watchdog | None = None
    timed: Timed | None = None

    @property
    def fail_unit_s(self) -> float | None:
        """The steps in which the board counts that time; None: it cannot."""
        each = self.watchdog or self.timed
        return None if each is None else each.unit_s

    @property
    def longest_fail_s(self) -> float | None:
        """The longest time after which the board can go back by itself; None: it cannot."""
        each = self.watchdog or self.timed
        return None if each is None else each.longest * each.unit_s

    @model_validator(mode="after")
    def _sense(self) -> Self:
        if self.relay is None and self.level is None:
            raise ValueError("give [relay], [level], or both: without them no lamp can be told anything")
        if self.timed is not None and (self.relay is None or self.watchdog is not None):
            raise ValueError("[timed] needs a [relay], and no [watchdog] beside it")
        for name, cells in self._cells():
            if cells.at is not None and len(cells.at) < self.board.lamps:
                raise ValueError(f"{name}.at has {len(cells.at)} addresses; must be one for each of the lamps")
            if cells.of(self.board.lamps - 1) > 65535:
                raise ValueError(f"{name}: lamp {self.board.lamps - 1} would be past address 65535")
        self._check_apart()
        return self

    def _cells(self) -> Iterator[tuple[str, Cells]]:
        for name in type(self).model_fields:
            part = getattr(self, name)
            if isinstance(part, Cells):
                yield name, part
        if self.watchdog is not None and self.watchdog.safe is not None:
            yield "watchdog.safe", self.watchdog.safe

    def _check_apart(self) -> None:
        """No cell may be written for two things: what is meant for one lamp would move another."""
        seen: dict[tuple[str, int], str] = {}
        for table, address, what in self.written(range(self.board.lamps)):
            if (table, address) in seen:
                cell = "coil" if table == "coil" else "holding register"
                raise ValueError(f"{cell} {address} stands there twice: as {seen[table, address]}, and as {what}")
            seen[table, address] = what

    def written(self, channels: Iterable[int]) -> Iterator[Written]:
        """What is written for these lamps, and for the board as a whole."""
        tables = {"relay": "coil", "timed": "coil", "level": "holding"}
        for name, cells in self._cells():
            table = cells.table if isinstance(cells, Safe) else tables.get(name)
            if table is not None:
                for channel in channels:
                    yield table, cells.of(channel), f"{name} of lamp {channel}"
        if self.fade is not None:
            yield "holding", self.fade.register_, "fade.register"
        if self.watchdog is not None:
            yield "holding", self.watchdog.register_, "watchdog.register"
            for name in ("enable", "clear"):
                address = getattr(self.watchdog, name)
                if address is not None:
                    yield "coil", address, f"watchdog.{name}"


PLAIN = LampMap(
    board=Board(name="plain", datasheet="simulators/peers/lamp_bank.py", verified=True, lamps=1000),
    relay=Relay(),
    level=Level(),
)
"""A board whose level of lamp n, per cent, is holding register n, and its relay coil n."""
