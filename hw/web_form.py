"""Forms to a web service and answers from it, for followers: blocks, within bounds, and tells nobody else.

No redirect is followed, so that a key goes to no other host. An answer of more than MOST_BYTES is none. Whatever goes
wrong is OSError in a few words, without what was sent.
"""

import http.client
import ssl
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass

MOST_BYTES = 1_000_000
LIMIT_S = 10.0


class Refused(OSError):
    """The service understood, and will never take this."""


@dataclass(frozen=True, slots=True)
class Service:
    """url : http or https, whatever comes before the resource. Raises ValueError for one that is none."""

    url: str

    def __post_init__(self) -> None:
        parts = urllib.parse.urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise ValueError("url: must be http://HOST[:PORT]/PATH or https://..., without user or query")

    def post(self, resource: str, fields: Mapping[str, str]) -> bytes:
        """Send a form. Raises Refused (4xx) or OSError."""
        body = urllib.parse.urlencode(fields).encode()
        return self._ask("POST", resource, body, {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"})

    def get(self, resource: str, fields: Mapping[str, str]) -> bytes:
        """Ask for something. Raises as `post` does."""
        return self._ask("GET", f"{resource}?{urllib.parse.urlencode(fields)}", None, {})

    def _ask(self, method: str, resource: str, body: bytes | None, headers: dict[str, str]) -> bytes:
        parts = urllib.parse.urlsplit(self.url)
        connection = self._connection(parts.scheme, str(parts.hostname), parts.port)
        try:
            connection.request(method, f"{parts.path.rstrip('/')}/{resource}", body, headers)
            answer = connection.getresponse()
            received = answer.read(MOST_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            why = "it does not answer" if isinstance(error, TimeoutError) else type(error).__name__
            raise OSError(f"{self.url}: {why}") from None
        finally:
            connection.close()
        if len(received) > MOST_BYTES:
            raise OSError(f"{self.url}: answers more than {MOST_BYTES} bytes")
        if 400 <= answer.status < 500 and answer.status not in (408, 429):
            raise Refused(f"{self.url}: refuses it ({answer.status})")
        if not 200 <= answer.status < 300:
            raise OSError(f"{self.url}: answers {answer.status}")
        return received

    def _connection(self, scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
        if scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=LIMIT_S, context=ssl.create_default_context())
        return http.client.HTTPConnection(host, port, timeout=LIMIT_S)
