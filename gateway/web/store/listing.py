"""Lists over all incidents: rounds and reviews, the newest first, and how many incidents of what there are."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.web.records import Review
from gateway.web.store.reading import review_of

LAST = 1 << 62
Round = Mapping[str, Any]
"""As gateway/alerts/bulletin.py has it."""


@dataclass(frozen=True, slots=True)
class ListedRound:
    """Of which incident, and its newest telling."""

    incident: str
    t_us: int
    told: Round


@dataclass(frozen=True, slots=True)
class Count:
    """How many incidents of this grade and kind."""

    grade: str
    kind: str
    n: int


def rounds(connection: sqlite3.Connection, after: tuple[int, str] | None, limit: int) -> Sequence[ListedRound]:
    """The newest fired first. after : t_us and incident of the last one of the page before."""
    t_us, incident = after or (LAST, "")
    found = connection.execute(
        "select * from round where (t_us, incident) < (?, ?) order by t_us desc, incident desc limit ?",
        (t_us, incident, limit),
    )
    return [ListedRound(row["incident"], row["t_us"], json.loads(row["body"])) for row in found]


def reviews(connection: sqlite3.Connection, before: int | None, limit: int) -> Sequence[Review]:
    """The newest first. before : the number of the last one of the page before."""
    found = connection.execute(
        "select * from review where number < ? order by number desc limit ?", (before or LAST, limit)
    )
    return [review_of(row) for row in found]


def counted(connection: sqlite3.Connection) -> Sequence[Count]:
    """By grade and kind."""
    found = connection.execute("select grade, kind, count(*) as n from incident group by grade, kind")
    return [Count(row["grade"], row["kind"], row["n"]) for row in found]
