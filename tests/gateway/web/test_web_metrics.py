"""/metrics: who may see it, and that its figures are what happened."""

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from gateway.web.accounts import api_keys
from gateway.web.door.addresses import is_on_loopback
from gateway.web.grants import scopes
from gateway.web.metering.meter import Meter
from gateway.web.records import Change


def samples(text):
    return {
        (each.name, *sorted(each.labels.items())): each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
    }


def keyed(door, *scoped):
    boss = door.make("boss", "administrator")
    with door.database.writing() as connection:
        key = api_keys.make(connection, "prometheus", "viewer", scoped, scopes(), boss, door.clock.now_us)
    return {"Authorization": f"Bearer {key}"}


def near(door, **headers):
    return TestClient(door.app, client=("127.0.0.1", 4711), headers=headers).get("/metrics").status_code


def test_a_key_with_its_scope_sees_it_and_another_does_not(door):
    there = door()
    headers = keyed(there, "metrics")

    answer = there.browser().get("/metrics", headers=headers)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert there.browser().get("/api/v1/poles", headers=headers).status_code == 403


def test_whoever_asks_on_loopback_sees_it_only_where_web_toml_says_so(door):
    assert near(door()) == 401
    open_to_loopback = door(metrics_on_loopback=True)
    assert near(open_to_loopback) == 200
    assert TestClient(open_to_loopback.app, client=("192.0.2.7", 1)).get("/metrics").status_code == 401
    assert TestClient(open_to_loopback.app, client=("127.0.0.1", 1)).get("/api/v1/poles").status_code == 401


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
def test_a_proxy_on_loopback_opens_it_to_nobody(door, name):
    assert near(door(metrics_on_loopback=True), **{name: "192.0.2.7"}) == 401


@pytest.mark.parametrize(("peer", "expected"), [("::1", True), ("127.9.9.9", True), ("", False), ("10.0.0.1", False)])
def test_what_loopback_is(peer, expected):
    assert is_on_loopback(peer, {}) is expected


def test_requests_are_counted_by_route_and_status_and_no_typed_word_becomes_a_label(door):
    there = door(metrics_on_loopback=True)
    there.browser().get("/health")
    for path in ("/nothing-1", "/nothing-2"):
        there.browser().get(path)
    there.browser().request("BREW", "/about")

    text = TestClient(there.app, client=("127.0.0.1", 1)).get("/metrics").text
    told = samples(text)

    def count(route, method, status):
        return told["soundpost_web_requests_total", ("method", method), ("route", route), ("status", status)]

    assert count("/health", "GET", "503") == 1
    assert count("none", "GET", "303") == 2
    assert "nothing-1" not in text
    assert "BREW" not in text


def test_the_street_is_told_with_it(door):
    there = door(metrics_on_loopback=True)

    told = samples(TestClient(there.app, client=("127.0.0.1", 1)).get("/metrics").text)

    assert told["soundpost_web_rows_behind",] == 0
    assert told["soundpost_web_listeners",] == 0
    assert told["soundpost_web_state", ("state", "offline")] == 1
    assert ("soundpost_web_last_row_age_seconds",) not in told


def test_from_a_row_to_a_listener_is_measured_and_a_clock_set_back_is_no_negative_time():
    meter = Meter(now_us=lambda: 10_000_000)
    for at_us in (9_700_000, 12_000_000, 0):
        meter.heard(Change(1, ("incident",), at_us=at_us))
    meter.heard(Change(1, ("missed",), missed=True, at_us=1))

    found = {each.name: each.value for family in meter.registry.collect() for each in family.samples if not each.labels}
    assert found["soundpost_web_row_to_listener_seconds_count"] == 2
    assert found["soundpost_web_row_to_listener_seconds_sum"] == pytest.approx(0.3)


def test_two_processes_parts_count_apart():
    one, other = Meter(), Meter()
    one.answered("/health", "GET", 200)

    assert other.registry.get_sample_value("soundpost_web_requests_total", {"route": "/health"}) is None
