"""A request that is not let through: a page for who reads pages, JSON for programs."""

from collections.abc import Mapping
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from gateway.web.door.problem import problem
from gateway.web.templating import in_readers, page
from gateway.web.words.said import said

TITLES = {
    401: said("Sign in"),
    403: said("Not for you"),
    404: said("Not found"),
    405: said("Not possible here"),
    408: said("Too slow"),
    413: said("Too long"),
    414: said("Too long"),
    429: said("Wait"),
    500: said("Out of order"),
    503: said("Out of order"),
}
NOT_POSSIBLE = said("Not possible")
REFERENCE = "/api/v1/reference"
"""The one page for people among the API's addresses."""
LONGEST_NEXT = 512


class Refused(Exception):
    """words : for people, one sentence. headers : of the answer."""

    def __init__(self, status: int, words: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(words)
        self.status, self.words, self.headers = status, words, dict(headers or {})


def answer(request: Request, refused: Refused) -> Response:
    """What goes back. Who reads pages and has not signed in is shown where to."""
    if not reads_pages(request):
        if is_api(request):
            return problem(refused.status, refused.words, refused.headers)
        body = {"detail": refused.words}
        return JSONResponse(body, refused.status, headers=refused.headers)
    if refused.status == 401:
        where = f"/sign-in?next={quote(wanted(request))}"
        if request.headers.get("hx-request"):  # htmx would swap the sign-in page into a part of this one
            return Response(status_code=401, headers={"HX-Redirect": where})
        return RedirectResponse(where, 303)
    shown = page(
        request, "account/refused.html", refused.status,
        title=in_readers(request, TITLES.get(refused.status, NOT_POSSIBLE)), words=in_readers(request, refused.words),
    )  # fmt: skip
    shown.headers.update(refused.headers)
    return shown


def reads_pages(request: Request) -> bool:
    """Whether a browser asks for a page, or htmx for a part of one."""
    if (is_api(request) and request.scope["path"] != REFERENCE) or "authorization" in request.headers:
        return False
    return "text/html" in request.headers.get("accept", "") or "hx-request" in request.headers


def is_api(request: Request) -> bool:
    """Whether this is the programs' part."""
    return str(request.scope["path"]).startswith("/api/")


def wanted(request: Request) -> str:
    """Where to go after signing in: what was asked for, if that can be asked for again."""
    if request.method != "GET":
        return "/"
    query = request.scope.get("query_string", b"").decode("latin-1")
    path = request.url.path + (f"?{query}" if query else "")
    return local_path(path)


def local_path(text: str, longest: int = LONGEST_NEXT) -> str:
    """This path of ours, or "/" for what a browser could take for an address elsewhere."""
    is_plain = text.isascii() and text.isprintable() and len(text) <= longest
    is_local = text.startswith("/") and not text.startswith(("//", "/\\")) and "\\" not in text
    return text if is_plain and is_local else "/"
