"""*Incident*: all that is known of one: where, when, how sure and why, what was done, what is kept, who said what."""

from dataclasses import dataclass
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from gateway.web.accounts.person import who_of
from gateway.web.desk.acknowledged import acknowledged
from gateway.web.desk.board import CALM
from gateway.web.desk.deeds import deeds_of
from gateway.web.drawn.incident_map import incident_map
from gateway.web.drawn.incident_pictures import incident_timeline, round_pictures
from gateway.web.maps.frame import frame
from gateway.web.pages.missing import missing
from gateway.web.parts import parts_of
from gateway.web.store.clips import NoSuchFile, NotShown
from gateway.web.templating import gettext_of, page

ROUTER = APIRouter()
DRAWN = 12
"""Rounds with pictures of their own; of more, the others have their figures."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What was chosen and typed of a review that was not taken."""

    choice: str = ""
    note: str = ""


@ROUTER.get("/incidents/{incident}", response_class=HTMLResponse)
def incident(request: Request, incident: str) -> HTMLResponse:
    """The page."""
    return incident_page(request, incident)


@ROUTER.get("/incidents/{incident}/print", response_class=HTMLResponse)
def printed(request: Request, incident: str) -> HTMLResponse:
    """The page as it is printed: nothing is folded, nothing can be pressed."""
    return incident_page(request, incident, printed=True)


@ROUTER.post("/incidents/{incident}/plates", response_class=HTMLResponse)
def plates(request: Request, incident: str) -> HTMLResponse:
    """The page with what plate readers and cameras' analytics saw. That somebody looked is written down first."""
    parts, say = parts_of(request), gettext_of(request)
    if parts.store.brief(incident) is None:
        return missing(request)
    if parts.clips is None:
        return incident_page(request, incident, 503, say("Evidence is not set up here."))
    try:
        seen = parts.clips.sightings(incident, who_of(request).name)
    except NoSuchFile:
        return incident_page(request, incident, 404, say("Nothing was read for this incident."))
    except NotShown as error:
        return incident_page(request, incident, 503, str(error))
    return incident_page(request, incident, sightings=seen)


def incident_page(
    request: Request,
    incident: str,
    status: int = 200,
    fault: str = "",
    draft: Draft | None = None,
    sightings: list[dict[str, object]] | None = None,
    printed: bool = False,
) -> HTMLResponse:
    """The page, with a fault above it and what was typed, where something was not taken. 404 for one that is none."""
    parts, say = parts_of(request), gettext_of(request)
    whole = parts.store.whole(incident)
    if whole is None:
        return missing(request)
    drawn = [(heard, round_pictures(heard, say) if at < DRAWN else None) for at, heard in enumerate(whole.rounds)]
    return page(
        request,
        "incident.html",
        status,
        title=incident,
        whole=whole,
        brief=whole.brief,
        picture=incident_map(parts.plan, whole, say),
        map=frame(request, f"/map/incidents/{quote(whole.brief.incident, safe='')}.json"),
        line=incident_timeline(whole, say),
        rounds=drawn,
        deeds=deeds_of(whole),
        noted=acknowledged(parts.database, [incident]).get(incident),
        is_calm=whole.brief.kind in CALM,
        fault=fault,
        draft=draft or Draft(),
        sightings=sightings,
        printed=printed,
        can_review=parts.reviewing is not None,
        has_evidence=parts.clips is not None,
    )
