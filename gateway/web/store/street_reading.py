"""Poles, lamps and cameras, as the web's tables have them."""

import sqlite3
from collections.abc import Sequence

from gateway.web.records import Plan, Standing
from gateway.web.store.frames import STEP_US
from gateway.web.store.reading import CLOCKS, alarm_of, health_of, order_of, sample_of
from gateway.web.street import AlarmState, Device, History, PoleState, Sample

PATIENCE_US = 150_000_000
"""Who was not heard for so long before the newest row is silent: 2.25 times the minute that the slowest nodes leave
between two words (gateway/upkeep/silence.py), and some."""


def poles(connection: sqlite3.Connection, plan: Plan) -> list[PoleState]:
    """By name."""
    standing = {each.name: each for each in plan.standing if each.what == "pole"}
    known = {row["node"]: row for row in connection.execute("select * from pole")}
    alarms: dict[str, list[AlarmState]] = {}
    for row in connection.execute("select * from alarm where what = 'pole' order by since_us desc"):
        alarms.setdefault(row["name"], []).append(alarm_of(row))
    last_us = connection.execute("select last_us from followed").fetchone()["last_us"] or 0
    names = sorted(standing.keys() | known.keys())
    return [_pole(name, standing.get(name), known.get(name), alarms.get(name, ()), last_us) for name in names]


def _pole(
    name: str, place: Standing | None, row: sqlite3.Row | None, alarms: Sequence[AlarmState], last_us: int
) -> PoleState:
    lat_deg, lon_deg = (None, None) if place is None else (place.lat_deg, place.lon_deg)
    if row is None:
        state = "silent" if any(each.kind == "silent" for each in alarms) else "unheard"
        return PoleState(name, lat_deg, lon_deg, state, None, CLOCKS[0], None, None, None, None, None, "", alarms)
    return PoleState(
        name,
        lat_deg,
        lon_deg,
        _state(row["heard_us"], alarms, last_us),
        row["heard_us"],
        CLOCKS[row["clock"] or 0],
        row["sigma_us"],
        None if row["level_cdb"] is None else row["level_cdb"] / 100,
        row["arrival_us"],
        None if row["health"] is None else health_of(row["health"]),
        row["release"],
        row["stage"],
        alarms,
    )


def _state(heard_us: int | None, alarms: Sequence[AlarmState], last_us: int) -> str:
    if heard_us is None:
        return "unheard"
    if last_us - heard_us > PATIENCE_US or any(each.kind == "silent" for each in alarms):
        return "silent"
    return "alarm" if alarms else "well"


def history(connection: sqlite3.Connection, name: str, span_us: tuple[int, int], most: int) -> History:
    """A pole's past. Raises ValueError for a span that is none."""
    from_us, until_us = span_us
    if not 0 <= from_us < until_us <= 1 << 62:
        raise ValueError("from, until: must be times, the second after the first")
    step_us = STEP_US * max(1, -(-(until_us - from_us) // (STEP_US * most)))
    rows = connection.execute(
        "select * from past where node = ? and step_us between ? and ? order by step_us",
        (name, from_us // step_us * step_us, until_us),
    )
    steps: dict[int, list[sqlite3.Row]] = {}
    for row in rows:
        steps.setdefault(row["step_us"] // step_us * step_us, []).append(row)
    samples: list[Sample] = [sample_of(some, at_us) for at_us, some in steps.items()]
    oldest = connection.execute("select min(step_us) as us from past where node = ?", (name,)).fetchone()["us"]
    return History(name, step_us, samples[-most:], oldest or 0)


def devices(connection: sqlite3.Connection, plan: Plan, what: str) -> list[Device]:
    """Lamps or cameras, by name."""
    orders = {
        row["device"]: row
        for row in connection.execute("select * from ordered where is_camera = ?", (what == "camera",))
    }
    faults: dict[str, sqlite3.Row] = {}
    if what == "lamp":
        faults = {row["name"]: row for row in connection.execute("select * from alarm where what = 'lamp'")}
    found = []
    for each in sorted((each for each in plan.standing if each.what == what), key=lambda each: each.name):
        fault = faults.get(each.name) or faults.get(str(each.more.get("bank", "")))
        order = orders.get(each.name)
        words, since_us = ("", None) if fault is None else (fault["why"], fault["since_us"])
        found.append(Device(each, None if order is None else order_of(order), words, since_us))
    return found
