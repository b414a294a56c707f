"""The street's policy for the pages: what the journal says is in force, and the command that tries another one."""

import json
import pathlib
import sqlite3
import sys
import threading

from gateway.journal.rows import reading
from gateway.web.rules.rules import InForce, Rules
from gateway.web.rules.trials import Trials

NEWEST = "select number, at_us, body from row where kind = 'config' and number > ? order by number desc limit 1"


class JournalRules:
    """Reads on from the row that it saw last: a journal is long, and rows of this kind are few."""

    def __init__(self, journal: pathlib.Path) -> None:
        self._journal, self._lock = journal, threading.Lock()
        self._seen = 0
        self._found: InForce | None = None

    def in_force(self) -> InForce | None:
        """Raises OSError or ValueError naming the journal."""
        with self._lock, reading(self._journal) as connection:
            last = int(connection.execute("select coalesce(max(number), 0) from row").fetchone()[0])
            if last < self._seen:  # another journal stands in its place
                self._seen, self._found = 0, None
            row = connection.execute(NEWEST, (self._seen,)).fetchone()
            if row is not None:
                self._found = self._read(row)
            self._seen = last
            return self._found

    def _read(self, row: sqlite3.Row) -> InForce:
        try:
            told = json.loads(row[2])
            return InForce(dict(told["policy"].items()), str(told["sha256"]), int(row[0]), int(row[1]))
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise ValueError(f"{self._journal}: row {row[0]} tells of no policy") from error


def rules_of(config: pathlib.Path, journal: pathlib.Path) -> Rules:
    """config : the gateway's own gateway.toml."""
    command = (sys.executable, "-m", "soundpost", "policy", "try", "--json", "--config", str(config.resolve()))
    return Rules(JournalRules(journal), Trials((*command, "--journal", str(journal.resolve()))))
