"""Ending tasks for certain."""

import asyncio
import contextlib

from gateway.tasks import end, end_all


async def deaf_to_the_first():
    """Loses a cancellation, as wait_for of Python 3.11 may."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        await asyncio.Event().wait()


async def fails():
    raise OSError("gone")


async def test_a_task_that_lost_a_cancellation_ends_all_the_same():
    deaf, failed = asyncio.create_task(deaf_to_the_first()), asyncio.create_task(fails())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await end(deaf, failed)

    assert deaf.cancelled()
    assert isinstance(failed.exception(), OSError)


async def test_ending_nothing_is_nothing():
    assert await end() is None


async def test_what_will_not_end_is_named_and_nobody_waits_for_it():
    let_go = asyncio.Event()

    async def stubborn():
        while not let_go.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await let_go.wait()

    tasks = [asyncio.create_task(stubborn(), name="lamps"), asyncio.create_task(asyncio.Event().wait(), name="keys")]
    await asyncio.sleep(0)
    stuck = await end_all(0.05)
    let_go.set()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert stuck == ["lamps"]
    assert await end_all(0.05) == []
