"""The web process's application: routers, templates, what lies in `static/`. Every route stands in
gateway/web/grants.py, or the app does not start."""

import pathlib

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles

from gateway.web.grants import granted
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
    reviewing,
)
from gateway.web.parts import Parts

PAGES = (
    about.ROUTER, appearance.ROUTER, live.ROUTER, incidents.ROUTER, exporting.ROUTER, incident.ROUTER, reviewing.ROUTER,
    files.ROUTER, poles.ROUTER, devices.ROUTER,
)  # fmt: skip
ROUTERS = (*PAGES,)
STATIC = pathlib.Path(__file__).with_name("static")


def build_app(parts: Parts) -> FastAPI:
    """Raises RuntimeError for a route that nobody was granted or denied."""
    app = FastAPI(title="Soundpost", openapi_url=None, docs_url=None, redoc_url=None)
    app.state.parts = parts
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for router in ROUTERS:
        app.include_router(router)
        check_granted(router)
    return app


def check_granted(router: APIRouter) -> None:
    """That each route's methods are all in the table."""
    for route in router.routes:
        if isinstance(route, APIRoute):
            missing = [method for method in sorted(route.methods or ()) if granted(route.path, method) is None]
            if missing:
                raise RuntimeError(f"{route.path}: {', '.join(missing)} in no row of gateway/web/grants.py")
