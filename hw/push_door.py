"""Where devices push what they have seen: POST /readers/NAME over HTTP or HTTPS, each body handed on as it is, unread.

Who pushes shows a token, as `Authorization: Bearer TOKEN` or as the password of basic authorisation. Everything is
bounded: the body, how long it may take, how many may come at once, and what the log says of those who speak no HTTP.
"""

import asyncio
import base64
import binascii
import hmac
import logging
import ssl
import time
from collections.abc import Callable, Collection
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

MOST_BODY = 4_000_000
BODY_S = 10.0
MOST_AT_ONCE = 32
QUIET_S = 60.0
"""So long the log says no more of what goes wrong than how often it did."""

Take = Callable[[str, bytes], None]


class FewWords(logging.LoggerAdapter[logging.Logger]):
    """One line in QUIET_S and a count of those between; a traceback only for what is our own fault."""

    def __init__(self, logger: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(logger, {})
        self._clock = clock
        self._from_s, self._unsaid = -QUIET_S, 0

    def log(self, level: int, msg: object, *args: object, **more: Any) -> None:
        """Say it, or count it."""
        if level < logging.ERROR:
            return
        if self._clock() - self._from_s < QUIET_S:
            self._unsaid += 1
            return
        fault = more.pop("exc_info", None)
        unsaid, self._unsaid, self._from_s = self._unsaid, 0, self._clock()
        words = f" ({type(fault).__name__})" if isinstance(fault, BaseException) else ""
        words += f"; {unsaid} more went wrong before" if unsaid else ""
        is_ours = not isinstance(fault, HttpProcessingError)
        self.logger.log(level, f"{msg}%s", *args, words, exc_info=fault if is_ours else None, **more)


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
        self._runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=1.0, logger=FewWords(logging.getLogger("hw.push_door"))
        )
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
        return hmac.compare_digest(rest.encode("utf-8", "surrogateescape"), self._token.encode())
