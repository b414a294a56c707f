"""The searches that a person keeps under a name."""

import time
from dataclasses import dataclass

from gateway.web.database import Database

MOST, LONGEST_NAME, LONGEST_QUERY = 50, 60, 1000


@dataclass(frozen=True, slots=True)
class Saved:
    """query : as it stands behind the question mark of the page's address."""

    name: str
    query: str


def saved_searches(database: Database, account: int) -> list[Saved]:
    """Of this account, by name."""
    with database.reading() as connection:
        asked = "select name, query from saved_search where account = ? order by name"
        return [Saved(row["name"], row["query"]) for row in connection.execute(asked, (account,))]


def save_search(database: Database, account: int, search: Saved) -> None:
    """In place of one of the same name. Raises ValueError naming the limit that it is past."""
    if not 1 <= len(search.name) <= LONGEST_NAME:
        raise ValueError(f"a saved search has a name of 1 to {LONGEST_NAME} letters (this one has {len(search.name)})")
    if len(search.query) > LONGEST_QUERY:
        raise ValueError(f"a saved search has at most {LONGEST_QUERY} letters (this one has {len(search.query)})")
    with database.writing() as connection:
        others = "select count(*) from saved_search where account = ? and name <> ?"
        if connection.execute(others, (account, search.name)).fetchone()[0] >= MOST:
            raise ValueError(f"at most {MOST} searches may be saved; take one away first")
        connection.execute(
            "insert or replace into saved_search values (?, ?, ?, ?)",
            (account, search.name, search.query, time.time_ns() // 1000),
        )


def drop_search(database: Database, account: int, name: str) -> None:
    """Nothing happens where there is none."""
    with database.writing() as connection:
        connection.execute("delete from saved_search where account = ? and name = ?", (account, name))
