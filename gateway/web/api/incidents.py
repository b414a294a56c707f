"""Incidents: a list by search, and one. As JSON, or as GeoJSON where Accept or the address asks for it."""

import re
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BeforeValidator, Field

from gateway.web.api.answers import GEOJSON, JSON, answer, prefers_geojson
from gateway.web.api.geojson import collection_of, feature_of
from gateway.web.api.paging import IN_DIGITS, MOST_INT, Asked, cursor_of, key_in, link_to
from gateway.web.api.problems import ApiRoute, Fault, declared
from gateway.web.api.told import Incident, IncidentPage, incident_of
from gateway.web.parts import parts_of
from gateway.web.records import Brief, Search

ROUTER = APIRouter(route_class=ApiRoute, prefix="/api/v1", tags=["incidents"])
PLAIN = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,12})?")
SEARCHED = ("text", "from_us", "until_us", "within_m", "grade", "kind", "review")


def figure(value: object) -> object:
    """A number as an address has it. Raises ValueError for anything else that is text."""
    if not isinstance(value, str):
        return value
    if not PLAIN.fullmatch(value):
        raise ValueError("must be a number such as 51.5007")
    return float(value)


FIGURE = BeforeValidator(figure)


class IncidentsAsked(Asked):
    """text : words, all of which are looked for in name, kind, why, notes of reviews and address. from_us, until_us :
    when it was fired. lat_deg, lon_deg, within_m : all or none. review : a verdict, or a state of review."""

    text: str = Field(default="", max_length=200)
    from_us: Annotated[int, Field(ge=0, lt=MOST_INT), IN_DIGITS] | None = None
    until_us: Annotated[int, Field(ge=0, lt=MOST_INT), IN_DIGITS] | None = None
    lat_deg: Annotated[float, Field(ge=-90, le=90), FIGURE] | None = None
    lon_deg: Annotated[float, Field(ge=-180, le=180), FIGURE] | None = None
    within_m: Annotated[float, Field(gt=0, le=30_000), FIGURE] | None = None
    grade: Literal["", "A", "B", "C"] = ""
    kind: str = Field(default="", max_length=40)
    review: Literal["", "open", "second", "done", "disputed", "gunshot", "no gunshot", "unsure"] = ""


def also_geojson(name: str) -> dict[str, Any]:
    """How a route declares that it answers GeoJSON, too. name : of the model."""
    return {"content": {GEOJSON: {"schema": {"$ref": f"#/components/schemas/{name}"}}}}


@ROUTER.get(
    "/incidents", response_model=IncidentPage, responses={**declared(304, 422), 200: also_geojson("FeatureCollection")}
)
def incidents(request: Request, asked: Annotated[IncidentsAsked, Query()]) -> Response:
    """Those that fit, the newest told first. `Accept: application/geo+json` for a FeatureCollection."""
    return _list(request, asked, prefers_geojson(request.headers.get("accept", "")))


@ROUTER.get(
    "/incidents.geojson",
    response_class=Response,
    responses={**declared(304, 422), 200: {"description": "A page of them.", **also_geojson("FeatureCollection")}},
)
def incidents_geojson(request: Request, asked: Annotated[IncidentsAsked, Query()]) -> Response:
    """The same as a FeatureCollection."""
    return _list(request, asked, True)


@ROUTER.get(
    "/incidents/{incident}", response_model=Incident, responses={**declared(304, 404), 200: also_geojson("Feature")}
)
def one_incident(request: Request, incident: str) -> Response:
    """One. Its ETag names the version that a review is made on."""
    brief = brief_or_fault(request, incident)
    told = incident_of(brief)
    if prefers_geojson(request.headers.get("accept", "")):
        return answer(request, feature_of(told), GEOJSON, version=brief.version)
    return answer(request, told, version=brief.version)


def brief_or_fault(request: Request, incident: str) -> Brief:
    """Raises Fault where there is none of this name."""
    brief = parts_of(request).store.brief(incident)
    if brief is None:
        raise Fault(404, "There is no incident of this name here.")
    return brief


def _list(request: Request, asked: IncidentsAsked, is_geojson: bool) -> Response:
    search = _search(asked)
    of = f"incidents {search}"
    key = key_in(of, asked.cursor, int)
    try:
        found = parts_of(request).store.briefs(search, None if key is None else int(key[0]), asked.limit + 1)
    except ValueError as error:
        raise Fault(422, f"{error}.") from error
    page = found[: asked.limit]
    after = cursor_of(of, page[-1].began) if len(found) > len(page) else None
    told = [incident_of(each) for each in page]
    if is_geojson:
        return answer(request, collection_of(told, after), GEOJSON, link_to(request, after))
    return answer(request, IncidentPage(items=told, next=after), JSON, link_to(request, after))


def _search(asked: IncidentsAsked) -> Search:
    """Raises Fault for half a place."""
    if (asked.lat_deg is None) != (asked.lon_deg is None):
        raise Fault(422, "lat_deg, lon_deg: give both, or none.")
    near = None if asked.lat_deg is None or asked.lon_deg is None else (asked.lat_deg, asked.lon_deg)
    return Search(**{name: getattr(asked, name) for name in SEARCHED}, near=near)
