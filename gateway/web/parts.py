"""What the web process is put together of: gateway/assembly/web.py fills it, routes find it in `request.app.state`."""

from dataclasses import dataclass, field

from starlette.requests import HTTPConnection

from gateway.web.database import Database
from gateway.web.live.feed import Feed
from gateway.web.maps.base_map import NO_BASE_MAP, BaseMap
from gateway.web.metering.meter import Meter
from gateway.web.records import Plan
from gateway.web.rules.keeping import Keeping
from gateway.web.rules.rules import Rules
from gateway.web.settings import WebConfig
from gateway.web.store.clips import Clips
from gateway.web.store.reviewing import Reviewing
from gateway.web.store.store import Store


@dataclass(frozen=True, slots=True)
class Parts:
    """One a process. reviewing : None where web.toml has no key to ask the gateway by. clips : None where it has none
    to open evidence with. keeping : None where no evidence is kept."""

    config: WebConfig
    database: Database
    plan: Plan
    store: Store
    feed: Feed
    reviewing: Reviewing | None = None
    clips: Clips | None = None
    rules: Rules | None = None
    keeping: Keeping | None = None
    base_map: BaseMap = NO_BASE_MAP
    meter: Meter = field(default_factory=Meter)


def parts_of(connection: HTTPConnection) -> Parts:
    """Of the app that this request came to."""
    parts: Parts = connection.app.state.parts
    return parts
