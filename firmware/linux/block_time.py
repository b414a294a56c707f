"""Dates the blocks of a live source by the host's clock.

A block comes some time after its last sample was taken: never before, often late. So of all blocks of a second the one
that came earliest is the best mark, and the clock's fit smooths what is left. Its sigma is that of the host's clock
against UTC, and of a delay that may be anything up to one block (a uniform delay of width d has d / sqrt(12)).
"""

import asyncio
import math
from collections.abc import Awaitable, Callable

from firmware.clock import Clock
from hw.ports import ClockReading

READ_EVERY_S = 16.0
FIRST_SIGMA_US = 20_000
"""Until the first second is over: the first block may have waited for the program to start."""


class Dater:
    """clock : to mark. read_clock : how good the host's clock is now. utc_us : the host's clock. reading : what it was
    worth when it was last asked."""

    def __init__(
        self, clock: Clock, read_clock: Callable[[], Awaitable[ClockReading]], utc_us: Callable[[], int]
    ) -> None:
        self._clock = clock
        self._read_clock = read_clock
        self._utc_us = utc_us
        self.reading: ClockReading | None = None
        self._best: tuple[int, int, int] | None = None
        self._until_tick: int | None = None

    async def read(self) -> ClockReading:
        """Ask now how good the host's clock is."""
        self.reading = await self._read_clock()
        return self.reading

    async def watch(self) -> None:
        """Ask again and again, for ever."""
        while True:
            await asyncio.sleep(READ_EVERY_S)
            await self.read()

    def see(self, end_tick: int, n_samples: int) -> None:
        """A block of n_samples has just come, whose last sample is the one before end_tick."""
        utc_us, rate_hz = self._utc_us(), self._clock.rate_hz
        host_us = 0 if self.reading is None else self.reading.sigma_us
        sigma_us = round(math.hypot(host_us, n_samples * 1e6 / rate_hz / math.sqrt(12)))
        if self._until_tick is None:
            self._clock.mark(end_tick, utc_us, round(math.hypot(sigma_us, FIRST_SIGMA_US)))
            self._until_tick = end_tick + rate_hz
            return
        late_us = utc_us - end_tick * 1_000_000 // rate_hz
        if self._best is None or late_us < self._best[0]:
            self._best = (late_us, end_tick, max(1, sigma_us))
        if end_tick >= self._until_tick:
            late_us, tick, sigma_us = self._best
            self._clock.mark(tick, late_us + tick * 1_000_000 // rate_hz, sigma_us)
            self._best, self._until_tick = None, end_tick + rate_hz
