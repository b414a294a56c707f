"""What is answered where there is nothing of that name."""

from fastapi import Request
from fastapi.responses import HTMLResponse

from gateway.web.templating import in_words, page


def missing(request: Request) -> HTMLResponse:
    """404, as a page."""
    return page(request, "missing.html", 404, title=in_words(request, "Nothing here"))
