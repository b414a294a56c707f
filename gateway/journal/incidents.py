"""Which incidents a journal tells of, by their names: those that people can have seen, and may review. Pure.

An incident is told of in its own rows, and in those of lamps and cameras that acted on it before, or without, people
being told. The newest MOST are known.
"""

import json
from collections.abc import Iterable

from gateway.journal.rows import Row

KINDS = ("incident", "effect")
MOST = 100_000


class Incidents:
    """Heed rows, oldest first; then ask whether a name is `in` it."""

    def __init__(self) -> None:
        self._names: dict[str, None] = {}

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def heed(self, rows: Iterable[Row]) -> None:
        """Rows that were, or are to be, written. Those of other kinds, and what no gateway wrote, tell of none."""
        for row in rows:
            name = _name(row.body) if row.kind in KINDS else None
            if name is not None:
                self._names.pop(name, None)
                self._names[name] = None
        while len(self._names) > MOST:
            del self._names[next(iter(self._names))]


def _name(body: bytes) -> str | None:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return None
    name = told.get("incident") if isinstance(told, dict) else None
    return name if isinstance(name, str) else None
