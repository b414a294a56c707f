"""Runs on a board, as /main.py: starts the watchdog, then the node.

The watchdog comes before anything of ours is imported, so that an image that cannot start is not there for ever. It
cannot be stopped; RP2 takes at most 8388 ms (notes/micropython.md section 6). An update that waits comes next, for it
wants the whole heap; then the ear, before the rest. Garbage is collected all along: else modules come to lie all over
the heap, and no room is left in one piece. Once all is built, it is collected whenever 8 KB have been handed out: left
to itself the heap fills to its end, and after minutes there is no room for TLS in one piece (seen under the unix port).
"""

import asyncio
import gc

import machine

gc.threshold(4_096)

WATCHDOG_MS = 8_000
watchdog = machine.WDT(timeout=WATCHDOG_MS)

from firmware.board.early_update import update_waits  # noqa: E402

if update_waits():
    from firmware.board.installation import install

    install(watchdog)
    machine.reset()

from firmware.board.early_ear import early  # noqa: E402
from firmware.board.fixed_ear import FixedEar  # noqa: E402

ear_of = early(FixedEar, "node.json")

from firmware.board.build import start  # noqa: E402

shell = start(ear_of, watchdog)

from firmware.board.unload import let_go  # noqa: E402

del early, ear_of, start, update_waits
let_go()
if shell is not None:
    gc.threshold(8_192)
    print(f"INFO heap_used={gc.mem_alloc()} heap_free={gc.mem_free()}")
    asyncio.run(shell.run())
machine.reset()
