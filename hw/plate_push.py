"""Plates to whoever takes readers' pushes (hw/push_door.py): a POST of JSON with a bearer token. No redirect is
followed."""

import json
import ssl
from collections.abc import Mapping
from typing import Any

import aiohttp

CALL_S = 5.0


class PlatePush:
    """At `url`; tls : for https://, None: what this host trusts. Raises OSError naming the url, never the token."""

    def __init__(self, url: str, token: str, tls: ssl.SSLContext | None) -> None:
        self._url, self._tls = url, tls
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    async def push(self, told: Mapping[str, Any]) -> None:
        """Once; what is not taken is gone, as what a reader says while nobody listens."""
        limit = aiohttp.ClientTimeout(total=CALL_S)
        jar, body = aiohttp.DummyCookieJar(), json.dumps(told).encode()
        try:
            async with (
                aiohttp.ClientSession(timeout=limit, cookie_jar=jar, trust_env=False) as web,
                web.post(
                    self._url, data=body, headers=self._headers, allow_redirects=False, ssl=self._tls or True
                ) as answer,
            ):
                status = answer.status
        except TimeoutError:
            raise OSError(f"{self._url}: no answer within {CALL_S:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise OSError(f"{self._url}: cannot be reached ({type(error).__name__})") from None
        if not 200 <= status < 300:
            raise OSError(f"{self._url}: refuses (HTTP {status})")
