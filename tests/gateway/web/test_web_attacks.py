"""What a hostile page, a hostile person and hostile bytes try at the door: nothing of it has an effect."""

import asyncio
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.web.accounts import accounts
from gateway.web.door import body
from gateway.web.door.csrf import token_of
from gateway.web.door.headers import CONTENT_SECURITY
from gateway.web.door.refused import local_path
from gateway.web.grants import MOST_BYTES

XSS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "{{7*7}}{% raw %}",
    "</title><svg/onload=alert(1)>",
    "\u202egnp.exe",
)
ELSEWHERE = (
    *(
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "http:evil.example",
        "\\\\evil.example",
        "evil.example",
    ),
    *("/\t/evil.example", "javascript:alert(1)", "/%0d%0aSet-Cookie:x=y\r\nSet-Cookie: x=y", "", "/x\x00y", "/é"),
    *("///evil.example", "data:text/html,x", "/" + "a" * 600),
)


def in_as(there, role, name="anna"):
    there.make(name, role)
    browser = there.browser()
    assert there.sign_in(browser, name).status_code == 303
    return browser


def rows(there):
    """All that can be changed, to see that it was not; sessions aside, as these are used."""
    with there.database.reading() as connection:
        return [
            [tuple(row) for row in connection.execute(f"select * from {table}")]
            for table in ("account", "api_key", "recovery_code", "access_log")
        ]


@pytest.mark.parametrize("text", XSS)
def test_what_people_write_is_shown_as_text(door, text):
    there = door()
    browser = in_as(there, "administrator")
    shown = [
        there.sign_in(there.browser(), text[:60], "x").text,
        there.browser().get("/sign-in", params={"next": "/" + text}).text,
        browser.get("/access", params={"who": text}).text,
        there.post(browser, "/accounts", name=text, role="viewer").text,
        there.post(browser, "/keys", name=text, role="viewer", scope=text).text,
        there.post(browser, "/account/settings", language=text, time_zone=text).text,
        browser.get("/access", headers={"User-Agent": text.encode("ascii", "replace")}).text,
        browser.get("/account").text,
    ]

    for page in shown:
        assert text not in page or ("<" not in text and '"' not in text and "'" not in text)
        assert "<script>alert" not in page
        assert "onerror=alert(1)>" not in page
        assert not re.search(r'<[^>]*(href|action)="javascript:', page)
        assert "49{" not in page


@pytest.mark.parametrize("path", ["/about", "/sign-in", "/static/soundpost.css", "/nothing", "/accounts"])
def test_every_answer_says_that_nothing_comes_from_elsewhere(door, path):
    headers = door().browser().get(path).headers

    assert headers["content-security-policy"] == CONTENT_SECURITY
    assert "unsafe" not in CONTENT_SECURITY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert "strict-transport-security" not in headers


def test_over_tls_browsers_are_told_to_come_by_tls_alone(door):
    browser = door(public_url="https://street.example").browser(base_url="https://street.example")

    assert browser.get("/about").headers["strict-transport-security"] == "max-age=31536000"


def test_no_page_has_script_or_style_in_its_text(door):
    there = door()
    browser = in_as(there, "administrator")
    for path in ("/about", "/account", "/accounts", "/keys", "/access", "/account/second-step", "/sign-in"):
        text = browser.get(path).text
        assert not re.search(r"<script(?![^>]*src=)", text), path
        assert not re.search(r"<style|\sstyle=|\son\w+=", text), path


FORGED = {
    "no token": ({}, {}),
    "a wrong token": ({"csrf": "0" * 64}, {}),
    "an empty token": ({"csrf": ""}, {"X-CSRF-Token": ""}),
    "another session's token": ({"csrf": token_of("A" * 43)}, {}),
    "a token that is no ASCII": ({"csrf": "é"}, {}),
    "another site's page": (None, {"Sec-Fetch-Site": "cross-site"}),
    "a sibling site's page": (None, {"Sec-Fetch-Site": "same-site"}),
    "another origin": (None, {"Origin": "https://evil.example"}),
    "an origin that hides": (None, {"Origin": "null"}),
    "our name with another port": (None, {"Origin": "http://testserver:81"}),
}


@pytest.mark.parametrize("how", FORGED)
def test_what_another_sites_page_asks_is_not_done(door, how):
    there = door()
    browser = in_as(there, "administrator")
    before, (fields, headers) = rows(there), FORGED[how]
    for path in ("/accounts", "/accounts/1/reset", "/account/password", "/account/sessions/end", "/sign-out", "/keys"):
        form = {
            "name": "mallory",
            "role": "administrator",
            "new": "a password of mallory's",
            "password": there.password,
        }
        token = {"csrf": there.token(browser)} if fields is None else fields
        answer = browser.post(path, data={**form, **token}, headers=headers)
        assert answer.status_code == 403, path

    assert rows(there) == before
    assert browser.get("/account").status_code == 200


def test_a_token_in_json_or_multipart_or_the_address_is_none(door):
    there = door()
    browser = in_as(there, "administrator")
    token, before = there.token(browser), rows(there)

    assert browser.post("/accounts", json={"csrf": token, "name": "mallory"}).status_code == 403
    assert browser.post("/accounts", files={"csrf": (None, token)}).status_code == 403
    assert browser.post(f"/accounts?csrf={token}", data={"name": "mallory"}).status_code == 403
    assert browser.get(f"/accounts/1/lock?csrf={token}").status_code == 405
    assert rows(there) == before


def test_signing_in_is_guarded_alike_so_nobody_is_signed_in_as_somebody_else(door):
    there = door()
    there.make("mallory")
    victim = there.browser()
    victim.get("/sign-in")

    assert victim.post("/sign-in", data={"name": "mallory", "password": there.password}).status_code == 403


@pytest.mark.parametrize("where", ELSEWHERE)
def test_after_signing_in_nobody_is_sent_elsewhere(door, where):
    there = door()
    there.make("anna")
    browser = there.browser()

    location = there.sign_in(browser, "anna", next=where).headers["location"]
    assert location == "/"
    assert browser.get("/sign-in", params={"next": where}).headers["location"] == "/"
    assert local_path(where) == "/"


def test_who_is_sent_to_sign_in_comes_back_to_where_they_were(door):
    there = door()
    there.make("anna", "administrator")
    browser = there.browser()

    sent = browser.get("/access?who=bert&before=7").headers["location"]
    assert sent == "/sign-in?next=/access%3Fwho%3Dbert%26before%3D7"
    assert 'name="next" value="/access?who=bert&amp;before=7"' in browser.get(sent).text
    sent = asyncio.run(raw(there.app, "//evil.example/x", headers=[(b"accept", b"text/html")]))
    assert (b"location", b"/sign-in?next=/") in sent["headers"]


def test_a_part_of_a_page_that_needs_signing_in_sends_the_whole_page_there(door):
    answer = door().browser().get("/accounts", headers={"HX-Request": "true"})

    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/sign-in?next=/accounts")


TRAVERSALS = (
    *("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/%2e%2e%2f%2e%2e%2fetc/passwd"),
    *(
        "/static//etc/passwd",
        "/static/..\\app.py",
        "/static/%5c..%5capp.py",
        "/static/....//app.py",
        "/static/%00",
        "/static/",
    ),
    *("/static/%2e%2e/accounts", "/static/vendor/../../grants.py", "/%2e%2e/%2e%2e/etc/passwd"),
)


@pytest.mark.parametrize("path", TRAVERSALS)
def test_no_path_leads_out_of_what_is_there_for_all(door, path):
    there = door()
    answer = asyncio.run(raw(there.app, path))

    assert answer["status"] in (400, 401, 404, 405), path
    assert b"def " not in answer["body"]
    assert b"root:" not in answer["body"]


async def raw(app, target, method="GET", headers=(), content=b"", pieces=1):
    """A request as its bytes are, past any client that would tidy them."""
    from urllib.parse import unquote_to_bytes

    path, _, query = target.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": unquote_to_bytes(path).decode("utf-8", "replace"), "raw_path": path.encode(), "root_path": "",
        "query_string": query.encode(), "headers": [(b"host", b"testserver"), *headers], "state": {},
        "client": ("192.0.2.7", 5), "server": ("testserver", 80),
    }  # fmt: skip
    told, sent = {"status": 0, "body": b"", "headers": []}, [0]

    async def receive():
        sent[0] += 1
        if sent[0] <= pieces:
            return {"type": "http.request", "body": content, "more_body": sent[0] < pieces}
        return {"type": "http.disconnect"}

    async def send(message):
        if message["type"] == "http.response.start":
            told["status"], told["headers"] = message["status"], message["headers"]
        else:
            told["body"] += message.get("body", b"")

    await app(scope, receive, send)
    return told


def test_nobody_reaches_what_is_somebody_elses_by_its_number(door):
    """IDOR: of their own account and sessions nobody gives a number; of others only administrators do."""
    there = door()
    browser = in_as(there, "analyst")
    there.make("bert")
    bert = there.browser()
    there.sign_in(bert, "bert")
    before = rows(there)[:3]
    for number in (1, 2, 999, -1, 2**70, "1 or 1=1", "1%20or%201=1"):
        for deed in ("lock", "unlock", "reset", "role"):
            assert there.post(browser, f"/accounts/{number}/{deed}", role="administrator").status_code in (403, 404)
        assert there.post(browser, f"/keys/{number}/revoke").status_code in (403, 404)
    there.post(browser, "/account/settings", language="es", time_zone="UTC", account="2", id="2")
    there.post(browser, "/account/sessions/end", account="2")

    assert [row for row in rows(there)[0] if row[1] == "bert"] == [row for row in before[0] if row[1] == "bert"]
    assert bert.get("/account").status_code == 200


@pytest.mark.parametrize("number", [0, -1, 2**70, "x", "1;drop table account", "%00"])
def test_an_account_or_key_of_a_number_that_is_none_is_said_once(door, number):
    there = door()
    browser = in_as(there, "administrator")

    for path in (f"/accounts/{number}/lock", f"/keys/{number}/revoke"):
        assert there.post(browser, path).status_code in (400, 404, 422), path


def test_the_last_administrator_stays(door):
    there = door()
    browser = in_as(there, "administrator")

    assert there.post(browser, "/accounts/1/lock").status_code == 400
    assert there.post(browser, "/accounts/1/role", role="viewer").status_code == 400
    assert browser.get("/accounts").status_code == 200


@pytest.mark.parametrize("field", ["name", "next", "password", "csrf"])
def test_no_header_is_made_of_what_people_write(door, field):
    there = door()
    there.make("anna")
    browser = there.browser()
    fields = {"name": "anna", "password": there.password, "next": "/account"}
    answer = (
        there.sign_in(browser, **{**fields, field: "x\r\nSet-Cookie: owned=1\r\n\r\nbody"})
        if field != "csrf"
        else (browser.post("/sign-in", data={**fields, "csrf": "x\r\nSet-Cookie: owned=1"}))
    )

    assert "owned" not in str(answer.headers)
    assert "owned" not in browser.cookies


def test_a_form_of_a_megabyte_is_answered_once_and_leaves_nothing(door):
    there = door()
    browser = in_as(there, "administrator")
    before = rows(there)

    answer = there.post(browser, "/accounts", name="x" * 1_000_000, role="viewer")
    assert (answer.status_code, f"at most {MOST_BYTES} bytes" in answer.text) == (413, True)
    assert rows(there) == before


def test_a_body_that_does_not_say_how_long_it_is_is_cut_off_all_the_same(door):
    answer = asyncio.run(raw(door().app, "/sign-in", "POST", content=b"x" * 10_000, pieces=1_000))

    assert answer["status"] == 413


@pytest.mark.parametrize("length", [b"99999999999999999999", b"70000"])
def test_a_body_that_says_it_is_too_long_is_not_read(door, length):
    answer = asyncio.run(raw(door().app, "/sign-in", "POST", [(b"content-length", length)], pieces=0))

    assert answer["status"] == 413


def test_a_filter_of_a_million_characters_is_answered_once(door):
    there = door()
    browser = in_as(there, "analyst")

    answer = browser.get("/access", params={"who": "x" * 60_000})
    assert (answer.status_code, "at most 8192 bytes" in answer.text) == (414, True)
    assert asyncio.run(raw(there.app, "/access?who=" + "x" * 1_000_000))["status"] == 414


def test_a_form_of_too_many_fields_or_no_utf8_is_refused(door):
    there = door()
    browser = in_as(there, "administrator")
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    for content in ("&".join(f"a{n}=1" for n in range(300)), "name=%ff%fe", b"name=\xff"):
        assert browser.post("/accounts", content=content, headers=form).status_code == 400


def test_a_body_that_never_ends_is_answered_after_a_while(door, monkeypatch):
    monkeypatch.setattr(body, "LONGEST_S", 0.05)

    async def slow():
        app = door().app
        never = asyncio.Event()
        status = []

        async def receive():
            await never.wait()

        async def send(message):
            status.append(message.get("status"))

        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
            "path": "/sign-in", "raw_path": b"/sign-in", "query_string": b"", "root_path": "",
            "headers": [(b"host", b"h"), (b"accept", b"text/html")], "client": None, "server": ("h", 80),
        }  # fmt: skip
        await app(scope, receive, send)
        return status[0]

    assert asyncio.run(slow()) == 408


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=80),
    st.binary(max_size=200),
    st.sampled_from(["GET", "POST", "HEAD", "PUT"]),
    st.binary(max_size=60),
)
def test_hostile_bytes_are_answered_and_break_nothing(hostile, path, content, method, cookie):
    target = "/" + "".join(chr(each) if chr(each).isalnum() else f"%{each:02x}" for each in path)
    headers = [
        (b"cookie", b"soundpost=" + cookie), (b"authorization", b"Bearer " + cookie), (b"accept-language", cookie),
        (b"accept", b"text/html" + cookie), (b"content-type", b"application/x-www-form-urlencoded"),
        (b"x-forwarded-for", cookie),
    ]  # fmt: skip
    answer = asyncio.run(raw(hostile.app, target, method, headers, content))

    assert 200 <= answer["status"] < 500


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, door_in):
    return door_in(tmp_path_factory.mktemp("hostile"))


def test_a_name_is_letters_digits_and_little_more(door):
    there = door()
    for name in ("", " ", "a b", "a\u200bb", "key x", "x" * 65, "a\nb", "Ａnna", "../x"):
        with pytest.raises(ValueError, match="a name has"), there.database.writing() as connection:
            accounts.make(connection, name, "viewer", 1)
