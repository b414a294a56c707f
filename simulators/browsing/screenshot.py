"""`python -m simulators.browsing.screenshot`: README's first picture, docs/pages.png, of the demo's live page.

The demo runs as `soundpost demo --web` does; the picture is taken in Debian's chromium when its night is over.
"""

import asyncio
import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.async_api import Page, ViewportSize

from simulators.browsing.chromium import chromium, sign_in
from simulators.browsing.demo import demo

PICTURE = Path(__file__).parents[2] / "docs" / "pages.png"
SIZE, COLOURS = ViewportSize(width=1280, height=900), 128
MOST_ROUNDS = """() => {
  const rounds = (card) => Number(/(\\d+) rounds/.exec(card.textContent)?.[1] || 0);
  const cards = [...document.querySelectorAll("#board [data-incident]")];
  return cards.sort((one, other) => rounds(other) - rounds(one))[0]?.dataset.incident;
}"""


async def take(page: Page, address: str, path: Path) -> int:
    """The live page, its map on the incident with the most rounds. Comes back: bytes."""
    await page.goto(f"{address}/?show={await page.evaluate(MOST_ROUNDS)}")
    await page.wait_for_timeout(500)
    whole = Image.open(io.BytesIO(await page.screenshot()))
    small = io.BytesIO()
    whole.convert("RGB").quantize(COLOURS).save(small, "png", optimize=True)
    return await asyncio.to_thread(path.write_bytes, small.getvalue())


async def main(path: Path) -> None:
    """Write it."""
    with tempfile.TemporaryDirectory(prefix="soundpost-screenshot-") as name:
        async with demo(Path(name) / "demo") as night, chromium() as browser:
            page = await browser.new_page(viewport=SIZE, color_scheme="light")
            await night.night_over()
            await sign_in(page, night.opened.address, night.opened)
            n_bytes = await take(page, night.opened.address, path)
    sys.stdout.write(f"{path}: {n_bytes / 1000:.0f} kB\n")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE))
