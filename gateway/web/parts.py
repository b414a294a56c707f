"""What the web process is put together of: gateway/assembly/web.py fills it, routes find it in `request.app.state`."""

from dataclasses import dataclass

from starlette.requests import HTTPConnection

from gateway.web.database import Database
from gateway.web.records import Plan
from gateway.web.settings import WebConfig


@dataclass(frozen=True, slots=True)
class Parts:
    """One a process."""

    config: WebConfig
    database: Database
    plan: Plan


def parts_of(connection: HTTPConnection) -> Parts:
    """Of the app that this request came to."""
    parts: Parts = connection.app.state.parts
    return parts
