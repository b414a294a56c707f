"""API keys: what a machine shows, and what it may."""

import re

import pytest
from fastapi import Request

from gateway.web.accounts import api_keys
from gateway.web.accounts.person import who_of
from gateway.web.door.door import Door
from gateway.web.door.routes import Routes, routes_of
from gateway.web.grants import GRANTS, Grant

SCOPED = Grant("/told", ("GET", "POST"), ("viewer", "dispatcher"), scope="read")


@pytest.fixture
def there(door):
    """With one route more that a key may ask."""
    made = door()

    def told(request: Request):
        person = who_of(request)
        return {"name": person.name, "is_machine": person.is_machine}

    made.app.add_api_route("/told", told, methods=["GET", "POST"])
    made.app.user_middleware.clear()
    made.app.add_middleware(Door, lobby=made.lobby, routes=Routes(routes_of(made.app), (*GRANTS, SCOPED)))
    made.boss = made.make("boss", "administrator")
    return made


def key_of(there, name="cad", role="dispatcher", scopes=("read",)):
    with there.database.writing() as connection:
        return api_keys.make(connection, name, role, scopes, ("read", "review"), there.boss, there.clock.now_us)


def ask(there, key, path="/told", method="GET", **headers):
    return there.browser().request(method, path, headers={"Authorization": f"Bearer {key}", **headers})


def test_a_key_opens_what_its_role_and_scope_allow_and_needs_no_token(there):
    key = key_of(there)

    assert ask(there, key).json() == {"name": "key cad", "is_machine": True}
    assert ask(there, key, method="POST").status_code == 200


@pytest.mark.parametrize(
    "path", [each.path for each in GRANTS if not each.scope and "GET" in each.methods and each.to[0] != "public"]
)
def test_a_key_opens_no_page_of_people(there, path):
    assert ask(there, key_of(there, role="technician"), re.sub(r"{\w+}", "1", path)).status_code == 403


def test_a_key_that_asks_too_often_waits_as_long_as_it_is_told_and_no_other_key_does(door):
    there = door(key_per_min=10)
    there.boss = there.make("boss", "administrator")
    key, other = key_of(there, "cad"), key_of(there, "map")
    seen = [ask(there, key, "/api/v1/state") for _ in range(12)]
    refused = seen[-1]

    assert [each.status_code for each in seen] == [200] * 10 + [429] * 2
    assert (refused.headers["retry-after"], refused.headers["content-type"]) == ("6", "application/problem+json")
    assert refused.json()["detail"] == "This key asks too often: 10 times a minute at most."
    assert ask(there, other, "/api/v1/state").status_code == 200
    there.clock.turn(6)
    assert [ask(there, key, "/api/v1/state").status_code for _ in range(2)] == [200, 429]


@pytest.mark.parametrize(("path", "method"), [("/accounts", "GET"), ("/nothing", "GET"), ("/api/v1/state", "POST")])
def test_what_a_key_may_not_counts_as_asked(door, path, method):
    there = door(key_per_min=10)
    there.boss = there.make("boss", "administrator")
    key = key_of(there)
    codes = [ask(there, key, path, method).status_code for _ in range(12)]

    assert 429 not in codes[:10]
    assert 200 not in codes[:10]
    assert codes[10:] == [429] * 2
    assert ask(there, key, "/api/v1/state").status_code == 429


def test_a_key_waits_no_longer_where_the_clock_was_set_back(door):
    there = door(key_per_min=10)
    there.boss = there.make("boss", "administrator")
    key = key_of(there)
    codes = [ask(there, key, "/api/v1/state").status_code for _ in range(11)]
    there.clock.turn(-3600)
    codes.append(ask(there, key, "/api/v1/state").status_code)
    there.clock.turn(6)
    codes.append(ask(there, key, "/api/v1/state").status_code)

    assert codes == [200] * 10 + [429] * 2 + [200]


def test_another_scope_or_role_does_not_open(there):
    assert ask(there, key_of(there, "a", scopes=("review",))).status_code == 403
    assert ask(there, key_of(there, "b", role="analyst")).status_code == 403


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer soundpost_wrong", "bearer \xff", "Bearer a b"]
)
def test_what_is_no_key_opens_nothing(there, authorization):
    answer = there.browser().get("/told", headers={"Authorization": authorization.encode("latin-1"), "Accept": "*/*"})

    assert answer.status_code == 401
    assert answer.json() == {"detail": "Sign in, or send an API key."}


def test_a_wrong_key_is_not_made_good_by_a_cookie(there):
    browser = there.browser()
    there.sign_in(browser, "boss")

    assert browser.get("/accounts").status_code == 200
    assert browser.get("/accounts", headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_a_key_in_the_address_or_a_form_is_none(there):
    key = key_of(there)

    assert there.browser().get("/told", params={"key": key, "access_token": key}).status_code == 303
    assert there.browser().post("/told", data={"access_token": key}).status_code == 303


def test_a_key_is_shown_once_kept_as_a_hash_and_revoked_at_once(there):
    browser = there.browser()
    there.sign_in(browser, "boss")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("gateway.web.account_pages.keys.scopes", lambda: ("read",))
        shown = there.post(browser, "/keys", name="cad", role="dispatcher", scope="read").text
    key = re.search(r"soundpost_[A-Za-z0-9_-]{43}", shown)[0]

    assert ask(there, key).status_code == 200
    assert key not in browser.get("/keys").text
    assert key.encode() not in there.database._path.read_bytes()
    assert there.post(browser, "/keys/1/revoke").status_code == 303
    assert ask(there, key).status_code == 401
    assert there.post(browser, "/keys/1/revoke").status_code == 400
    assert [each[1:] for each in there.log()[1:]] == [("made an API key", "cad"), ("revoked an API key", "cad")]


def test_when_a_key_was_used_last_is_kept_to_the_minute(there):
    key, seen = key_of(there), []
    for _ in range(3):
        ask(there, key)
        with there.database.reading() as connection:
            seen.append(api_keys.everyone(connection)[0].used_us - there.clock.now_us)
        there.clock.turn(40)

    assert seen == [0, -40_000_000, 0]


def test_no_key_is_made_for_an_administrator_or_a_scope_that_is_none(there):
    for role, scopes in (("administrator", ("read",)), ("boss", ("read",)), ("viewer", ()), ("viewer", ("all",))):
        with pytest.raises(ValueError, match="a key"):
            key_of(there, "x", role, scopes)
