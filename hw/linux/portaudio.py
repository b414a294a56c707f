"""What the two PortAudio back ends have in common: the records and the callback's shape."""

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

OnBlock = Callable[[bytes, float, bool], None]
"""Called on PortAudio's thread: interleaved float32 samples, the converter's time of the first (s), overflowed."""


@dataclass(frozen=True, slots=True)
class Input:
    """A device that can be listened to: PortAudio's number and name for it."""

    index: int
    name: str


@dataclass(frozen=True, slots=True)
class Stream:
    """An open input; `close` stops it and returns when no callback will come any more."""

    close: Callable[[], None]


@contextlib.contextmanager
def hushed() -> Iterator[None]:
    """ALSA and JACK write dozens of lines to standard error about every device that is not there, past any logger:
    while PortAudio looks round, the descriptor itself leads nowhere. What it means comes as an exception."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
