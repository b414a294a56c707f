"""Drivers that touch nothing and do what a test drives them to: first-class beside the real ones, same contracts.

What a test does to them is called `drive_...`; what was done to them can be read as plain attributes.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw.onvif_camera import check_reach, wind
from hw.ports import Block, ClockReading, GeoPlace, LampRefuses, LampState, Look, check_lamp


class FakeMicrophone:
    """A BlockSource whose blocks are what `drive_samples` and `drive_gap` gave it; `drive_end` ends it."""

    def __init__(self, rate_hz: int = 48_000, n_channels: int = 1, start_us: int | None = None) -> None:
        self.rate_hz = rate_hz
        self.n_channels = n_channels
        self.start_us = start_us
        self.is_open = False
        self._tick = 0
        self._blocks: asyncio.Queue[Block | OSError | int | None] = asyncio.Queue()

    async def open(self) -> None:
        self.is_open = True

    async def blocks(self) -> AsyncIterator[Block]:
        while (block := await self._blocks.get()) is not None:
            if isinstance(block, OSError):
                raise block
            if isinstance(block, int):
                self.rate_hz = block
            else:
                yield block

    async def close(self) -> None:
        self.is_open = False

    def drive_samples(self, samples: NDArray[np.float32]) -> None:
        """The next block: (n,) or (n, n_channels), full scale +-1. Raises ValueError for another channel count."""
        shaped = np.asarray(samples, np.float32).reshape(len(samples), -1)
        if shaped.shape[1] != self.n_channels:
            raise ValueError(f"{shaped.shape[1]} channels: this microphone has {self.n_channels}")
        self._blocks.put_nowait(Block(self._tick, shaped))
        self._tick += len(shaped)

    def drive_gap(self, n_samples: int) -> None:
        """Samples that were lost: the next block's tick is so much further on."""
        self._tick += n_samples

    def drive_rate(self, rate_hz: int) -> None:
        """From the next block on the microphone runs at another rate: what no microphone should do."""
        self._blocks.put_nowait(rate_hz)

    def drive_failure(self, error: OSError) -> None:
        """The microphone is pulled out: iteration raises this."""
        self._blocks.put_nowait(error)

    def drive_end(self) -> None:
        """The source is at its end."""
        self._blocks.put_nowait(None)


class Told(list[Any]):
    """Whoever is told: all that it was told, in order; `until` waits for what is yet to come."""

    def __init__(self) -> None:
        super().__init__()
        self._more = asyncio.Event()

    def __call__(self, what: object) -> None:
        self.append(what)
        self._more.set()

    async def until(self, condition: Callable[[list[Any]], object], limit_s: float = 5.0) -> None:
        """Until the condition holds of all that was told. Raises TimeoutError where it never does."""
        async with asyncio.timeout(limit_s):
            while not condition(self):
                self._more.clear()
                await self._more.wait()


class FakeLamps:
    """Lamps with `levels` (per cent, by channel) and `orders`, the (channel, level_pct) written, in order.

    fail_s : as hw/ports.py has it; `kept` is what the last `keep` said, `n_kept` how often it came. `states` : what a
    lamp says of itself beside its level.
    """

    def __init__(self, n_lamps: int = 8, level_pct: int = 0, fail_s: float | None = None) -> None:
        self.levels = [level_pct] * n_lamps
        self.orders: list[tuple[int, int]] = []
        self.fades_s: list[float] = []
        self.fail_s = fail_s
        self.kept: dict[int, int] = {}
        self.n_kept = 0
        self.states: dict[int, LampState] = {}
        self._failure: OSError | None = None

    def nearest(self, level_pct: int) -> int:
        return level_pct

    async def write_level(self, channel: int, level_pct: int, fade_s: float = 0.0) -> None:
        self._reach(channel, level_pct)
        self.orders.append((channel, level_pct))
        self.fades_s.append(fade_s)
        self.levels[channel] = level_pct

    async def read_level(self, channel: int) -> int:
        self._reach(channel)
        return self.levels[channel]

    async def read_state(self, channel: int) -> LampState:
        level_pct = await self.read_level(channel)
        return replace(self.states.get(channel, LampState()), level_pct=level_pct)

    async def keep(self, before_pct: Mapping[int, int]) -> None:
        if self._failure is not None:
            raise self._failure
        self.n_kept += 1
        self.kept = dict(before_pct)

    async def let_go(self, channel: int) -> bool:
        return False

    async def close(self) -> None:
        return

    def drive_failure(self, error: OSError | None) -> None:
        """From now on every order raises this; None mends the bank."""
        self._failure = error

    def drive_level(self, channel: int, level_pct: int) -> None:
        """Somebody else sets a lamp."""
        self.levels[channel] = level_pct

    def drive_state(self, channel: int, state: LampState) -> None:
        """From now on a lamp says this of itself; its level is as it is."""
        self.states[channel] = state

    def _reach(self, channel: int, level_pct: int = 0) -> None:
        check_lamp(channel, level_pct)
        if self._failure is not None:
            raise self._failure
        if channel >= len(self.levels):
            raise LampRefuses(f"lamp {channel}: the lamp bank refuses")


class FakeCamera:
    """A camera that looks where `orders` (pan_deg, tilt_deg) last told it, at once. `zooms` and `places` are what came
    with each. takes_places : it takes a place, and looks then where `drive_look` says. home_deg : its own home."""

    def __init__(
        self,
        pan_span_deg: tuple[float, float] = (-180, 180),
        tilt_span_deg: tuple[float, float] = (-90, 90),
        *,
        takes_places: bool = False,
        home_deg: tuple[float, float] | None = None,
    ) -> None:
        self.orders: list[tuple[float, float]] = []
        self.zooms: list[float | None] = []
        self.places: list[GeoPlace | None] = []
        self._looks = Look(0.0, 0.0)
        self._spans_deg = (pan_span_deg, tilt_span_deg)
        self._takes_places, self._home_deg = takes_places, home_deg
        self._failure: OSError | None = None

    async def aim(
        self, pan_deg: float, tilt_deg: float, zoom: float | None = None, place: GeoPlace | None = None
    ) -> str:
        pan_span_deg, tilt_span_deg = self._spans_deg
        goal_deg = (wind(pan_deg, pan_span_deg), check_reach("tilt", tilt_deg, tilt_span_deg))
        self._reach()
        self.orders.append(goal_deg)
        self.zooms.append(zoom)
        self.places.append(place)
        if self._takes_places and place is not None:
            return "place"
        self._looks = Look(*goal_deg, zoom)
        return "angles"

    async def read_look(self) -> Look:
        self._reach()
        return self._looks

    async def read_aim(self) -> tuple[float, float]:
        """(pan, tilt) of where it looks."""
        look = await self.read_look()
        return look.pan_deg, look.tilt_deg

    async def go_home(self) -> None:
        self._reach()
        if self._home_deg is None:
            raise ValueError("the camera has no home of its own")
        self.drive_look(*self._home_deg)

    async def close(self) -> None:
        return

    def drive_look(self, pan_deg: float, tilt_deg: float, zoom: float | None = None) -> None:
        """Somebody else turns it."""
        self._looks = Look(pan_deg, tilt_deg, zoom)

    def drive_failure(self, error: OSError | None) -> None:
        """From now on every order raises this; None mends the camera."""
        self._failure = error

    def _reach(self) -> None:
        if self._failure is not None:
            raise self._failure


class FakeLine:
    """A FrameLine: `sent` holds what was written, `drive_frame` is what the other end says."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.dropped = 0
        self._heard: asyncio.Queue[bytes | OSError | None] = asyncio.Queue()
        self._failure: OSError | None = None

    async def frames(self) -> AsyncIterator[bytes]:
        while (frame := await self._heard.get()) is not None:
            if isinstance(frame, OSError):
                raise frame
            yield frame

    async def write_frame(self, frame: bytes) -> None:
        if self._failure is not None:
            raise self._failure
        self.sent.append(frame)

    async def close(self) -> None:
        self._heard.put_nowait(None)

    def drive_frame(self, frame: bytes) -> None:
        """A frame comes from the other end."""
        self._heard.put_nowait(frame)

    def drive_damage(self) -> None:
        """A frame comes damaged: it is dropped and counted."""
        self.dropped += 1

    def drive_failure(self, error: OSError) -> None:
        """The line goes away: reading and writing raise this."""
        self._failure = error
        self._heard.put_nowait(error)


class FakeClock:
    """A clock that stands still until driven: `now_us` and `sleep` for shells, `read` for a host's clock quality."""

    def __init__(self, start_us: int = 1_700_000_000_000_000, sigma_us: int = 100, source: str = "gps") -> None:
        self._now_us = start_us
        self._reading = ClockReading(sigma_us, source)

    def now_us(self) -> int:
        """UTC, int microseconds."""
        return self._now_us

    async def sleep(self, seconds: float) -> None:
        """Let that much time pass at once."""
        self.drive_time(round(seconds * 1e6))
        await asyncio.sleep(0)

    async def read(self) -> ClockReading:
        """What the clock is worth."""
        return self._reading

    def drive_time(self, passed_us: int) -> None:
        """Let time pass."""
        self._now_us += passed_us

    def drive_quality(self, sigma_us: int, source: str) -> None:
        """The clock gets better or worse."""
        self._reading = ClockReading(sigma_us, source)
