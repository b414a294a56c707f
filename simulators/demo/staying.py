"""The demo's pages stay up when its night is over, until somebody says that it is enough."""

import asyncio
from collections.abc import Sequence

from simulators.demo.programs import Program
from simulators.demo.terminal import Terminal

NODE = "node-"


class Staying:
    """`end` may be called at any time, from the loop."""

    def __init__(self) -> None:
        self._ended = asyncio.Event()
        self._is_waiting = False

    def end(self) -> bool:
        """It is enough. Comes back: whether anybody waited for that."""
        self._ended.set()
        return self._is_waiting

    async def wait(self, address: str, terminal: Terminal, programs: Sequence[Program]) -> None:
        """Until `end`. Raises OSError naming a program that ended before; nodes, whose sound is over, may."""
        terminal.say("pages", f"the night is over; {address} stays up until Ctrl-C, which also writes the report")
        terminal.say("pages", "no pole speaks any more: after three minutes they say that the gateway is silent")
        others = {
            asyncio.create_task(each.ended()): each for each in programs if not each.name.startswith(NODE)
        }  # fmt: skip
        enough = asyncio.create_task(self._ended.wait())
        self._is_waiting = True
        try:
            await asyncio.wait([enough, *others], return_when=asyncio.FIRST_COMPLETED)
            for task, program in others.items():
                if task.done():
                    raise OSError(f"{program.name}: {program.why()}")
        finally:
            self._is_waiting = False
            for each in (enough, *others):
                each.cancel()
            await asyncio.gather(enough, *others, return_exceptions=True)
