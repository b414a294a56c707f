"""One tells, many listen; who does not keep up is told so, and harms nobody."""

import asyncio
import threading

import pytest

from gateway.web.live.feed import MOST_EACH, MOST_LISTENERS, MOST_WAITING, REMEMBERED, Feed, TooMany
from gateway.web.records import Change


def change(number):
    return Change(number, ("incident",), f"i-{number}")


async def opened():
    feed = Feed()
    feed.open()
    return feed


async def heard(feed, n, after=None):
    found = []
    async with asyncio.timeout(10):
        async for each in feed.listen(after):
            found.append(each)
            if len(found) == n:
                return found
    return found


async def test_what_another_thread_tells_all_listeners_hear_in_order():
    feed = await opened()
    listeners = [asyncio.create_task(heard(feed, 3)) for _ in range(200)]
    await asyncio.sleep(0)
    teller = threading.Thread(target=lambda: [feed.tell([change(n)]) for n in (1, 2, 3)])
    teller.start()
    found = await asyncio.gather(*listeners)
    teller.join()

    assert all([each.number for each in numbers] == [1, 2, 3] for numbers in found)
    await asyncio.sleep(0)
    assert feed.n_listeners == 0


async def test_who_never_reads_is_told_that_it_missed_something_and_harms_none():
    feed = await opened()
    stuck = feed.listen()
    first = asyncio.ensure_future(anext(stuck))
    await asyncio.sleep(0)
    feed.tell([change(0)])
    await first
    others = asyncio.create_task(heard(feed, 10 * MOST_WAITING))
    await asyncio.sleep(0)
    for number in range(1, 10 * MOST_WAITING + 1):
        feed.tell([change(number)])
        await asyncio.sleep(0)
    numbers = [each.number for each in await others]
    word = await anext(stuck)

    assert numbers == list(range(1, 10 * MOST_WAITING + 1))
    assert word.missed and word.number > MOST_WAITING


async def test_who_comes_back_hears_what_came_meanwhile_or_that_it_is_too_much():
    feed = await opened()
    feed.tell([change(number) for number in range(1, REMEMBERED + 101)])
    await asyncio.sleep(0)
    recent = await heard(feed, 2, after=REMEMBERED + 98)
    (old,) = await heard(feed, 1, after=50)
    (ahead,) = await heard(feed, 1, after=1 << 40)

    assert [each.number for each in recent] == [REMEMBERED + 99, REMEMBERED + 100]
    assert old == Change(REMEMBERED + 100, ("missed",), missed=True)
    assert ahead.missed


async def test_who_was_there_before_this_process_looks_at_the_store_anew():
    (word,) = await heard(await opened(), 1, after=7)

    assert word == Change(7, ("missed",), missed=True)


async def test_a_feed_that_closes_ends_all_who_listen_also_those_that_are_behind():
    feed = await opened()
    listeners = [asyncio.create_task(heard(feed, 1 << 30)) for _ in range(5)]
    await asyncio.sleep(0)
    feed.close()

    assert await asyncio.gather(*listeners) == [[]] * 5


async def test_there_are_not_more_listeners_than_the_bound():
    feed = await opened()
    tasks = [asyncio.create_task(heard(feed, 1)) for _ in range(MOST_LISTENERS)]
    await asyncio.sleep(0)

    with pytest.raises(TooMany):
        await heard(feed, 1)
    feed.close()
    await asyncio.gather(*tasks)


async def test_one_account_takes_no_more_than_its_share_and_others_are_let_in():
    feed = await opened()
    one = [asyncio.create_task(anext(feed.listen(whose="account a"))) for _ in range(MOST_EACH)]
    await asyncio.sleep(0)

    with pytest.raises(TooMany, match=f"{MOST_EACH} of this account or key"):
        await anext(feed.listen(whose="account a"))
    other = asyncio.create_task(anext(feed.listen(whose="account b")))
    await asyncio.sleep(0)
    feed.tell([change(1)])

    assert (await asyncio.wait_for(other, 10)).number == 1
    assert {each.number for each in await asyncio.gather(*one)} == {1}
