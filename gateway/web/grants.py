"""Who may do what: every route of the web process, from one table. What is not in it is denied to everybody.

A route's path is as FastAPI has it, with its parameters in braces. gateway/web/door enforces it, and the app does not
start with a route that has no row, or a row that has no route.
"""

from dataclasses import dataclass

from gateway.web.words.said import said

ROLES = ("viewer", "dispatcher", "analyst", "technician", "administrator")
PUBLIC = "public"
"""Also without signing in."""


MOST_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Grant:
    """methods : of HTTP; HEAD goes with GET. to : roles, or PUBLIC. scope : what an API key must have for it, or ""
    where none may. logged : what the access log says before it is done, or ""; a route that logs for itself has "".
    most_bytes : of a request's body. near : whether whoever asks on loopback may, too, where web.toml says so."""

    path: str
    methods: tuple[str, ...]
    to: tuple[str, ...]
    scope: str = ""
    logged: str = ""
    near: bool = False
    most_bytes: int = MOST_BYTES


EVERYBODY = ROLES
ADMINISTRATOR = ("administrator",)
DESK = ("dispatcher", "administrator")
JUDGES = ("dispatcher", "analyst", "administrator")
"""Who says what an incident was, is shown evidence, and takes lists along."""
READ = "read"
COMMENT_BYTES = 3_200_000
"""A comment far too long comes back with the page, as nothing that was typed is lost: 1 MB, each byte as %XX."""
GRANTS: tuple[Grant, ...] = (
    Grant("/health", ("GET",), (PUBLIC,)),
    Grant("/about", ("GET",), (PUBLIC,)),
    Grant("/static/{path:path}", ("GET",), (PUBLIC,)),
    # pages (gateway/web/pages)
    Grant("/appearance", ("POST",), (PUBLIC,)),
    Grant("/", ("GET",), EVERYBODY),
    Grant("/live/list", ("GET",), EVERYBODY),
    Grant("/live/map", ("GET",), EVERYBODY),
    Grant("/live/state", ("GET",), EVERYBODY),
    Grant("/live/events", ("GET",), EVERYBODY),
    Grant("/incidents", ("GET",), EVERYBODY),
    Grant("/incidents.csv", ("GET",), JUDGES, logged=said("took the list of incidents along")),
    Grant("/incidents.geojson", ("GET",), JUDGES, logged=said("took the list of incidents along")),
    Grant("/incidents/saved", ("POST",), EVERYBODY),
    Grant("/incidents/saved/drop", ("POST",), EVERYBODY),
    Grant("/incidents/{incident}", ("GET",), EVERYBODY),
    Grant("/incidents/{incident}/print", ("GET",), EVERYBODY),
    Grant("/incidents/{incident}/acknowledge", ("POST",), DESK),
    Grant("/incidents/{incident}/review", ("POST",), JUDGES, most_bytes=COMMENT_BYTES),
    Grant("/incidents/{incident}/plates", ("POST",), JUDGES, logged=said("was shown plates")),
    Grant("/incidents/{incident}/files/{file}", ("GET",), JUDGES),
    Grant("/poles", ("GET",), EVERYBODY),
    Grant("/poles/{name}", ("GET",), EVERYBODY),
    Grant("/devices", ("GET",), EVERYBODY),
    Grant("/policy", ("GET",), EVERYBODY),
    Grant("/policy/try", ("POST",), ("analyst", "administrator")),
    Grant("/policy/try/{trial}", ("GET",), ("analyst", "administrator")),
    Grant("/policy/try/{trial}/stop", ("POST",), ("analyst", "administrator")),
    # signing in (gateway/web/account_pages)
    Grant("/sign-in", ("GET", "POST"), (PUBLIC,)),
    Grant("/sign-in/code", ("GET", "POST"), (PUBLIC,)),
    Grant("/sign-in/new-password", ("GET", "POST"), (PUBLIC,)),
    Grant("/sign-in/elsewhere", ("GET",), (PUBLIC,)),
    Grant("/sign-in/back", ("GET",), (PUBLIC,)),
    Grant("/sign-out", ("POST",), EVERYBODY),
    Grant("/account", ("GET",), EVERYBODY),
    Grant("/account/settings", ("POST",), EVERYBODY),
    Grant("/account/password", ("POST",), EVERYBODY),
    Grant("/account/sessions/end", ("POST",), EVERYBODY),
    Grant("/account/second-step", ("GET", "POST"), EVERYBODY),
    Grant("/account/second-step/remove", ("POST",), EVERYBODY),
    Grant("/accounts", ("GET", "POST"), ADMINISTRATOR),
    Grant("/accounts/{account}/role", ("POST",), ADMINISTRATOR),
    Grant("/accounts/{account}/lock", ("POST",), ADMINISTRATOR),
    Grant("/accounts/{account}/unlock", ("POST",), ADMINISTRATOR),
    Grant("/accounts/{account}/reset", ("POST",), ADMINISTRATOR),
    Grant("/keys", ("GET", "POST"), ADMINISTRATOR),
    Grant("/keys/{key}/revoke", ("POST",), ADMINISTRATOR),
    # the map (gateway/web/maps)
    Grant("/map/city.pmtiles", ("GET",), EVERYBODY),
    Grant("/map/live.json", ("GET",), EVERYBODY),
    Grant("/map/incidents/{incident}.json", ("GET",), EVERYBODY),
    # programs (gateway/web/api, gateway/web/metering)
    Grant("/api/v1/incidents", ("GET",), EVERYBODY, READ),
    Grant("/api/v1/incidents.geojson", ("GET",), EVERYBODY, READ),
    Grant("/api/v1/incidents/{incident}", ("GET",), EVERYBODY, READ),
    Grant("/api/v1/incidents/{incident}/rounds", ("GET",), EVERYBODY, READ),
    Grant("/api/v1/incidents/{incident}/reviews", ("GET",), EVERYBODY, READ),
    Grant("/api/v1/incidents/{incident}/reviews", ("POST",), JUDGES, "review"),
    Grant("/api/v1/rounds", ("GET",), EVERYBODY, READ),
    Grant("/api/v1/reviews", ("GET",), EVERYBODY, READ),
    Grant("/api/v1/poles", ("GET",), EVERYBODY, READ),
    Grant("/api/v1/poles/{name}", ("GET",), EVERYBODY, READ),
    Grant("/api/v1/lamps", ("GET",), EVERYBODY, READ),
    Grant("/api/v1/lamps/{name}", ("GET",), EVERYBODY, READ),
    Grant("/api/v1/cameras", ("GET",), EVERYBODY, READ),
    Grant("/api/v1/cameras/{name}", ("GET",), EVERYBODY, READ),
    Grant("/api/v1/alarms", ("GET",), EVERYBODY, READ),
    Grant("/api/v1/state", ("GET",), EVERYBODY, READ),
    Grant("/api/v1/events", ("GET",), EVERYBODY, READ),
    Grant("/api/v1/openapi.json", ("GET",), EVERYBODY, READ),
    Grant("/api/v1/reference", ("GET",), EVERYBODY, READ),
    Grant("/metrics", ("GET",), EVERYBODY, "metrics", near=True),
    Grant("/access", ("GET",), ("administrator", "analyst"), logged=said("read the access log")),
)


def granted(path: str, method: str) -> Grant | None:
    """The grant that a route falls under, or None."""
    return next((each for each in GRANTS if each.path == path and method in each.methods), None)


def scopes(grants: tuple[Grant, ...] = GRANTS) -> tuple[str, ...]:
    """What an API key may be given."""
    return tuple(sorted({each.scope for each in grants} - {""}))
