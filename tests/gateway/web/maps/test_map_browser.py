"""The map in a real browser, Debian's chromium with its software renderer: it goes nowhere, and draws what it is given.

Skipped where chromium or what `make web` brings is not there; `make web-check` asks for both.
"""

import pathlib
import time

import pytest

from gateway.web.maps.base_map import BaseMap
from gateway.web.maps.frame import NEEDED
from gateway.web.templating import VENDOR

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = pathlib.Path("/usr/bin/chromium")
SOFTWARE = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
NO_GPU = ["--disable-gpu", "--disable-3d-apis"]
WAIT_S = 60.0
DRAWING = "document.getElementById('map').soundpost.drawing"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no /usr/bin/chromium"),
    pytest.mark.skipif(not all((VENDOR / name).is_file() for name in NEEDED), reason="make web was not run"),
]


@pytest.fixture(scope="module")
def street(maps, the_map):
    store = maps.StreetStore(
        [maps.brief(2), maps.brief(1, "done", maps.LAT + 0.001)], [maps.pole("P1"), maps.pole("P2", "alarm")]
    )
    app = maps.street_app(store, the_map)
    with maps.served(app) as home:
        yield store, app.state.parts, home


@pytest.fixture
def opened(street):
    """`opened(flags)`: a page of the street in a browser with these flags, and the list of addresses that it asked for
    elsewhere."""
    with sync_api.sync_playwright() as play:
        browsers = []

        def look(flags):
            options = ["--no-sandbox", "--disable-background-networking", *flags]
            browsers.append(play.chromium.launch(executable_path=str(CHROMIUM), args=options))
            page, outside = browsers[-1].new_page(viewport={"width": 700, "height": 700}), []
            page.faults = []
            page.on("pageerror", lambda error: page.faults.append(str(error)))
            page.on("console", lambda told: page.faults.append(told.text) if "Content Security" in told.text else None)
            ours = (street[2], "blob:", "data:")
            page.on("request", lambda asked: None if asked.url.startswith(ours) else outside.append(asked.url))
            page.goto(f"{street[2]}/page")
            return page, outside

        yield look
        for browser in browsers:
            browser.close()


def until(page, script):
    """Wait for a script to say yes; the page's own policy lets nobody wait inside of it."""
    end = time.monotonic() + WAIT_S
    while not page.evaluate(script):
        assert time.monotonic() < end, f"never: {script}"
        page.wait_for_timeout(20)


def drawn(page, layer):
    script = f"{DRAWING}.map.queryRenderedFeatures({{ layers: ['{layer}'] }}).map((each) => each.properties.name)"
    return sorted(set(page.evaluate(script)))


def test_streets_poles_and_a_shot_with_its_ellipses_are_drawn_and_nothing_is_fetched_elsewhere(opened):
    page, outside = opened(SOFTWARE)
    page.wait_for_selector("#map[data-state=map]", timeout=WAIT_S * 1000)
    until(
        page, f"{DRAWING}.map.areTilesLoaded() && {DRAWING}.map.queryRenderedFeatures({{ layers: ['calls'] }}).length"
    )

    assert drawn(page, "calls") == ["i-2"]
    assert drawn(page, "poles") == ["P1", "P2"]
    assert page.evaluate(f"{DRAWING}.map.queryRenderedFeatures({{ layers: ['road'] }}).length") > 10
    assert page.get_attribute("#map", "data-ellipses") == "3"
    assert "OpenStreetMap contributors" in page.inner_text(".maplibregl-ctrl-attrib")
    assert (outside, page.faults) == ([], [])


def test_news_come_onto_the_map_and_the_list_leads_to_them_by_keyboard(opened, street, maps):
    page, _ = opened(SOFTWARE)
    page.wait_for_selector("#map[data-state=map]", timeout=WAIT_S * 1000)
    street[0].shots.insert(0, maps.brief(3, grade="B"))
    page.evaluate("document.getElementById('map').dispatchEvent(new CustomEvent('news'))")
    until(page, f"{DRAWING}.names().has('i-3')")
    page.focus(".map-list summary")
    page.keyboard.press("Enter")
    page.wait_for_selector(".map-list button")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    assert page.inner_text(".maplibregl-popup-content").startswith("i-3: grade B, Gunshot")
    assert page.evaluate(f"{DRAWING}.chosen") == "i-3"
    street[0].shots.pop(0)


def test_without_webgl_the_plan_stays_and_a_word_says_so(opened):
    page, _ = opened(NO_GPU)
    page.wait_for_selector("#map[data-state=plan]", timeout=WAIT_S * 1000)

    assert page.is_visible(".map-plan")
    assert page.inner_text(".map-note") == "The moving map cannot be shown here; this is the plan."
    assert page.query_selector(".map-canvas") is None


def test_a_base_map_that_is_damaged_while_it_is_served_gives_way_to_the_plan(opened, street, tmp_path):
    whole = street[1].base_map
    broken = tmp_path / "city.pmtiles"
    broken.write_bytes(b"none of it" * 1000)
    street[1].base_map = BaseMap(broken, "", "whoever")
    try:
        page, _ = opened(SOFTWARE)
        page.wait_for_selector("#map[data-state=plan]", timeout=WAIT_S * 1000)
        assert page.is_visible(".map-plan")
    finally:
        street[1].base_map = whole
