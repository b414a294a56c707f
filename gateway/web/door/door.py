"""The door: each request is looked at here, and here alone, before any of it reaches a route. In this order: is it of a
size that we take; whose is it; which row of gateway/web/grants.py is it for, and may they; does a change come from a
page of ours; is what the access log must say of it written.

As plain ASGI it takes nothing from streams: what a route sends goes out as it comes.
"""

import math
import secrets
from dataclasses import dataclass

import structlog
from anyio.to_thread import run_sync
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.web.accounts import access_log, recognise
from gateway.web.accounts.access_log import Access
from gateway.web.accounts.lobby import Lobby
from gateway.web.accounts.pace import Pace
from gateway.web.accounts.person import NOBODY, Person
from gateway.web.accounts.queue import Busy
from gateway.web.accounts.recognise import Found
from gateway.web.door import body, csrf
from gateway.web.door.addresses import client_address, is_on_loopback, is_proxy_unnamed, networks
from gateway.web.door.cookies import set_cookie
from gateway.web.door.outgoing import Outgoing
from gateway.web.door.refused import Refused, answer
from gateway.web.door.routes import Routes
from gateway.web.grants import PUBLIC, Grant
from gateway.web.words.said import said

LONGEST_TARGET = 8192
SAFE = ("GET", "HEAD", "OPTIONS")
NAMELESS = ("/health", "/static/{path:path}")
"""Of these nobody is asked who they are: they answer with the file of accounts broken, too."""
log = structlog.get_logger("gateway.web")
NO_PROXY = "trusted_proxies in [door] of web.toml, docs/how-to/web-accounts.md"
OUT_OF_ORDER = said("The web process cannot read or write its file; tell whoever looks after it.")


@dataclass(frozen=True, slots=True)
class _Let:
    """A request that is let through. body : where it was read, or None."""

    grant: Grant
    body: bytes | None


class Door:
    """app : what stands behind. routes : of it."""

    def __init__(self, app: ASGIApp, lobby: Lobby, routes: Routes) -> None:
        self._app, self._lobby, self._routes = app, lobby, routes
        self._trusted = networks(lobby.config.trusted_proxies)
        self._pace = Pace(lobby.config.key_per_min)
        self._said_proxy = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises what a route raises, after an answer that says so."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        request = self._fresh(scope, receive)
        out = Outgoing(send, receive, self._lobby.is_secure, request.method == "HEAD")
        try:
            let = await self._let(request, out)
            inner = {**scope, "method": "GET"} if request.method == "HEAD" else scope
            await self._app(inner, out.receive if let.body is None else body.again(let.body, out.receive), out.send)
        except Refused as refused:
            await answer(request, refused)(scope, receive, out.send)
        except OSError as error:
            if out.has_started:
                raise
            log.error("a request failed", why=str(error), path=request.url.path)
            busy = isinstance(error, Busy)
            await answer(request, Refused(503, error.args[0] if busy else OUT_OF_ORDER))(scope, receive, out.send)
        except Exception:
            if not out.has_started:
                words = said("Something went wrong here; it is in the log.")
                await answer(request, Refused(500, words))(scope, receive, out.send)
            raise

    def _fresh(self, scope: Scope, receive: Receive) -> Request:
        """Nothing is known of it yet but the address."""
        request, peer = Request(scope, receive), scope.get("client")
        forwarded = ",".join(request.headers.getlist("x-forwarded-for"))
        address = client_address(peer[0] if peer else "", forwarded, self._trusted)
        if not self._said_proxy and is_proxy_unnamed(peer[0] if peer else "", forwarded, self._trusted):
            self._said_proxy = True
            log.warning("a proxy speaks for others and is not named: all count as one address", settings=NO_PROXY)
        scope.setdefault("state", {}).update(
            person=NOBODY, session=None, secret="", csrf="", form=FormData(), address=address
        )
        return request

    async def _let(self, request: Request, out: Outgoing) -> _Let:
        wrong = target_fault(request)
        method = "GET" if request.method in SAFE else request.method
        grant, allowed = (None, frozenset[str]()) if wrong else self._routes.find(request.scope["path"], method)
        found = Found()
        if grant is None or grant.path not in NAMELESS:
            found = await self._recognise(request, out, grant)
        if wrong:
            raise wrong
        if not self._is_near(request, grant):
            self._check_pace(found.person)  # first: what is refused is asked, too
            check_grant(request, grant, allowed, found)
        assert grant is not None
        request.scope["state"]["route"] = grant.path
        if request.method == "OPTIONS":
            raise Refused(405, said("That is not asked here."), {"allow": allow(allowed)})
        content = None
        if method != "GET":
            content = await body.whole_body(
                request.receive, request.headers.get("content-length", ""), grant.most_bytes
            )
            self._check_change(request, content, found.person)
        if grant.logged:
            await self._log(request, grant, found.person)
        return _Let(grant, content)

    def _is_near(self, request: Request, grant: Grant | None) -> bool:
        """Whether this is granted to whoever asks on this machine."""
        if grant is None or not grant.near or not self._lobby.config.metrics_on_loopback:
            return False
        peer = request.scope.get("client")
        return is_on_loopback(peer[0] if peer else "", request.headers)

    def _check_pace(self, person: Person) -> None:
        """Raises Refused for a key that asks too often."""
        wait_us = self._pace.wait_us(person.name, self._lobby.now_us()) if person.is_machine else 0
        if wait_us:
            words = said("This key asks too often: {most} times a minute at most.", most=self._lobby.config.key_per_min)
            raise Refused(429, words, {"retry-after": str(math.ceil(wait_us / 1e6))})

    async def _recognise(self, request: Request, out: Outgoing, grant: Grant | None) -> Found:
        """Whose request it is. Where the file cannot be read, everybody is a stranger."""
        secret = request.cookies.get(self._lobby.cookie, "")
        secret = secret if recognise.SECRET.fullmatch(secret) else ""
        bearer = request.headers.get("authorization", "")
        if not secret and not bearer and grant is not None and PUBLIC in grant.to:  # its forms need a token
            secret = secrets.token_urlsafe(32)
            out.more.append((b"set-cookie", set_cookie(self._lobby, secret).encode()))
        try:
            found = await self._found(secret, bearer)
        except (OSError, ValueError):
            if grant is None or PUBLIC not in grant.to:
                raise Refused(503, OUT_OF_ORDER) from None
            found = Found()
        state = request.scope["state"]
        state.update(person=found.person, session=found.session, secret=secret, csrf=csrf.token_of(secret))
        if found.person.is_signed_in:
            out.still = lambda: self._is_still(found.person, secret, bearer)
        return found

    async def _found(self, secret: str, bearer: str) -> Found:
        """A request that names a key is the key's, whatever cookie comes with it."""
        if bearer:
            scheme, _, key = bearer.partition(" ")
            return await run_sync(recognise.by_key, self._lobby, key.strip()) if scheme.lower() == "bearer" else Found()
        return await run_sync(recognise.by_cookie, self._lobby, secret) if secret else Found()

    async def _is_still(self, person: Person, secret: str, bearer: str) -> bool:
        try:
            return (await self._found(secret, bearer)).person.role == person.role
        except (OSError, ValueError):
            return True  # a live page goes on where the disk does not

    def _check_change(self, request: Request, content: bytes, person: Person) -> None:
        if person.is_machine:
            return
        own = {self._lobby.config.public_url or f"{request.url.scheme}://{request.headers.get('host', '')}"}
        if csrf.is_from_elsewhere(request.headers, own):
            raise Refused(403, said("This was asked by another site's page."))
        form = body.form_in(content, request.headers.get("content-type", ""))
        request.scope["state"]["form"] = form
        given = request.headers.get(csrf.HEADER) or form.get(csrf.FIELD) or ""
        if not csrf.is_right(str(given), csrf.csrf_token(request)):
            raise Refused(403, said("This page was too old, or not ours. Go back, load it again, and try once more."))

    async def _log(self, request: Request, grant: Grant, person: Person) -> None:
        about = request.scope["path"] if "{" in grant.path else ""
        access = Access(
            self._lobby.now_us(), person.name, person.role, request.state.address, grant.logged, about,
            request.scope.get("query_string", b"").decode("latin-1"),
        )  # fmt: skip
        try:
            await run_sync(self._write, access)
        except (OSError, ValueError):
            raise Refused(503, said("The access log cannot be written, so this is not shown.")) from None

    def _write(self, access: Access) -> None:
        with self._lobby.database.writing() as connection:
            access_log.write(connection, access)


def allow(methods: frozenset[str]) -> str:
    """The header: HEAD goes with GET."""
    return ", ".join(sorted({*methods, "HEAD"} if "GET" in methods else methods))


def target_fault(request: Request) -> Refused | None:
    """What is wrong with the address itself."""
    raw_path = request.scope.get("raw_path") or request.scope["path"].encode()
    if len(raw_path) + len(request.scope.get("query_string", b"")) > LONGEST_TARGET:
        return Refused(414, said("That address is too long: at most {most} bytes are taken.", most=LONGEST_TARGET))
    if not request.scope["path"].isprintable():
        return Refused(400, said("That address has characters that no address has."))
    return None


def check_grant(request: Request, grant: Grant | None, allowed: frozenset[str], found: Found) -> None:
    """Raises Refused for what this one may not. Who has not signed in is not told what there is."""
    person = found.person
    if grant is not None and PUBLIC in grant.to:
        return
    if not person.is_signed_in:
        raise Refused(401, said("Sign in, or send an API key."), {"www-authenticate": "Bearer"})
    if grant is None:
        if allowed:
            raise Refused(405, said("That is not possible here."), {"allow": allow(allowed)})
        raise Refused(404, said("There is nothing at this address."))
    if person.role not in grant.to or (person.is_machine and (not grant.scope or grant.scope not in found.scopes)):
        raise Refused(403, said("This is for {roles}; you are {role}.", roles=grant.to, role=(person.role,)))
