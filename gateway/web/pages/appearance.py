"""Dark, light or as the device: remembered in a cookie, for whoever is signed in and whoever is not."""

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse

from gateway.web.templating import THEME_COOKIE, THEMES

ROUTER = APIRouter()
YEAR_S = 365 * 86_400


@ROUTER.post("/appearance")
def choose(theme: Annotated[str, Form()], back: Annotated[str, Form()] = "/") -> RedirectResponse:
    """Back to the page that it was asked on."""
    answer = RedirectResponse(here(back), 303)
    if theme in THEMES:
        answer.set_cookie(THEME_COOKIE, theme, max_age=YEAR_S, httponly=True, samesite="lax")
    return answer


def here(address: str) -> str:
    """The address where it is a path of this server, else the first page: no other server is ever sent to."""
    is_path = address.startswith("/") and not address.startswith("//") and len(address) < 2000
    return address if is_path and address.isascii() and "\\" not in address and address.isprintable() else "/"
