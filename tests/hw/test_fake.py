"""The fakes do what they are driven to."""

import asyncio

import numpy as np
import pytest

from hw.fake import FakeCamera, FakeClock, FakeLamps, FakeLine, FakeMicrophone
from hw.ports import ClockReading

BROKEN = OSError("unplugged")


async def all_of(source):
    return [item async for item in source]


async def test_a_microphone_gives_what_it_was_driven_with_and_shows_gaps():
    microphone = FakeMicrophone(8_000)
    microphone.drive_samples(np.ones(100))
    microphone.drive_gap(50)
    microphone.drive_samples(np.zeros(10))
    microphone.drive_end()
    blocks = await all_of(microphone.blocks())

    assert [(block.tick, block.samples.shape) for block in blocks] == [(0, (100, 1)), (150, (10, 1))]
    assert blocks[0].samples.dtype == np.float32


async def test_a_microphone_refuses_another_channel_count():
    with pytest.raises(ValueError, match="2 channels: this microphone has 1"):
        FakeMicrophone().drive_samples(np.zeros((10, 2)))


async def test_a_microphone_that_is_unplugged_raises():
    microphone = FakeMicrophone()
    microphone.drive_failure(BROKEN)

    with pytest.raises(OSError, match="unplugged"):
        await all_of(microphone.blocks())


@pytest.mark.parametrize(
    ("driver", "order"),
    [(FakeLamps(), lambda lamps: lamps.write_level(0, 100)), (FakeCamera(), lambda camera: camera.aim(10, 0))],
)
async def test_what_was_broken_and_mended_works_again(driver, order):
    driver.drive_failure(BROKEN)
    with pytest.raises(OSError, match="unplugged"):
        await order(driver)
    assert driver.orders == []
    driver.drive_failure(None)
    await order(driver)

    assert len(driver.orders) == 1


async def test_a_line_remembers_what_was_sent_and_says_what_it_is_driven_with():
    line = FakeLine()
    await line.write_frame(b"up")
    line.drive_frame(b"down")
    line.drive_damage()
    await line.close()

    assert (line.sent, await all_of(line.frames()), line.dropped) == ([b"up"], [b"down"], 1)


async def test_a_line_that_goes_away_raises_both_ways():
    line = FakeLine()
    line.drive_failure(BROKEN)

    with pytest.raises(OSError, match="unplugged"):
        await all_of(line.frames())
    with pytest.raises(OSError, match="unplugged"):
        await line.write_frame(b"up")


async def test_a_clock_moves_only_when_driven():
    clock = FakeClock(1_000)
    await asyncio.sleep(0)
    assert clock.now_us() == 1_000
    await clock.sleep(0.5)
    clock.drive_time(7)
    clock.drive_quality(9_000, "ntp")

    assert clock.now_us() == 501_007
    assert await clock.read() == ClockReading(9_000, "ntp")
