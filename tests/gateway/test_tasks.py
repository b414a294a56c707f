"""Ending tasks for certain."""

import asyncio

from gateway.tasks import end


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
