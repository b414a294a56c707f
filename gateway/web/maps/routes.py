"""Routes of the map in the browser: what it draws, and the base map that it draws on."""

import stat
from typing import Any

import structlog
from fastapi import APIRouter
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.requests import Request

from gateway.web.accounts.person import who_of
from gateway.web.api.answers import is_known
from gateway.web.maps.base_map import ADDRESS
from gateway.web.maps.layers import incident_layers, shot_layers, street_layers
from gateway.web.maps.words import Words
from gateway.web.parts import parts_of
from gateway.web.records import Search
from gateway.web.showing import zone_of
from gateway.web.store.store import MOST
from gateway.web.templating import gettext_of

ROUTER = APIRouter()
LOG = structlog.get_logger("web.map")
FRESH = {"Cache-Control": "no-store"}
ASK_AGAIN = {"Cache-Control": "private, no-cache"}


@ROUTER.get("/map/live.json", response_class=JSONResponse)
def live(request: Request) -> JSONResponse:
    """The street as it is now, and its newest incidents."""
    briefs = parts_of(request).store.briefs(Search(), limit=MOST)
    return JSONResponse({**shot_layers(briefs, _words(request)), **_street(request)}, headers=FRESH)


@ROUTER.get("/map/incidents/{incident}.json", response_class=JSONResponse)
def one(request: Request, incident: str) -> JSONResponse:
    """One incident with its rounds, and the street as it is now."""
    whole = parts_of(request).store.whole(incident)
    if whole is None:
        return JSONResponse({"error": "no such incident"}, 404, headers=FRESH)
    return JSONResponse({**incident_layers(whole, _words(request)), **_street(request)}, headers=FRESH)


@ROUTER.api_route(ADDRESS, methods=["GET", "HEAD"], response_class=FileResponse)
def base_map(request: Request) -> Response:
    """The PMTiles file, or the ranges of it that were asked for: 206, 416 beyond its end, 304 for who has it. A map
    that was built anew has another ETag, by which the browser knows that its directory is of the old one."""
    path = parts_of(request).base_map.path
    if path is None:
        return PlainTextResponse("there is no base map\n", 404)
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise FileNotFoundError(path)
    except OSError as error:
        LOG.warning("base map is gone", file=str(path), why=error.strerror)
        return PlainTextResponse("the base map is gone\n", 404)
    answer = FileResponse(path, headers=ASK_AGAIN, media_type="application/vnd.pmtiles", stat_result=found)
    if is_known(request.headers.get("if-none-match", ""), answer.headers["etag"]):
        return Response(status_code=304, headers={**ASK_AGAIN, "ETag": answer.headers["etag"]})
    return answer


def _street(request: Request) -> dict[str, Any]:
    store = parts_of(request).store
    return street_layers(store.poles(), store.lamps(), store.cameras(), _words(request))


def _words(request: Request) -> Words:
    return Words(gettext_of(request), zone_of(who_of(request).time_zone))
