"""Incidents of a search as CSV (RFC 4180) and GeoJSON (RFC 7946): sent as they are read, however many there are."""

import csv
import io
import json
from collections.abc import Callable, Iterator

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response, StreamingResponse

from gateway.web.accounts.person import who_of
from gateway.web.pages.asking import asked
from gateway.web.parts import parts_of
from gateway.web.records import Brief, Search
from gateway.web.showing import moment
from gateway.web.store.store import Store
from gateway.web.templating import in_readers

ROUTER = APIRouter()
AT_ONCE = 500
COLUMNS = (
    "incident", "first_utc", "lat_deg", "lon_deg", "ellipse_95_major_m", "ellipse_95_minor_m", "ellipse_95_azimuth_deg",
    "grade", "kind", "p_gunshot", "rounds", "review", "review_what", "review_state", "near", "historic", "quiet",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection)."""


@ROUTER.get("/incidents.csv")
def as_csv(request: Request) -> Response:
    """All that fit the address's search, the newest first. 422 with a line of words where it cannot be read."""
    return _sent(request, _csv, "text/csv; charset=utf-8", "incidents.csv")


@ROUTER.get("/incidents.geojson")
def as_geojson(request: Request) -> Response:
    """The same as a FeatureCollection of points."""
    return _sent(request, _geojson, "application/geo+json", "incidents.geojson")


def _sent(request: Request, written: Callable[[Iterator[Brief]], Iterator[str]], kind: str, name: str) -> Response:
    wanted, store = asked(request.query_params, who_of(request).time_zone), parts_of(request).store
    if wanted.search is None:
        return PlainTextResponse(in_readers(request, wanted.fault) + "\n", 422)
    try:
        store.briefs(wanted.search, limit=1)
    except ValueError as error:
        return PlainTextResponse(in_readers(request, error) + "\n", 422)
    told = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(written(_all(store, wanted.search)), media_type=kind, headers=told)


def _all(store: Store, search: Search) -> Iterator[Brief]:
    after: int | None = None
    while some := store.briefs(search, after, AT_ONCE):
        yield from some
        after = some[-1].began


def _csv(briefs: Iterator[Brief]) -> Iterator[str]:
    yield ",".join(COLUMNS) + "\r\n"
    for brief in briefs:
        line = io.StringIO()
        csv.writer(line).writerow([_harmless(value) for value in _values(brief).values()])
        yield line.getvalue()


def _geojson(briefs: Iterator[Brief]) -> Iterator[str]:
    yield '{"type": "FeatureCollection", "features": ['
    comma = ""
    for brief in briefs:
        properties = {name: value for name, value in _values(brief).items() if name not in ("lat_deg", "lon_deg")}
        point = {"type": "Point", "coordinates": [brief.lon_deg, brief.lat_deg]}
        told = {"type": "Feature", "id": brief.incident, "geometry": point, "properties": properties}
        yield comma + "\n" + json.dumps(told)
        comma = ","
    yield "\n]}\n"


def _values(brief: Brief) -> dict[str, object]:
    first = moment(brief.first_us).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    told = (
        brief.incident, first, brief.lat_deg, brief.lon_deg, *brief.ellipse_95, brief.grade, brief.kind,
        brief.p_gunshot, brief.n_rounds, brief.review, brief.review_what, brief.review_state, brief.near,
        brief.historic, brief.quiet,
    )  # fmt: skip
    return dict(zip(COLUMNS, told, strict=True))


def _harmless(value: object) -> object:
    return "'" + value if isinstance(value, str) and value.startswith(FORMULA) else value
