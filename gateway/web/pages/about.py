"""What this system can and cannot hear, and how long what is kept, for the public."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from gateway.web.parts import parts_of
from gateway.web.templating import in_words, page

ROUTER = APIRouter()


@ROUTER.get("/about", response_class=HTMLResponse)
def about(request: Request) -> HTMLResponse:
    """The page. No figure stands on it but those of this system's own settings."""
    keeping = parts_of(request).keeping
    return page(
        request,
        "about.html",
        title=in_words(request, "About this system"),
        keep_days=_whole(keeping.days) if keeping else 0,
        keep_no_gunshot_days=_whole(keeping.no_gunshot_days) if keeping else 0,
    )


def _whole(days: float) -> float:
    return int(days) if days == int(days) else days
