"""How fast the map is in Debian's chromium without a graphics card, with 1,000 incidents and 500 poles: until it
stands, from a change to the map, and frames a second while it is dragged. Beside it: frames of a page with no map.

usage: python bench/web_map.py [INCIDENTS POLES]     needs `make web` and apt's chromium
"""

import importlib.util
import pathlib
import random
import sys
import tempfile
import time
from typing import Any

from playwright.sync_api import Page, sync_playwright

STREET = pathlib.Path(__file__).parents[1] / "tests/gateway/web/maps/conftest.py"
OPTIONS = ["--no-sandbox", "--disable-background-networking", "--use-gl=angle", "--use-angle=swiftshader",
           "--enable-unsafe-swiftshader"]  # fmt: skip
DRAWING = "document.getElementById('map').soundpost.drawing"
DRAG = """([seconds, isMap]) => new Promise((done) => {
  const on = isMap ? document.querySelector(".maplibregl-canvas-container") : document.body;
  const { left, top, width, height } = on.getBoundingClientRect();
  const told = (kind, x, y, buttons) => on.dispatchEvent(
    new MouseEvent(kind, { bubbles: true, clientX: left + x, clientY: top + y, buttons, view: window }));
  told("mousedown", width / 2, height / 2, 1);
  let frames = 0, worst = 0, last = performance.now();
  const first = last;
  const step = () => {
    const now = performance.now();
    worst = Math.max(worst, now - last);
    last = now;
    frames += 1;
    const s = (now - first) / 1000;
    told("mousemove", width / 2 + 250 * Math.sin(2 * s), height / 2 + 120 * Math.sin(3 * s), 1);
    if (s < seconds) requestAnimationFrame(step);
    else { told("mouseup", width / 2, height / 2, 0); done([frames / s, worst]); }
  };
  requestAnimationFrame(step);
})"""


def say(words: str) -> None:
    """A line."""
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def street_module() -> Any:
    """The street of the map's tests."""
    spec = importlib.util.spec_from_file_location("street_of_tests", STREET)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def until(page: Page, script: str) -> None:
    """Wait for a script to say yes."""
    while not page.evaluate(script):
        page.wait_for_timeout(10)


def main(n_incidents: int, n_poles: int) -> None:
    """Print the figures."""
    street, dice = street_module(), random.Random(15)
    states = ["open", "done", "done", "done"]
    shots = [
        street.brief(index, dice.choice(states), street.LAT + dice.gauss(0, 0.003), street.LON + dice.gauss(0, 0.004))
        for index in range(n_incidents, 0, -1)
    ]
    poles = [
        street.pole(
            f"P{index}", "well", street.LAT + dice.uniform(-0.005, 0.005), street.LON + dice.uniform(-0.007, 0.007)
        )
        for index in range(n_poles)
    ]
    store = street.StreetStore(shots, poles)
    with tempfile.TemporaryDirectory() as folder:
        app = street.street_app(store, street.built_map(pathlib.Path(folder)))
        with street.served(app) as home, sync_playwright() as play:
            page = play.chromium.launch(executable_path="/usr/bin/chromium", args=OPTIONS).new_page(
                viewport={"width": 1400, "height": 900}
            )
            measured(page, home, street, store)


def measured(page: Page, home: str, street: Any, store: Any) -> None:
    """One page, from its first look to a new shot."""
    page.goto(f"{home}/static/map/map.css")
    say("frames a second, no map: {:.0f}, longest {:.0f} ms".format(*page.evaluate(DRAG, [3, False])))
    began = time.monotonic()
    page.goto(f"{home}/page")
    until(page, "performance.getEntriesByName('first-contentful-paint').length > 0")
    painted_ms = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    page.wait_for_selector("#map[data-state=map]", timeout=60_000)
    until(page, f"{DRAWING}.map.areTilesLoaded()")
    say(f"first paint {painted_ms:.0f} ms, map stands after {time.monotonic() - began:.1f} s")
    for where in ("all", "near"):
        if where == "near":
            page.evaluate(f"{DRAWING}.choose('i-1')")
            page.wait_for_timeout(2000)
        say("frames a second, {}: {:.0f}, longest {:.0f} ms".format(where, *page.evaluate(DRAG, [5, True])))
    began = time.monotonic()
    store.shots.insert(0, street.brief(10_000_000))
    page.evaluate("document.getElementById('map').dispatchEvent(new CustomEvent('news'))")
    until(page, f"{DRAWING}.names().has('i-10000000')")
    say(f"a change is on the map after {time.monotonic() - began:.2f} s")


main(*((int(sys.argv[1]), int(sys.argv[2])) if len(sys.argv) > 2 else (1000, 500)))
