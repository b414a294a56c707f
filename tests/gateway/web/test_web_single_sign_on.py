"""Single sign-on against a small OpenID Connect provider on loopback: real sockets, real keys,
and each lie that it can tell."""

import base64
import hashlib
import json
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from gateway.web.accounts.oidc import BEGUN_S, Provider
from gateway.web.accounts.settings import OidcTable

CLIENT, SECRET = "soundpost-web", "the client's secret of the test"
KEY = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
STRANGE = RSAKey.generate_key(2048, {"kid": "one"}, private=True)


class SmallProvider:
    """What it signs can be turned wrong: `claims` are put over the right ones, `sign` makes the token."""

    def __init__(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._asked())
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        self.codes, self.claims, self.metadata, self.now_s = {}, {}, {}, 0
        self.sign = lambda claims: jwt.encode({"alg": "RS256", "kid": "one"}, claims, KEY)
        self.garbage, self.seen, self.groups = None, [], ["night-desk"]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def authorize(self, url):
        """What a browser gets that a person has signed in with there: the address that it is sent back to."""
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
        assert (asked["client_id"], asked["response_type"]) == (CLIENT, "code")
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        query = urllib.parse.urlencode({"code": code, "state": asked["state"]})
        return f"/sign-in/back?{query}"

    def token(self, form, authorization):
        asked = self.codes.pop(form.get("code"), None)
        given = base64.b64decode(authorization.partition(" ")[2]).decode()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        if asked is None or challenge.decode() != asked["code_challenge"] or given != f"{CLIENT}:{SECRET}":
            return 400, {"error": "invalid_grant"}
        claims = {
            "iss": self.issuer, "sub": "4711", "aud": CLIENT, "exp": self.now_s + 300, "iat": self.now_s,
            "nonce": asked["nonce"], "preferred_username": "anna", "groups": self.groups, **self.claims,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        return 200, {"access_token": "opaque", "token_type": "Bearer", "id_token": self.sign(claims)}

    def _asked(provider):
        class Asked(BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path.endswith("/jwks"):
                    return self.tell(200, {"keys": [KEY.as_dict(private=False)]})
                end = provider.issuer
                return self.tell(200, {
                    "issuer": end, "authorization_endpoint": f"{end}/authorize", "token_endpoint": f"{end}/token",
                    "jwks_uri": f"{end}/jwks", **provider.metadata,
                })  # fmt: skip

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                provider.seen.append(body)
                return self.tell(
                    *provider.token(dict(urllib.parse.parse_qsl(body)), self.headers.get("authorization", ""))
                )

            def tell(self, status, what):
                content = json.dumps(what).encode() if provider.garbage is None else provider.garbage
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        return Asked


@pytest.fixture
def provider():
    small = SmallProvider()
    yield small
    small.server.shutdown()
    small.server.server_close()


@pytest.fixture
def there(door, provider):
    settings = OidcTable(
        issuer=provider.issuer, client_id=CLIENT, client_secret_file="secret", label="City sign-on",
        roles={"night-desk": "dispatcher", "lab": "analyst", "chiefs": "administrator"},
    )  # fmt: skip
    made = door(provider=Provider(settings, SECRET, "http://testserver/sign-in/back"), public_url="http://127.0.0.1")
    provider.now_s = made.clock.now_us // 1_000_000
    return made


def come_back(there, provider, browser, then="/account", change=lambda back: back):
    browser.get("/sign-in")
    sent = browser.get("/sign-in/elsewhere", params={"next": then})
    assert sent.status_code == 303, sent.text
    return browser.get(change(provider.authorize(sent.headers["location"])))


def is_in(browser):
    return browser.get("/account").status_code == 200


def test_whom_the_provider_vouches_for_is_in_with_the_role_of_their_group(there, provider):
    browser = there.browser()

    answer = come_back(there, provider, browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    page = browser.get("/account").text
    assert "anna" in page and "dispatcher" in page
    assert there.log() == [("anna", "signed in", "")]


def test_the_same_person_has_the_same_account_and_the_role_of_today(there, provider):
    come_back(there, provider, there.browser())
    provider.groups = ["lab", "night-desk"]
    browser = there.browser()
    come_back(there, provider, browser)

    assert browser.get("/access").status_code == 200  # an analyst
    assert ("", "the provider changed a role", "anna") in there.log()
    with there.database.reading() as connection:
        assert connection.execute("select name, role, subject from account").fetchall()[0][:] == (
            "anna",
            "analyst",
            "4711",
        )
        assert connection.execute("select count(*) from account").fetchone()[0] == 1


def test_who_is_called_as_somebody_here_is_not_them(there, provider):
    number = there.make("anna", "administrator")
    browser = there.browser()
    come_back(there, provider, browser)

    assert "anna-2" in browser.get("/account").text
    assert browser.get("/accounts").status_code == 403
    with there.database.reading() as connection:
        assert connection.execute("select subject from account where id = ?", (number,)).fetchone()[0] == ""


def test_an_account_of_the_provider_has_no_password_here(there, provider):
    come_back(there, provider, there.browser())

    for password in ("", "x", there.password):
        assert there.sign_in(there.browser(), "anna", password).status_code == 401


LIES = {
    "another nonce": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "another issuer": {"iss": "https://evil.example"},
    "no issuer": {"iss": None},
    "for another client": {"aud": "another"},
    "for two, and not said for whom": {"aud": [CLIENT, "another"]},
    "for two, by another": {"aud": [CLIENT, "another"], "azp": "another"},
    "expired": {"exp": 1_700_000_000},
    "no end": {"exp": None},
    "no subject": {"sub": None},
    "a subject that is no text": {"sub": {"a": 1}},
    "not valid yet": {"nbf": 4_000_000_000},
    "times that are no numbers": {"exp": "tomorrow"},
}


@pytest.mark.parametrize("lie", LIES)
def test_an_answer_that_is_not_for_us_now_opens_nothing(there, provider, lie):
    provider.claims, browser = LIES[lie], there.browser()

    answer = come_back(there, provider, browser)
    assert answer.status_code == 403, lie
    assert not is_in(browser)
    assert there.log()[-1][1:] == ("was not let in", "single sign-on")


def unsigned(claims):
    def part(what):
        return base64.urlsafe_b64encode(json.dumps(what).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none'})}.{part(claims)}."


def by_the_secret(claims):
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET.encode() * 2), algorithms=["HS256"])


def by_the_public_key(claims):
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(KEY.as_pem(private=False)), algorithms=["HS256"])


SIGNATURES = {
    "none": unsigned,
    "the client's secret": by_the_secret,
    "the public key, taken for a secret": by_the_public_key,
    "somebody else's key": lambda claims: jwt.encode({"alg": "RS256", "kid": "one"}, claims, STRANGE),
    "no token at all": lambda claims: "x",
    "no text": lambda claims: {"a": 1},
    "a signature cut off": lambda claims: jwt.encode({"alg": "RS256", "kid": "one"}, claims, KEY)[:-20],
}


@pytest.mark.parametrize("how", SIGNATURES)
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_an_answer_that_the_provider_has_not_signed_opens_nothing(there, provider, how):
    provider.sign, browser = SIGNATURES[how], there.browser()

    assert come_back(there, provider, browser).status_code == 403
    assert not is_in(browser)


@pytest.mark.parametrize(
    "change",
    [
        lambda back: back.replace("state=", "state=x"),
        lambda back: back.partition("&state")[0],
        lambda back: back + "&iss=https%3A%2F%2Fevil.example",
        lambda back: back.replace("code=", "error=access_denied&other="),
        lambda back: back.replace("code=code", "code=guessed"),
        lambda back: "/sign-in/back",
    ],
)
def test_a_way_back_that_was_not_begun_so_opens_nothing(there, provider, change):
    browser = there.browser()

    assert come_back(there, provider, browser, change=change).status_code == 403
    assert not is_in(browser)


def test_a_way_back_opens_only_the_browser_that_began_it_and_once(there, provider):
    mallory, victim = there.browser(), there.browser()
    mallory.get("/sign-in")
    victim.get("/sign-in")
    back = provider.authorize(mallory.get("/sign-in/elsewhere").headers["location"])

    assert victim.get(back).status_code == 403
    assert not is_in(victim)
    assert mallory.get(back).status_code == 403  # used up
    assert there.browser().get(back).status_code == 403


def test_a_way_back_of_long_ago_opens_nothing(there, provider):
    browser = there.browser()
    browser.get("/sign-in")
    back = provider.authorize(browser.get("/sign-in/elsewhere").headers["location"])
    there.clock.turn(BEGUN_S)

    assert browser.get(back).status_code == 403


@pytest.mark.parametrize("groups", [[], ["strangers"], "", None, {"night-desk": 1}, 7, [["night-desk"]]])
def test_whom_no_role_is_for_does_not_come_in(there, provider, groups):
    provider.groups, browser = groups, there.browser()

    assert come_back(there, provider, browser).status_code == 403
    assert not is_in(browser)


@pytest.mark.parametrize("name", ["", "../x", "<script>", "a" * 500, 7, None, "key x", "Ａnna\u202e"])
def test_whatever_the_provider_calls_somebody_they_have_a_plain_name(there, provider, name):
    provider.claims, browser = {"preferred_username": name}, there.browser()

    assert come_back(there, provider, browser).status_code == 303
    with there.database.reading() as connection:
        called = connection.execute("select name from account").fetchone()[0]
    assert called.isascii() and 0 < len(called) <= 64 and "<" not in called and " " not in called


def test_a_locked_account_stays_out(there, provider):
    come_back(there, provider, there.browser())
    with there.database.writing() as connection:
        connection.execute("update account set is_locked = 1")
    browser = there.browser()

    assert come_back(there, provider, browser).status_code == 403
    assert not is_in(browser)


@pytest.mark.parametrize("garbage", [b"", b"{", b"[]", b"\xff\x00" * 100, b"{}" + b" " * 300_000, b"[" * 100_000])
def test_a_provider_that_answers_nonsense_is_said_in_a_line(there, provider, garbage):
    provider.garbage, browser = garbage, there.browser()
    browser.get("/sign-in")

    answer = browser.get("/sign-in/elsewhere")
    assert (answer.status_code, "does not answer as one" in answer.text) == (403, True)


@pytest.mark.parametrize("garbage", [b"", b"[]", b"\xff" * 100, b"[" * 100_000])
def test_nonsense_in_place_of_a_token_or_keys_opens_nothing(there, provider, garbage):
    browser = there.browser()
    browser.get("/sign-in")
    back = provider.authorize(browser.get("/sign-in/elsewhere").headers["location"])
    provider.garbage = garbage

    assert browser.get(back).status_code == 403
    assert not is_in(browser)


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/t"},
        {"jwks_uri": 7},
        {"jwks_uri": None},
    ],
)
def test_a_provider_that_names_another_or_a_plain_address_is_not_asked(there, provider, wrong):
    provider.metadata, browser = wrong, there.browser()
    browser.get("/sign-in")

    assert browser.get("/sign-in/elsewhere").status_code == 403


def test_a_provider_that_is_not_there_leaves_the_local_accounts(there, provider):
    provider.server.shutdown()
    provider.server.server_close()
    there.make("bert")
    browser = there.browser()
    browser.get("/sign-in")

    assert browser.get("/sign-in/elsewhere").status_code == 403
    assert there.sign_in(browser, "bert").status_code == 303


def test_without_single_sign_on_there_is_no_way_to_it(door):
    browser = door().browser()

    assert "elsewhere" not in browser.get("/sign-in").text
    assert browser.get("/sign-in/elsewhere").status_code == 404
    assert browser.get("/sign-in/back?code=x&state=y").status_code == 404


def test_the_clients_secret_is_in_no_address_and_no_page(there, provider):
    browser = there.browser()
    sent = browser.get("/sign-in/elsewhere")
    provider.claims = {"nonce": "wrong"}
    shown = come_back(there, provider, browser)

    assert SECRET not in urllib.parse.unquote(sent.headers["location"]) + shown.text
    assert all("secret" not in body for body in provider.seen)  # it goes in a header


def test_ways_that_were_begun_are_bounded(there, provider, monkeypatch):
    monkeypatch.setattr("gateway.web.accounts.oidc.MOST", 3)
    browser = there.browser()
    browser.get("/sign-in")
    first = provider.authorize(browser.get("/sign-in/elsewhere").headers["location"])
    for _ in range(3):
        last = provider.authorize(browser.get("/sign-in/elsewhere").headers["location"])

    assert there.lobby.provider.n_forgotten == 1
    assert browser.get(first).status_code == 403
    assert browser.get(last).status_code == 303
