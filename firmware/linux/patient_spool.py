"""A spool that a bad disk does not take down: what cannot be kept on it is held in memory and written when it can be.

A file that is damaged is set aside under another name, and a new one begun. One that cannot be opened or written, on a
full, read-only or failing disk, is tried again every RETRY_S, opened anew each time: after a failed fsync the same file
must not be believed (notes/reliability.md, fsyncgate). The log says so once, and when it is over.
"""

import pathlib
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import structlog

from firmware.linux.spool import DamagedSpool, Spool, SpoolInUse, left_behind
from firmware.outbox import Saved

RETRY_S = 5.0
MOST_HELD = 20_000  # frames: more than an outbox has
BESIDE = ("", "-wal", "-shm")
log = structlog.get_logger(layer="firmware.node")


class PatientSpool:
    """boot, saved : as of a Spool; where the disk takes nothing at the start, `first_boot` and what can be read there.

    Raises SpoolInUse, and OSError for a folder that can never be one (a file lies there).
    """

    def __init__(
        self, state_dir: pathlib.Path, first_boot: int, steady_s: Callable[[], float] = time.monotonic
    ) -> None:
        self.folder, self._first_boot, self._steady_s = state_dir, first_boot, steady_s
        self._spool: Spool | None = None
        self._held: dict[tuple[int, int], Saved] = {}
        self._gone: list[tuple[int, int]] = []
        self._retry_s = 0.0
        self._why = ""
        try:
            self._open()
        except (SpoolInUse, FileExistsError, NotADirectoryError):
            raise
        except OSError as error:
            self._lost(error)
        self.boot = self._spool.boot if self._spool else first_boot
        self.saved = self._spool.saved if self._spool else left_behind(state_dir)

    def keep(self, saved: Saved) -> None:
        """Durable on return, or in memory until the disk is well."""
        self._held[saved.boot, saved.sequence] = saved
        if len(self._held) > MOST_HELD:
            del self._held[next(iter(self._held))]
        self._write()

    def forget(self, keys: Iterable[tuple[int, int]]) -> None:
        """These (boot, sequence) are acknowledged or given up."""
        for key in keys:
            self._held.pop(key, None)
            self._gone.append(key)
        del self._gone[:-MOST_HELD]  # what is kept too long is only acknowledged again
        self._write()

    def close(self) -> None:
        """Leaves one file."""
        if self._spool is not None:
            self._spool.close()

    def _write(self) -> None:
        """What is held, to the disk."""
        if self._spool is None and self._steady_s() < self._retry_s:
            return
        try:
            spool = self._spool or self._open()
            for key in list(self._held):
                spool.keep(self._held[key])
                del self._held[key]
            if self._gone:
                spool.forget(self._gone)
                self._gone = []
        except OSError as error:
            self._lost(error)
            return
        if self._why:
            self._why = ""
            log.info("records are kept on the disk again")

    def _open(self) -> Spool:
        try:
            self._spool = Spool(self.folder, self._first_boot)
        except DamagedSpool as error:
            aside = _set_aside(error.path)
            log.error("the outbox was damaged; it is set aside, a new one begun", file=str(aside), why=str(error))
            self._spool = Spool(self.folder, self._first_boot)
        return self._spool

    def _lost(self, error: OSError) -> None:
        if self._spool is not None:
            self._spool.close()
        self._spool, self._retry_s = None, self._steady_s() + RETRY_S
        if not self._why:
            log.error("records are kept in memory only: a power cut would lose them", why=str(error))
        self._why = str(error)


def _set_aside(path: pathlib.Path) -> pathlib.Path:
    """The first free name of FILE.damaged-TIME-1, -2, ...; what SQLite keeps beside the file goes along."""
    stem, number = f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}", 1
    while (aside := path.with_name(f"{stem}-{number}")).exists():
        number += 1
    for ending in BESIDE:
        there = path.with_name(path.name + ending)
        if there.exists():
            there.rename(aside.with_name(aside.name + ending))
    return aside
