"""Which incidents somebody at the desk took note of. That is no review: it only says that eyes are on it."""

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.web.database import Database

AT_ONCE = 500  # names in one question to SQLite


@dataclass(frozen=True, slots=True)
class Noted:
    """who took note of it, and when (microseconds UTC)."""

    who: str
    at_us: int


def acknowledge(database: Database, incident: str, who: str, at_us: int) -> None:
    """The first one counts; it is on the disk on return. Raises OSError naming the file where that cannot be."""
    with database.writing() as connection:
        connection.execute("insert or ignore into acknowledged values (?, ?, ?)", (incident, who, at_us))


def acknowledged(database: Database, incidents: Iterable[str]) -> dict[str, Noted]:
    """Of these, those that were."""
    wanted, found = list(incidents), {}
    with database.reading() as connection:
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            marks = ", ".join("?" * len(some))
            asked = f"select incident, who, at_us from acknowledged where incident in ({marks})"  # noqa: S608
            for row in connection.execute(asked, some):
                found[row["incident"]] = Noted(row["who"], row["at_us"])
    return found
