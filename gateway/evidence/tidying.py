"""What is too old is let go, and what there is no room for (gateway/evidence/letting_go.py says what), and told."""

import asyncio
from collections.abc import Callable, Sequence

from gateway.evidence.letting_go import Limits, for_room, outdated
from gateway.evidence.shelf import Shelf


class Tidying:
    """least_free_bytes : that the disk must have beside. gone : is told (incident, why) of each
    that is let go. say : (of what, in words), once."""

    def __init__(
        self,
        shelf: Shelf,
        limits: Limits,
        least_free_bytes: int,
        clock: Callable[[], int],
        gone: Callable[[str, str], None],
        say: Callable[[str, str], None],
    ) -> None:
        self._shelf, self._limits, self._least_free_bytes = shelf, limits, least_free_bytes
        self._clock, self._gone, self._say = clock, gone, say

    async def tidy(self) -> None:
        """Now."""
        try:
            held = await asyncio.to_thread(self._shelf.held, self._clock())
            await self._let_go(outdated(held, self._limits, self._clock()))
            await self._make_room()
        except (OSError, ValueError) as error:
            self._say("folder", str(error))

    async def _make_room(self) -> None:
        held = await asyncio.to_thread(self._shelf.held, self._clock())
        over = sum(each.n_bytes for each in held) - self._limits.most_bytes
        lacking = self._least_free_bytes - self._shelf.free_bytes()
        going = for_room(held, max(over, lacking))
        await self._let_go(going)
        if max(over, lacking) > 0 and not going:
            self._say("folder", "is full, and nothing in it may be let go: clips may be lost")

    async def _let_go(self, going: Sequence[tuple[str, str]]) -> None:
        for incident, why in going:
            try:
                await asyncio.to_thread(self._shelf.remove, incident)
            except OSError as error:
                self._say(incident, f"cannot be let go: {error}")
            else:
                self._gone(incident, why)
