"""Each role at each route with each method, against the real application: as the table says, and nothing else."""

import re

import pytest

from gateway.web.door.routes import routes_of
from gateway.web.grants import GRANTS, PUBLIC, ROLES, granted

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
REFERENCE = "/api/v1/reference"  # a page
DENIED_TO_STRANGERS, DENIED, NOT_THERE = 303, 403, 405
STREAMS = ("/live/events", "/api/v1/events")
"""They do not end by themselves: HEAD stands for GET."""
SIGN_OUT = ("/sign-out", "/accounts/{account}/reset")
"""Who asks this of account 1 has no session afterwards."""


def address(path):
    """One that comes to this route."""
    return re.sub(r"{[^}]*}", "1", path)


def grant_of(known, path, method):
    """Of the first route that takes this method at this address: `/incidents/saved` may be an incident's name, too."""
    method = "GET" if method == "HEAD" else method
    for each in known:
        if each.regex.match(address(path)) and method in each.methods:
            return granted(each.path, method)
    return None


def passes(status):
    """Whether a route answered: it may find a form wrong, a thing missing, or (503) nothing to ask here."""
    return status not in (DENIED, NOT_THERE, 500)


@pytest.fixture
def known(door):
    there = door()
    there.known = [each for each in routes_of(there.app) if "/static" not in each.path]
    return there


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_exactly_what_the_table_grants(known, client_as, role):
    wrong, count, client = [], 0, client_as(known.app, role)
    for each in known.known:
        for method in METHODS:
            if method == "GET" and each.path in STREAMS:
                continue
            grant = grant_of(known.known, each.path, method)
            status = answer_of(client, method, address(each.path))
            count += 1
            if each.path in SIGN_OUT and method == "POST":
                client = client_as(known.app, role)
            if grant is None:
                expected = status == (
                    DENIED if method == "OPTIONS" and not may_get(known.known, each.path, role) else NOT_THERE
                )
            elif PUBLIC in grant.to or role in grant.to:
                expected = passes(status)
            else:
                expected = status == DENIED
            if not expected:
                wrong.append((role, method, each.path, status))

    assert wrong == []
    assert count >= 9 * 15


def may_get(known, path, role):
    """OPTIONS tells only who may see a page how else it can be asked."""
    grant = grant_of(known, path, "GET")
    return grant is None or PUBLIC in grant.to or role in grant.to


def answer_of(client, method, path):
    """The status; what a route itself cannot do without its store is a pass of the door, told as 200."""
    try:
        return client.request(method, path).status_code
    except NotImplementedError:
        return 200


def test_strangers_are_sent_to_sign_in_whatever_they_ask_for_and_learn_of_no_route(known):
    wrong, browser = [], known.browser()
    for each in known.known:
        for method in METHODS:
            grant = grant_of(known.known, each.path, "GET" if method == "OPTIONS" else method)
            if grant is not None and PUBLIC in grant.to:
                continue
            status = browser.request(method, address(each.path)).status_code
            is_for_programs = each.path.startswith("/api/") and each.path != REFERENCE
            if status != (401 if is_for_programs else DENIED_TO_STRANGERS):
                wrong.append((method, each.path, status))
    for path in ("/nothing", "/static", "/incidents/../accounts", "/docs", "/openapi.json", "/accounts/"):
        if browser.get(path).status_code != DENIED_TO_STRANGERS:
            wrong.append(path)

    assert wrong == []


def test_programs_without_a_key_are_told_401(known):
    answer = known.browser().get("/accounts", headers={"Accept": "application/json"})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_who_signed_in_is_told_what_is_not_there(known, client_as):
    client = client_as(known.app, "administrator")

    assert client.get("/nothing").status_code == 404
    assert client.get("/accounts/").status_code == 404
    refused = client.delete("/accounts")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, POST")


def test_head_is_answered_as_get_without_a_body(known, client_as):
    client = client_as(known.app, "administrator")

    answer = client.head("/accounts")
    assert (answer.status_code, answer.content) == (200, b"")


def test_every_row_that_changes_something_is_closed_to_the_public_but_signing_in():
    opened = {each.path for each in GRANTS if PUBLIC in each.to and set(each.methods) - {"GET"}}

    assert opened <= {"/sign-in", "/sign-in/code", "/sign-in/new-password", "/appearance"}


def test_only_administrators_and_analysts_read_the_access_log_and_only_administrators_change_accounts():
    for each in GRANTS:
        if each.path.startswith(("/accounts", "/keys")):
            assert each.to == ("administrator",)
    assert set(granted("/access", "GET").to) == {"administrator", "analyst"}
