"""People: who may sign in, as what. For administrators."""

from collections.abc import Callable
from sqlite3 import Connection

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from gateway.web.account_pages.asked import Number, asked
from gateway.web.accounts import access_log, accounts, passwords, second_step
from gateway.web.accounts.accounts import Account
from gateway.web.accounts.lobby import access_of, lobby_of
from gateway.web.door.refused import Refused
from gateway.web.grants import ROLES
from gateway.web.templating import fault_words, page
from gateway.web.words.said import said

ROUTER = APIRouter()
GIVEN_US = 86_400_000_000
"""How long a password that an administrator gave opens."""


@ROUTER.get("/accounts")
def everyone(request: Request) -> Response:
    """The list, and the form for a new one."""
    return _page(request)


@ROUTER.post("/accounts")
def make(request: Request) -> Response:
    """A new account. Its password is shown once, to be handed on, and must be changed at the first sign-in."""
    lobby, name, role, given = lobby_of(request), asked(request, "name"), asked(request, "role"), passwords.given()
    with lobby.looked_at.turn():
        hashed = lobby.passwords.hashed(given)
    try:
        with lobby.database.writing() as connection:
            access_log.write(
                connection, access_of(request, said("made an account"), name, said("as {role}", role=role))
            )
            now_us = lobby.now_us()
            accounts.make(connection, name, role, now_us, hashed, now_us + GIVEN_US)
    except ValueError as error:
        return _page(request, fault_words(request, error))
    return _page(request, given=given, given_to=name)


@ROUTER.post("/accounts/{account}/role")
def set_role(request: Request, account: Number) -> Response:
    """Another role; in force with the next request."""
    role = asked(request, "role")
    return _change(
        request,
        account,
        said("changed a role"),
        said("to {role}", role=role),
        lambda connection, found: accounts.set_role(connection, found, role),
    )


@ROUTER.post("/accounts/{account}/lock")
def lock(request: Request, account: Number) -> Response:
    """Nobody enters by it, and whoever is in is out."""
    return _change(request, account, said("locked an account"), "", accounts.lock)


@ROUTER.post("/accounts/{account}/unlock")
def unlock(request: Request, account: Number) -> Response:
    """It opens again, and nobody waits for wrong passwords of before."""
    now_us = lobby_of(request).now_us()
    return _change(
        request,
        account,
        said("unlocked an account"),
        "",
        lambda connection, found: accounts.unlock(connection, found, now_us),
    )


@ROUTER.post("/accounts/{account}/reset")
def reset(request: Request, account: Number) -> Response:
    """A new password, shown once; the second step goes only where that was asked for, too."""
    lobby, given, without = lobby_of(request), passwords.given(), bool(asked(request, "second_step"))
    with lobby.looked_at.turn():
        hashed = lobby.passwords.hashed(given)

    def change(connection: Connection, found: Account) -> None:
        if found.subject:
            raise ValueError(said("{name} signs in elsewhere and has no password here", name=found.name))
        accounts.set_password(connection, found.id, hashed, lobby.now_us() + GIVEN_US)
        if without:
            second_step.remove(connection, found.id)

    note = said("and took away the second step") if without else ""
    return _change(request, account, said("gave a new password"), note, change, given)


def _change(
    request: Request, number: int, what: str, note: str, change: Callable[[Connection, Account], None], given: str = ""
) -> Response:
    """Log it and do it, in one transaction."""
    try:
        with lobby_of(request).database.writing() as connection:
            found = accounts.numbered(connection, number)
            if found is None:
                raise Refused(404, said("There is no such account."))
            access_log.write(connection, access_of(request, what, found.name, note))
            change(connection, found)
    except ValueError as error:
        return _page(request, fault_words(request, error))
    return _page(request, given=given, given_to=found.name) if given else RedirectResponse("/accounts", 303)


def _page(request: Request, fault: str = "", given: str = "", given_to: str = "") -> Response:
    with lobby_of(request).database.reading() as connection:
        listed = accounts.everyone(connection)
    return page(
        request, "account/people.html", 400 if fault else 200, accounts=listed, roles=ROLES, fault=fault, given=given,
        given_to=given_to,
    )  # fmt: skip
