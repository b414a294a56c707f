"""Signing in, as a browser meets it: passwords, waits, second step, sessions and their cookie. Time is turned."""

import re

import pyotp
import pytest
import structlog
from starlette.testclient import TestClient

from gateway.web.accounts import accounts, second_step, sessions
from gateway.web.accounts.settings import DoorTable
from gateway.web.settings import WebConfig

DAY_S = 86_400
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code_now(there, steps=0):
    return pyotp.TOTP(SEED).at(there.clock.now_us // 1_000_000 + 30 * steps)


def enrolled(there, name="anna"):
    number = there.make(name)
    with there.database.writing() as connection:
        return number, second_step.enrol(connection, number, SEED, 0)


def is_in(browser):
    return browser.get("/account").status_code == 200


def test_a_right_password_opens_and_a_new_session_is_given(door):
    there = door()
    there.make("anna")
    browser = there.browser()
    browser.get("/sign-in")
    before = browser.cookies["soundpost"]

    answer = there.post(browser, "/sign-in", name="anna", password=there.password, next="/account")

    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    assert browser.cookies["soundpost"] != before
    assert is_in(browser)
    assert there.log() == [("anna", "signed in", "")]


def test_a_session_that_somebody_else_chose_is_never_taken(door):
    """Session fixation: the cookie that a browser came with opens nothing after signing in."""
    there = door()
    there.make("anna")
    chosen, victim, other = "A" * 43, there.browser(), there.browser()
    victim.cookies.set("soundpost", chosen)
    there.post(victim, "/sign-in", name="anna", password=there.password)

    other.cookies.set("soundpost", chosen)
    assert is_in(victim)
    assert not is_in(other)


def test_over_tls_the_cookie_is_of_this_host_alone_and_no_script_reads_it(door):
    there = door(public_url="https://street.example")
    there.make("anna")
    browser = there.browser(base_url="https://street.example")

    set_cookie = browser.get("/sign-in").headers["set-cookie"]
    opened = there.post(browser, "/sign-in", name="anna", password=there.password).headers["set-cookie"]
    for cookie in (set_cookie, opened):
        assert re.fullmatch(r"__Host-soundpost=[A-Za-z0-9_-]{43}; Path=/; HttpOnly; SameSite=Lax; Secure", cookie)


def test_on_plain_loopback_the_cookie_is_not_secure_but_closed_to_scripts_all_the_same(door):
    assert door().browser().get("/sign-in").headers["set-cookie"].endswith("; Path=/; HttpOnly; SameSite=Lax")


def test_without_tls_the_process_listens_on_loopback_alone():
    with pytest.raises(ValueError, match="host"):
        WebConfig(host="0.0.0.0")


def test_wrong_names_and_wrong_passwords_are_answered_alike_and_cost_the_same(door, monkeypatch):
    there = door()
    there.make("anna")
    looked, real = [], there.lobby.passwords.is_right

    def counted(kept, password):
        looked.append(password)
        return real(kept, password)

    monkeypatch.setattr(there.lobby.passwords, "is_right", counted)
    answers = []
    for name in ("anna", "nobody-of-that-name"):
        browser = there.browser()
        answer = there.sign_in(browser, name, "not the password")
        answers.append((answer.status_code, *re.findall('<p role="alert".*?</p>', answer.text), len(answer.headers)))

    assert answers[0] == answers[1]
    assert answers[0][0] == 401
    assert len(looked) == 2  # one Argon2 each


def test_a_name_that_is_not_known_is_not_written_down_as_it_may_be_a_password(door):
    there = door()
    there.sign_in(there.browser(), "grey heron at the weir", "x")

    assert there.log() == [("", "was not let in", "a name that is not known")]


def test_who_is_wrong_too_often_waits_longer_each_time_and_gets_in_afterwards(door):
    there = door()
    there.make("anna")
    browser = there.browser()
    waited = []
    for _ in range(9):
        answer = there.sign_in(browser, "anna", "not the password")
        while answer.status_code == 429:
            waited.append(int(answer.headers["retry-after"]))
            there.clock.turn(waited[-1])
            answer = there.sign_in(browser, "anna", "not the password")
        assert answer.status_code == 401

    assert waited == [2, 4, 8, 16]
    assert there.sign_in(browser, "anna").status_code == 429  # also with the right one
    there.clock.turn(32)
    assert there.sign_in(browser, "anna").status_code == 303


def test_a_name_that_no_account_has_waits_alike(door):
    there = door()
    seen = [there.sign_in(there.browser(), "nobody", "x").status_code for _ in range(6)]

    assert seen == [401] * 5 + [429]


def test_one_address_that_tries_many_names_waits(door):
    there = door()
    seen = [there.sign_in(there.browser(), f"name-{n}", "x").status_code for n in range(31)]

    assert seen == [401] * 30 + [429]


def test_an_administrator_who_unlocks_an_account_ends_its_waiting(door):
    there = door()
    number = there.make("anna")
    for _ in range(6):
        there.sign_in(there.browser(), "anna", "x")
    there.clock.turn(1)
    with there.database.writing() as connection:
        accounts.unlock(connection, accounts.numbered(connection, number), there.clock.now_us)

    assert there.sign_in(there.browser(), "anna").status_code == 303


@pytest.mark.parametrize("ahead_s", [0, DAY_S, 400 * DAY_S])
def test_an_unlock_while_the_clock_was_ahead_switches_no_wait_off_afterwards(door, ahead_s):
    there = door()
    number = there.make("anna")
    there.clock.turn(ahead_s)
    with there.database.writing() as connection:
        accounts.unlock(connection, accounts.numbered(connection, number), there.clock.now_us)
    there.clock.turn(-ahead_s)
    seen = [there.sign_in(there.browser(), "anna", "x").status_code for _ in range(7)]

    assert seen == [401] * 5 + [429] * 2


def test_wrong_answers_while_the_clock_was_ahead_keep_nobody_out_until_then(door):
    there = door()
    there.make("anna")
    there.clock.turn(DAY_S)
    for _ in range(6):
        there.sign_in(there.browser(), "anna", "x")
    there.clock.turn(-DAY_S)

    assert there.sign_in(there.browser(), "anna").status_code == 429
    there.clock.turn(2)
    assert there.sign_in(there.browser(), "anna").status_code == 303


@pytest.mark.parametrize("ahead_s", [90, DAY_S])
def test_a_code_that_was_taken_while_the_clock_was_ahead_locks_no_right_code_out(door, ahead_s):
    there = door()
    enrolled(there)
    there.clock.turn(ahead_s)
    there.sign_in(there.browser(), "anna")
    seen = []
    for turned_s in (0, -ahead_s, 0, 30):
        there.clock.turn(turned_s)
        browser = there.browser()
        there.sign_in(browser, "anna")
        seen.append(there.post(browser, "/sign-in/code", code=code_now(there)).status_code)

    assert seen == [303, 303, 401, 303]


def test_a_locked_account_opens_by_nothing_and_says_no_more_than_a_wrong_password(door):
    there = door()
    number = there.make("anna")
    browser = there.browser()
    there.sign_in(browser, "anna")
    with there.database.writing() as connection:
        accounts.make(connection, "boss", "administrator", 1)
        accounts.lock(connection, accounts.numbered(connection, number))

    assert not is_in(browser)
    answer = there.sign_in(there.browser(), "anna")
    assert (answer.status_code, "Name or password is wrong." in answer.text) == (401, True)


def test_the_second_step_is_asked_for_and_its_code_is_taken_once(door):
    there = door()
    enrolled(there)
    one, two = there.browser(), there.browser()

    assert there.sign_in(one, "anna", next="/account").headers["location"] == "/sign-in/code?next=%2Faccount"
    assert not is_in(one)
    code = code_now(there)
    assert there.post(one, "/sign-in/code", code=code, next="/account").headers["location"] == "/account"
    assert is_in(one)
    there.sign_in(two, "anna")
    assert there.post(two, "/sign-in/code", code=code).status_code == 401
    assert not is_in(two)


def test_codes_of_the_step_before_and_after_are_taken_and_of_no_other(door):
    there = door()
    enrolled(there)
    seen = {}
    for steps in (-2, 2, -1, 0, 1):
        browser = there.browser()
        there.sign_in(browser, "anna")
        seen[steps] = there.post(browser, "/sign-in/code", code=code_now(there, steps)).status_code

    assert seen == {-2: 401, 2: 401, -1: 303, 0: 303, 1: 303}


def test_a_code_on_paper_opens_once(door):
    there = door()
    _, codes = enrolled(there)
    seen = []
    for typed in (codes[0].lower().replace("-", " "), codes[0], codes[1]):
        browser = there.browser()
        there.sign_in(browser, "anna")
        seen.append(there.post(browser, "/sign-in/code", code=typed).status_code)

    assert seen == [303, 401, 303]


@pytest.mark.parametrize("code", ["", "000000", "١٢٣٤٥٦", "1" * 40, "' or 1=1 --", "\x00\x01", "-----"])
def test_what_is_no_code_does_not_open(door, code):
    there = door()
    enrolled(there)
    browser = there.browser()
    there.sign_in(browser, "anna")

    assert there.post(browser, "/sign-in/code", code=code).status_code == 401
    assert not is_in(browser)


def test_codes_that_are_guessed_wait_too(door):
    there = door()
    enrolled(there)
    browser = there.browser()
    there.sign_in(browser, "anna")

    assert [there.post(browser, "/sign-in/code", code="000000").status_code for _ in range(6)] == [401] * 5 + [429]


def test_who_has_given_no_password_is_not_asked_for_a_code(door):
    there = door()
    enrolled(there)
    browser = there.browser()
    browser.get("/sign-in")

    for path in ("/sign-in/code", "/sign-in/new-password"):
        assert browser.get(path).headers["location"] == "/sign-in"
        assert there.post(browser, path, code=code_now(there), password="another long one").headers["location"] == (
            "/sign-in"
        )


def test_half_an_entry_ends_after_ten_minutes(door):
    there = door()
    enrolled(there)
    browser = there.browser()
    there.sign_in(browser, "anna")
    there.clock.turn(600)

    assert there.post(browser, "/sign-in/code", code=code_now(there)).headers["location"] == "/sign-in"


def test_a_given_password_opens_for_a_day_and_only_to_choose_another(door):
    there = door()
    there.make("anna", password="given-given-given-1", until_us=there.clock.now_us + DAY_S * 1_000_000)
    browser = there.browser()

    assert there.sign_in(browser, "anna", "given-given-given-1").headers["location"] == "/sign-in/new-password"
    assert not is_in(browser)
    assert there.post(browser, "/sign-in/new-password", password="short").status_code == 400
    assert there.post(browser, "/sign-in/new-password", password="given-given-given-1").status_code == 400
    assert there.post(browser, "/sign-in/new-password", password=there.password).headers["location"] == "/"
    assert is_in(browser)
    assert there.sign_in(there.browser(), "anna", "given-given-given-1").status_code == 401
    assert there.sign_in(there.browser(), "anna").status_code == 303


def test_a_given_password_of_yesterday_opens_nothing(door):
    there = door()
    there.make("anna", password="given-given-given-1", until_us=there.clock.now_us + DAY_S * 1_000_000)
    there.clock.turn(DAY_S + 1)

    assert there.sign_in(there.browser(), "anna", "given-given-given-1").status_code == 401


def test_a_session_ends_unused_after_an_hour_and_used_after_twelve(door):
    there = door()
    there.make("anna")
    browser = there.browser()
    there.sign_in(browser, "anna")
    for _ in range(14):
        there.clock.turn(50 * 60)
        assert is_in(browser)
    there.clock.turn(50 * 60)
    assert not is_in(browser)

    there.sign_in(browser, "anna")
    there.clock.turn(60 * 60)
    assert not is_in(browser)


def test_a_clock_that_is_set_back_before_a_session_ends_it(door):
    there = door()
    there.make("anna")
    browser = there.browser()
    there.sign_in(browser, "anna")
    there.clock.turn(-3600)

    assert not is_in(browser)
    assert there.sign_in(browser, "anna").status_code == 303


def test_signing_out_ends_the_session_itself(door):
    there = door()
    there.make("anna")
    browser, copy = there.browser(), there.browser()
    there.sign_in(browser, "anna")
    copy.cookies.set("soundpost", browser.cookies["soundpost"])

    assert there.post(browser, "/sign-out").headers["location"] == "/sign-in"
    assert not is_in(copy)
    assert there.log()[-1] == ("anna", "signed out", "")


def test_a_new_password_ends_all_sessions_but_gives_this_browser_a_new_one(door):
    there = door()
    there.make("anna")
    here, elsewhere = there.browser(), there.browser()
    there.sign_in(here, "anna")
    there.sign_in(elsewhere, "anna")
    before = here.cookies["soundpost"]

    answer = there.post(here, "/account/password", password=there.password, new="another heron, much later")
    assert answer.headers["location"] == "/account"
    assert (is_in(here), is_in(elsewhere)) == (True, False)
    assert here.cookies["soundpost"] != before
    assert there.sign_in(there.browser(), "anna").status_code == 401


@pytest.mark.parametrize("new", ["short", "aaaaaaaaaaaaaaaa", "annaanna1234567", "Password12345678", "x" * 300])
def test_a_password_that_is_tried_first_is_not_taken(door, new):
    there = door()
    there.make("anna")
    browser = there.browser()
    there.sign_in(browser, "anna")

    answer = there.post(browser, "/account/password", password=there.password, new=new)
    assert answer.status_code == 400
    assert new not in answer.text


def test_a_change_of_password_or_second_step_asks_for_the_password_again(door):
    there = door()
    there.make("anna")
    browser = there.browser()
    there.sign_in(browser, "anna")

    for path, more in (
        ("/account/password", {"new": "another heron, much later"}),
        ("/account/second-step", {"seed": SEED, "code": code_now(there)}),
        ("/account/second-step/remove", {}),
    ):
        answer = there.post(browser, path, password="not the password", **more)
        assert (answer.status_code, "The password is wrong." in answer.text) == (400, True)


def test_the_second_step_is_turned_on_by_a_code_of_the_app_that_was_given_the_seed(door):
    there = door()
    there.make("anna")
    browser, other = there.browser(), there.browser()
    there.sign_in(browser, "anna")
    there.sign_in(other, "anna")
    seed = re.search(r'name="seed" value="([A-Z2-7]{32})"', browser.get("/account/second-step").text)[1]
    code = pyotp.TOTP(seed).at(there.clock.now_us // 1_000_000)

    wrong = there.post(browser, "/account/second-step", password=there.password, seed=seed, code="123")
    shown = there.post(browser, "/account/second-step", password=there.password, seed=seed, code=code)
    assert (wrong.status_code, shown.status_code) == (400, 200)
    assert len(re.findall(r"[A-Z2-7]{5}(?:-[A-Z2-7]{5}){4}", shown.text)) == 10
    assert not is_in(other)
    assert there.sign_in(there.browser(), "anna").headers["location"] == "/sign-in/code"
    assert there.post(browser, "/account/second-step/remove", password=there.password).status_code == 303
    assert there.sign_in(there.browser(), "anna").headers["location"] == "/"


def test_sessions_are_kept_as_hashes_and_an_account_has_at_most_twenty(door):
    there = door()
    there.make("anna")
    browsers = [there.browser() for _ in range(21)]
    for browser in browsers:
        there.clock.turn(1)
        there.sign_in(browser, "anna")

    assert [is_in(browser) for browser in browsers] == [False] + [True] * 20
    kept = (there.database._path).read_bytes()
    assert not any(browser.cookies["soundpost"].encode() in kept for browser in browsers)


def test_a_role_that_is_changed_is_in_force_with_the_next_request(door):
    there = door()
    number = there.make("anna", "administrator")
    there.make("boss", "administrator")
    browser = there.browser()
    there.sign_in(browser, "anna")
    assert browser.get("/accounts").status_code == 200
    with there.database.writing() as connection:
        accounts.set_role(connection, accounts.numbered(connection, number), "viewer")

    assert browser.get("/accounts").status_code == 403


def test_a_full_disk_lets_nobody_new_in_and_puts_nobody_out(door, monkeypatch):
    there = door()
    there.make("anna")
    browser = there.browser()
    there.sign_in(browser, "anna")

    def full(*_):
        raise OSError("web.db: cannot be used (database or disk is full)")

    monkeypatch.setattr(sessions, "see", full)
    monkeypatch.setattr("gateway.web.accounts.access_log.write", full)
    for _ in range(4):
        there.clock.turn(50 * 60)
        assert is_in(browser)
    assert there.sign_in(there.browser(), "anna").status_code == 503


def test_settings_that_cannot_be_are_named():
    for wrong, said in (
        ({"public_url": "http://street.example"}, "must begin with https://"),
        ({"public_url": "https://street.example/path"}, "and no more"),
        ({"trusted_proxies": ["10.0.0.0/33"]}, "must be an IP address"),
        ({"session_h": 0}, "greater than or equal to 1"),
        (
            {"oidc": {"issuer": "https://a", "client_id": "x", "client_secret_file": "f", "roles": {"a": "boss"}}},
            "oidc",
        ),
    ):
        with pytest.raises(ValueError, match=said):
            DoorTable(**wrong)


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "times"),
    [
        ("127.0.0.1", "203.0.113.9", (), 1),
        ("127.0.0.1", "203.0.113.9", ("127.0.0.1",), 0),
        ("203.0.113.1", "203.0.113.9", (), 0),
        ("127.0.0.1", "", (), 0),
    ],
)
def test_a_proxy_that_no_setting_names_is_said_once(door, peer, forwarded, trusted, times):
    there = door(trusted_proxies=list(trusted))
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    with structlog.testing.capture_logs() as said:
        browser = TestClient(there.app, client=(peer, 5))
        for _ in range(3):
            browser.get("/sign-in", headers=headers)

    assert [each["event"] for each in said if "not named" in each["event"]] == [
        "a proxy speaks for others and is not named: all count as one address"
    ] * times
