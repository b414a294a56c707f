"""Pages from the Jinja templates of `templates/`: values are escaped, and one that is not there is an error.

Every template has: `_` and `ngettext` (the reader's language), `who` (or None), `now_us` (the server's time), `fresh`
(how far the pages are behind the journal), `csrf_field` (HTML, in every form that changes something), `has_vendor`
(whether `make web` has put its files there), `language`, `theme`.
"""

import functools
import pathlib
import time
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request

from gateway.web.words.catalogue import LANGUAGES, catalogue, preferred

TEMPLATES = pathlib.Path(__file__).with_name("templates")
VENDOR = pathlib.Path(__file__).with_name("static") / "vendor"
THEMES = ("auto", "light", "dark")
THEME_COOKIE = "theme"


@functools.cache
def environment(language: str) -> Environment:
    """Of the pages in this language."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    words = catalogue(language)
    made.install_gettext_callables(  # type: ignore[attr-defined]
        words.gettext, words.ngettext, newstyle=True, pgettext=words.pgettext
    )
    made.globals["languages"] = LANGUAGES
    return made


def page(request: Request, name: str, status: int = 200, **values: Any) -> HTMLResponse:
    """The page of this template, in the reader's language."""
    language = language_of(request)
    told = {**about_reader(request), **values, "language": language}
    return HTMLResponse(
        environment(language).get_template(name).render(told),
        status_code=status,
        headers={"Content-Language": language, "Vary": "Accept-Language, Cookie"},
    )


def about_reader(request: Request) -> dict[str, Any]:
    """What every template has (the file's docstring lists it)."""
    theme = request.cookies.get(THEME_COOKIE, "auto")
    return {
        "who": None,
        "csrf_field": "",
        "fresh": None,
        "now_us": time.time_ns() // 1000,
        "path": request.url.path,
        "theme": theme if theme in THEMES else "auto",
        "has_vendor": (VENDOR / "htmx.min.js").is_file(),
    }


def language_of(request: Request) -> str:
    """The account's, else what the browser likes best."""
    return preferred(request.headers.get("accept-language", ""))
