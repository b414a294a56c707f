"""The API's description of itself, OpenAPI 3.1: what FastAPI makes of the routes, who may ask what, and problems."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from pydantic.json_schema import models_json_schema

from gateway.web.api.geojson import Feature, FeatureCollection
from gateway.web.api.problems import Problem
from gateway.web.grants import granted

VERSION = "1"
ABOUT = """Incidents, rounds, poles, lamps, cameras, alarms and reviews of one street's gateway. Times are microseconds
UTC, places WGS 84 degrees. Lists come in pages: `limit`, and `cursor` from `next` of the page before. What goes wrong
is `application/problem+json` (RFC 9457)."""
SECURITY = {
    "key": {"type": "http", "scheme": "bearer", "description": "An API key with the scope that a route asks for."},
    "session": {"type": "apiKey", "in": "cookie", "name": "soundpost", "description": "A person who signed in."},
}
NOT_ROUTED = ("HTTPValidationError", "ValidationError")


def description(routers: Sequence[APIRouter]) -> dict[str, Any]:
    """Of these routes."""
    app = FastAPI(title="Soundpost", version=VERSION, description=ABOUT)
    for each in routers:
        app.include_router(each)
    told = app.openapi()
    schemas = told.setdefault("components", {}).setdefault("schemas", {})
    for name in NOT_ROUTED:
        schemas.pop(name, None)
    models = [(each, "validation") for each in (Problem, Feature, FeatureCollection)]
    _, more = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    schemas.update(more["$defs"])
    told["components"]["securitySchemes"] = SECURITY
    for path, operations in told["paths"].items():
        for method, operation in operations.items():
            _say_who_may(path, method.upper(), operation)
            _say_headers(operation)
    return told


def _say_who_may(path: str, method: str, operation: dict[str, Any]) -> None:
    grant = granted(path, method)
    assert grant is not None, (method, path)
    operation["security"] = [{"key": []}, {"session": []}]
    words = f"Scope `{grant.scope}`; roles: {', '.join(grant.to)}."
    operation["description"] = f"{operation.get('description', '')}\n\n{words}".strip()


def _say_headers(operation: dict[str, Any]) -> None:
    """What is answered with an ETag can be asked for with If-None-Match; 429 says how long to wait."""
    operation["responses"]["429"]["headers"] = {
        "Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}
    }
    if "304" not in operation["responses"]:
        return
    tag = {"ETag": {"description": "For If-None-Match.", "schema": {"type": "string"}}}
    for status in ("200", "304"):
        operation["responses"][status]["headers"] = dict(tag)
    asked = {"name": "If-None-Match", "in": "header", "required": False, "schema": {"type": "string"}}
    operation.setdefault("parameters", []).append(asked)
