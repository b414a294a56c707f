"""The access log, to read."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gateway.web.account_pages.deed_words import deed_words
from gateway.web.accounts import access_log
from gateway.web.accounts.lobby import lobby_of
from gateway.web.templating import gettext_of, page

ROUTER = APIRouter()
ON_A_PAGE = 100
HIGHEST = 2**62


@ROUTER.get("/access")
def access(request: Request) -> Response:
    """The newest rows, of one name or of all; older ones by `before`."""
    who, before = request.query_params.get("who", "")[:128], request.query_params.get("before", "")
    number = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else 0
    with lobby_of(request).database.reading() as connection:
        lines = access_log.lines(connection, who, min(number, HIGHEST), ON_A_PAGE)
    older = lines[-1].number if len(lines) == ON_A_PAGE else 0
    say = gettext_of(request)
    shown = [(each, deed_words(say, each.access)) for each in lines]
    return page(request, "account/access.html", lines=shown, who_asked=who, older=older)
