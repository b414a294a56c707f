"""What this system can and cannot hear, for the public."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from gateway.web.templating import page

ROUTER = APIRouter()


@ROUTER.get("/about", response_class=HTMLResponse)
def about(request: Request) -> HTMLResponse:
    """The page."""
    return page(request, "about.html", title="About this system")
