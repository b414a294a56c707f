"""*Incidents*: searched by text, time, place, grade, kind and review; searches that a person keeps."""

import urllib.parse
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from gateway.web.accounts.person import who_of
from gateway.web.desk.saved import Saved, drop_search, save_search, saved_searches
from gateway.web.pages.asking import Asked, asked
from gateway.web.parts import parts_of
from gateway.web.records import Brief
from gateway.web.templating import fault_words, in_readers, in_words, page
from gateway.web.words.said import sentence

ROUTER = APIRouter()
PAGE = 50
KINDS = ("gunshot", "possible gunshot", "fireworks", "explosion", "thunder", "other", "unknown")
"""Of rounds, as gateway/judging has them."""


@ROUTER.get("/incidents", response_class=HTMLResponse)
def incidents(request: Request) -> HTMLResponse:
    """The newest that fit the address's search. after : where the page before ended."""
    wanted = asked(request.query_params, who_of(request).time_zone)
    return _listed(request, wanted, request.query_params.get("after", ""))


@ROUTER.post("/incidents/saved")
def save(request: Request, name: Annotated[str, Form()] = "", query: Annotated[str, Form()] = "") -> Response:
    """Keep a search under a name. Back to the list, or what is wrong with it."""
    wanted = _of_query(request, query)
    try:
        save_search(parts_of(request).database, who_of(request).account, Saved(name.strip(), wanted.query))
    except ValueError as error:
        return _listed(request, wanted, "", 422, fault_words(request, error), name)
    return RedirectResponse("/incidents?" + wanted.query, 303)


@ROUTER.post("/incidents/saved/drop")
def drop(request: Request, name: Annotated[str, Form()] = "") -> Response:
    """Keep it no longer."""
    drop_search(parts_of(request).database, who_of(request).account, name)
    return RedirectResponse("/incidents", 303)


def _of_query(request: Request, query: str) -> Asked:
    try:
        told = dict(urllib.parse.parse_qsl(query[:4000], max_num_fields=50))
    except ValueError:
        told = {}
    return asked(told, who_of(request).time_zone)


def _listed(
    request: Request, wanted: Asked, after: str, status: int = 200, fault: str = "", name: str = ""
) -> HTMLResponse:
    """fault : beside the search's own. name : that was typed for it."""
    parts, words = parts_of(request), [sentence(in_readers(request, each)) for each in (wanted.fault, fault) if each]
    found: list[Brief] = []
    if wanted.search is not None:
        began = int(after) if after.isascii() and after.isdigit() and len(after) < 19 else None
        try:
            found = list(parts.store.briefs(wanted.search, began, PAGE + 1))
        except ValueError as error:
            words.append(fault_words(request, error))
    return page(
        request,
        "incidents.html",
        status if fault or not words else 422,
        title=in_words(request, "Incidents"),
        found=found[:PAGE],
        next=found[PAGE - 1].began if len(found) > PAGE else None,
        is_first=not after,
        asked=wanted,
        typed=wanted.values,
        faults=words,
        typed_name=name,
        saved=saved_searches(parts.database, who_of(request).account),
        kinds=KINDS,
    )
