"""Rounds: of all incidents, the newest fired first; and those of one, with what each pole heard of them."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from gateway.web.api.answers import JSON, answer
from gateway.web.api.paging import Asked, cursor_of, key_in, link_to, slice_of
from gateway.web.api.problems import ApiRoute, Fault, declared
from gateway.web.api.told import RoundHeardPage, RoundPage, arrival_of, heard_of, round_of
from gateway.web.parts import parts_of

ROUTER = APIRouter(route_class=ApiRoute, prefix="/api/v1", tags=["rounds"])


@ROUTER.get("/rounds", response_model=RoundPage, responses=declared(304, 422))
def rounds(request: Request, asked: Annotated[Asked, Query()]) -> Response:
    """Of all incidents."""
    key = key_in("rounds", asked.cursor, int, str)
    found = parts_of(request).store.rounds(None if key is None else (int(key[0]), str(key[1])), asked.limit + 1)
    page = found[: asked.limit]
    after = cursor_of("rounds", page[-1].t_us, page[-1].incident) if len(found) > len(page) else None
    told = RoundPage(items=[round_of(each.incident, each.told) for each in page], next=after)
    return answer(request, told, JSON, link_to(request, after))


@ROUTER.get("/incidents/{incident}/rounds", response_model=RoundHeardPage, responses=declared(304, 404, 422))
def rounds_of(request: Request, incident: str, asked: Annotated[Asked, Query()]) -> Response:
    """Of one incident, in the order that they were fired."""
    whole = parts_of(request).store.whole(incident)
    if whole is None:
        raise Fault(404, "There is no incident of this name here.")
    of = f"rounds of {incident}"
    page, after = slice_of(of, whole.rounds, lambda each: int(each.told["t_us"]), asked, int)
    told = [
        heard_of(incident, each.told, [arrival_of(onset) for onset in each.onsets], list(each.missing)) for each in page
    ]
    return answer(request, RoundHeardPage(items=told, next=after), JSON, link_to(request, after))
