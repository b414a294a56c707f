"""Work that costs much memory: few at once, few that wait for it, and who comes beyond is sent away."""

import contextlib
import threading
from collections.abc import Iterator

from gateway.web.words.said import said


class Busy(OSError):
    """Too many wait already."""


class Queue:
    """at_once : how many may be at it. most : how many with those who wait."""

    def __init__(self, at_once: int, most: int) -> None:
        self._at_once, self._most = threading.Semaphore(at_once), threading.Semaphore(most)

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Raises Busy at once where too many wait."""
        if not self._most.acquire(blocking=False):
            raise Busy(said("Too many sign in at once; try again in a moment."))
        try:
            with self._at_once:
                yield
        finally:
            self._most.release()
