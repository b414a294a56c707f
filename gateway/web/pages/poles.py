"""*Poles*: the ill ones first, and why in plain words; of each a page with its past."""

import time

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from gateway.web.drawn.pole_history import HOUR_US, pole_pictures
from gateway.web.pages.missing import missing
from gateway.web.parts import parts_of
from gateway.web.street import PoleState
from gateway.web.templating import gettext_of, in_words, page

ROUTER = APIRouter()
STATES = ("alarm", "silent", "unheard", "well")
"""In the order that a technician goes to them."""
HOURS = (6, 24, 168)


@ROUTER.get("/poles", response_class=HTMLResponse)
def poles(request: Request) -> HTMLResponse:
    """The list."""
    parts = parts_of(request)
    found = sorted(parts.store.poles(), key=_urgency)
    counts = {state: sum(pole.state == state for pole in found) for state in STATES}
    others = [alarm for alarm in parts.store.alarms() if alarm.what != "pole"]
    return page(request, "poles.html", title=in_words(request, "Poles"), poles=found, counts=counts, others=others)


@ROUTER.get("/poles/{name}", response_class=HTMLResponse)
def pole(request: Request, name: str, hours: str = "24") -> HTMLResponse:
    """One, with its past. hours : of HOURS."""
    parts, now_us = parts_of(request), time.time_ns() // 1000
    found = parts.store.pole(name)
    if found is None:
        return missing(request)
    span = int(hours) if hours in {str(each) for each in HOURS} else 24
    past = parts.store.history(name, now_us - span * HOUR_US, now_us)
    pictures = pole_pictures(past, now_us, span, gettext_of(request))
    return page(request, "pole.html", title=name, pole=found, pictures=pictures, past=past, hours=span, spans=HOURS)


def _urgency(each: PoleState) -> tuple[int, int, str]:
    """Those in alarm longest first."""
    since_us = min((alarm.since_us for alarm in each.alarms), default=0)
    return STATES.index(each.state) if each.state in STATES else 0, since_us, each.name
