"""What is told of a lamp that has failed: one notice from its beginning to its end. Values only."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LampNotice:
    """Effect: tell who mends lamps what is wrong with one, or that it is well again, and write it to the journal.

    notice : its name, the same from beginning to end. lamp : its name, or that of the whole bank. fault : the gravest
    of what is wrong now, or was. is_open : False where all is well again. why : in plain words. since_us : when it
    began. history : when what was found, oldest first.
    """

    notice: str
    lamp: str
    fault: str
    is_open: bool
    why: str
    since_us: int
    at_us: int
    history: tuple[tuple[int, str], ...]
