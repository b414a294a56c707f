"""Plate readers are told to read: at once for a provisional round, which harms nobody, else for the incident; once.

Which were told for an incident is on the disk first: a restart tells none twice. What is told for a provisional round
is in memory only, and such a round is told while it is seconds old: what its readers read is attached to the incident
that is decided, and to nothing where none is.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Protocol

from gateway.evidence import custody
from gateway.evidence.shelf import Shelf

TRIGGER_S = 3.0
STANDS_US = 10_000_000
"""So long a reader that was told early need not be told again: what passes is read by then."""


class Trigger(Protocol):
    """Tells a reader to read, now. Raises OSError."""

    async def pulse(self) -> None: ...

    async def close(self) -> None: ...


class Triggers:
    """triggers : by reader. tell : the journal. start : runs work beside."""

    def __init__(
        self,
        triggers: Mapping[str, Trigger],
        shelf: Shelf,
        clock: Callable[[], int],
        tell: Callable[[custody.Body], None],
        start: Callable[[Coroutine[Any, Any, None], str], object],
    ) -> None:
        self._triggers, self._shelf, self._clock = triggers, shelf, clock
        self._tell, self._start = tell, start
        self._early: dict[str, tuple[int, str, list[str]]] = {}  # when, by what, and the incidents that lean on it

    def early(self, name: str, readers: Sequence[str]) -> None:
        """A provisional round of this name is near these readers."""
        for reader in readers:
            if reader in self._triggers and not self._standing(reader):
                self._early[reader] = self._clock(), name, []
                self._start(self._pulse(name, reader), f"trigger {reader}")

    def open(self, incident: str, readers: Sequence[str]) -> None:
        """A row of an incident near these readers. Raises OSError where the disk does not take which are told."""
        for reader in self._shelf.trigger(incident, [each for each in readers if each in self._triggers]):
            if name := self._standing(reader):
                self._early[reader][2].append(incident)
                self._tell(custody.triggered(incident, reader, f"is told to read by {name}, a provisional round"))
            else:
                self._start(self._pulse(incident, reader), f"trigger {reader}")

    async def close(self) -> None:
        """Hang up."""
        for trigger in self._triggers.values():
            await trigger.close()

    def _standing(self, reader: str) -> str:
        """The provisional round for which it has just been told, or ""."""
        told_us, name, _ = self._early.get(reader, (-STANDS_US, "", []))
        return name if 0 <= self._clock() - told_us < STANDS_US else ""

    async def _pulse(self, name: str, reader: str) -> None:
        note = "told to read"
        try:
            async with asyncio.timeout(TRIGGER_S):
                await self._triggers[reader].pulse()
        except (OSError, TimeoutError) as error:
            early = self._early.get(reader)
            if early is not None and early[1] == name:
                del self._early[reader]
                for incident in early[2]:
                    self._start(self._pulse(incident, reader), f"trigger {reader}")
            note = f"NOT DONE: {str(error) or f'no answer within {TRIGGER_S:g} s'}"
        self._tell(custody.triggered(name, reader, note))
