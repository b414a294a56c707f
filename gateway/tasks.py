"""How to end tasks for certain."""

import asyncio
from typing import Any

AGAIN_S = 0.1


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
