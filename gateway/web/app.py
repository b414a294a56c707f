"""The web process's application: routers, templates, what lies in `static/`, and the door before all of it. Every route
stands in gateway/web/grants.py, or the app does not start."""

import pathlib

from fastapi import FastAPI

from gateway.web.account_pages import access, elsewhere, keys, own, people, sign_in
from gateway.web.accounts.lobby import Lobby
from gateway.web.api import reference
from gateway.web.door.door import Door
from gateway.web.door.faults import answer_in_pages
from gateway.web.door.routes import Routes, routes_of
from gateway.web.live import health
from gateway.web.maps import routes as maps
from gateway.web.metering import route as metering
from gateway.web.metering.counting import Counting
from gateway.web.pages import (
    about,
    appearance,
    devices,
    exporting,
    files,
    incident,
    incidents,
    live,
    poles,
    policy,
    reviewing,
)
from gateway.web.parts import Parts
from gateway.web.wire.kept_files import KeptFiles

PAGES = (
    about.ROUTER, appearance.ROUTER, live.ROUTER, incidents.ROUTER, exporting.ROUTER, incident.ROUTER, reviewing.ROUTER,
    files.ROUTER, poles.ROUTER, devices.ROUTER, policy.ROUTER, maps.ROUTER, health.ROUTER,
)  # fmt: skip
MACHINES = (*reference.ROUTERS, metering.ROUTER)
ROUTERS = (*PAGES, sign_in.ROUTER, elsewhere.ROUTER, own.ROUTER, people.ROUTER, keys.ROUTER, access.ROUTER, *MACHINES)
STATIC = pathlib.Path(__file__).with_name("static")


def build_app(parts: Parts, lobby: Lobby | None = None) -> FastAPI:
    """lobby : by default of these settings, without single sign-on. Raises RuntimeError where routes and the table of
    grants are not the same."""
    app = FastAPI(title="Soundpost", openapi_url=None, docs_url=None, redoc_url=None)
    app.state.parts = parts
    app.state.lobby = lobby or Lobby(parts.database, parts.config.door, parts.config.is_secure)
    app.mount("/static", KeptFiles(directory=STATIC), name="static")
    for router in ROUTERS:
        app.include_router(router)
    answer_in_pages(app)
    app.add_middleware(Door, lobby=app.state.lobby, routes=Routes(routes_of(app)))
    app.add_middleware(Counting, meter=parts.meter)
    return app
