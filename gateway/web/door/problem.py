"""What programs are told when something is not as they asked: `application/problem+json` (RFC 9457)."""

import http
import json
from collections.abc import Mapping

from starlette.responses import Response

PROBLEM = "application/problem+json"


def problem(
    status: int, words: str, headers: Mapping[str, str] | None = None, more: Mapping[str, object] | None = None
) -> Response:
    """words : one sentence for people. more : members besides those of the standard."""
    told = {"type": "about:blank", "title": http.HTTPStatus(status).phrase, "status": status, "detail": words}
    body = json.dumps({**told, **(more or {})}).encode("ascii")
    return Response(body, status, headers=dict(headers or {}), media_type=PROBLEM)
