"""Where a board keeps what its gateway has not acknowledged, while it has no flash for it: in memory.

The same calls as firmware/spool.py. Only the boot number is on flash: it is used once, so it is written, under another
name first, before it is used; where there is none to go on from, it is drawn at random. A power cut loses what was
queued.
"""

import os

from firmware.outbox import Saved


class RamSpool:
    """path: of the file that holds the boot number. saved: what earlier runs left: nothing."""

    def __init__(self, path: str) -> None:
        self.saved: tuple[Saved, ...] = ()
        self.boot = _last(path) + 1
        with open(path + ".new", "w") as file:
            file.write(str(self.boot))
        os.rename(path + ".new", path)

    def keep(self, saved: Saved) -> None:
        """Nothing to do: the outbox has it."""

    def forget(self, keys: "list[tuple[int, int]]") -> None:
        """Nothing to do."""


def _last(path: str) -> int:
    try:
        with open(path) as file:
            return int(file.read())
    except (OSError, ValueError):
        return int.from_bytes(os.urandom(4), "big") >> 2
