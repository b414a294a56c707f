"""How to end tasks for certain, and how to wait and show that one is there still; the loop's clock."""

import asyncio
import contextlib
import math
from collections.abc import Callable
from typing import Any

AGAIN_S = 0.1
BEAT_S = 0.5


async def until(event: asyncio.Event, beat: Callable[[], None], within_s: float = math.inf) -> None:
    """Wait for an event, so long at most, and beat all the while (gateway/edges.py)."""
    loop = asyncio.get_running_loop()
    due_s = loop.time() + within_s
    while not event.is_set() and (left_s := due_s - loop.time()) > 0:
        beat()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), min(BEAT_S, left_s))
    beat()


async def end(*tasks: "asyncio.Future[Any]") -> None:
    """Cancel tasks until they have all ended, whatever they ended with.

    Once may not be enough: `asyncio.wait_for` of Python 3.11 can lose a cancellation that comes just as what it waits
    for is done (from general knowledge), and the libraries under the drivers use it. Gateways hung in their shutdown
    before this was here; that it was this is likely, not proven.
    """
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=AGAIN_S)
    await asyncio.gather(*tasks, return_exceptions=True)


async def end_all(within_s: float) -> list[str]:
    """Cancel every other task of this loop. Comes back: the names of those that have not ended in that time."""
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    _, pending = await asyncio.wait(tasks, timeout=within_s) if tasks else (set(), set())
    return sorted(task.get_name() for task in pending)


def now_s() -> float:
    """The loop's clock."""
    return asyncio.get_running_loop().time()


def now_us() -> int:
    """The same in microseconds."""
    return round(now_s() * 1e6)
