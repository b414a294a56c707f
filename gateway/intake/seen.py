"""Which frames have come before."""

from collections.abc import Iterable


class Seen:
    """The newest `limit` frames by (node, boot, sequence).

    An older one comes in as new; it is one row in the journal all the same, unless that was pruned, and moves nothing
    because it is old.
    """

    def __init__(self, known: Iterable[tuple[str, int, int]] = (), limit: int = 100_000) -> None:
        self._limit = limit
        self._keys = dict.fromkeys(known)

    def contains(self, node: str, boot: int, sequence: int) -> bool:
        """Whether this frame has come before."""
        return (node, boot, sequence) in self._keys

    def add(self, node: str, boot: int, sequence: int) -> None:
        """Remember a frame; the oldest is forgotten where there is no room."""
        self._keys[node, boot, sequence] = None
        if len(self._keys) > self._limit:
            del self._keys[next(iter(self._keys))]
