"""For whoever watches over this process: is it well, is it behind, does its gateway speak. Nothing else, for anybody
may ask."""

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from gateway.web.parts import parts_of

ROUTER = APIRouter()


@ROUTER.get("/health")
def health(request: Request) -> PlainTextResponse:
    """`ok`, `behind`, `silent` or `offline` (Freshness.state); 503 but for the first two."""
    state = parts_of(request).store.freshness().state
    is_well = state in ("ok", "behind")
    return PlainTextResponse(state, 200 if is_well else 503, headers={"Cache-Control": "no-store"})
