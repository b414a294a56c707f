"""A request's body, read whole within bounds before anybody looks at it, and handed on as if it had just come."""

import asyncio
import urllib.parse

from starlette.datastructures import FormData
from starlette.types import Message, Receive

from gateway.web.door.refused import Refused
from gateway.web.words.said import said

MOST_FIELDS, LONGEST_S = 200, 20.0
FORM = "application/x-www-form-urlencoded"


async def whole_body(receive: Receive, declared: str, most: int) -> bytes:
    """declared : Content-Length, or "". most : bytes. Raises Refused for more, and for who takes over LONGEST_S."""
    too_long = Refused(
        413, said("That is too long: at most {most} bytes are taken.", most=most), {"connection": "close"}
    )
    if declared.isascii() and declared.isdigit() and (len(declared) > 9 or int(declared) > most):
        raise too_long
    pieces: list[bytes] = []
    try:
        async with asyncio.timeout(LONGEST_S):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise Refused(400, said("The request ended too early."))
                pieces.append(message.get("body", b""))
                if sum(map(len, pieces)) > most:
                    raise too_long
                if not message.get("more_body", False):
                    return b"".join(pieces)
    except TimeoutError:
        raise Refused(408, said("The request took too long to come."), {"connection": "close"}) from None


def form_in(body: bytes, content_type: str) -> FormData:
    """The fields of a form; none where the body is none. Raises Refused for one that cannot be read."""
    if content_type.partition(";")[0].strip().lower() != FORM:
        return FormData()
    try:
        pairs = urllib.parse.parse_qsl(
            body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict"
        )
    except ValueError:
        words = said("The form cannot be read: it has over {most} fields, or is not UTF-8.", most=MOST_FIELDS)
        raise Refused(400, words) from None
    return FormData([(name, value) for name, value in pairs])


def again(body: bytes, receive: Receive) -> Receive:
    """`receive` as it was before the body was read."""
    ahead: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return ahead.pop() if ahead else await receive()

    return replayed
