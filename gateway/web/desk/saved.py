"""The searches that a person keeps under a name."""

import time
from dataclasses import dataclass

from gateway.web.database import Database
from gateway.web.words.said import said

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
    n_name, n_query = len(search.name), len(search.query)
    if not 1 <= n_name <= LONGEST_NAME:
        raise ValueError(
            said(
                "a saved search has a name of 1 to {most} letters (this one has {count})",
                most=LONGEST_NAME,
                count=n_name,
            )
        )
    if n_query > LONGEST_QUERY:
        raise ValueError(
            said(
                "a saved search has at most {most} letters (this one has {count})",
                most=LONGEST_QUERY,
                count=n_query,
            )
        )
    with database.writing() as connection:
        others = "select count(*) from saved_search where account = ? and name <> ?"
        if connection.execute(others, (account, search.name)).fetchone()[0] >= MOST:
            raise ValueError(said("at most {most} searches may be saved; take one away first", most=MOST))
        connection.execute(
            "insert or replace into saved_search values (?, ?, ?, ?)",
            (account, search.name, search.query, time.time_ns() // 1000),
        )


def drop_search(database: Database, account: int, name: str) -> None:
    """Nothing happens where there is none."""
    with database.writing() as connection:
        connection.execute("delete from saved_search where account = ? and name = ?", (account, name))
