"""What the two PortAudio back ends have in common: the records and the callback's shape."""

from collections.abc import Callable
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
