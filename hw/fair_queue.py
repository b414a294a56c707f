"""A queue in which every line of items takes its turn, so that one that floods does not keep the others waiting."""

import asyncio
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class FairQueue(asyncio.Queue[T], Generic[T]):
    """Items of one line come out in their order; lines take turns. Say in a subclass which line an item is of.

    Built on the hooks that asyncio.Queue has for its subclasses (as PriorityQueue is).
    """

    def line_of(self, item: T) -> str:
        """The line of an item."""
        raise NotImplementedError

    def waiting(self, line: str) -> int:
        """How many items of a line wait."""
        return len(self._lines.get(line, ()))

    def qsize(self) -> int:
        """How many items wait in all."""
        return self._n_waiting

    def empty(self) -> bool:
        """Whether none waits."""
        return self._n_waiting == 0

    def _init(self, maxsize: int) -> None:
        del maxsize
        self._lines: dict[str, deque[T]] = {}
        self._n_waiting = 0

    def _put(self, item: T) -> None:
        self._lines.setdefault(self.line_of(item), deque()).append(item)
        self._n_waiting += 1

    def _get(self) -> T:
        line = next(iter(self._lines))
        items = self._lines.pop(line)
        item = items.popleft()
        if items:
            self._lines[line] = items  # behind all others
        self._n_waiting -= 1
        return item
