"""The offline base map that pages draw on, as it was found at the start, and the route that serves it."""

import logging
import pathlib
import stat
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import FileResponse, PlainTextResponse, Response
from starlette.requests import Request

ADDRESS = "/map/city.pmtiles"
ROUTER = APIRouter()
LOG = logging.getLogger("web.map")


@dataclass(frozen=True, slots=True)
class BaseMap:
    """path : None where there is none that can be used, and `why` says so in words. bounds_deg : west, south, east,
    north. attribution : who must be named beside it."""

    path: pathlib.Path | None = None
    why: str = "no map_file in web.toml"
    bounds_deg: tuple[float, float, float, float] | None = None
    attribution: str = ""


@ROUTER.api_route(ADDRESS, methods=["GET", "HEAD"])
def base_map(request: Request) -> Response:
    """The PMTiles file, or the ranges of it that were asked for: 206, 416 beyond its end, 304 for who has it. A map that
    was built anew has another ETag, by which the browser knows that its directory is of the old one."""
    path = request.app.state.base_map.path
    if path is None:
        return PlainTextResponse(f"no base map: {request.app.state.base_map.why}\n", 404)
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise FileNotFoundError(path)
    except OSError:
        LOG.warning("base map is gone: %s", path)
        return PlainTextResponse("no base map: its file is gone\n", 404)
    headers = {"Cache-Control": "private, no-cache"}
    answer = FileResponse(path, headers=headers, media_type="application/vnd.pmtiles", stat_result=found)
    if answer.headers["etag"] in (each.strip() for each in request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=304, headers={**headers, "ETag": answer.headers["etag"]})
    return answer
