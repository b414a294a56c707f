"""A process that lets all others of its machine go first: what follows the journal must never delay a light."""

import contextlib
import os
import pathlib
import sys


def make_way(nice: int) -> None:
    """Everything else comes first, the more so the higher `nice` is. Where Linux shares out by sessions (sched(7),
    autogroup) a process's own nice counts for nothing beyond its session: then the session is niced, where it is ours
    alone."""
    os.nice(nice)
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        if os.getsid(0) == os.getpid():
            with contextlib.suppress(OSError):
                pathlib.Path("/proc/self/autogroup").write_text(f"{nice}\n", "ascii")
