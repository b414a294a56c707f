"""Rows of the journal, as they become what pages show: each once and in order, and the place read with them in one
transaction. A row that no gateway writes is left out and said; the others are read all the same."""

import functools
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from gateway.web.records import Change
from gateway.web.store import devices, incidents
from gateway.web.store.checked import told_of
from gateway.web.store.frames import Frames
from gateway.web.store.journal import Look, Row
from gateway.web.store.pulse import now_us
from gateway.web.store.survey import Survey

Take = Callable[[sqlite3.Connection, Row, Mapping[str, Any]], str]
READ = (
    "happened", "incident", "words", "round", "early", "claimed", "onset", "review", "evidence", "access", "arrival",
    "pole", "past", "ordered", "alarm", "air",
)  # fmt: skip
"""The tables that are read from a journal."""
HAPPENED = "insert or replace into happened values (?, ?, ?, ?, ?, ?)"
KNOWN_BY = 8
"""By so many rows a journal is known again, where the one that was read last was pruned."""
LET_GO_EACH_US = 3_600_000_000
"""How often, by the journal's time, what is too old is looked for: arrivals do not lie by when they were heard."""


class Applying:
    """keep_arrivals_us, keep_past_us : how far back arrivals, and the past of poles, are kept, by the journal's own
    time. clock : () -> microseconds UTC: a row that is ahead of it, by a clock that was set wrong, lets nothing go."""

    def __init__(
        self, survey: Survey, keep_arrivals_us: int, keep_past_us: int, clock: Callable[[], int] = now_us
    ) -> None:
        self._keep_arrivals_us, self._keep_past_us = keep_arrivals_us, keep_past_us
        self._clock = clock
        self._takes: Mapping[str, Take] = {
            "incident": functools.partial(_incident, survey),
            "request": incidents.take_request,
            "effect": devices.take_effect,
            "reason": devices.take_reason,
            "alarm": devices.take_alarm,
            "lamp": devices.take_lamp,
            "update": devices.take_update,
            "air": devices.take_air,
        }
        self._pruned_us = 0
        self.left_out: list[int] = []

    def take(self, connection: sqlite3.Connection, look: Look) -> list[Change]:
        """What a look found, into the tables. Comes back: what changed."""
        self.left_out = []  # those of a look that a full disk undid come again
        if look.is_another:
            forget(connection)
        frames, changes, nodes = Frames(), [], False
        for row in look.rows:
            if row.kind == "frame":
                frames.take(row)
                nodes = True
                continue
            if row.kind in ("incident", "alarm"):
                frames.write(connection)
            name = self._one(connection, row)
            changes.append(Change(row.number, (row.kind,), name, at_us=row.at_us))
        frames.write(connection)
        if look.rows:
            last = look.rows[-1]
            self._place(connection, last)
            self._let_go(connection, min(last.at_us, self._clock()))
            if nodes:
                changes.append(Change(last.number, ("frame",), at_us=last.at_us))
        return changes

    def _one(self, connection: sqlite3.Connection, row: Row) -> str:
        """One row that is no frame. Comes back: the incident that it is about."""
        connection.execute("savepoint one")
        try:
            told = told_of(row.body)
            take = self._takes.get(row.kind)
            name = take(connection, row, told) if take else ""
            connection.execute(HAPPENED, (row.number, row.at_us, row.kind, name, row.body, row.hash))
            if name:
                connection.execute("update incident set number = ? where incident = ?", (row.number, name))
        except sqlite3.OperationalError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError, sqlite3.Error):
            connection.execute("rollback to one")
            self.left_out.append(row.number)
            name = ""
        connection.execute("release one")
        return name

    def _place(self, connection: sqlite3.Connection, last: Row) -> None:
        connection.execute(
            "update followed set number = ?, hash = ?, last_us = ?", (last.number, last.hash, last.at_us)
        )

    def _let_go(self, connection: sqlite3.Connection, at_us: int) -> None:
        """What is too old goes, now and then, by the journal's own time."""
        if abs(at_us - self._pruned_us) < LET_GO_EACH_US:
            return
        self._pruned_us = at_us
        connection.execute("delete from arrival where heard_us < ?", (at_us - self._keep_arrivals_us,))
        for (node,) in connection.execute("select node from pole").fetchall():
            connection.execute("delete from past where node = ? and step_us < ?", (node, at_us - self._keep_past_us))


def _incident(survey: Survey, connection: sqlite3.Connection, row: Row, told: Mapping[str, Any]) -> str:
    return incidents.take_incident(connection, survey, row, told)


def forget(connection: sqlite3.Connection) -> None:
    """All that was read of a journal; what people did here stays."""
    for table in READ:
        connection.execute(f"delete from {table}")  # noqa: S608 (of READ)
    connection.execute("update followed set number = 0, hash = zeroblob(32), last_us = null")


def place(connection: sqlite3.Connection) -> tuple[int, bytes]:
    """Number and hash of the row that was read last."""
    row = connection.execute("select number, hash from followed").fetchone()
    return int(row["number"]), bytes(row["hash"])


def kept_rows(connection: sqlite3.Connection) -> list[tuple[int, bytes]]:
    """The newest KNOWN_BY rows that were read and that no journal prunes, the newest first: number and hash."""
    rows = connection.execute("select number, hash from happened order by number desc limit ?", (KNOWN_BY,))
    return [(int(row["number"]), bytes(row["hash"])) for row in rows]
