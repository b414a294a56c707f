"""My account: password, second step, language and time zone, and where I am signed in."""

import re
import zoneinfo

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from gateway.web.account_pages.asked import asked, source_of
from gateway.web.account_pages.sign_in import WRONG_CODE, fault_of
from gateway.web.accounts import access_log, accounts, entry, passwords, second_step, sessions
from gateway.web.accounts.accounts import Account
from gateway.web.accounts.lobby import access_of, lobby_of
from gateway.web.accounts.person import who_of
from gateway.web.door.cookies import give
from gateway.web.door.refused import Refused
from gateway.web.templating import fault_words, in_readers, page
from gateway.web.words.said import said

ROUTER = APIRouter()
SEED = re.compile(r"[A-Z2-7]{32}")
WRONG = said("The password is wrong.")


@ROUTER.get("/account")
def own(request: Request) -> Response:
    """The page."""
    return _page(request)


@ROUTER.post("/account/settings")
def settings(request: Request) -> Response:
    """Language and time zone."""
    try:
        with lobby_of(request).database.writing() as connection:
            number = who_of(request).account
            accounts.set_reader(connection, number, asked(request, "language"), asked(request, "time_zone"))
    except ValueError as error:
        return _page(request, fault_words(request, error))
    return RedirectResponse("/account", 303)


@ROUTER.post("/account/password")
def password(request: Request) -> Response:
    """A new one; all sessions end, and this browser has a new one."""
    lobby, account, new = lobby_of(request), _account(request), asked(request, "new")
    fault = in_readers(request, passwords.fault(new, account.name)) or _not_confirmed(request, account)
    if fault:
        return _page(request, fault)
    with lobby.looked_at.turn():
        hashed = lobby.passwords.hashed(new)
    source = source_of(request)
    with lobby.database.writing() as connection:
        access_log.write(connection, access_of(request, said("changed a password"), account.name))
        accounts.set_password(connection, account.id, hashed)
        now_us = lobby.now_us()
        secret = sessions.begin(connection, account.id, sessions.IN, now_us, source.address, source.browser)
    gone = RedirectResponse("/account", 303)
    give(gone, lobby, secret)
    return gone


@ROUTER.post("/account/sessions/end")
def end_sessions(request: Request) -> Response:
    """All but this one."""
    with lobby_of(request).database.writing() as connection:
        access_log.write(connection, access_of(request, said("ended their other sessions")))
        sessions.end_others(connection, who_of(request).account, sessions.hash_of(request.state.secret))
    return RedirectResponse("/account", 303)


@ROUTER.get("/account/second-step")
def second_step_page(request: Request) -> Response:
    """A seed for an authenticator app, as a link and as letters to type."""
    return _seed_page(request, second_step.new_seed(), "")


@ROUTER.post("/account/second-step")
def enrol(request: Request) -> Response:
    """The app shows the right code: from now on it is asked for. Shows the codes for paper, once."""
    lobby, account, seed = lobby_of(request), _account(request), asked(request, "seed")
    if not SEED.fullmatch(seed):
        raise Refused(400, said("This seed is none of ours. Go back, load the page again, and try once more."))
    fault = _not_confirmed(request, account)
    step = second_step.taken_step(seed, asked(request, "code"), lobby.now_us(), 0)
    if fault or not step:
        return _seed_page(request, seed, fault or in_readers(request, WRONG_CODE), 400)
    with lobby.database.writing() as connection:
        access_log.write(connection, access_of(request, said("turned on the second step"), account.name))
        codes = second_step.enrol(connection, account.id, seed, step)
        sessions.end_others(connection, account.id, sessions.hash_of(request.state.secret))
    return page(request, "account/paper_codes.html", codes=codes)


@ROUTER.post("/account/second-step/remove")
def remove(request: Request) -> Response:
    """The password alone opens again."""
    account = _account(request)
    fault = _not_confirmed(request, account)
    if fault:
        return _page(request, fault)
    with lobby_of(request).database.writing() as connection:
        access_log.write(connection, access_of(request, said("turned off the second step"), account.name))
        second_step.remove(connection, account.id)
    return RedirectResponse("/account", 303)


def _not_confirmed(request: Request, account: Account) -> str:
    """What is wrong with the password that this was asked with; "" for who has none, as a provider knows them."""
    if not account.password:
        return ""
    lobby = lobby_of(request)
    with lobby.looked_at.turn():
        came = entry.confirmed(lobby, account, asked(request, "password"), source_of(request))
    return fault_of(request, came, WRONG)[0] if came is not None else ""


def _account(request: Request) -> Account:
    with lobby_of(request).database.reading() as connection:
        account = accounts.numbered(connection, who_of(request).account)
    assert account is not None
    return account


def _page(request: Request, fault: str = "") -> Response:
    lobby, account = lobby_of(request), _account(request)
    with lobby.database.reading() as connection:
        mine, left = sessions.of_account(connection, account.id), second_step.n_paper_codes(connection, account.id)
    return page(
        request, "account/own.html", 400 if fault else 200, account=account, fault=fault, sessions=mine, left=left,
        this=sessions.hash_of(request.state.secret), zones=sorted(zoneinfo.available_timezones()),
        shortest=passwords.SHORTEST,
    )  # fmt: skip


def _seed_page(request: Request, seed: str, fault: str, status: int = 200) -> Response:
    account = _account(request)
    spaced = " ".join(seed[at : at + 4] for at in range(0, len(seed), 4))
    return page(
        request, "account/second_step.html", status, account=account, seed=seed, spaced=spaced,
        uri=second_step.uri(seed, account.name), fault=fault,
    )  # fmt: skip
