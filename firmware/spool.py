"""Where a Linux node keeps what its gateway has not acknowledged: one SQLite file that survives a kill and a power cut.

WAL with synchronous=FULL: NORMAL loses acknowledged rows at a power cut (notes/reliability.md section 0, point 3). The
boot number is durable before it is used, and is at least the time in seconds: so it is new even when the file was lost
with its card, as long as the host knows the time.
"""

import pathlib
import sqlite3
from collections.abc import Iterable

from firmware.outbox import Saved

SCHEMA = """
CREATE TABLE IF NOT EXISTS boot (number INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS saved (
    boot INTEGER, sequence INTEGER, is_health INTEGER, frame BLOB, PRIMARY KEY (boot, sequence)
) WITHOUT ROWID;
"""


class Spool:
    """boot : the number of this run. saved : what earlier runs left, oldest first.

    Raises OSError naming the folder or file: it cannot be made, is in use by another node, or is damaged.
    """

    def __init__(self, state_dir: pathlib.Path, now_s: int) -> None:
        state_dir.mkdir(parents=True, exist_ok=True)
        self.path = state_dir / "outbox.sqlite"
        try:
            self._store = sqlite3.connect(self.path, timeout=0, isolation_level=None)
            self._store.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._store.execute("PRAGMA journal_mode=WAL")
            self._store.execute("PRAGMA synchronous=FULL")
            self._store.executescript(SCHEMA)
            self.boot = self._next_boot(now_s)
            rows = self._store.execute("SELECT boot, sequence, is_health, frame FROM saved ORDER BY boot, sequence")
            self.saved = tuple(
                Saved(boot, sequence, bool(is_health), frame) for boot, sequence, is_health, frame in rows
            )
        except sqlite3.Error as error:
            raise OSError(f"{self.path}: {_why(error)}") from error

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

    def _next_boot(self, now_s: int) -> int:
        (last,) = self._store.execute("SELECT coalesce(max(number), 0) FROM boot").fetchone()
        boot = max(int(last) + 1, now_s)
        self._store.execute("INSERT INTO boot VALUES (?)", (boot,))
        self._store.execute("DELETE FROM boot WHERE number < ?", (boot,))
        return boot


def _why(error: sqlite3.Error) -> str:
    if "locked" in str(error):
        return "in use by another node"
    return str(error)
