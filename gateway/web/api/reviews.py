"""Reviews: what people and their programs say an incident was, side by side; and a new one, made on what was seen."""

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from gateway.web.accounts.person import who_of
from gateway.web.api.answers import JSON, answer, version_in
from gateway.web.api.incidents import brief_or_fault
from gateway.web.api.paging import MOST_INT, Asked, cursor_of, key_in, link_to, slice_of
from gateway.web.api.problems import OF_CHANGES, ApiRoute, Fault, declared
from gateway.web.api.told import Pending, ReviewPage, ReviewTold, Told, review_of
from gateway.web.parts import Parts, parts_of
from gateway.web.records import Review
from gateway.web.store.reviewing import (
    BadReview,
    GatewayAway,
    NewReview,
    NoIncident,
    NotReadBack,
    ReviewFault,
    StaleReview,
)

ROUTER = APIRouter(route_class=ApiRoute, prefix="/api/v1", tags=["reviews"])
AGAIN = {"Retry-After": "5"}
FAULTS: dict[type[ReviewFault], int] = {NoIncident: 404, BadReview: 422, StaleReview: 412, GatewayAway: 503}


class Given(Told):
    """verdict : was it gunfire. what : but for `exercise` only with `no gunshot`. note : one line, at most 500 letters.
    version : of the incident that was seen; or its ETag, as If-Match."""

    verdict: Literal["gunshot", "no gunshot", "unsure"]
    what: Literal["", "fireworks", "backfire", "construction", "thunder", "other", "exercise"] = ""
    note: str = Field(default="", max_length=500)
    version: Annotated[int, Field(ge=0, lt=MOST_INT)] | None = None


@ROUTER.get("/reviews", response_model=ReviewPage, responses=declared(304, 422))
def reviews(request: Request, asked: Annotated[Asked, Query()]) -> Response:
    """Of all incidents, the newest first."""
    key = key_in("reviews", asked.cursor, int)
    found = parts_of(request).store.newest_reviews(None if key is None else int(key[0]), asked.limit + 1)
    page = found[: asked.limit]
    after = cursor_of("reviews", page[-1].number) if len(found) > len(page) else None
    told = ReviewPage(items=[review_of(each) for each in page], next=after)
    return answer(request, told, JSON, link_to(request, after))


@ROUTER.get("/incidents/{incident}/reviews", response_model=ReviewPage, responses=declared(304, 404, 422))
def reviews_of(request: Request, incident: str, asked: Annotated[Asked, Query()]) -> Response:
    """Of one incident, the oldest first. The ETag names the version that a review is made on."""
    brief = brief_or_fault(request, incident)
    found = parts_of(request).store.reviews(incident)
    page, after = slice_of(f"reviews of {incident}", found, lambda each: each.number, asked, int)
    told = ReviewPage(items=[review_of(each) for each in page], next=after)
    return answer(request, told, JSON, link_to(request, after), brief.version)


@ROUTER.post(
    "/incidents/{incident}/reviews",
    status_code=201,
    response_model=ReviewTold,
    responses={
        202: {"model": Pending, "description": "The gateway took it; the journal does not show it yet."},
        **declared(404, *OF_CHANGES, 412, 422, 428),
    },
)
def review(
    request: Request, incident: str, given: Given, if_match: Annotated[str, Header(max_length=100)] = ""
) -> Response:
    """One more. It is on the gateway's disk when this answers 201. On a version that is not the newest: 412."""
    parts = parts_of(request)
    brief = brief_or_fault(request, incident)
    seen = version_in(if_match) if if_match else given.version
    if seen is None:
        if not if_match:
            raise Fault(428, "Say which version of the incident you saw: its ETag as If-Match, or `version`.")
        seen = brief.version
    new = NewReview(incident, seen, given.verdict, given.what, given.note, who_of(request).name)
    try:
        return answer(request, review_of(_asked(parts, new)), status=201)
    except NotReadBack as late:
        return JSONResponse(Pending(detail=str(late)).model_dump(), 202)


def _asked(parts: Parts, new: NewReview) -> Review:
    """Raises NotReadBack; Fault for what was not taken."""
    if parts.reviewing is None:
        raise Fault(503, "Reviews are not set up here: web.toml has no key for them.", {"Retry-After": "3600"})
    try:
        return parts.reviewing.review(new)
    except NotReadBack:
        raise
    except ReviewFault as fault:
        status = next((status for kind, status in FAULTS.items() if isinstance(fault, kind)), 422)
        more = {"version": fault.now.version} if isinstance(fault, StaleReview) else {}
        raise Fault(status, f"{fault}.", AGAIN if status == 503 else {}, more) from fault
