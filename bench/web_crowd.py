"""1 000 incidents and 500 poles in Debian's chromium: until a page is painted, and frames a second while it scrolls.

usage: python -m bench.web_crowd [INCIDENTS POLES]        (from the project's folder; needs apt's chromium)

The real `soundpost web` reads a journal as a gateway would have written it; no gateway runs, and the pages say so.
First paint is the browser's own (first-contentful-paint, from the navigation's start), of each of N_LOOKS; frames are
counted while the page scrolls down and up for SCROLL_S. Prints one line of JSON a page. The map that moves has its own
bench: bench/web_map.py.
"""

import asyncio
import json
import pathlib
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Page, ViewportSize

from bench.web_store import EACH_US, N_POLES, make
from simulators.browsing.chromium import chromium, sign_in
from simulators.demo.programs import Program
from simulators.demo.programs import start as start_program
from simulators.demo.web import Opened, open_pages

PAGES = ("/", "/incidents", "/poles", "/devices")
SCROLL_S, N_LOOKS, READ_S, FRAMES_EACH, WAITING = 3.0, 3, 60.0, 20, 100
SCROLL = """(seconds) => new Promise((done) => {
  const first = performance.now();
  let frames = 0, last = first, worst = 0;
  const step = (now) => {
    frames += 1;
    worst = Math.max(worst, now - last);
    last = now;
    const s = (performance.now() - first) / 1000;
    const most = document.documentElement.scrollHeight - innerHeight;
    scrollTo(0, most * (0.5 - 0.5 * Math.cos(2 * Math.PI * s / seconds)));
    if (s < seconds) requestAnimationFrame(step); else done([frames / s, worst, most]);
  };
  requestAnimationFrame((now) => { last = now; step(now); });
})"""
PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


def write(folder: pathlib.Path, n_poles: int) -> pathlib.Path:
    """gateway.toml and web.toml. Comes back: that of the pages."""
    (folder / "keys.toml").touch(0o600)
    (folder / "keys.toml").write_text(f'P000 = "{"11" * 32}"\n')
    poles = "".join(
        f'[[pole]]\nnode = "P{each:03}"\nxyz_m = [{each % 25 * 50.0}, {each // 25 * 50.0}, 6.0]\n'
        for each in range(n_poles)
    )
    (folder / "gateway.toml").write_text(
        'journal = "street.journal"\nkeys_file = "keys.toml"\nair = { temperature_c = 12 }\n'
        f'site = {{ lat_deg = 40.44, lon_deg = -88.38, h_m = 20 }}\n{poles}[[serial]]\nport = "/dev/null"\n'
    )
    (folder / "web.toml").write_text("port = 0\n")
    (folder / "logs").mkdir()
    return folder / "web.toml"


@asynccontextmanager
async def crowd(folder: pathlib.Path, n_incidents: int, n_poles: int) -> AsyncIterator[Opened]:
    """The pages over such a journal."""
    config, running = write(folder, n_poles), list[Program]()
    n_frames = FRAMES_EACH * n_incidents
    since_us = time.time_ns() // 1000 - n_frames * EACH_US
    await asyncio.to_thread(make, folder / "street.journal", n_frames, since_us)

    async def start(name: str, command: list[str], secret: dict[str, str] | None) -> Program:
        running.append(await start_program(name, command, folder / "logs", None, secret))
        return running[-1]

    try:
        yield await open_pages(config, folder / "logs", start)
    finally:
        for each in running:
            await each.stop()


async def measured(page: Page, address: str, path: str) -> dict[str, object]:
    """One page."""
    painted = []
    for _ in range(N_LOOKS):
        await page.goto(f"{address}{path}")
        while not (ms := await page.evaluate(PAINTED)):  # noqa: ASYNC110 (the browser tells nobody)
            await asyncio.sleep(0.02)
        painted.append(round(ms))
    frames, worst_ms, most_px = await page.evaluate(SCROLL, SCROLL_S)
    told = {"page": path, "first_paint_ms": painted, "frames_s": round(frames, 1)}
    return told | {"longest_frame_ms": round(worst_ms), "scrolled_px": round(most_px)}


async def main(n_incidents: int, n_poles: int) -> None:
    """All pages, as they come."""
    with tempfile.TemporaryDirectory(prefix="soundpost-crowd-") as name:
        async with crowd(pathlib.Path(name), n_incidents, n_poles) as opened, chromium() as browser:
            page = await browser.new_page(viewport=ViewportSize(width=1400, height=900))
            await sign_in(page, opened.address, opened)
            await until_read(page, opened.address, n_incidents)
            for path in PAGES:
                print(json.dumps(await measured(page, opened.address, path)), flush=True)  # noqa: T201


async def until_read(page: Page, address: str, n_incidents: int) -> None:
    """Wait until the journal was read. Raises TimeoutError."""
    async with asyncio.timeout(READ_S):
        while True:
            await page.goto(f"{address}/")
            n = await page.evaluate("() => Number(document.querySelector('[data-waiting]')?.dataset.waiting || 0)")
            if n >= min(n_incidents, WAITING):
                return
            await asyncio.sleep(0.5)


if __name__ == "__main__":
    asyncio.run(main(*((int(sys.argv[1]), int(sys.argv[2])) if len(sys.argv) > 2 else (1000, N_POLES))))
