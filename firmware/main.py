"""Runs on a board, as /main.py: starts the watchdog, then the node.

The watchdog comes before anything of ours is imported, so that an image that cannot start is not there for ever. It
cannot be stopped; RP2 takes at most 8388 ms (notes/micropython.md section 6). An update that waits comes next, for it
wants the whole heap; then the ear, before the rest. Garbage is collected all along: else modules come to lie all over
the heap, and no room is left in one piece.
"""

import gc

import machine

gc.threshold(4_096)

WATCHDOG_MS = 8_000
watchdog = machine.WDT(timeout=WATCHDOG_MS)

from firmware.early_update import update_waits  # noqa: E402

if update_waits():
    from firmware.installation import install

    install(watchdog)
    machine.reset()

from firmware.early_ear import early  # noqa: E402
from firmware.fixed_ear import FixedEar  # noqa: E402

ear_of = early(FixedEar, "node.json")

from firmware.board import run  # noqa: E402

run(ear_of, watchdog)
machine.reset()
