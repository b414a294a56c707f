"""Lets go of modules that are needed no more, so that the heap has room again. What refers to them still works."""

import gc
import sys

BUILDERS = (
    "firmware.board.build", "firmware.board.config", "firmware.device", "firmware.board.early_ear",
    "firmware.board.early_update",
    "firmware.board.ram_spool", "firmware.board.unload", "hw.mcu.pins", "json",
)  # fmt: skip
"""Modules that have done what they are for once the node is built: some 20 KB."""


def let_go() -> None:
    """Of BUILDERS; who imported from them lets go of that first."""
    for name in BUILDERS:
        if name in sys.modules:
            del sys.modules[name]
            package, _, last = name.rpartition(".")
            if package:
                delattr(sys.modules[package], last)
    gc.collect()
