"""API keys: which machines may ask, for what. For administrators."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from gateway.web.account_pages.asked import Number, all_asked, asked
from gateway.web.accounts import access_log, api_keys
from gateway.web.accounts.lobby import access_of, lobby_of
from gateway.web.accounts.person import who_of
from gateway.web.grants import ROLES, scopes
from gateway.web.templating import fault_words, page
from gateway.web.words.said import said

ROUTER = APIRouter()


@ROUTER.get("/keys")
def everyone(request: Request) -> Response:
    """The list, and the form for a new one."""
    return _page(request)


@ROUTER.post("/keys")
def make(request: Request) -> Response:
    """A new key, shown once."""
    lobby, name, role, asked_for = (
        lobby_of(request),
        asked(request, "name"),
        asked(request, "role"),
        all_asked(request, "scope"),
    )
    try:
        with lobby.database.writing() as connection:
            access_log.write(
                connection, access_of(request, said("made an API key"), name, f"{role}: {' '.join(asked_for)}")
            )
            key = api_keys.make(connection, name, role, asked_for, scopes(), who_of(request).account, lobby.now_us())
    except ValueError as error:
        return _page(request, fault_words(request, error))
    return _page(request, made=key)


@ROUTER.post("/keys/{key}/revoke")
def revoke(request: Request, key: Number) -> Response:
    """It opens nothing any more."""
    lobby = lobby_of(request)
    try:
        with lobby.database.writing() as connection:
            name = api_keys.revoke(connection, key, lobby.now_us())
            access_log.write(connection, access_of(request, said("revoked an API key"), name))
    except ValueError as error:
        return _page(request, fault_words(request, error))
    return RedirectResponse("/keys", 303)


def _page(request: Request, fault: str = "", made: str = "") -> Response:
    with lobby_of(request).database.reading() as connection:
        listed = api_keys.everyone(connection)
    return page(
        request, "account/keys.html", 400 if fault else 200, keys=listed, roles=ROLES[:-1], scopes=scopes(),
        fault=fault, made=made,
    )  # fmt: skip
