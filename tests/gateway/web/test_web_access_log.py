"""The access log: written before what it tells of, only added to, each row bound to the one before."""

import re
import sqlite3

import pytest
from fastapi import Request

from gateway.web.accounts import access_log
from gateway.web.accounts.access_log import Access
from gateway.web.door.door import Door
from gateway.web.door.routes import Routes, routes_of
from gateway.web.grants import GRANTS, Grant


def wrote(there, *whats):
    with there.database.writing() as connection:
        for what in whats:
            access_log.write(connection, Access(1, "anna", "analyst", "127.0.0.1", what, "G-1", "n"))


def broken(there):
    with there.database.reading() as connection:
        return access_log.first_broken(connection)


def test_rows_can_be_neither_changed_nor_taken_away(door):
    there = door()
    wrote(there, "one", "two")
    for statement in (
        "update access_log set who = 'x'",
        "delete from access_log",
        "replace into access_log select * from access_log",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="only added to"), there.database.writing() as connection:
            connection.execute(statement)

    assert [what for _, what, _ in there.log()] == ["one", "two"]
    assert broken(there) is None


@pytest.mark.parametrize(
    ("change", "first"),
    [
        ("update access_log set who = 'bert' where number = 2", 2),
        ("update access_log set at_us = 2 where number = 3", 3),
        ("delete from access_log where number = 2", 2),
        (
            "update access_log set hash = (select hash from access_log where number = 1) where number = 3",
            3,
        ),
    ],
)
def test_who_changes_the_file_itself_is_found_out(door, change, first):
    there = door()
    wrote(there, "one", "two", "three")
    with sqlite3.connect(there.database._path) as connection:
        connection.executescript("drop trigger access_log_is_kept; drop trigger access_log_stands;" + change)

    assert broken(there) == first


@pytest.fixture
def evidence(door):
    """An app whose route `/evidence/{name}` is logged by the table; `shown` is what it showed."""
    there = door()
    there.shown = []

    def show(request: Request, name: str):
        there.shown.append((name, there.log()[-1]))
        return {"name": name}

    there.app.add_api_route("/evidence/{name}", show)
    there.app.user_middleware.clear()
    grant = Grant("/evidence/{name}", ("GET",), ("analyst",), logged="looked at evidence")
    there.app.add_middleware(Door, lobby=there.lobby, routes=Routes(routes_of(there.app), (*GRANTS, grant)))
    return there


def test_what_the_table_says_is_logged_is_written_before_it_is_shown(evidence, client_as):
    client = client_as(evidence.app, "analyst")

    assert client.get("/evidence/clip-7").status_code == 200
    assert evidence.shown == [("clip-7", ("analyst-1", "looked at evidence", "/evidence/clip-7"))]


def test_what_cannot_be_logged_is_not_shown(evidence, client_as, monkeypatch):
    client = client_as(evidence.app, "analyst")

    def full(*_):
        raise OSError("disk full")

    monkeypatch.setattr(access_log, "write", full)
    assert client.get("/evidence/clip-7").status_code == 503
    assert evidence.shown == []


def test_who_may_not_look_leaves_no_row_as_if_they_had(evidence, client_as):
    assert client_as(evidence.app, "viewer").get("/evidence/clip-7").status_code == 403
    assert evidence.log() == []


def test_the_page_shows_who_did_what_by_name_and_page_by_page(door, client_as):
    there = door()
    wrote(there, *(f"deed {number}" for number in range(150)))
    client = client_as(there.app, "analyst")

    page = client.get("/access", params={"who": "anna"}).text
    assert "deed 149" in page and "deed 50" in page and "deed 49" not in page
    assert "/access?before=51&amp;who=anna" in page
    older = client.get("/access?before=51&who=anna").text
    assert "deed 49" in older and "deed 0" in older
    assert set(re.findall(r"before=\d+", older)) == {"before=51"}, "its own address alone, which choosing colours keeps"
    assert "deed" not in client.get("/access", params={"who": "bert"}).text
    assert client.get("/access?before=x&before=99999999999999999999999").status_code == 200
    assert there.log()[-1][1] == "read the access log"


def test_a_change_of_an_account_and_its_row_are_written_together_or_not_at_all(door, client_as, monkeypatch):
    there = door()
    client = client_as(there.app, "administrator")
    assert client.post("/accounts", data={"name": "bert", "role": "viewer"}).status_code == 200
    assert client.post("/accounts", data={"name": "bert", "role": "viewer"}).status_code == 400
    assert client.post("/accounts/2/role", data={"role": "boss"}).status_code == 400
    assert there.log() == [("administrator-1", "made an account", "bert")]

    def full(*_):
        raise OSError("disk full")

    monkeypatch.setattr(access_log, "write", full)
    assert client.post("/accounts/2/role", data={"role": "analyst"}).status_code == 503
    assert client.post("/accounts/2/lock").status_code == 503
    with there.database.reading() as connection:
        assert connection.execute("select role, is_locked from account where id = 2").fetchone()[:] == ("viewer", 0)


def test_what_is_written_is_one_line_without_control_characters(door):
    there = door()
    wrote(there, "a\nb\r\x1b[31m\u202ec" + "x" * 500)

    assert there.log()[0][1].startswith("a b  [31m c")
    assert len(there.log()[0][1]) == access_log.LONGEST
    assert broken(there) is None
