"""How to end tasks for certain."""

import asyncio
from typing import Any

AGAIN_S = 0.1


async def end(*tasks: "asyncio.Future[Any]") -> None:
    """Cancel tasks until they have all ended, whatever they ended with.

    Once is not enough: `asyncio.wait_for` of Python 3.11 loses a cancellation that comes just as what it waits for is
    done (seen here: a gateway that hung in its shutdown), and the libraries under the drivers use it.
    """
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=AGAIN_S)
    await asyncio.gather(*tasks, return_exceptions=True)
