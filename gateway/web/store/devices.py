"""Rows that tell of lamps, cameras, poles and the air, as they are read into the tables."""

import re
import sqlite3
from collections.abc import Mapping
from typing import Any

from gateway.orders import is_superseded
from gateway.web.store.checked import check_order, check_reason, moment, number
from gateway.web.store.journal import Row

EARLY = ("soon-", "area-")
"""How names begin of what moved something and is no incident (gateway/reaction/provisional.py)."""
SILENT, LEAST_US = "silent", 45_000_000
"""The alarm of poles that are not heard, and for how long they were not (gateway/upkeep/silence.py)."""
FASTEST_MPS, AIR_C = 120.0, (-90.0, 60.0)
"""Wider than the air near the ground ever is (from general knowledge)."""
MORE = re.compile(r"(.*) and \d+ more")
ORDERED = "insert or replace into ordered values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
RAISED = """insert into alarm values (?, ?, ?, ?, ?, ?)
    on conflict(what, name, kind) do update set why = excluded.why, number = excluded.number"""
OVER = "delete from alarm where what = ? and name = ? and kind = ?"
NOT_HEARD = "select node from pole where heard_us is null or heard_us < ?"


def name_of(told: Mapping[str, Any]) -> str:
    """Of the incident that a row is about. Raises KeyError or TypeError where it has none."""
    name = told["incident"]
    if not isinstance(name, str):
        raise TypeError("an incident's name is a text")
    return name


def take_effect(connection: sqlite3.Connection, row: Row, told: Mapping[str, Any]) -> str:
    """What became of an order. Comes back: of which incident."""
    check_order(told)
    what, name = told["what"], name_of(told)
    values = (
        told["device"], what != "light", what, name, bool(told["done"]), told["note"], told["t_us"],
        told.get("level_pct"), told.get("azimuth_deg"), told.get("elevation_deg"), row.number,
    )  # fmt: skip
    if not is_superseded(told):  # what becomes of the newer one is still to come
        connection.execute(ORDERED, values)
    if name.startswith(EARLY):
        connection.execute("insert or ignore into early values (?, ?)", (name, row.at_us))
    return name


def take_alarm(connection: sqlite3.Connection, row: Row, told: Mapping[str, Any]) -> str:
    """A pole is ill, or well again; of silent ones an alarm tells many, and not all of their names."""
    text, kind = str(told["node"]), str(told["kind"])
    more = MORE.fullmatch(text)
    nodes = set((more[1] if more else text).split(", "))
    raised = bool(told["raised"])
    if kind == SILENT and more and raised:
        nodes |= {each["node"] for each in connection.execute(NOT_HEARD, (row.at_us - LEAST_US,))}
    if kind == SILENT and more and not raised:
        silent = connection.execute("select name from alarm where what = 'pole' and kind = ?", (SILENT,)).fetchall()
        gone = {each["node"] for each in connection.execute(NOT_HEARD, (row.at_us - LEAST_US,))}
        nodes |= {each["name"] for each in silent} - gone
    for node in nodes:
        _alarm(connection, ("pole", node, kind), raised, str(told["why"]), row.at_us, row.number)
    return ""


def take_lamp(connection: sqlite3.Connection, row: Row, told: Mapping[str, Any]) -> str:
    """A lamp failed, or is well again: one notice, whatever its gravest fault is meanwhile."""
    lamp = str(told["lamp"])
    since_us = moment(told["since_us"])
    connection.execute("delete from alarm where what = 'lamp' and name = ? and since_us = ?", (lamp, since_us))
    key = "lamp", lamp, str(told["fault"])
    _alarm(connection, key, bool(told["open"]), str(told["why"]), since_us, row.number)
    return ""


def _alarm(
    connection: sqlite3.Connection, key: tuple[str, str, str], raised: bool, why: str, since_us: int, number: int
) -> None:
    if raised:
        connection.execute(RAISED, (*key, why, since_us, number))
    else:
        connection.execute(OVER, key)


def take_update(connection: sqlite3.Connection, row: Row, told: Mapping[str, Any]) -> str:
    """Where a pole stands with a release."""
    values = {"node": told["node"], "release": told["sequence"], "stage": told["stage"]}
    connection.execute(
        """insert into pole(node, release, stage) values (:node, :release, :stage)
        on conflict(node) do update set release = :release, stage = :stage""",
        values,
    )
    return ""


def take_air(connection: sqlite3.Connection, row: Row, told: Mapping[str, Any]) -> str:
    """Fixes reckon with other air from now on."""
    east_mps, north_mps = told["wind_en_mps"]
    wind_mps = [number(each, -FASTEST_MPS, FASTEST_MPS) for each in (east_mps, north_mps)]
    values = row.number, number(told["temperature_c"], *AIR_C), *wind_mps
    connection.execute("insert or replace into air values (?, ?, ?, ?)", values)
    return ""


def take_reason(connection: sqlite3.Connection, row: Row, told: Mapping[str, Any]) -> str:
    """Why something was done, or was not. Comes back: for which incident."""
    check_reason(told)
    name = name_of(told)
    if name.startswith(EARLY):
        connection.execute("insert or ignore into early values (?, ?)", (name, row.at_us))
    return name
