"""The application as a browser meets it."""

import pytest
from starlette.testclient import TestClient

from gateway.web.app import build_app
from gateway.web.database import Database
from gateway.web.door.routes import Routes, routes_of
from gateway.web.grants import GRANTS, Grant
from gateway.web.live.feed import Feed
from gateway.web.parts import Parts
from gateway.web.records import Plan
from gateway.web.settings import WebConfig
from gateway.web.store.store import Store


@pytest.fixture
def app(tmp_path):
    database, plan = Database(tmp_path / "web.db"), Plan((51.5, -0.1, 20.0), ())
    return build_app(Parts(WebConfig(), database, plan, Store(database, plan), Feed()))


def test_anybody_may_read_what_the_system_can_hear(app):
    answer = TestClient(app).get("/about")

    assert answer.status_code == 200
    assert "They keep no speech" in answer.text


def test_a_file_of_the_pages_may_be_kept_a_minute_and_is_not_sent_again_where_it_is_the_same(app):
    client = TestClient(app)
    first = client.get("/static/live.js")
    again = client.get("/static/live.js", headers={"If-None-Match": first.headers["etag"]})

    assert (first.status_code, first.headers["cache-control"]) == (200, "public, max-age=60")
    assert "set-cookie" not in first.headers
    assert (again.status_code, again.content, again.headers["cache-control"]) == (304, b"", "public, max-age=60")


@pytest.mark.parametrize("path", ["/about", "/sign-in", "/health", "/", "/static/none.js"])
def test_a_page_or_what_is_not_there_is_kept_by_nobody(app, path):
    answer = TestClient(app, follow_redirects=False).get(path, headers={"Accept": "text/html"})

    assert answer.headers["cache-control"] == "no-store"


def test_a_route_that_is_in_no_row_of_the_table_keeps_the_app_from_starting(app):
    app.get("/forgotten")(lambda: None)

    with pytest.raises(RuntimeError, match="/forgotten: GET in no row"):
        Routes(routes_of(app))


def test_a_row_without_a_route_keeps_the_app_from_starting(app):
    with pytest.raises(RuntimeError, match="/gone: POST of no route"):
        Routes(routes_of(app), (*GRANTS, Grant("/gone", ("POST",), ("viewer",))))


def test_a_route_in_two_rows_keeps_the_app_from_starting(app):
    with pytest.raises(RuntimeError, match="a route is in two rows"):
        Routes(routes_of(app), (*GRANTS, Grant("/about", ("GET",), ("viewer",))))
