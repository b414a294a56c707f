"""Further rounds of an incident: lamps and cameras that did not do it, or do it no longer, are told again; the rest
are left alone."""

import asyncio

import pytest

from gateway.orders import Aim, Light
from gateway.reaction.bank_rules import BankRules
from gateway.reaction.cameras import Cameras
from gateway.reaction.eye import Eye
from gateway.reaction.lamp_memory import LampMemory
from gateway.reaction.lights import LampBank
from gateway.street import Mount
from hw.fake import FakeCamera, FakeClock, FakeLamps, Told

S = 1_000_000


class Bank:
    """One bank with lamps a and b, running; the rounds of an incident, each with an order of its own."""

    def __init__(self, lamps, least_s=0.0, looks_s=600.0):
        self.lamps, self.told, self.clock, self.n = lamps, Told(), FakeClock(), 0
        rules, memory = BankRules(0.1, looks_s), LampMemory(least_s)
        self.edge = LampBank("bank", lamps, {"a": 0, "b": 1}, self.clock.now_us, self.told, rules, memory)

    async def __aenter__(self):
        self._running = asyncio.create_task(self.edge.run(lambda: None))
        return self

    async def __aexit__(self, *_):
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)

    def order(self):
        again, self.n = self.n > 0, self.n + 1
        self.edge.order(Light(("a", "b"), 100, "i1", self.clock.now_us() + 30 * S, action=f"l{self.n}", again=again))

    async def round(self):
        """Order, and wait for both lamps. Comes back: what is news of it."""
        n_told = len(self.told)
        self.order()
        name = f"l{self.n}"
        await self.told.until(lambda told: sum(each.effect.action == name for each in told) == 2)
        return [(each.device, each.done, each.note) for each in self.told[n_told:] if not each.repeats]


async def test_a_lamp_that_went_down_comes_up_at_the_next_round_and_both_are_told():
    async with Bank(FakeLamps(level_pct=30)) as bank:
        await bank.round()
        await asyncio.sleep(1.1)  # what the bank read back is no longer taken for what is
        bank.lamps.drive_level(0, 30)  # its board let go of it
        news = await bank.round()

    assert news == [("a", True, "went back to 30 % by itself"), ("a", True, "reads 100 %")]
    assert bank.lamps.orders == [(0, 100), (1, 100), (0, 100)]


async def test_lamps_that_are_up_are_told_nothing_by_a_later_round_and_nothing_is_said_of_them():
    async with Bank(FakeLamps(level_pct=30)) as bank:
        first, second = await bank.round(), await bank.round()

    assert (len(first), second) == (2, [])
    assert bank.lamps.orders == [(0, 100), (1, 100)]


async def test_a_lamp_that_somebody_has_in_hand_stays_with_him_however_many_shots_there_are():
    async with Bank(FakeLamps(level_pct=30)) as bank:
        await bank.round()
        await asyncio.sleep(1.1)
        bank.lamps.drive_level(0, 60)
        news, later = await bank.round(), await bank.round()

    assert news == [("a", True, "somebody set it to 60 %"), ("a", False, "left as it is: somebody has it in hand")]
    assert later == []
    assert bank.lamps.levels[:2] == [60, 100]


async def test_a_later_round_reaches_a_lamp_that_an_earlier_one_came_too_late_for():
    lamps = FakeLamps(level_pct=30)
    lamps.drive_failure(OSError("gone"))
    async with Bank(lamps) as bank:
        bank.order()
        await asyncio.sleep(0.05)
        bank.clock.drive_time(31 * S)
        await bank.told.until(lambda told: len(told) == 2)
        lamps.drive_failure(None)
        news = await bank.round()

    assert {each.note for each in bank.told[:2]} == {"too late: the event is past"}
    assert sorted(news) == [("a", True, "reads 100 %"), ("b", True, "reads 100 %")]


async def test_no_lamp_is_switched_twice_within_the_least_interval_by_a_later_round():
    async with Bank(FakeLamps(level_pct=30), least_s=1.6) as bank:
        await bank.round()
        began_s = asyncio.get_running_loop().time()
        await asyncio.sleep(1.1)
        bank.lamps.drive_level(0, 30)
        await bank.round()
        took_s = asyncio.get_running_loop().time() - began_s

    assert took_s > 1.5
    assert bank.lamps.levels[:2] == [100, 100]


async def test_an_order_that_a_newer_one_takes_the_place_of_is_told_of():
    lamps = FakeLamps()
    lamps.drive_failure(OSError("gone"))
    async with Bank(lamps) as bank:
        bank.order()
        await asyncio.sleep(0.05)
        bank.order()
        lamps.drive_failure(None)
        await bank.told.until(lambda told: len(told) == 4)

    assert sorted((each.effect.action, each.device, each.done) for each in bank.told) == [
        ("l1", "a", False), ("l1", "b", False), ("l2", "a", True), ("l2", "b", True),
    ]  # fmt: skip
    assert [each.superseded for each in bank.told] == [not each.done for each in bank.told]


def aim(again, azimuth_deg=10.0):
    return Aim("c", azimuth_deg, -4.0, "i1", action="cameras-2" if again else "cameras-1", again=again)


@pytest.fixture
def street():
    """A camera, its edge, what that tells."""
    camera, told, clock = FakeCamera(), Told(), FakeClock()
    return camera, Cameras([Eye(Mount("c", (0, 0, 5)), camera, operator_s=120.0)], clock.now_us, told), told


def notes(told):
    return [(each.effect.action, each.done, each.note) for each in told]


async def test_a_camera_that_looks_there_still_is_not_turned_again(street):
    camera, edge, told = street
    edge.order(aim(again=False))
    await told.until(lambda told: any("looks there" in each.note for each in told))
    edge.order(aim(again=True))
    await told.until(lambda told: told[-1].effect.again)
    await edge.close()

    assert camera.orders == [(10.0, -4.0)]
    assert notes(told)[-1] == ("cameras-2", True, "looks there still")


async def test_a_camera_that_was_away_is_turned_by_a_later_round_and_until_then_each_says_why_not(street):
    camera, edge, told = street
    camera.drive_failure(OSError("gone"))
    for again in (False, True):
        edge.order(aim(again))
        await told.until(lambda told, again=again: told and told[-1].effect.again == again)
    camera.drive_failure(None)
    edge.order(aim(again=True))
    await told.until(lambda told: any("looks there" in each.note for each in told))
    await edge.close()

    assert notes(told)[:2] == [("cameras-1", False, "gone"), ("cameras-2", False, "gone")]
    assert camera.orders == [(10.0, -4.0)]


async def test_a_camera_that_its_operator_has_turned_is_left_to_him_by_later_rounds(street):
    camera, edge, told = street
    edge.order(aim(again=False))
    await told.until(lambda told: any("looks there" in each.note for each in told))
    camera.drive_look(90.0, 0.0)
    edge.order(aim(again=True))
    await told.until(lambda told: told[-1].effect.again)
    await edge.close()

    assert notes(told)[-1] == ("cameras-2", False, "left to its operator, who has just moved it")
    assert camera.orders == [(10.0, -4.0)]
