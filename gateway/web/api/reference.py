"""The API's description: for programs as OpenAPI, for people as a page without anything from elsewhere."""

import functools
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from gateway.web.api import events, incidents, reviews, rounds, street
from gateway.web.api.description import description
from gateway.web.api.problems import ApiRoute, declared
from gateway.web.templating import page

ROUTER = APIRouter(route_class=ApiRoute, prefix="/api/v1", tags=["reference"])
ROUTERS = (incidents.ROUTER, rounds.ROUTER, street.ROUTER, reviews.ROUTER, events.ROUTER, ROUTER)
"""All of the API."""


@functools.cache
def document() -> dict[str, Any]:
    """Made once, when it is asked for first."""
    return description(ROUTERS)


@ROUTER.get("/openapi.json", responses=declared())
def openapi() -> dict[str, Any]:
    """This description."""
    return document()


@ROUTER.get(
    "/reference",
    response_class=HTMLResponse,
    responses={**declared(), 200: {"description": "A page.", "content": {"text/html": {"schema": {"type": "string"}}}}},
)
def reference(request: Request) -> Response:
    """This description, as a page."""
    return page(request, "api.html", title="API", api=document())
