"""The application as a browser meets it."""

import pytest
from fastapi import APIRouter
from starlette.testclient import TestClient

from gateway.web.app import build_app, check_granted
from gateway.web.database import Database
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


def test_a_route_that_is_in_no_row_of_the_table_keeps_the_app_from_starting():
    router = APIRouter()
    router.get("/forgotten")(lambda: None)

    with pytest.raises(RuntimeError, match="/forgotten: GET in no row"):
        check_granted(router)
