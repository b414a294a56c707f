"""*Live*: what comes, as it comes: a map, the list beside it, and what waits for somebody to take note of it."""

import contextlib
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from markupsafe import Markup
from sse_starlette.sse import EventSourceResponse
from starlette.concurrency import run_in_threadpool

from gateway.pictures.svg import Say
from gateway.web.accounts.person import who_of
from gateway.web.desk.acknowledged import acknowledge
from gateway.web.desk.board import Board, board_of
from gateway.web.door.problem import problem
from gateway.web.drawn.incident_map import incident_map, plain_map
from gateway.web.live.feed import TooMany, row_number, with_beats
from gateway.web.maps.frame import frame
from gateway.web.pages.missing import missing
from gateway.web.parts import Parts, parts_of
from gateway.web.records import Brief
from gateway.web.templating import gettext_of, in_words, page
from gateway.web.unforeseen import or_none

ROUTER = APIRouter()
BEAT_S = 5.0
"""How often a reader is told that all is well; one that hears nothing for three of them says that it is offline."""


@ROUTER.get("/", response_class=HTMLResponse)
def live(request: Request, show: str = "") -> HTMLResponse:
    """The page. show : the incident that the map shows; the newest one that waits without it."""
    board = _board(request)
    return page(
        request,
        "live.html",
        title=in_words(request, "Live"),
        board=board,
        shown=_shown(request, board, show),
        map=frame(request, "/map/live.json", show),
    )


@ROUTER.get("/live/list", response_class=HTMLResponse)
def live_list(request: Request) -> HTMLResponse:
    """The list alone, to be put in the place of the one that is shown."""
    return page(request, "parts/board.html", board=_board(request))


@ROUTER.get("/live/map", response_class=HTMLResponse)
def live_map(request: Request, show: str = "") -> HTMLResponse:
    """The map alone."""
    return page(request, "parts/map.html", shown=_shown(request, _board(request), show))


@ROUTER.get("/live/state", response_class=HTMLResponse)
def live_state(request: Request) -> HTMLResponse:
    """How far the pages are behind, alone."""
    return page(request, "parts/state.html")


@ROUTER.post("/incidents/{incident}/acknowledge")
def take_note(request: Request, incident: str) -> Response:
    """Somebody saw it: it waits no more. To a browser without JavaScript the page; else the list."""
    parts = parts_of(request)
    if parts.store.brief(incident) is None:
        return missing(request)
    acknowledge(parts.database, incident, who_of(request).name, time.time_ns() // 1000)
    if "hx-request" in request.headers:
        return live_list(request)
    return RedirectResponse("/", 303)


@ROUTER.get("/live/events")
async def live_events(request: Request) -> Response:
    """News, as server-sent events (HTML Living Standard, 9.2): `news` for each change, with its row's number as id, and
    `beat` every BEAT_S. A browser that comes back says which number it had last, and misses nothing. Where too many
    listen it is told 503."""
    parts, whose = parts_of(request), who_of(request).listens_as
    try:
        parts.feed.check_room(whose)
    except TooMany as full:
        return problem(503, f"{full}.", {"Retry-After": "15"})
    after = row_number(request.headers.get("last-event-id", "") or request.query_params.get("after", ""))
    return EventSourceResponse(_events(parts, after, whose), ping=3600, headers={"Cache-Control": "no-store"})


async def _events(parts: Parts, after: int | None, whose: str) -> AsyncIterator[dict[str, Any]]:
    async with contextlib.aclosing(with_beats(parts.feed, after, whose, BEAT_S)) as news:
        async for change in news:
            if change is None:
                yield await _beat(parts)
                continue
            told = {"kinds": list(change.kinds), "incident": change.incident, "missed": change.missed}
            yield {"event": "news", "id": str(change.number), "data": json.dumps(told)}


async def _beat(parts: Parts) -> dict[str, Any]:
    fresh = await run_in_threadpool(parts.store.freshness)
    told = {"state": fresh.state, "behind": fresh.behind, "now_us": time.time_ns() // 1000}
    return {"event": "beat", "data": json.dumps(told)}


def _board(request: Request) -> Board:
    parts = parts_of(request)
    return board_of(parts.store, parts.database, time.time_ns() // 1000)


@dataclass(frozen=True, slots=True)
class Shown:
    """The map, and the incident on it, or None."""

    svg: Markup | None
    brief: Brief | None


def _shown(request: Request, board: Board, show: str) -> Shown:
    parts, say = parts_of(request), gettext_of(request)
    newest = [each.brief.incident for each in board.waiting] or [brief.incident for brief in board.seen]
    wanted = show or (newest[0] if newest else "")
    shown = or_none(lambda: _drawn(parts, wanted, say), wanted) if wanted else None
    return shown or Shown(plain_map(parts.plan, say), None)


def _drawn(parts: Parts, incident: str, say: Say) -> Shown | None:
    whole = parts.store.whole(incident)
    return None if whole is None else Shown(incident_map(parts.plan, whole, say), whole.brief)
