"""Orders become levels and angles: read back, tried again, never too late, and one dead device delays no other."""

import asyncio
import contextlib
import functools

import pytest
from structlog.testing import capture_logs

from gateway.edges import Edges, Plug
from gateway.orders import Aim, Light
from gateway.reaction.bank_rules import BankRules, try_s
from gateway.reaction.cameras import Cameras
from gateway.reaction.eye import Eye
from gateway.reaction.lights import LampBank
from gateway.street import Mount
from hw.fake import FakeCamera, FakeClock, FakeLamps, Told

S = 1_000_000


class StuckLamps(FakeLamps):
    """Channel 0 takes every order and does nothing; the others work."""

    async def read_level(self, channel):
        return 7 if channel == 0 else await super().read_level(channel)


class SilentLamps(FakeLamps):
    """Answers nothing until `drive_voice`."""

    def __init__(self):
        super().__init__()
        self._voice = asyncio.Event()
        self._tries = 0
        self.asked_thrice = asyncio.Event()

    async def write_level(self, channel, level_pct, fade_s=0.0):
        self._tries += 1
        if self._tries == 3:
            self.asked_thrice.set()
        await self._voice.wait()
        await super().write_level(channel, level_pct)

    def drive_voice(self):
        self._voice.set()


class AskedLamps(FakeLamps):
    """Tells when it was asked for something."""

    def __init__(self):
        super().__init__()
        self.asked = asyncio.Event()

    async def read_level(self, channel):
        self.asked.set()
        return await super().read_level(channel)


class SilentCamera(FakeCamera):
    """Answers nothing until `drive_voice`."""

    def __init__(self):
        super().__init__()
        self._voice = asyncio.Event()

    async def aim(self, *order):
        await self._voice.wait()
        return await super().aim(*order)

    def drive_voice(self):
        self._voice.set()


@contextlib.asynccontextmanager
async def street(*banks, answer_s=0.5):
    """Edges over (lamps, channels), running, with their reports and their clock."""
    reports, clock = Told(), FakeClock()

    def plug(i, lamps, names):
        make = functools.partial(LampBank, f"bank {i}", lamps, names, clock.now_us)
        return Plug(f"bank {i}", (Light,), lambda tell: make(tell, BankRules(answer_s)), try_s(answer_s) + 0.5)

    lights = Edges([plug(i, *bank) for i, bank in enumerate(banks)], reports, clock.now_us)
    running = asyncio.create_task(lights.run())
    try:
        yield lights, reports, clock
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def light(*lamps, level_pct=100, expires_us=None):
    return Light(lamps, level_pct, "i1", expires_us)


async def test_lamps_are_written_and_read_back_on_their_own_channels():
    lamps = FakeLamps()
    async with street((lamps, {"a": 3, "b": 5})) as (lights, reports, _):
        lights.order(light("a", "b", "of another bank"))
        await reports.until(lambda told: len(told) == 2)

    assert lamps.orders == [(3, 100), (5, 100)]
    assert {(each.device, each.done, each.note) for each in reports} == {
        ("a", True, "reads 100 %"),
        ("b", True, "reads 100 %"),
    }


async def test_a_bank_that_was_away_gets_the_order_when_it_is_back_and_both_are_said_once():
    lamps = AskedLamps()
    lamps.drive_failure(OSError("gone"))
    with capture_logs() as logs:
        async with street((lamps, {"a": 0, "b": 1})) as (lights, reports, _):
            lights.order(light("a", "b"))
            async with asyncio.timeout(5):
                await lamps.asked.wait()
            lamps.drive_failure(None)
            await reports.until(lambda told: len(told) == 2)

    assert lamps.levels[:2] == [100, 100]
    assert [each["event"] for each in logs] == ["lamps do not answer", "lamps answer again"]


async def test_nothing_comes_up_for_an_event_that_is_past():
    lamps = FakeLamps()
    async with street((lamps, {"a": 0})) as (lights, reports, clock):
        lights.order(light("a", expires_us=clock.now_us() - 1))
        await reports.until(len)

    assert (reports[0].done, reports[0].note) == (False, "too late: the event is past")
    assert lamps.orders == []


async def test_an_order_that_expires_while_the_bank_is_away_is_dropped_and_going_to_rest_is_not():
    lamps = FakeLamps(level_pct=60)
    lamps.drive_failure(OSError("gone"))
    async with street((lamps, {"a": 0, "b": 1})) as (lights, reports, clock):
        lights.order(light("a", expires_us=clock.now_us() + 30 * S))
        lights.order(light("b", level_pct=30))
        await asyncio.sleep(0)
        clock.drive_time(31 * S)
        await reports.until(len)
        lamps.drive_failure(None)
        await reports.until(lambda told: len(told) == 2)

    assert [(each.device, each.done) for each in reports] == [("a", False), ("b", True)]
    assert lamps.orders == [(1, 30)]


@pytest.mark.parametrize(("is_at", "orders"), [(100, []), (30, [(0, 100)])])
async def test_a_lamp_that_may_be_up_already_is_read_first_and_not_switched_twice(is_at, orders):
    lamps = FakeLamps(level_pct=is_at)
    async with street((lamps, {"a": 0})) as (lights, reports, _):
        lights.order(light("a"))
        await reports.until(len)

    assert (reports[0].done, reports[0].note, lamps.orders) == (True, "reads 100 %", orders)


async def test_a_newer_order_takes_the_place_of_one_that_waits():
    lamps = FakeLamps()
    async with street((lamps, {"a": 0})) as (lights, reports, _):
        lights.order(light("a"))
        lights.order(light("a", level_pct=30))
        await reports.until(len)

    assert lamps.orders == [(0, 30)]


async def test_a_stuck_lamp_does_not_keep_the_others_of_its_bank_dark():
    lamps = StuckLamps()
    async with street((lamps, {"stuck": 0, "b": 1, "c": 2})) as (lights, reports, _):
        with capture_logs() as logs:
            lights.order(light("stuck", "b", "c"))
            await reports.until(lambda told: len(told) == 2)

    assert {each.device for each in reports if each.done} == {"b", "c"}
    assert logs[0]["why"] == "told 100 %, reads 7 %"


async def test_a_silent_bank_delays_no_other_and_a_try_at_it_has_the_time_of_six_answers():
    silent, good = SilentLamps(), FakeLamps()
    async with street((silent, {"a": 0}), (good, {"b": 0}), answer_s=0.066) as (lights, reports, _):
        start_s = asyncio.get_running_loop().time()
        lights.order(light("a", "b"))
        await reports.until(len, limit_s=0.2)
        assert reports[0].device == "b"
        async with asyncio.timeout(2):
            await silent.asked_thrice.wait()
        took_s = asyncio.get_running_loop().time() - start_s
        silent.drive_voice()
        await reports.until(lambda told: len(told) == 2)

    assert 0.6 <= took_s <= 1.0
    assert silent.levels[0] == 100


def cameras(*eyes):
    reports, clock = Told(), FakeClock()
    return Cameras([Eye(mount, camera) for mount, camera in eyes], clock.now_us, reports), reports, clock


def aim(*names, azimuth_deg=100.0, expires_us=None):
    order = None
    for name in reversed(names):
        order = Aim(name, azimuth_deg, -3.0, "i1", expires_us, order)
    return order


async def test_a_camera_is_told_pan_and_tilt_in_its_own_frame_and_asked_where_it_looks():
    camera = FakeCamera()
    turning, reports, _ = cameras((Mount("c", (0, 0, 5), bearing_deg=350), camera))
    turning.order(aim("c"))
    await reports.until(lambda told: len(told) == 2)
    await turning.close()

    assert camera.orders == [(110.0, -3.0)]
    assert [(each.done, each.note) for each in reports] == [
        (True, "took the order"),
        (True, "looks there, 0.00 degrees off"),
    ]


async def test_a_camera_that_fails_gives_way_to_the_next_best_and_is_asked_last_for_a_while():
    broken, good = FakeCamera(), FakeCamera()
    broken.drive_failure(OSError("refused"))
    turning, reports, _ = cameras((Mount("x", (0, 0, 5)), broken), (Mount("y", (9, 0, 5)), good))
    with capture_logs() as logs:
        turning.order(aim("x", "y"))
        await reports.until(lambda told: len(told) == 3)
        turning.order(aim("x", "y", azimuth_deg=10.0))
        await reports.until(lambda told: len(told) == 5)
    await turning.close()

    assert [(each.device, each.done) for each in reports] == [("x", False), *[("y", True)] * 4]
    assert good.orders == [(100.0, -3.0), (10.0, -3.0)]
    assert [each["event"] for each in logs] == ["camera does not answer"]


async def test_a_silent_camera_is_given_up_after_three_seconds(monkeypatch):
    monkeypatch.setattr("gateway.reaction.cameras.GIVE_UP_S", 0.05)
    good = FakeCamera()
    turning, reports, _ = cameras((Mount("x", (0, 0, 5)), SilentCamera()), (Mount("y", (9, 0, 5)), good))
    turning.order(aim("x", "y"))
    await reports.until(lambda told: len(told) == 3)
    await turning.close()

    assert reports[0].note == "no answer within 0.05 s"
    assert good.orders == [(100.0, -3.0)]


async def test_no_camera_turns_for_an_event_that_is_past():
    camera = FakeCamera()
    turning, reports, clock = cameras((Mount("c", (0, 0, 5)), camera))
    turning.order(aim("c", expires_us=clock.now_us() - 1))
    await reports.until(len)
    await turning.close()

    assert camera.orders == []
    assert not reports[0].done


async def test_of_the_orders_that_wait_for_a_camera_the_newest_is_carried_out():
    camera = SilentCamera()
    turning, reports, _ = cameras((Mount("c", (0, 0, 5)), camera))
    for azimuth_deg in (10.0, 20.0, 30.0):
        turning.order(aim("c", azimuth_deg=azimuth_deg))
    await asyncio.sleep(0)
    camera.drive_voice()
    await reports.until(lambda told: any("looks there" in each.note for each in told))
    await turning.close()

    assert camera.orders == [(10.0, -3.0), (30.0, -3.0)]


async def test_an_order_for_an_unknown_camera_is_our_own_fault():
    turning, _, _ = cameras((Mount("c", (0, 0, 5)), FakeCamera()))

    with pytest.raises(ValueError, match="camera 'd': there is none of that name"):
        turning.order(aim("c", "d"))
