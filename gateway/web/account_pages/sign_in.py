"""Signing in and out: name and password, the second step, a new password where an administrator gave the last."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from gateway.web.account_pages.asked import asked, source_of
from gateway.web.accounts import access_log, accounts, entry, passwords, sessions
from gateway.web.accounts.entry import Entry
from gateway.web.accounts.lobby import access_of, lobby_of
from gateway.web.accounts.person import who_of
from gateway.web.accounts.sessions import CODE, IN, PASSWORD, Session
from gateway.web.door.cookies import give, take
from gateway.web.door.refused import local_path
from gateway.web.templating import in_readers, page
from gateway.web.words.said import said

ROUTER = APIRouter()
NEXT_STEP = {CODE: "/sign-in/code", PASSWORD: "/sign-in/new-password"}
WRONG = said("Name or password is wrong.")
WRONG_CODE = said("This code is wrong, or was used already.")


@ROUTER.get("/sign-in")
def sign_in_page(request: Request) -> Response:
    """The form; who is in goes on."""
    then = local_path(request.query_params.get("next", "/"))
    return RedirectResponse(then, 303) if who_of(request).is_signed_in else _form(request, then)


@ROUTER.post("/sign-in")
def sign_in(request: Request) -> Response:
    """To the next step, or the form again."""
    name, password, then = asked(request, "name"), asked(request, "password"), local_path(asked(request, "next"))
    with lobby_of(request).looked_at.turn():
        came = entry.by_password(lobby_of(request), name, password, source_of(request))
    if came.secret:
        return on(request, came, then)
    fault, status, more = fault_of(request, came, WRONG)
    shown = _form(request, then, status, fault=fault, typed=name[:64])
    shown.headers.update(more)
    return shown


@ROUTER.get("/sign-in/code")
def code_page(request: Request) -> Response:
    """Asks for the second step's code; who has not given a password begins anew."""
    if _half_in(request, CODE) is None:
        return RedirectResponse("/sign-in", 303)
    return page(request, "account/code.html", fault="", then=local_path(request.query_params.get("next", "/")))


@ROUTER.post("/sign-in/code")
def code(request: Request) -> Response:
    """To the next step, or the form again."""
    session, then = _half_in(request, CODE), local_path(asked(request, "next"))
    if session is None:
        return RedirectResponse("/sign-in", 303)
    came = entry.by_code(lobby_of(request), session, asked(request, "code"), source_of(request))
    if came.secret:
        return on(request, came, then)
    fault, status, more = fault_of(request, came, WRONG_CODE)
    shown = page(request, "account/code.html", status, fault=fault, then=then)
    shown.headers.update(more)
    return shown


@ROUTER.get("/sign-in/new-password")
def new_password_page(request: Request) -> Response:
    """Asks for a password of one's own."""
    if _half_in(request, PASSWORD) is None:
        return RedirectResponse("/sign-in", 303)
    return page(request, "account/new_password.html", fault="", shortest=passwords.SHORTEST)


@ROUTER.post("/sign-in/new-password")
def new_password(request: Request) -> Response:
    """In, or the form again."""
    session, password, lobby = _half_in(request, PASSWORD), asked(request, "password"), lobby_of(request)
    if session is None:
        return RedirectResponse("/sign-in", 303)
    with lobby.database.reading() as connection:
        account = accounts.numbered(connection, session.account)
    assert account is not None
    fault = in_readers(request, passwords.fault(password, account.name))
    with lobby.looked_at.turn():
        if not fault and lobby.passwords.is_right(account.password, password):
            fault = in_readers(request, said("This is the password that you were given; choose one of your own."))
        if not fault:
            return on(request, entry.with_new_password(lobby, session, password, source_of(request)), "/")
    return page(request, "account/new_password.html", 400, fault=fault, shortest=passwords.SHORTEST)


@ROUTER.post("/sign-out")
def sign_out(request: Request) -> Response:
    """This browser is out."""
    lobby = lobby_of(request)
    with lobby.database.writing() as connection:
        access_log.write(connection, access_of(request, said("signed out")))
        sessions.end(connection, sessions.hash_of(request.state.secret))
    gone = RedirectResponse("/sign-in", 303)
    take(gone, lobby)
    return gone


def on(request: Request, came: Entry, then: str) -> Response:
    """To the next step of signing in, or to where was wanted, with the new session's cookie."""
    way = NEXT_STEP.get(came.stage, then)
    if came.stage != IN and then != "/":
        way = str(request.url.replace(scheme="", netloc="", path=way, query="").include_query_params(next=then))
    gone = RedirectResponse(way, 303)
    give(gone, lobby_of(request), came.secret)
    return gone


def fault_of(request: Request, came: Entry, wrong: str) -> tuple[str, int, dict[str, str]]:
    """What to say of who did not get on, with which status, and headers."""
    if not came.wait_us:
        return in_readers(request, wrong), 401, {}
    wait_s = -(-came.wait_us // 1_000_000)
    words = said("Wrong too often. Try again in {wait_s} s.", wait_s=wait_s)
    return in_readers(request, words), 429, {"retry-after": str(wait_s)}


def _form(request: Request, then: str, status: int = 200, fault: str = "", typed: str = "") -> Response:
    provider = lobby_of(request).provider
    label = "" if provider is None else provider.label
    return page(request, "account/sign_in.html", status, then=then, fault=fault, typed=typed, elsewhere=label)


def _half_in(request: Request, stage: str) -> Session | None:
    """The session of who is at this step."""
    session: Session | None = request.state.session
    return session if session is not None and session.stage == stage else None
