"""Requests to the API of a TALQ 2.7.1 Gateway, as a central management system makes them.

Every request says the version of the API and who asks, and each POST its own id (oas/talq-api-gateway-2-7-1-online.json
of the consortium's repository: header `talq-api-version`, query `clientAddress` and `talqRequestId`). No redirect is
followed, no cookie kept, no proxy asked, and no more of an answer is read than MOST_BYTES.
"""

import asyncio
import json
import ssl
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp

VERSION = "2.7.1"
ANSWER_S = 0.5
MOST_BYTES = 262_144
AT_ONCE = 8
SKEW_S = 1.5  # a Date header has whole seconds
LOOPBACK = ("127.0.0.1", "localhost", "::1")
FORM = "must be talq+https://HOST[:PORT][/PATH], or talq+http:// in a network of its own"
KEYS = (
    "headerMissing", "headerValueNotValid", "parameterMissing", "parameterValueNotValid", "payloadError",
    "resourceNotFound", "resourceConflict", "relatedResourceNotFound", "serviceConstraintExceeded",
    "overrideCommandNotValid", "overrideAddressNotValid", "genericError",
)  # fmt: skip
"""What a TALQErrorMessage may say; anything else an answer holds is not repeated, for it might hold our password."""


class TalqRefuses(OSError):
    """It answers, and will not."""


@dataclass(frozen=True, slots=True)
class TalqAccount:
    """client : the address, a UUID, that the system knows us by. tls : None for the authorities of this computer."""

    client: str
    user: str = ""
    password: str = ""
    tls: ssl.SSLContext | None = None


class TalqCall:
    """At `url`. Raises ValueError for a url that makes no sense, OSError saying what is wrong with an answer; never
    naming a password. clock : () -> seconds UTC."""

    def __init__(
        self, url: str, account: TalqAccount, answer_s: float = ANSWER_S, clock: Callable[[], float] = time.time
    ) -> None:
        try:
            parts = urlsplit(url)
            has_port = parts.port != 0
        except ValueError:
            raise ValueError(f"lamps url {url!r}: {FORM}, PORT 1 to 65535") from None
        if (
            not has_port
            or parts.scheme not in ("talq+http", "talq+https")
            or not parts.hostname
            or "@" in parts.netloc
            or parts.query
        ):
            raise ValueError(f"lamps url {url!r}: {FORM}, PORT 1 to 65535")
        if account.user and parts.scheme == "talq+http" and parts.hostname not in LOOPBACK:
            raise ValueError(f"lamps url {url!r}: a password goes over talq+https:// only")
        self._base = url.removeprefix("talq+").rstrip("/")
        self._account, self._answer_s, self._clock = account, answer_s, clock
        self._web: aiohttp.ClientSession | None = None
        self._ahead_s = 0.0
        self._free = asyncio.Semaphore(AT_ONCE)  # waiting for a turn is no time of the answer's

    def now_s(self) -> float:
        """UTC by the clock of whoever answers, as far as its last answer told."""
        return self._clock() + self._ahead_s

    async def get(self, path: str) -> Any:
        """What stands there, as JSON. Raises OSError."""
        _, told = await self._ask("GET", path, None)
        try:
            return json.loads(told)
        except (ValueError, RecursionError):
            raise OSError("answers what is no JSON") from None

    async def post(self, path: str, body: object) -> int:
        """Hand it over. Comes back: the status, 201 where it is done, 202 where it is still to be. Raises OSError."""
        status, _ = await self._ask("POST", path, json.dumps(body).encode())
        return status

    async def close(self) -> None:
        """Hang up. The next request connects again."""
        web, self._web = self._web, None
        if web is not None:
            await web.close()

    async def _ask(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        asked = {"clientAddress": self._account.client}
        if body is not None:
            asked["talqRequestId"] = str(uuid.uuid4())
        try:
            async with (
                self._free,
                self._session().request(
                    method, f"{self._base}/{path}", params=asked, data=body, allow_redirects=False
                ) as answer,
            ):
                status, told = answer.status, await _at_most(answer.content)
                self._heed_date(answer.headers.get("Date", ""))
        except TimeoutError:
            raise OSError(f"does not answer within {self._answer_s:g} s") from None
        except (aiohttp.ClientError, ValueError) as error:
            raise OSError(f"cannot be reached ({type(error).__name__})") from None
        if not 200 <= status < 300:
            raise TalqRefuses(f"refuses (HTTP {status}{_key(told)})")
        return status, told

    def _session(self) -> aiohttp.ClientSession:
        if self._web is None:
            account = self._account
            headers = {"talq-api-version": VERSION, "Content-Type": "application/json"}
            if account.user:
                headers["Authorization"] = aiohttp.encode_basic_auth(account.user, account.password)
            self._web = aiohttp.ClientSession(
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=self._answer_s),
                cookie_jar=aiohttp.DummyCookieJar(),
                connector=aiohttp.TCPConnector(limit=AT_ONCE, ssl=account.tls or True),
                trust_env=False,
            )
        return self._web

    def _heed_date(self, date: str) -> None:
        """An expiry is a time of the other's clock."""
        try:
            ahead_s = parsedate_to_datetime(date).timestamp() - self._clock()
        except (ValueError, OverflowError):
            return
        self._ahead_s = ahead_s if abs(ahead_s) > SKEW_S else 0.0


async def _at_most(content: aiohttp.StreamReader) -> bytes:
    told = b""
    while part := await content.read(65536):
        told += part
        if len(told) > MOST_BYTES:
            raise OSError(f"answers more than {MOST_BYTES} bytes")
    return told


def _key(told: bytes) -> str:
    """Of a refusal, the key of its first TALQErrorMessage."""
    try:
        key = json.loads(told)[0]["key"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
    return f", {key}" if isinstance(key, str) and key in KEYS else ""
