"""Between orders a bank's lamps are looked at, and the bank hears that we are here."""

import asyncio
import contextlib
from itertools import pairwise

import pytest

from gateway.orders import Light
from gateway.reaction.bank_rules import BankRules
from gateway.reaction.lamp_memory import LampMemory
from gateway.reaction.lights import LampBank
from hw.fake import FakeClock, FakeLamps, Told
from hw.ports import LampRefuses, LampState

S = 1_000_000


@contextlib.asynccontextmanager
async def running(lamps, n_lamps=2, memory=None, looks_s=0.05):
    outcomes, seen, clock = Told(), Told(), FakeClock()
    channels = {"abcdefgh"[channel]: channel for channel in range(n_lamps)}
    bank = LampBank("bank", lamps, channels, clock.now_us, outcomes, BankRules(0.5, looks_s), memory, seen)
    task = asyncio.create_task(bank.run(lambda: None))
    try:
        yield bank, outcomes, seen
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def up(*names, level_pct=100):
    return Light(names, level_pct, "i1", 2**60)


def back(*names):
    return Light(names, 30, "i1", back=True)


def looks(seen, name="a"):
    return [each for each in seen if each.lamp == name and not each.whole_bank]


async def test_all_lamps_are_looked_at_at_once_and_then_again_and_again():
    async with running(FakeLamps(8, 30), 8) as (_, _, seen):
        await seen.until(lambda told: len(looks(told, "h")) >= 2)

    assert len(looks(seen, "a")) >= 2
    assert looks(seen)[0].state == LampState(level_pct=30)


async def test_a_lamp_goes_up_and_back_to_exactly_what_it_was():
    lamps = FakeLamps(8)
    lamps.levels[:2] = [17, 63]
    async with running(lamps) as (bank, outcomes, _):
        bank.order(up("a", "b"))
        await outcomes.until(lambda told: len(told) == 2)
        assert lamps.levels[:2] == [100, 100]
        bank.order(back("a", "b"))
        await outcomes.until(lambda told: len(told) == 4)

    assert lamps.levels[:2] == [17, 63]
    assert [(each.device, each.was_pct) for each in outcomes] == [("a", 17), ("b", 63), ("a", None), ("b", None)]


async def test_a_bank_knows_what_a_lamp_was_before_it_is_told_to_come_up():
    lamps = FakeLamps(8, 25, fail_s=600.0)
    known = []
    write = lamps.write_level

    async def write_level(channel, level_pct, fade_s=0.0):
        known.append(lamps.kept.get(channel))
        await write(channel, level_pct, fade_s)

    lamps.write_level = write_level
    async with running(lamps) as (bank, outcomes, _):
        bank.order(up("a", "b"))
        await outcomes.until(lambda told: len(told) == 2)

    assert known == [25, 25]


async def test_a_bank_hears_three_times_in_its_fail_time_that_we_are_here():
    lamps = FakeLamps(8, 30, fail_s=0.3)
    async with running(lamps) as (_, _, seen):
        await seen.until(lambda told: lamps.n_kept >= 5)

    assert lamps.kept == {0: 30, 1: 30}


async def test_a_bank_that_cannot_fall_back_is_not_told_that_we_are_here():
    lamps = FakeLamps(8, 30)
    async with running(lamps) as (_, _, seen):
        await seen.until(lambda told: len(looks(told)) >= 3)

    assert lamps.n_kept == 0


async def test_a_hand_at_the_lamp_is_seen_and_left_its_way():
    lamps = FakeLamps(8, 30)
    async with running(lamps) as (bank, outcomes, seen):
        bank.order(up("a"))
        await outcomes.until(len)
        lamps.drive_level(0, 50)
        count = len(looks(seen))
        await seen.until(lambda told: len(looks(told)) >= count + 2)
        bank.order(back("a"))
        await outcomes.until(lambda told: len(told) == 3)

    assert lamps.levels[0] == 50
    assert (outcomes[1].note, outcomes[1].effect.level_pct) == ("somebody set it to 50 %", 50)
    assert outcomes[2].note == "left as it is: somebody has it in hand"


async def test_a_lamp_that_went_back_by_itself_is_told_so_that_nobody_takes_it_for_up():
    lamps = FakeLamps(8, 30)
    async with running(lamps) as (bank, outcomes, _):
        bank.order(up("a"))
        await outcomes.until(len)
        lamps.drive_level(0, 30)
        await outcomes.until(lambda told: len(told) == 2)

    went = outcomes[1]
    assert (went.device, went.done, went.effect.level_pct, went.was_pct) == ("a", True, 30, None)
    assert went.note == "went back to 30 % by itself"


async def test_a_lamp_that_fails_does_not_let_the_others_fall(monkeypatch):
    monkeypatch.setattr("gateway.backoff.random.Random.uniform", lambda dice, least_s, most_s: most_s)
    kept_s = []

    class OneRefuses(FakeLamps):
        async def write_level(self, channel, level_pct, fade_s=0.0):
            if channel == 0:
                await asyncio.sleep(0.35)  # three tries of it, and a rest, are longer than fail_s
                raise LampRefuses("will not")
            await super().write_level(channel, level_pct, fade_s)

        async def keep(self, before_pct):
            kept_s.append(asyncio.get_running_loop().time())
            await super().keep(before_pct)

    lamps = OneRefuses(8, 30, fail_s=0.9)
    async with running(lamps) as (bank, outcomes, _):
        bank.order(up("a", "b"))
        await outcomes.until(len)
        while len(kept_s) < 12:  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    assert max(later_s - earlier_s for earlier_s, later_s in pairwise(kept_s)) < 0.9
    assert lamps.levels[1] == 100


async def test_an_order_within_the_least_interval_waits_and_is_then_carried_out():
    lamps, memory = FakeLamps(8, 30), LampMemory(least_s=0.4)
    async with running(lamps, memory=memory) as (bank, outcomes, _):
        bank.order(up("a"))
        await outcomes.until(len)
        began_s = asyncio.get_running_loop().time()
        bank.order(back("a"))
        await outcomes.until(lambda told: len(told) == 2)
        took_s = asyncio.get_running_loop().time() - began_s

    assert lamps.orders == [(0, 100), (0, 30)]
    assert took_s >= 0.35


async def test_a_silent_bank_is_seen_as_a_whole_and_a_refusing_lamp_by_itself():
    lamps = FakeLamps(1, 30)
    async with running(lamps) as (_, _, seen):
        await seen.until(lambda told: any(each.lamp == "b" for each in told))
        lamps.drive_failure(OSError("gone"))
        await seen.until(lambda told: any(each.lamp == "bank" and each.state is None for each in told))

    assert all(each.state is None for each in looks(seen, "b"))
    assert all(each.state is not None for each in looks(seen, "a"))


async def test_an_order_that_is_not_obeyed_is_seen():
    lamps = FakeLamps(8, 30)
    lamps.write_level = lambda channel, level_pct, fade_s=0.0: asyncio.sleep(0)
    async with running(lamps) as (bank, _, seen):
        bank.order(up("a"))
        await seen.until(lambda told: any(each.disobeys for each in told))

    assert next(each for each in seen if each.disobeys).disobeys == "told 100 %, reads 30 %"


@pytest.mark.parametrize("fade_s", [0.0, 3.0])
async def test_a_fade_is_handed_on_to_the_bank(fade_s):
    lamps = FakeLamps(8, 30)
    async with running(lamps) as (bank, outcomes, _):
        bank.order(Light(("a",), 100, "i1", 2**60, fade_s=fade_s))
        await outcomes.until(len)

    assert lamps.fades_s == [fade_s]
