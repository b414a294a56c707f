"""Lamps on relays that the pins of this computer switch: by gpiozero on a Raspberry Pi, by gpiod elsewhere.

Level is 0 or 100: the relay forces its lamp on, or leaves it to its own control. Nothing here falls back by itself when
this program dies (the kernel may leave a line as it was), so `fail_s` is None, and a guard puts the lamps back
(hw/guarded_lamps.py); with the whole computer dead only a relay with a timer of its own, or a Modbus board, does. Pins
are asked for as they are, so that taking one moves no lamp.
"""

from collections.abc import Callable, Mapping
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

import gpiod
import gpiozero
from gpiod.line import Direction, Value
from gpiozero.exc import GPIOZeroError

from hw.ports import LampRefuses, LampState, check_lamp

FORM = "must be gpio:// (gpiozero) or gpio:///dev/gpiochip0 (gpiod), either with ?active=low where relays close on 0"
LAST_LINE = 1023


class Pin(Protocol):
    """One output. Raises OSError where there is none."""

    def read(self) -> bool: ...

    def write(self, on: bool) -> None: ...

    def close(self) -> None: ...


class Request(Protocol):
    """What gpiod.request_lines gives."""

    def get_value(self, line: int | str) -> Value: ...

    def set_value(self, line: int | str, value: Value) -> None: ...

    def reconfigure_lines(self, config: dict[int, gpiod.LineSettings]) -> None: ...

    def release(self) -> None: ...


class GpioLamps:
    """Lamps (hw/ports.py); the channel is the number of the line (BCM's on a Raspberry Pi). open_pin : (line) -> its
    Pin, for tests. Raises ValueError for a url that makes no sense, OSError naming the line that is not there."""

    fail_s: float | None = None

    def __init__(self, url: str, open_pin: Callable[[int], Pin] | None = None) -> None:
        parts = urlsplit(url)
        asked = parse_qs(parts.query, True)
        active = asked.pop("active", ["high"])
        if parts.scheme != "gpio" or parts.netloc or asked or active not in (["high"], ["low"]):
            raise ValueError(f"lamps url {url!r}: {FORM}")
        self.url = url
        is_low = active == ["low"]
        self._open_pin = open_pin or (
            (lambda line: ChipPin(parts.path, line, is_low)) if parts.path else (lambda line: ZeroPin(line, is_low))
        )
        self._pins: dict[int, Pin] = {}

    def nearest(self, level_pct: int) -> int:
        """A relay knows on and off."""
        return 100 if level_pct > 0 else 0

    async def write_level(self, channel: int, level_pct: int, fade_s: float = 0.0) -> None:
        """Switch a lamp."""
        check_lamp(channel, level_pct, LAST_LINE)
        self._pin(channel).write(level_pct > 0)

    async def read_level(self, channel: int) -> int:
        """100 where the line is active."""
        check_lamp(channel, last_channel=LAST_LINE)
        return 100 if self._pin(channel).read() else 0

    async def read_state(self, channel: int) -> LampState:
        """A relay tells no more than its level."""
        return LampState(await self.read_level(channel))

    def raw(self, channel: int, level_pct: int) -> int:
        """A relay has no finer level."""
        return level_pct

    def learn(self, channel: int, level_pct: int, raw: int) -> None:
        """Nothing to learn."""

    async def keep(self, before_pct: Mapping[int, int]) -> None:
        """Nothing heeds it."""

    async def let_go(self, channel: int) -> bool:
        """It has no control of its own here but what it is told."""
        return False

    async def close(self) -> None:
        """Let go of the pins."""
        for pin in self._pins.values():
            pin.close()
        self._pins.clear()

    def _pin(self, channel: int) -> Pin:
        if channel not in self._pins:
            try:
                self._pins[channel] = self._open_pin(channel)
            except (OSError, GPIOZeroError, ValueError) as error:
                raise LampRefuses(f"{self.url}: lamp {channel}: no such line ({error})") from error
        return self._pins[channel]


class ZeroPin:
    """A pin by gpiozero, of whatever factory it has found. initial_value None: as it is."""

    def __init__(self, line: int, active_low: bool, factory: gpiozero.Factory | None = None) -> None:
        self._pin = gpiozero.DigitalOutputDevice(
            line, active_high=not active_low, initial_value=None, pin_factory=factory
        )

    def read(self) -> bool:
        """Whether it is active."""
        return bool(self._pin.value)

    def write(self, on: bool) -> None:
        """Make it active, or not."""
        self._pin.value = int(on)

    def close(self) -> None:
        """Let go of it."""
        self._pin.close()


class ChipPin:
    """A line of a gpiochip by gpiod: asked for as it is, looked at, and made an output with the value that it has.
    request : gpiod.request_lines, or a fake of it."""

    def __init__(
        self, chip: str, line: int, active_low: bool, request: Callable[..., Request] = gpiod.request_lines
    ) -> None:
        self._line = line
        as_is = gpiod.LineSettings(direction=Direction.AS_IS, active_low=active_low)
        self._request = request(chip, consumer="soundpost", config={line: as_is})
        value = self._request.get_value(line)
        output = gpiod.LineSettings(direction=Direction.OUTPUT, active_low=active_low, output_value=value)
        self._request.reconfigure_lines({line: output})

    def read(self) -> bool:
        """Whether it is active."""
        return bool(self._request.get_value(self._line) == Value.ACTIVE)

    def write(self, on: bool) -> None:
        """Make it active, or not."""
        self._request.set_value(self._line, Value.ACTIVE if on else Value.INACTIVE)

    def close(self) -> None:
        """Let go of it."""
        self._request.release()
