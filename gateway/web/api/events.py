"""News as they come: server-sent events (HTML Living Standard, 9.2), each with its row's number as id."""

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Annotated

import anyio
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import Receive, Scope, Send

from gateway.web.accounts.person import who_of
from gateway.web.api.paging import IN_DIGITS, MOST_INT
from gateway.web.api.problems import ApiRoute, Fault, declared
from gateway.web.live.feed import Feed, TooMany, row_number, with_beats
from gateway.web.parts import parts_of
from gateway.web.records import Change

ROUTER = APIRouter(route_class=ApiRoute, prefix="/api/v1", tags=["events"])
KEEP_ALIVE_S, STUCK_S = 15.0, 30.0
"""How often a word is sent where there is no news; and how long one waits for a listener that takes nothing."""
BEGIN = b"retry: 2000\n: news of the journal, each with its row's number\n\n"
KEEP_ALIVE = b": still here\n\n"
EVENT_STREAM = "text/event-stream"


class EventsAsked(BaseModel):
    """after : as Last-Event-ID, for whom cannot set that."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    after: Annotated[int, Field(ge=0, lt=MOST_INT), IN_DIGITS] | None = None


@ROUTER.get(
    "/events",
    response_class=Response,
    responses={
        **declared(422),
        200: {"description": "The stream.", "content": {EVENT_STREAM: {}}},
    },
)
async def events(
    request: Request, asked: Annotated[EventsAsked, Query()], last_event_id: Annotated[str, Header()] = ""
) -> Response:
    """`change` for each row, `missed` where some could not be kept for this listener: then ask for what it shows anew.
    With Last-Event-ID what came after that row is told first. A row may come again; numbers say so."""
    feed, whose = parts_of(request).feed, who_of(request).listens_as
    last = row_number(last_event_id)
    after = asked.after if last is None else last
    try:
        feed.check_room(whose)
    except TooMany as full:
        raise Fault(503, f"{full}.", {"Retry-After": "30"}) from None
    return Stream(feed, after, whose)


class Stream(Response):
    """A listener that takes nothing for STUCK_S is let go; until then it keeps back nothing but its own news."""

    media_type = EVENT_STREAM

    def __init__(self, feed: Feed, after: int | None, whose: str) -> None:
        super().__init__(None, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._feed, self._after, self._whose = feed, after, whose

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Until the listener goes, is stuck, or the feed ends."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async with anyio.create_task_group() as group:
            group.start_soon(self._gone, receive, group.cancel_scope)
            await self._send(send)
            group.cancel_scope.cancel()

    async def _gone(self, receive: Receive, scope: anyio.CancelScope) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        scope.cancel()

    async def _send(self, send: Send) -> None:
        pieces = told(self._feed, self._after, self._whose)
        try:
            async for piece in pieces:
                with anyio.move_on_after(STUCK_S) as wait:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                if wait.cancelled_caught:
                    return
        finally:
            await pieces.aclose()  # type: ignore[attr-defined]
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def told(feed: Feed, after: int | None, whose: str = "") -> AsyncIterator[bytes]:
    """What is sent, piece by piece."""
    is_begun = False
    async with contextlib.aclosing(with_beats(feed, after, whose, KEEP_ALIVE_S)) as news:
        async for change in news:
            yield event(change) if change else KEEP_ALIVE if is_begun else BEGIN
            is_begun = True


def event(change: Change) -> bytes:
    """One, as it goes out."""
    body = {"number": change.number, "kinds": list(change.kinds), "incident": change.incident}
    name = "missed" if change.missed else "change"
    return f"event: {name}\nid: {change.number}\ndata: {json.dumps(body)}\n\n".encode()
