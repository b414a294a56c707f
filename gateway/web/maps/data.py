"""Routes that give the map in the browser what it draws."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.requests import Request

from gateway.web.maps.layers import incident_layers, shot_layers, street_layers
from gateway.web.parts import parts_of
from gateway.web.records import Search
from gateway.web.store.store import MOST

ROUTER = APIRouter()
FRESH = {"Cache-Control": "no-store"}


@ROUTER.get("/map/live.json", response_class=JSONResponse)
def live(request: Request) -> JSONResponse:
    """The street as it is now, and its newest incidents."""
    store = parts_of(request).store
    layers = shot_layers(store.briefs(Search(), limit=MOST))
    return JSONResponse({**layers, **_street(request)}, headers=FRESH)


@ROUTER.get("/map/incidents/{incident}.json", response_class=JSONResponse)
def one(request: Request, incident: str) -> JSONResponse:
    """One incident with its rounds, and the street as it is now."""
    whole = parts_of(request).store.whole(incident)
    if whole is None:
        return JSONResponse({"error": "no such incident"}, 404, headers=FRESH)
    return JSONResponse({**incident_layers(whole), **_street(request)}, headers=FRESH)


def _street(request: Request) -> dict[str, Any]:
    store = parts_of(request).store
    return street_layers(store.poles(), store.lamps(), store.cameras())
