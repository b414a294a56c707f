"""Searching incidents: what may be asked for, and the SQL that finds it. Lists are by the row that told first, the
newest first, so that a page's cursor stays where it is whatever comes meanwhile.

Places: a metre north and east in degrees by the mean radius of the earth (6 371 008.8 m, IUGG's R1, from general
knowledge), as on a plane: within 0.1 % for 30 km, off the poles.
"""

import math
import re
from dataclasses import dataclass

from gateway.web.records import REVIEW_STATES, VERDICTS, Search
from gateway.web.words.said import said

RADIUS_M = 6_371_008.8
M_PER_DEG = math.pi * RADIUS_M / 180
LONGEST, MOST_WORDS = 200, 12
WORD = re.compile(r"\w+")
FARTHEST_M = 30_000.0
MOST_US = 1 << 62
GRADES = ("A", "B", "C")
FIELD_WORDS = {
    "text": said("text"),
    "from": said("from"),
    "until": said("until"),
    "near": said("near"),
    "within": said("within"),
    "grade": said("grade"),
    "kind": said("kind"),
    "review": said("review"),
}
"""What a search's parts are called where one of them is out of range."""
STATE = """case when n_people = 0 then 'open' when disputed then 'disputed' when n_people < :people then 'second'
    else 'done' end"""
COLUMNS = f"incident.*, {STATE} as review_state"


@dataclass(frozen=True, slots=True)
class Query:
    """SQL and its values."""

    sql: str
    values: dict[str, object]


def check(search: Search) -> None:
    """Raises ValueError naming what is out of range, and the range."""
    for name, text, most in (("text", search.text, LONGEST), ("kind", search.kind, 40)):
        if len(text) > most:
            field, count = FIELD_WORDS[name], len(text)
            raise ValueError(
                said("{field}: must be of at most {most} letters (it has {count})", field=field, most=most, count=count)
            )
    if (n_words := len(WORD.findall(search.text))) > MOST_WORDS:
        raise ValueError(said("text: must be of at most {most} words (it has {count})", most=MOST_WORDS, count=n_words))
    for name, value, legal in (
        ("grade", search.grade, GRADES),
        ("review", search.review, (*REVIEW_STATES, *VERDICTS)),
    ):
        if value and value not in legal:
            raise ValueError(said("{field}: must be one of {legal}", field=FIELD_WORDS[name], legal=", ".join(legal)))
    for name, at_us in (("from", search.from_us), ("until", search.until_us)):
        if at_us is not None and not 0 <= at_us <= MOST_US:
            raise ValueError(said("{field}: must be a time from 1970 on", field=FIELD_WORDS[name]))
    _check_place(search)


def _check_place(search: Search) -> None:
    if (search.near is None) != (search.within_m is None):
        raise ValueError(said("place: give a latitude, a longitude and metres, or none of them"))
    if search.near is None or search.within_m is None:
        return
    lat_deg, lon_deg = search.near
    if not (-90 <= lat_deg <= 90 and -180 <= lon_deg <= 180):
        raise ValueError(said("place: latitude must be -90 to 90 degrees, longitude -180 to 180"))
    if not 0 < search.within_m <= FARTHEST_M:
        raise ValueError(said("within: must be more than 0 and at most {most} m", most=f"{FARTHEST_M:g}"))


def query(search: Search, people: int, after: int | None, limit: int) -> Query:
    """What finds them. people : how many must agree until a review is done. Raises ValueError as `check` does."""
    check(search)
    values: dict[str, object] = {"people": people, "limit": limit}
    where, source = [], "incident"
    words = WORD.findall(search.text)
    if search.text.strip() and not words:
        where.append("0")
    if words:
        source = "words cross join incident on incident.began = words.rowid"
        where.append("words match :words")
        values["words"] = " ".join(f'"{word}"*' for word in words)
    for name, value, condition in (
        ("after", after, f"{'words.rowid' if words else 'began'} < :after"),
        ("from", search.from_us, "first_us >= :from"),
        ("until", search.until_us, "first_us <= :until"),
        ("grade", search.grade or None, "grade = :grade"),
        ("kind", search.kind or None, "incident.kind = :kind"),
    ):
        if value is not None:
            where.append(condition)
            values[name] = value
    if search.review:
        where.append("review = :review" if search.review in VERDICTS else f"{STATE} = :review")
        values["review"] = search.review
    _place(search, where, values)
    order = "words.rowid" if words else "began"
    condition = f"where {' and '.join(where)}" if where else ""
    return Query(f"select {COLUMNS} from {source} {condition} order by {order} desc limit :limit", values)  # noqa: S608


def _place(search: Search, where: list[str], values: dict[str, object]) -> None:
    if search.near is None or search.within_m is None:
        return
    lat_deg, lon_deg = search.near
    per_deg_m = max(M_PER_DEG * math.cos(math.radians(lat_deg)), 1.0)
    by_deg = search.within_m / M_PER_DEG
    values |= {"lat": lat_deg, "lon": lon_deg, "north": M_PER_DEG, "east": per_deg_m, "within": search.within_m}
    values |= {"lat_from": lat_deg - by_deg, "lat_until": lat_deg + by_deg}
    away = "min(abs(lon_deg - :lon), 360 - abs(lon_deg - :lon)) * :east"
    where.append("lat_deg between :lat_from and :lat_until")
    where.append(f"(lat_deg - :lat) * :north * (lat_deg - :lat) * :north + {away} * {away} <= :within * :within")
