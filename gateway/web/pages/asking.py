"""A search for incidents as it stands in a page's address, and in words where something of it cannot be read."""

import datetime
import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.web.records import Search
from gateway.web.showing import zone_of
from gateway.web.store.search import FARTHEST_M, FIELD_WORDS
from gateway.web.words.said import said

FIELDS = ("text", "from", "until", "near", "within", "grade", "kind", "review")
LONGEST = 300
"""Letters of a field. A longer one is not searched for, and said."""
SECOND_US, MINUTE_US = 1_000_000, 60_000_000
MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d([T ](?P<hour>\d\d):\d\d(?P<second>:\d\d(?P<part>\.\d{3,6})?)?(Z|[+-]\d\d:\d\d)?)?", re.ASCII
)
"""A day, or a day and an hour (ISO 8601, extended); a blank does for the T."""


@dataclass(frozen=True, slots=True)
class Asked:
    """values : of each of FIELDS, as typed (cut at LONGEST where it is longer). fault : Said, or "". search : of
    what could be read; None where something could not."""

    values: Mapping[str, str]
    search: Search | None
    fault: str

    @property
    def query(self) -> str:
        """The address's part behind the question mark, of what is not empty."""
        return urllib.parse.urlencode({name: value for name, value in self.values.items() if value})


def asked(query: Mapping[str, str], time_zone: str) -> Asked:
    """What is searched for. `from` and `until` are the reader's wall clock (HTML's datetime-local) or a date; what they
    name is within, to its last second."""
    values = {name: query.get(name, "").strip() for name in FIELDS}
    for name, value in values.items():
        if len(value) > LONGEST:
            values[name], field = value[:LONGEST], FIELD_WORDS[name]
            words = said(
                "{field}: at most {most} letters can be searched for ({count} came)",
                field=field,
                most=LONGEST,
                count=len(value),
            )
            return Asked(values, None, words)
    try:
        return Asked(values, _search(values, time_zone), "")
    except ValueError as error:
        return Asked(values, None, error.args[0])


def _search(values: Mapping[str, str], time_zone: str) -> Search:
    near = _place(values["near"])
    within_m = _metres(values["within"]) if near else None
    return Search(
        text=values["text"],
        from_us=_wall_clock("from", values["from"], time_zone, last=False),
        until_us=_wall_clock("until", values["until"], time_zone, last=True),
        near=near,
        within_m=within_m if within_m is not None or near is None else 200.0,
        grade=values["grade"],
        kind=values["kind"],
        review=values["review"],
    )


def _wall_clock(name: str, value: str, time_zone: str, last: bool) -> int | None:
    """The first moment of the day, hour, minute or second that is named; last : the last one.

    Where clocks are put back a time comes twice, where they are put forward some come never: then the earlier of its
    two readings (PEP 495, `fold`) begins, and the later one ends."""
    if not value:
        return None
    matched = MOMENT.fullmatch(value)
    try:
        at = datetime.datetime.fromisoformat(value)
    except ValueError:
        matched = None
    if matched is None:
        raise ValueError(
            said(
                "{field}: must be a day and an hour such as 2026-11-07T21:30 (it is {value})",
                field=FIELD_WORDS[name],
                value=repr(value[:40]),
            )
        )
    zone = at.tzinfo or zone_of(time_zone)
    names_day = matched["hour"] is None
    if last and names_day:
        at = at.replace(hour=23, minute=59)
    readings = [_microseconds(at.replace(tzinfo=zone, fold=fold)) for fold in (0, 1)]
    if not last:
        return min(readings)
    lasting_us = 0 if matched["part"] else SECOND_US if matched["second"] else MINUTE_US
    return max(readings) + max(0, lasting_us - 1)


def _microseconds(at: datetime.datetime) -> int:
    return (at - datetime.datetime.fromtimestamp(0, datetime.UTC)) // datetime.timedelta(microseconds=1)


def _place(value: str) -> tuple[float, float] | None:
    if not value:
        return None
    told = re.fullmatch(r"(-?\d{1,2}(?:\.\d{1,12})?)\s*[,; ]\s*(-?\d{1,3}(?:\.\d{1,12})?)", value)
    if not told or abs(float(told[1])) > 90 or abs(float(told[2])) > 180:
        raise ValueError(
            said(
                "near: must be latitude, longitude in degrees such as 51.5007, -0.1246 (it is {value})",
                value=repr(value[:40]),
            )
        )
    return float(told[1]), float(told[2])


def _metres(value: str) -> float | None:
    if not value:
        return None
    if not re.fullmatch(r"\d{1,6}(\.\d{1,3})?", value) or not 1 <= float(value) <= FARTHEST_M:
        raise ValueError(
            said("within: must be 1 to {most} metres (it is {value})", most=f"{FARTHEST_M:g}", value=repr(value[:40]))
        )
    return float(value)
