"""Who may do what: every route of the web process, from one table. What is not in it is denied to everybody.

A route's path is as FastAPI has it, with its parameters in braces.
"""

from dataclasses import dataclass

ROLES = ("viewer", "dispatcher", "analyst", "technician", "administrator")
PUBLIC = "public"
"""Also without signing in."""


@dataclass(frozen=True, slots=True)
class Grant:
    """methods : of HTTP. to : roles, or PUBLIC. scope : what an API key must have for it, or "" where none may."""

    path: str
    methods: tuple[str, ...]
    to: tuple[str, ...]
    scope: str = ""


EVERYBODY = ROLES
GRANTS: tuple[Grant, ...] = (
    Grant("/health", ("GET",), (PUBLIC,)),
    Grant("/about", ("GET",), (PUBLIC,)),
    Grant("/static/{path:path}", ("GET",), (PUBLIC,)),
    Grant("/", ("GET",), EVERYBODY),
)


def granted(path: str, method: str) -> Grant | None:
    """The grant that a route falls under, or None."""
    return next((each for each in GRANTS if each.path == path and method in each.methods), None)
