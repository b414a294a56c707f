"""Runs on a board, as /main.py: starts the watchdog, then the node.

The watchdog comes before anything of ours is imported, so that an image that cannot start is not there for ever. It
cannot be stopped; RP2 takes at most 8388 ms (notes/micropython.md section 6).
"""

import machine

WATCHDOG_MS = 8_000
watchdog = machine.WDT(timeout=WATCHDOG_MS)

from firmware.board import run  # noqa: E402
from firmware.fixed_ear import FixedEar  # noqa: E402

run(FixedEar, watchdog)
machine.reset()
