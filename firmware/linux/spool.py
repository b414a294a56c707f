"""Where a Linux node keeps what its gateway has not acknowledged: one SQLite file that survives a kill and a power cut.

WAL with synchronous=FULL: NORMAL loses acknowledged rows at a power cut (notes/reliability.md section 0, point 3). The
boot number is durable before it is used. It hangs on no clock, which may be wrong: it is one more than the last, and
drawn by lot where there is no last one, or no room above it in the frame's 32 bits.
"""

import contextlib
import pathlib
import secrets
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable

from firmware.outbox import Saved
from firmware.wire import U32

SCHEMA = """
CREATE TABLE IF NOT EXISTS boot (number INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS saved (
    boot INTEGER, sequence INTEGER, is_health INTEGER, frame BLOB, PRIMARY KEY (boot, sequence)
) WITHOUT ROWID;
"""


class SpoolInUse(OSError):
    """Another node has it."""


class DamagedSpool(OSError):
    """The file is there, and is no database, or no whole one."""

    def __init__(self, path: pathlib.Path, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path


class Spool:
    """boot : the number of this run. saved : what earlier runs left, oldest first. first_boot : the number to begin
    with where there is none to go on from, 1 to 2^32 - 1; drawn by lot, so that a lost file does not begin the same.

    Raises OSError naming the folder or file: it cannot be made or written; SpoolInUse; DamagedSpool.
    """

    def __init__(self, state_dir: pathlib.Path, first_boot: int) -> None:
        state_dir.mkdir(parents=True, exist_ok=True)
        self.path = state_dir / "outbox.sqlite"
        try:
            self.path.touch(0o600)  # clips of sound are in it; sqlite gives its -wal the same mode
            self.path.chmod(0o600)
            self._store = sqlite3.connect(self.path, timeout=0, isolation_level=None)
            with contextlib.ExitStack() as failing:
                failing.callback(self._store.close)  # or its lock would be in the way of the next try
                self._begin(first_boot)
                failing.pop_all()
        except sqlite3.Error as error:
            raise _as_os_error(self.path, error) from error

    def _begin(self, first_boot: int) -> None:
        self._store.execute("PRAGMA locking_mode=EXCLUSIVE")
        self._store.execute("PRAGMA journal_mode=WAL")
        self._store.execute("PRAGMA synchronous=FULL")
        self._store.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # what a failed fsync left in doubt
        self._store.executescript(SCHEMA)
        self.boot = self._next_boot(first_boot)
        rows = self._store.execute("SELECT boot, sequence, is_health, frame FROM saved ORDER BY boot, sequence")
        self.saved = tuple(Saved(boot, sequence, bool(is_health), frame) for boot, sequence, is_health, frame in rows)
        self.path.chmod(0o600)  # clips are sound

    def keep(self, saved: Saved) -> None:
        """Durable on return. Raises OSError."""
        row = (saved.boot, saved.sequence, int(saved.is_health), saved.frame)
        self._do("INSERT OR REPLACE INTO saved VALUES (?, ?, ?, ?)", [row])

    def forget(self, keys: Iterable[tuple[int, int]]) -> None:
        """These (boot, sequence) are acknowledged or given up. Raises OSError."""
        self._do("DELETE FROM saved WHERE boot = ? AND sequence = ?", keys)

    def close(self) -> None:
        """Leaves one file."""
        self._store.close()

    def _do(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        try:
            self._store.execute("BEGIN IMMEDIATE")
            self._store.executemany(statement, rows)
            self._store.execute("COMMIT")
        except sqlite3.Error as error:
            if self._store.in_transaction:
                self._store.rollback()
            raise OSError(f"{self.path}: {_why(error)}") from error

    def _next_boot(self, first_boot: int) -> int:
        (last,) = self._store.execute("SELECT coalesce(max(number), 0) FROM boot").fetchone()
        boot = last + 1 if 0 < last < U32 else first_boot
        self._store.execute("INSERT OR IGNORE INTO boot VALUES (?)", (boot,))
        self._store.execute("DELETE FROM boot WHERE number != ?", (boot,))
        return boot


def first_boot() -> int:
    """A boot number to begin with: by lot, with room for a billion more."""
    return 1 + secrets.randbits(30)


def left_behind(state_dir: pathlib.Path) -> tuple[Saved, ...]:
    """What earlier runs left on a disk that takes nothing, read from a copy; nothing where that cannot be."""
    try:
        with tempfile.TemporaryDirectory(prefix="soundpost-") as folder:
            for each in state_dir.glob("outbox.sqlite*"):
                shutil.copyfile(each, pathlib.Path(folder) / each.name)
            copy = Spool(pathlib.Path(folder), 1)
            copy.close()
            return copy.saved
    except OSError:
        return ()


def _as_os_error(path: pathlib.Path, error: sqlite3.Error) -> OSError:
    if "locked" in str(error):
        return SpoolInUse(f"{path}: in use by another node")
    if not isinstance(error, sqlite3.OperationalError):
        return DamagedSpool(path, str(error))
    return OSError(f"{path}: {error}")


def _why(error: sqlite3.Error) -> str:
    if "locked" in str(error):
        return "in use by another node"
    return str(error)
