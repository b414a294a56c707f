"""The handbook as `make docs` builds it, opened as a file in chromium: nothing is fetched, and the search finds."""

import asyncio
import os
import subprocess
import sys

import pytest

from deploy.handbook.linking import DOCS, ROOT

pytest.importorskip("playwright.async_api")
chromium = pytest.importorskip("simulators.browsing.chromium")

LIMIT_S = 120
MOST_BYTES = 12_000_000
SIZES = ((1400, 900), (390, 844))
OVERFLOWS = "document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    pytest.importorskip("material")
    site = tmp_path_factory.mktemp("handbook")
    command = (
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--config-file",
        "deploy/handbook/mkdocs.yml",
        "--site-dir",
        site,
    )
    env = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=LIMIT_S, check=False)

    assert done.returncode == 0, done.stderr[-2000:]
    assert "WARNING" not in done.stderr
    return site


def test_each_page_is_built_and_all_of_it_is_small(built):
    wanted = {path.relative_to(DOCS).with_suffix(".html").as_posix() for path in DOCS.rglob("*.md")}

    assert {path.relative_to(built).as_posix() for path in built.rglob("*.html")} == wanted | {"404.html"}
    assert sum(path.stat().st_size for path in built.rglob("*") if path.is_file()) <= MOST_BYTES


async def test_opened_as_a_file_it_asks_nothing_of_any_network_and_its_search_finds(built, program):
    program("chromium")
    async with asyncio.timeout(LIMIT_S), chromium.chromium() as browser:
        asked, wrong = [], []
        page = await browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        await page.goto((built / "how-to/keys.html").as_uri())
        await page.click("[data-md-component=search-query]")
        await page.get_by_text("Type to start searching").wait_for(state="attached")
        await page.locator("[data-md-component=search-query]").press_sequentially("modbus")
        found = page.locator(".md-search-result__item a").first
        await found.wait_for()
        await found.click()

        assert page.url.endswith("?h=modbus")
        assert "keys.html" not in page.url
        assert {url.split(":")[0] for url in asked} <= {"file", "data"}
        assert wrong == []


async def test_no_page_is_wider_than_a_phone_or_a_desk(built, program):
    program("chromium")
    async with asyncio.timeout(LIMIT_S), chromium.chromium() as browser:
        page = await browser.new_page()
        for path in sorted(path for path in built.rglob("*.html") if path.name != "404.html"):
            await page.goto(path.as_uri(), wait_until="domcontentloaded")
            for width, height in SIZES:
                await page.set_viewport_size({"width": width, "height": height})

                assert not await page.evaluate(OVERFLOWS), f"{path.relative_to(built)} is wider than {width} px"


@pytest.mark.parametrize(("scheme", "name"), [("light", "default"), ("dark", "slate")])
async def test_it_is_light_and_dark_as_the_machine_has_it(built, program, scheme, name):
    program("chromium")
    async with asyncio.timeout(LIMIT_S), chromium.chromium() as browser:
        page = await (await browser.new_context(color_scheme=scheme)).new_page()
        await page.goto((built / "index.html").as_uri())

        assert await page.evaluate("document.body.dataset.mdColorScheme") == name
