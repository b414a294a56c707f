"""Rows that tell of incidents, as they are read into the tables: rounds, reviews, evidence."""

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from dsp.air import Air
from gateway.web.store.checked import check_incident
from gateway.web.store.devices import name_of
from gateway.web.store.journal import Row
from gateway.web.store.onsets import keep_onsets
from gateway.web.store.survey import Survey

SAME_US = 50_000
"""Tellings of one incident that lie nearer together than this, with poles in common, are of one round: the fastest
automatic fire has 100 ms between two (from general knowledge)."""
EARLY_US = 1_500_000
"""Before it is told, a round may have moved something under a provisional name for so long (docs/explanation/soon.md:
it is decided when all poles had the time to hear it and tell, and told after the later looks)."""
INCIDENT = """insert into incident values
    (:began, :incident, :number, :number, :first_us, :told_us, :lat_deg, :lon_deg, :major_m, :minor_m, :azimuth_deg,
     :grade, :kind, :p_gunshot, :why, :n_rounds, :historic, :quiet, '', '', 0, 0, :near)
    on conflict(incident) do update set number = :number, version = :number, first_us = :first_us, told_us = :told_us,
    lat_deg = :lat_deg, lon_deg = :lon_deg, major_m = :major_m, minor_m = :minor_m, azimuth_deg = :azimuth_deg,
    grade = :grade, kind = :kind, p_gunshot = :p_gunshot, why = :why, n_rounds = :n_rounds, historic = :historic,
    quiet = :quiet, near = :near"""
REVIEW_STATE = """update incident set number = :number, version = :number, review = :verdict, review_what = :what,
    n_people = :n_people, disputed = :disputed where incident = :incident"""
KEPT = "insert or replace into evidence values (?, ?, ?, ?, ?, ?, ?, ?, ?, 'kept', '', ?)"
LOST = """insert into evidence values (?, ?, '', '', 0, 0, 0, '', '', 'lost', ?, ?)
    on conflict(incident, file) do update set state = 'lost', note = excluded.note, number = excluded.number"""


def take_incident(connection: sqlite3.Connection, survey: Survey, row: Row, told: Mapping[str, Any]) -> str:
    """An incident was told of. Comes back: its name. Raises KeyError, TypeError or ValueError for what is none."""
    check_incident(told)
    name, shape = name_of(told), told["ellipse_95"]
    known = connection.execute("select began from incident where incident = ?", (name,)).fetchone()
    lat_deg, lon_deg = float(told["lat_deg"]), float(told["lon_deg"])
    values = {
        **{word: told[word] for word in ("incident", "first_us", "lat_deg", "lon_deg", "grade", "kind", "p_gunshot")},
        **{word: float(shape[word]) for word in ("major_m", "minor_m", "azimuth_deg")},
        "began": row.number if known is None else known["began"],
        "number": row.number,
        "told_us": row.at_us,
        "why": str(told.get("why", "")),
        "n_rounds": int(told["n_rounds"]),
        "historic": bool(told["historic"]),
        "quiet": str(told.get("quiet", "")),
        "near": survey.near(lat_deg, lon_deg),
    }
    connection.execute(INCIDENT, values)
    for each in told["rounds"]:
        _take_round(connection, survey, row, name, each)
    _claim(connection, row, name, int(told["first_us"]))
    find_words(connection, name)
    return name


def _take_round(connection: sqlite3.Connection, survey: Survey, row: Row, name: str, told: Mapping[str, Any]) -> None:
    t_us, nodes = int(told["t_us"]), set(told["nodes"])
    near = connection.execute(
        "select t_us, number, body from round where incident = ? and t_us between ? and ? and number < ?",
        (name, t_us - SAME_US, t_us + SAME_US, row.number),
    ).fetchall()
    for each in near:
        if nodes & set(json.loads(each["body"])["nodes"]):
            connection.execute("delete from round where incident = ? and t_us = ?", (name, each["t_us"]))
            connection.execute("delete from onset where incident = ? and round_us = ?", (name, each["t_us"]))
    connection.execute("insert or replace into round values (?, ?, ?, ?)", (name, t_us, row.number, json.dumps(told)))
    keep_onsets(connection, survey, air_of(connection, survey), name, told)


def air_of(connection: sqlite3.Connection, survey: Survey) -> Air:
    """What fixes are reckoned with, as the newest `air` row has it."""
    row = connection.execute("select * from air order by number desc limit 1").fetchone()
    if row is None:
        return survey.air
    return Air(
        row["temperature_c"], survey.air.humidity_pct, (row["east_mps"], row["north_mps"]), survey.air.pressure_pa
    )


def _claim(connection: sqlite3.Connection, row: Row, name: str, first_us: int) -> None:
    """What moved lamps and cameras just before, under a provisional name, stands with this incident, too. Of two shots
    at once each may have moved it."""
    since_us = max(first_us, row.at_us - 20 * EARLY_US)
    found = connection.execute(
        "select name from early where at_us between ? and ?", (since_us, row.at_us + EARLY_US)
    ).fetchall()
    connection.executemany("insert or ignore into claimed values (?, ?)", [(name, each["name"]) for each in found])


def take_request(connection: sqlite3.Connection, row: Row, told: Mapping[str, Any]) -> str:
    """Somebody asked something of the gateway. Comes back: of which incident."""
    body = told["body"]
    name = str(body.get("incident", ""))
    if told["ask"] == "review":
        _take_review(connection, row, told, body)
    elif told["ask"] == "evidence":
        _take_evidence(connection, row, told, body)
    return name


def _take_review(connection: sqlite3.Connection, row: Row, told: Mapping[str, Any], body: Mapping[str, Any]) -> None:
    name = body["incident"]
    words = (body["verdict"], body.get("what", ""), body.get("note", ""), told["nonce"])
    values = row.number, name, row.at_us, told["by"], body.get("who", ""), *words
    connection.execute("insert or replace into review values (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
    people: dict[tuple[str, str], tuple[str, str]] = {}
    for each in connection.execute("select * from review where incident = ? order by number", (name,)):
        people[each["by_whom"], each["who"]] = each["verdict"], each["what"]
    state = {
        "number": row.number,
        "incident": name,
        "verdict": body["verdict"],
        "what": body.get("what", ""),
        "n_people": len(people),
        "disputed": len(set(people.values())) > 1,
    }
    connection.execute(REVIEW_STATE, state)
    find_words(connection, name)


def _take_evidence(connection: sqlite3.Connection, row: Row, told: Mapping[str, Any], body: Mapping[str, Any]) -> None:
    did, name = body["did"], body.get("incident", "")
    if did == "kept":
        of = ("file", "what", "camera", "from_us", "until_us", "bytes", "sha256", "sealed_sha256")
        connection.execute(KEPT, (name, *(body[word] for word in of), row.number))
    elif did == "lost":
        connection.execute(LOST, (name, body["file"], body["note"], row.number))
    elif did == "let go":
        connection.execute("update evidence set state = 'let go', note = ? where incident = ?", (body["note"], name))
    elif did == "access":
        values = row.number, row.at_us, told["by"], body.get("who", ""), name, body["file"], body["what"]
        connection.execute(
            "insert or replace into access values (?, ?, ?, ?, ?, ?, ?, ?)", (*values, body.get("note", ""))
        )


def find_words(connection: sqlite3.Connection, name: str) -> None:
    """What an incident is found by."""
    row = connection.execute("select * from incident where incident = ?", (name,)).fetchone()
    if row is None:
        return
    reviews = connection.execute("select who, verdict, what, note from review where incident = ?", (name,)).fetchall()
    own = [row[word] for word in ("incident", "kind", "why", "quiet", "near")]
    text = " ".join((*own, *(word for each in reviews for word in each)))
    connection.execute("delete from words where rowid = ?", (row["began"],))
    connection.execute("insert into words(rowid, text) values (?, ?)", (row["began"], text))
