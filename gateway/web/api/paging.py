"""Pages of a list: a cursor says behind which one the next page begins, so that what comes meanwhile moves nothing. It
is of one list with one search, and means nothing to whoever holds it."""

import base64
import binascii
import hashlib
import json
import urllib.parse
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from fastapi import Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from gateway.web.api.problems import Fault

MOST, USUAL = 500, 50
MOST_INT = 1 << 62
Key = int | str
Thing = TypeVar("Thing")
DIGITS = frozenset("0123456789")


def whole(value: object) -> object:
    """Digits, as an address has them, as an integer. Raises ValueError for anything else that is text."""
    if not isinstance(value, str):
        return value
    if not value or len(value) > 19 or not set(value) <= DIGITS:
        raise ValueError("must be a whole number, in digits")
    return int(value)


IN_DIGITS = BeforeValidator(whole)


class Asked(BaseModel):
    """What every list may be asked: limit, of items on a page; cursor, `next` of the page before."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Annotated[int, Field(ge=1, le=MOST), IN_DIGITS] = USUAL
    cursor: str | None = Field(default=None, max_length=400)


def cursor_of(of: str, *key: Key) -> str:
    """of : the list, and what was searched for. key : of the last item."""
    text = json.dumps([_digest(of), *key], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def key_in(of: str, cursor: str | None, *kinds: type) -> tuple[Key, ...] | None:
    """The key in it, of these kinds. Raises Fault for a cursor that is none, or of another list or search."""
    if cursor is None:
        return None
    wrong = Fault(422, "cursor: is none of this list and search; begin without one.")
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        digest, *key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise wrong from None
    if digest != _digest(of) or [type(each) for each in key] != list(kinds):
        raise wrong
    if any(isinstance(each, int) and not 0 <= each < MOST_INT for each in key):
        raise wrong
    return tuple(key)


def _digest(of: str) -> str:
    return hashlib.sha256(of.encode()).hexdigest()[:12]


def slice_of(
    of: str, things: Sequence[Thing], key: Callable[[Thing], Key], asked: Asked, kind: type
) -> tuple[list[Thing], str | None]:
    """A page of a list that is whole at hand, by growing key; and the cursor of the next one, or None."""
    after = key_in(of, asked.cursor, kind)
    rest = [each for each in things if after is None or key(each) > after[0]]  # type: ignore[operator]
    rest.sort(key=key)
    page = rest[: asked.limit]
    return page, cursor_of(of, key(page[-1])) if len(rest) > len(page) else None


def link_to(request: Request, cursor: str | None) -> dict[str, str]:
    """The header that leads to the next page (RFC 8288)."""
    if cursor is None:
        return {}
    query = {**request.query_params, "cursor": cursor}
    path = urllib.parse.quote(request.url.path)
    return {"Link": f'<{path}?{urllib.parse.urlencode(query)}>; rel="next"'}
