"""*Lamps and cameras*: what each was told last, and what became of it."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from gateway.web.parts import parts_of
from gateway.web.street import Device
from gateway.web.templating import in_words, page

ROUTER = APIRouter()


@ROUTER.get("/devices", response_class=HTMLResponse)
def devices(request: Request) -> HTMLResponse:
    """The page: those that failed first."""
    store = parts_of(request).store
    lamps, cameras = sorted(store.lamps(), key=_urgency), sorted(store.cameras(), key=_urgency)
    return page(request, "devices.html", title=in_words(request, "Lamps and cameras"), lamps=lamps, cameras=cameras)


def _urgency(each: Device) -> tuple[bool, bool, str]:
    return not each.fault, each.order is None or each.order.done, each.standing.name
