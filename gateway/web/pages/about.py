"""What this system can and cannot hear, for the public."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from gateway.web.templating import page

ROUTER = APIRouter()


@ROUTER.get("/about", response_class=HTMLResponse)
def about() -> HTMLResponse:
    """The page."""
    return page("about.html", title="About this system")
