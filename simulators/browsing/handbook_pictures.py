"""`python -m simulators.browsing.handbook_pictures out/demo`: pictures of the handbook's tutorials, into docs/pictures.

Of the report of a demo that ran, and of the map that `soundpost init` makes of the survey in the second tutorial.
docs/pages.png is simulators/browsing/screenshot.py's.
"""

import asyncio
import io
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, ViewportSize

from simulators.browsing.chromium import chromium

DOCS = Path(__file__).parents[2] / "docs"
SURVEY = '```csv title="survey.csv"\n'
COLOURS = 64
SIZE = ViewportSize(width=900, height=700)


async def take(browser: Browser, page: Path, heading: str, name: str) -> None:
    """The part of a page under this heading, or its first screen for "", as docs/pictures/NAME."""
    opened = await browser.new_page(viewport=SIZE, color_scheme="light")
    await opened.goto(f"file://{page}")
    await opened.wait_for_timeout(500)
    part = opened.locator("section", has=opened.get_by_role("heading", name=heading, exact=True)).first
    shot = await (part.screenshot() if heading else opened.screenshot())
    small = io.BytesIO()
    Image.open(io.BytesIO(shot)).convert("RGB").quantize(COLOURS).save(small, "png", optimize=True)
    await asyncio.to_thread((DOCS / "pictures" / name).write_bytes, small.getvalue())
    sys.stdout.write(f"docs/pictures/{name}: {len(small.getvalue()) / 1000:.0f} kB\n")
    await opened.close()


def street(folder: Path) -> Path:
    """The map of the second tutorial's street."""
    text = (DOCS / "tutorials" / "first-street.md").read_text()
    (folder / "survey.csv").write_text(text.partition(SURVEY)[2].partition("```")[0])
    told = ("init", "survey.csv", "--out", "street", "--host", "localhost")
    subprocess.run((sys.executable, "-m", "soundpost", *told), cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return folder / "street" / "map.html"


async def main(demo: Path) -> None:
    """Write them all."""
    with tempfile.TemporaryDirectory(prefix="soundpost-pictures-") as name:
        page = await asyncio.to_thread(street, Path(name))
        async with chromium() as browser:
            await take(browser, demo / "report.html", "Where", "demo-where.png")
            await take(browser, page, "", "init-map.png")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]).absolute()))
