"""What is done with evidence is told to the gateway, which writes it into its journal: in order, and again until it is
taken. Where too much waits, the newest is let go, counted, and that is told with the next."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import NoReturn

from gateway.backoff import Backoff

MOST_WAITING = 5000
Body = Mapping[str, str | int]
Ask = Callable[[Body], Awaitable[None]]


class Refused(ValueError):
    """The gateway is there, and does not take it."""


class Telling:
    """ask : brings one to the gateway: Refused, or OSError where none answers. said : is told in words what is refused,
    and that nobody answers, once."""

    def __init__(self, ask: Ask, said: Callable[[str], None]) -> None:
        self.untold = 0
        self._ask, self._said = ask, said
        self._waiting: deque[tuple[Body, Callable[[], None]]] = deque()
        self._came, self._empty = asyncio.Event(), asyncio.Event()
        self._empty.set()
        self._backoff = Backoff(first_s=0.2, longest_s=5.0)
        self._is_away = False

    def say(self, body: Body, taken: Callable[[], None] = lambda: None) -> None:
        """Tell it. taken : is called when it is in the journal's hands."""
        if len(self._waiting) >= MOST_WAITING:
            self.untold += 1
            return
        self._waiting.append((body, taken))
        self._empty.clear()
        self._came.set()

    async def run(self) -> NoReturn:
        """Bring them, until cancelled."""
        while True:
            if not self._waiting:
                self._empty.set()
                self._came.clear()
                await self._came.wait()
            if await self._bring(*self._waiting[0]):
                self._waiting.popleft()
            else:
                await asyncio.sleep(self._backoff.next_s())

    async def finish(self, within_s: float) -> int:
        """Bring what waits, so long at most. Comes back: how many were not taken."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._empty.wait(), within_s)
        return len(self._waiting)

    async def _bring(self, body: Body, taken: Callable[[], None]) -> bool:
        try:
            await self._ask(body)
        except Refused as error:
            self._said(f"the gateway does not write down what was done ({body.get('did')}): {error}")
            return True
        except OSError as error:
            if not self._is_away:
                self._said(f"the gateway does not answer, what was done waits: {error}")
            self._is_away = True
            return False
        self._is_away = False
        self._backoff.reset()
        if self.untold:
            self._said(f"{self.untold} things that were done could not be told: too much waited")
        self.untold = 0
        taken()
        return True
