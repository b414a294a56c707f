"""Debian's chromium, driven by Playwright: how it is started, how somebody signs in, what it asked for elsewhere."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, Page, Request, async_playwright

from simulators.demo.web import Opened

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ("--disable-background-networking", "--autoplay-policy=no-user-gesture-required")
OURS = ("127.0.0.1", "localhost", "::1")
WITHIN = ("blob", "data", "about")
WAIT_MS = 60_000


class Outside:
    """What pages asked for. n_asked : in all; elsewhere : the addresses beyond this machine."""

    def __init__(self) -> None:
        self.n_asked = 0
        self.elsewhere: list[str] = []

    def watch(self, context: BrowserContext) -> None:
        """The pages of this context, too."""
        context.on("request", self._asked)

    def _asked(self, request: Request) -> None:
        self.n_asked += 1
        place = urlsplit(request.url)
        if place.scheme not in WITHIN and place.hostname not in OURS:
            self.elsewhere.append(request.url)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The browser, without a window. Raises OSError where it is not installed."""
    if not await asyncio.to_thread(CHROMIUM.exists):
        raise OSError(f"{CHROMIUM} is not there: sudo apt-get install chromium")
    flags = [*FLAGS, *(("--no-sandbox",) if os.geteuid() == 0 else ())]
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=CHROMIUM, args=flags)
        try:
            yield browser
        finally:
            await browser.close()


async def sign_in(page: Page, address: str, opened: Opened) -> None:
    """As a person does: name, password, and the live page comes. address : of the pages, or of a line before them."""
    page.set_default_timeout(WAIT_MS)
    await page.goto(f"{address}/")
    await page.fill("#name", opened.name)
    await page.fill("#password", opened.password)
    await page.click("main form button.first")
    await page.wait_for_selector("#board")
