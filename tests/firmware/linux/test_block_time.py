"""A live source is dated by the host's clock: late blocks do no harm, and sigma says what the host is worth."""

import random

import pytest

from firmware import wire
from firmware.clock import Clock
from firmware.linux.block_time import Dater
from hw.ports import ClockReading

T0_US = 1_790_000_000_000_000
RATE_HZ, BLOCK = 48_000, 960


class Host:
    """A host whose clock is right, and whose blocks come late by what `late_us` draws."""

    def __init__(self, late_us, sigma_us=40, ppm=0, block=BLOCK):
        self.block = block
        self.now_us, self.late_us, self.sigma_us, self.tick, self.ppm = T0_US, late_us, sigma_us, 0, ppm
        self.clock = Clock(RATE_HZ)
        self.dater = Dater(self.clock, self.read, lambda: self.now_us)

    async def read(self):
        return ClockReading(self.sigma_us, "ntp")

    def true_us(self, tick):
        return T0_US + round(tick * 1e6 / (RATE_HZ * (1 + self.ppm * 1e-6)))

    def run(self, seconds):
        for _ in range(seconds * RATE_HZ // self.block):
            self.tick += self.block
            self.now_us = self.true_us(self.tick) + self.late_us()
            self.dater.see(self.tick, self.block)


@pytest.mark.parametrize("ppm", [0, 40])
async def test_blocks_that_come_late_now_and_then_do_not_shift_the_time(ppm):
    dice = random.Random(5)
    host = Host(lambda: dice.choice((200, 300, 15_000, 60_000)), ppm=ppm)
    await host.dater.read()
    host.run(30)

    assert abs(host.clock.utc_us(host.tick << 8) - host.true_us(host.tick)) < 1_000


async def test_the_first_block_already_gives_a_time_with_a_modest_sigma():
    host = Host(lambda: 0)
    await host.dater.read()
    host.dater.see(BLOCK, BLOCK)

    assert host.clock.state(BLOCK) == wire.COARSE
    assert host.clock.sigma_us(BLOCK) > 20_000


async def test_sigma_is_that_of_the_host_and_of_the_blocks_delay():
    good, bad = Host(lambda: 0, sigma_us=40), Host(lambda: 0, sigma_us=500_000)
    for host in (good, bad):
        await host.dater.read()
        host.run(20)

    assert good.clock.sigma_us(good.tick) == pytest.approx(20_000 / 12**0.5, rel=0.1)
    assert good.clock.state(good.tick) == wire.HOLDOVER
    assert bad.clock.state(bad.tick) == wire.COARSE


async def test_with_a_pulse_and_blocks_of_3_ms_the_clock_is_locked():
    host = Host(lambda: 0, sigma_us=40, block=144)
    await host.dater.read()
    host.run(20)

    assert host.clock.sigma_us(host.tick) == pytest.approx(3_000 / 12**0.5, rel=0.1)
    assert host.clock.state(host.tick) == wire.LOCKED


async def test_a_host_whose_clock_is_set_from_1970_is_right_within_a_few_seconds_and_nothing_was_placed_before():
    host = Host(lambda: 200, sigma_us=10_000_000, block=144)
    host.true_us = lambda tick, right=host.true_us: right(tick) - T0_US + 180_000_000
    await host.dater.read()
    host.run(60)
    before = host.clock.state(host.tick)
    del host.true_us
    host.sigma_us = 40
    await host.dater.read()
    host.run(5)

    assert before == wire.COARSE
    assert abs(host.clock.utc_us(host.tick << 8) - host.true_us(host.tick)) < 1_000
    assert host.clock.state(host.tick) == wire.LOCKED
