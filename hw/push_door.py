"""Where devices push what they have seen: POST /readers/NAME over HTTP or HTTPS, each body handed on as it is, unread.

Who pushes shows a token, as `Authorization: Bearer TOKEN` or as the password of basic authorisation. Everything is
bounded: the body, how long it may take, how many may come at once.
"""

import asyncio
import base64
import binascii
import hmac
import ssl
from collections.abc import Callable, Collection

from aiohttp import web

MOST_BODY = 4_000_000
BODY_S = 10.0
MOST_AT_ONCE = 32

Take = Callable[[str, bytes], None]


class PushDoor:
    """names : whose pushes are taken. take : (name, body). Raises OSError naming the address that it cannot have."""

    def __init__(
        self,
        address: tuple[str, int],
        names: Collection[str],
        token: str,
        take: Take,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.port = address[1]
        self._address, self._names, self._token, self._take, self._tls = address, frozenset(names), token, take, tls
        self._runner: web.AppRunner | None = None
        self._room = asyncio.Semaphore(MOST_AT_ONCE)

    async def open(self) -> None:
        """Listen."""
        app = web.Application(client_max_size=MOST_BODY)
        app.router.add_post("/readers/{name}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        host, port = self._address
        try:
            await web.TCPSite(self._runner, host, port, ssl_context=self._tls).start()
        except OSError as error:
            await self._runner.cleanup()
            raise OSError(f"{host}:{port}: readers cannot push here ({error.strerror})") from error
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _answer(self, request: web.Request) -> web.Response:
        if not self._may(request.headers.get("Authorization", "")):
            return web.Response(status=401, headers={"WWW-Authenticate": "Basic"})
        name = request.match_info["name"]
        if name not in self._names:
            return web.Response(status=404)
        if self._room.locked():
            return web.Response(status=503, headers={"Retry-After": "1"})
        async with self._room:
            try:
                async with asyncio.timeout(BODY_S):
                    body = await request.read()
            except TimeoutError:
                return web.Response(status=408)
        self._take(name, body)
        return web.Response(status=204)

    def _may(self, shown: str) -> bool:
        scheme, _, rest = shown.partition(" ")
        if scheme.lower() == "basic":
            try:
                rest = base64.b64decode(rest, validate=True).decode("utf-8", "replace").partition(":")[2]
            except (binascii.Error, ValueError):
                return False
        elif scheme.lower() != "bearer":
            return False
        return hmac.compare_digest(rest.encode(), self._token.encode())
