"""Pages from the Jinja templates of `templates/`: values are escaped, and one that is not there is an error.

Every template has: `_` and `ngettext` (the reader's language), `who`, `now_us` (the server's time), `fresh` (how far
the pages are behind the journal, or None), `csrf_field` (HTML, in every form that changes something), `may` (whether
the reader may open a path), `has_vendor` (whether `make web` has put its files there), `language`, `theme`, `path`,
`here` (the address to come back to).
"""

import functools
import pathlib
import time
from collections.abc import Callable
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request

from gateway.web.accounts.person import Person, who_of
from gateway.web.door.csrf import csrf_field, csrf_token
from gateway.web.grants import PUBLIC, granted
from gateway.web.parts import parts_of
from gateway.web.showing import FILTERS, PLAIN
from gateway.web.words.catalogue import LANGUAGES, catalogue, preferred
from gateway.web.words.said import sentence, told

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
    made.globals.update(PLAIN, languages=LANGUAGES)
    made.filters.update(FILTERS)
    return made


def page(request: Request, name: str, status: int = 200, **values: Any) -> HTMLResponse:
    """The page of this template, in the reader's language."""
    given = {**about_reader(request), **values}
    return HTMLResponse(
        environment(given["language"]).get_template(name).render(given),
        status_code=status,
        headers={"Content-Language": given["language"], "Vary": "Accept-Language, Cookie", "Cache-Control": "no-store"},
    )


def about_reader(request: Request) -> dict[str, Any]:
    """What every template has (the file's docstring lists it)."""
    who = who_of(request)
    theme = request.cookies.get(THEME_COOKIE, "auto")
    return {
        "who": who,
        "language": language_of(request),
        "csrf_field": csrf_field(request),
        "csrf_token": csrf_token(request),
        "fresh": parts_of(request).store.freshness() if who.is_signed_in else None,
        "may": opens(who),
        "now_us": time.time_ns() // 1000,
        "path": request.url.path,
        "here": here(request),
        "theme": theme if theme in THEMES else "auto",
        "has_vendor": (VENDOR / "htmx.min.js").is_file(),
    }


def here(request: Request) -> str:
    """The address of this page with its search; the first page's where it came of a form and cannot be asked again."""
    if request.method != "GET":
        return "/"
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


def opens(who: Person) -> Callable[..., bool]:
    """`may(path, method)`: whether this person is granted the route of this path (with its braces)."""

    def may(path: str, method: str = "GET") -> bool:
        grant = granted(path, method)
        return grant is not None and (PUBLIC in grant.to or who.role in grant.to)

    return may


def language_of(request: Request) -> str:
    """The account's, else what the browser likes best."""
    chosen = who_of(request).language
    return chosen if chosen in LANGUAGES else preferred(request.headers.get("accept-language", ""))


def gettext_of(request: Request) -> Callable[[str], str]:
    """The reader's words, for what Python writes."""
    return catalogue(language_of(request)).gettext


def in_readers(request: Request, words: object) -> str:
    """What was said in words, or an exception was raised with, in the reader's language."""
    return told(gettext_of(request), words)


def fault_words(request: Request, error: BaseException) -> str:
    """Why something was not taken, as a sentence in the reader's language."""
    return sentence(in_readers(request, error))


def in_words(request: Request, english: str) -> str:
    """Of a title, say. What stands here and in calls of `say` is collected for the catalogues."""
    return gettext_of(request)(english)
