"""Sorting more than memory holds: runs are sorted in memory, wait in a temporary file, and are merged as they are read.

The external merge sort of the books. What is held at once is one run while it is filled, and a piece of each run while
they are merged.
"""

import pickle
from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from tempfile import TemporaryFile
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")

RUN = 50_000  # items held in memory
PIECE = 128  # items of a run that are read at once


class Spill(Generic[Item]):
    """Items in any order in, in the order of `key` out, as often as is asked, one reader at a time.

    Items whose keys are the same come as they went in. The file has no name, lies where TMPDIR says, and goes when
    this goes. Raises OSError where there is no room for it.
    """

    def __init__(self, key: Callable[[Item], Any], items: Iterable[Item] = (), run: int = RUN) -> None:
        self._key, self._run = key, run
        self._fresh: list[Item] = []
        self._file = TemporaryFile()  # noqa: SIM115  (it lives as long as this does)
        self._runs: list[list[int]] = []  # of each, where its pieces begin
        for item in items:
            self.add(item)

    def add(self, item: Item) -> None:
        """One more item."""
        self._fresh.append(item)
        if len(self._fresh) >= self._run:
            self._put_by()

    def __iter__(self) -> Iterator[Item]:
        runs = [self._pieces(at) for at in self._runs]
        return merge(*runs, sorted(self._fresh, key=self._key), key=self._key)

    def _put_by(self) -> None:
        self._fresh.sort(key=self._key)
        pieces = []
        for first in range(0, len(self._fresh), PIECE):
            pieces.append(self._file.seek(0, 2))
            pickle.dump(self._fresh[first : first + PIECE], self._file)
        self._runs.append(pieces)
        self._fresh = []

    def _pieces(self, at: Iterable[int]) -> Iterator[Item]:
        for where in at:
            self._file.seek(where)
            yield from pickle.load(self._file)  # noqa: S301  (of our own making, in a file that nobody else has)
