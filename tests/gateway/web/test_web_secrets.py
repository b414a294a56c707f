"""What is secret is in no log, no error, no page, no address and no file but as a hash."""

import logging
import re

import pyotp
import structlog

from gateway.web.accounts import accounts

NEW = "another heron, much later"


def test_no_secret_is_in_logs_answers_or_files(door, caplog, monkeypatch, capsys):
    caplog.set_level(logging.DEBUG)
    there, told = door(), []
    there.make("anna", "administrator")
    browser = there.browser(raise_server_exceptions=False)
    with structlog.testing.capture_logs() as logs:
        for password in ("wrong password 1", there.password):
            told.append(there.sign_in(browser, "anna", password))
        secret = browser.cookies["soundpost"]
        seed = re.search(r'name="seed" value="(\w+)"', browser.get("/account/second-step").text)[1]
        code = pyotp.TOTP(seed).at(there.clock.now_us // 1_000_000)
        shown = there.post(browser, "/account/second-step", password=there.password, seed=seed, code=code)
        paper = re.findall(r"(?:[A-Z2-7]{5}-){4}[A-Z2-7]{5}", shown.text)
        given = there.post(browser, "/accounts", name="bert", role="viewer").text
        told.append(there.post(browser, "/account/password", password=there.password, new=NEW))

        def broken(*_):
            raise RuntimeError("out of order")

        monkeypatch.setattr("gateway.web.accounts.entry.by_password", broken)
        told.append(there.sign_in(there.browser(raise_server_exceptions=False), "anna", "a password at a bad moment"))
    assert told[-1].status_code == 500
    handed = re.search(r'<p class="mono">(\w{20})</p>', given)[1]
    secrets = [
        "wrong password 1", there.password, secret, browser.cookies["soundpost"], NEW, handed, *paper,
        "a password at a bad moment",
    ]  # fmt: skip
    said = [
        caplog.text,
        str(logs),
        *capsys.readouterr(),
        *(each.text + str(each.headers.get("location")) for each in told),
    ]
    kept = b"".join(path.read_bytes() for path in there.database._path.parent.glob("web.db*"))

    assert len(paper) == 10
    for each in secrets:
        assert not any(each in text for text in said), each
        assert each.encode() not in kept, each
    assert not any(seed in text for text in said)


def test_an_account_and_a_key_say_nothing_secret_of_themselves(door):
    there = door()
    there.make("anna")
    with there.database.reading() as connection:
        assert repr(accounts.named(connection, "anna")) == "Account(1, 'anna', 'dispatcher')"
