"""An answer with its ETag, and none where the asker has it already (RFC 9110, 8.8.3 and 13.1.2)."""

import hashlib
import re
from collections.abc import Mapping

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel

from gateway.web.api.problems import Fault

JSON, GEOJSON = "application/json", "application/geo+json"
TAG = re.compile(r'"(?:([0-9]{1,18})-)?[0-9a-f]{16}"')
KEPT = {"Cache-Control": "private, no-cache", "Vary": "Accept, Authorization, Cookie"}


def answer(
    request: Request,
    content: BaseModel,
    media_type: str = JSON,
    headers: Mapping[str, str] | None = None,
    version: int | None = None,
    status: int = 200,
) -> Response:
    """version : of an incident, which a review is made on; it stands in the ETag."""
    body = content.model_dump_json().encode()
    digest = hashlib.sha256(body).hexdigest()[:16]
    tag = f'"{digest}"' if version is None else f'"{version}-{digest}"'
    told = {**KEPT, "ETag": tag, **(headers or {})}
    if status == 200 and is_known(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=told)
    return Response(body, status, headers=told, media_type=media_type)


def is_known(asked: str, tag: str) -> bool:
    """Whether If-None-Match names it."""
    names = [each.strip().removeprefix("W/") for each in asked.split(",")]
    return "*" in names or tag in names


def version_in(asked: str) -> int | None:
    """The version that If-Match names; None for `*`. Raises Fault for what is no ETag of an incident."""
    if asked.strip() == "*":
        return None
    matched = TAG.fullmatch(asked.strip())
    if not matched or matched[1] is None:
        raise Fault(422, "If-Match: must be the ETag of an incident or of its reviews, or *.")
    return int(matched[1])


def prefers_geojson(accept: str) -> bool:
    """Whether Accept names GeoJSON, and JSON not before it (RFC 9110, 12.5.1)."""
    weights = dict(_weight(each) for each in accept.split(","))
    wanted = weights.get(GEOJSON, 0.0)
    return wanted > 0 and wanted >= weights.get(JSON, 0.0)


def _weight(text: str) -> tuple[str, float]:
    kind, *parameters = (part.strip().lower() for part in text.split(";"))
    for each in parameters:
        if re.fullmatch(r"q=[01](\.[0-9]{0,3})?", each):
            return kind, float(each[2:])
    return kind, 1.0
