"""A street in Helsinki for tests of the map: a store that knows it, an app that serves it, a page with the frame."""

import contextlib
import pathlib
import socket
import threading
import time
import types

import pyrosm
import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from gateway.web.app import STATIC
from gateway.web.base_map.build import build
from gateway.web.door.headers import with_ours
from gateway.web.maps import routes
from gateway.web.maps.base_map import BaseMap
from gateway.web.maps.frame import frame
from gateway.web.records import Brief, RoundHeard, Standing, Whole
from gateway.web.street import AlarmState, Device, Order, PoleState
from gateway.web.templating import environment

EXTRACT = pathlib.Path(pyrosm.__path__[0]) / "data/Helsinki.osm.pbf"
LAT, LON = 60.1705, 24.9440
PAGE = """<!doctype html><html lang="en"><head><title>map</title>
<link rel="stylesheet" href="/static/soundpost.css"><link rel="stylesheet" href="/static/map/map.css">
<script type="module" src="/static/map/map.js"></script></head><body>
<div id="map" class="panel map"{{ map.attributes | xmlattr }}><div class="map-plan"><figure>the plan</figure></div>
{% if map.note %}<p class="map-note">{{ map.note }}</p>{% endif %}</div></body></html>"""


def brief(index=1, state="open", lat=LAT, lon=LON, grade="A", **more):
    told = {
        "incident": f"i-{index}", "number": index, "began": index, "version": index, "first_us": 1_764_288_000_000_000,
        "told_us": 1_764_288_000_500_000, "lat_deg": lat, "lon_deg": lon, "ellipse_95": (24.0, 8.0, 30.0),
        "grade": grade, "kind": "gunshot", "p_gunshot": 0.97, "why": "", "n_rounds": 2, "historic": False, "quiet": "",
        "review": "", "review_what": "", "review_state": state, "near": "Kaivokatu 8",
    }  # fmt: skip
    return Brief(**(told | more))


def pole(name, state="well", lat=LAT, lon=LON):
    alarms = [AlarmState("pole", name, "clock", "its clock is off", 1, 1)] if state == "alarm" else []
    return PoleState(name, lat, lon, state, 1, "locked", 100, 60.0, 1, None, None, "", alarms)


def whole(of):
    rounds = [
        {"lat_deg": of.lat_deg + step * 2e-4, "lon_deg": of.lon_deg, "t_us": of.first_us + step, "grade": "A",
         "kind": "gunshot", "ellipse_95": {"major_m": 20.0, "minor_m": 6.0, "azimuth_deg": 40.0}}
        for step in range(3)
    ]  # fmt: skip
    rounds[1]["withdrawn"] = True
    return Whole(of, [RoundHeard(told, (), ()) for told in rounds], (), (), (), ())


class StreetStore:
    """What routes of the map ask of a store; driven by `shots` and `stand`."""

    def __init__(self, shots=(), stand=()):
        self.shots, self.stand = list(shots), list(stand)

    def briefs(self, search, after=None, limit=50):
        return self.shots[:limit]

    def whole(self, incident):
        return next((whole(each) for each in self.shots if each.incident == incident), None)

    def poles(self):
        return self.stand

    def lamps(self):
        order = Order("light", "i-1", True, "", 1, 100.0, None, None, 1)
        return [Device(Standing("lamp", "l1", LAT, LON + 3e-4, {}), order, "", None)]

    def cameras(self):
        at = Standing("camera", "corner", LAT + 3e-4, LON, {"range_m": 80.0, "view_deg": (90.0, 270.0)})
        return [Device(at, Order("aim", "i-1", True, "", 1, None, 181.0, -4.0, 2), "", None)]


class StreetParts:
    def __init__(self, store, base_map):
        self.store, self.base_map = store, base_map


def street_app(store, base_map):
    app = FastAPI()
    app.state.parts = StreetParts(store, base_map)
    app.include_router(routes.ROUTER)
    app.mount("/static", StaticFiles(directory=STATIC))

    @app.get("/page", response_class=HTMLResponse)
    def page(request: Request):
        return environment("en").from_string(PAGE).render(map=frame(request, "/map/live.json"))

    @app.middleware("http")
    async def guarded(request, ask):
        answer = await ask(request)
        answer.raw_headers[:] = with_ours(answer.raw_headers, False)
        return answer

    return app


@contextlib.contextmanager
def served(app):
    """At the address that comes back, for as long as it is asked."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [taken]}, daemon=True)
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


def built_map(folder):
    """The base map of the extract that pyrosm's wheel carries."""
    target = folder / "city.pmtiles"
    build(EXTRACT, target, None, False, lambda words: None)
    return BaseMap(target, "", "© OpenStreetMap contributors, ODbL 1.0")


@pytest.fixture(scope="session")
def the_map(tmp_path_factory):
    return built_map(tmp_path_factory.mktemp("map"))


@pytest.fixture(scope="session")
def maps():
    names = (brief, pole, whole, StreetStore, street_app, served)
    return types.SimpleNamespace(LAT=LAT, LON=LON, EXTRACT=EXTRACT, **{each.__name__: each for each in names})
