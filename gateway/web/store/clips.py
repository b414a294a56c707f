"""What pages ask of the evidence that is kept of an incident; gateway/assembly/web.py has it. Nothing is opened before
its access row is on the journal's disk (DESIGN section 7)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


class NoSuchFile(ValueError):
    """Nothing of that name is kept of that incident."""


class NotShown(OSError):
    """The access could not be written down, or the file cannot be opened, so nothing is shown; in words why."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A file's bytes from `first` on. n_bytes : of the whole file. blocks : those from first to last, in order."""

    kind: str
    n_bytes: int
    first: int
    last: int
    blocks: Iterator[bytes]


class Clips(Protocol):
    """Blocks. who : the person who is shown it; it is written down. A viewing of one file by one person within a
    minute is written down once: a player asks for many ranges."""

    def open(self, incident: str, file: str, who: str, first: int = 0, last: int | None = None) -> Opening:
        """Bytes first to last (inclusive; None: to the end). Raises NoSuchFile, NotShown, or ValueError for a range
        that is none."""
        ...

    def sightings(self, incident: str, who: str) -> list[dict[str, object]]:
        """Plates and objects. Raises as `open` does."""
        ...
