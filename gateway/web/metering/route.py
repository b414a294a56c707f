"""`/metrics`, for Prometheus: for API keys with the scope `metrics`, people who signed in, and, where web.toml says so,
whoever asks on loopback."""

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from gateway.web.metering.street import street_registry
from gateway.web.parts import parts_of

ROUTER = APIRouter()


@ROUTER.get("/metrics")
def metrics(request: Request) -> Response:
    """In Prometheus' text format."""
    parts = parts_of(request)
    told = generate_latest(parts.meter.registry) + generate_latest(street_registry(parts.store, parts.feed))
    return Response(told, headers={"Cache-Control": "no-store"}, media_type=CONTENT_TYPE_LATEST)
