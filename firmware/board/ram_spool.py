"""What a board has where its flash takes nothing: the outbox's memory alone. A power cut loses what was queued.

The same calls as firmware/board/flash_spool.py, all of which fail, so that log and LED say so. The boot number is drawn
at random, for none can be kept.
"""

import os

from firmware.outbox import Saved


class RamSpool:
    """saved: what earlier runs left: nothing."""

    def __init__(self) -> None:
        self.saved: tuple[Saved, ...] = ()
        self.boot = int.from_bytes(os.urandom(4), "big") >> 2

    def keep(self, saved: Saved) -> None:
        """Raises OSError: the outbox has it, the flash has not."""
        raise OSError("the flash took nothing at the start")

    def forget(self, keys: "list[tuple[int, int]]") -> None:
        """Nothing to do."""
