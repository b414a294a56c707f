"""What a page must carry so that only our own pages can ask for a change: a token bound to the session (or, before
signing in, to the visit), derived from the cookie's secret and never stored.

Every unsafe method of a request with a cookie needs it, as the form's field `csrf` or the header X-CSRF-Token.
"""

import hashlib
import hmac
from collections.abc import Collection, Mapping

from markupsafe import Markup
from starlette.requests import HTTPConnection

FIELD, HEADER = "csrf", "X-CSRF-Token"
PURPOSE = b"soundpost csrf 1"


def token_of(secret: str) -> str:
    """The token that belongs to this cookie's secret, in hexadecimal; "" without one."""
    return hmac.new(secret.encode(), PURPOSE, hashlib.sha256).hexdigest() if secret else ""


def csrf_token(connection: HTTPConnection) -> str:
    """Of this request's session or visit."""
    token: str = getattr(connection.state, "csrf", "")
    return token


def csrf_field(connection: HTTPConnection) -> Markup:
    """The hidden field that each form with `method="post"` holds."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, csrf_token(connection))


def is_from_elsewhere(headers: Mapping[str, str], own: Collection[str]) -> bool:
    """Whether a browser says that another site's page asked. own : the origins that are ours. Browsers that say nothing
    have the token to show all the same."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    return (site is not None and site not in ("same-origin", "none")) or (origin is not None and origin not in own)


def is_right(given: str, expected: str) -> bool:
    """Whether this is the token."""
    return expected != "" and hmac.compare_digest(given.encode(), expected.encode())
