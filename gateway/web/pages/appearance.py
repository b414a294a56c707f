"""Dark, light or as the device: remembered in a cookie, for whoever is signed in and whoever is not."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse

from gateway.web.accounts.lobby import lobby_of
from gateway.web.door.door import LONGEST_TARGET
from gateway.web.door.refused import local_path
from gateway.web.templating import THEME_COOKIE, THEMES

ROUTER = APIRouter()
YEAR_S = 365 * 86_400


@ROUTER.post("/appearance")
def choose(
    request: Request, theme: Annotated[str, Form()] = "", back: Annotated[str, Form()] = "/"
) -> RedirectResponse:
    """Back to the page that it was asked on."""
    answer = RedirectResponse(local_path(back, LONGEST_TARGET), 303)
    if theme in THEMES:
        answer.set_cookie(
            THEME_COOKIE, theme, max_age=YEAR_S, httponly=True, samesite="lax", secure=lobby_of(request).is_secure
        )
    return answer
