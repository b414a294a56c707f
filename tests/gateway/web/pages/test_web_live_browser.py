"""Live pages in a real browser: many tabs with one line, what is said when there is none, and when the session is over.

Skipped where Debian's chromium is not there.
"""

import asyncio
import dataclasses
import pathlib
import socket
import threading
import time

import pytest
import uvicorn

from gateway.web.accounts import accounts, sessions
from gateway.web.app import build_app
from gateway.web.live import feed as live_feed
from gateway.web.live.feed import Feed
from gateway.web.records import Change

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = pathlib.Path("/usr/bin/chromium")
WAIT_S = 60.0
TABS = ("/", "/poles", "/devices", "/incidents", "/about", "/policy", "/", "/poles")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no /usr/bin/chromium"),
]


class Served:
    """The pages on a socket of loopback, in a thread, with a feed that `tell` speaks through."""

    def __init__(self, parts):
        self.feed = Feed()
        self.app = build_app(dataclasses.replace(parts, feed=self.feed))
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.home = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        self.server = uvicorn.Server(uvicorn.Config(self.app, log_config=None, access_log=False))
        self.is_open = threading.Event()
        self.thread = threading.Thread(target=asyncio.run, args=(self._run(),))
        self.thread.start()
        assert self.is_open.wait(10)

    async def _run(self):
        self.feed.open()
        self.is_open.set()
        await self.server.serve(sockets=[self.listening])

    def secret(self, name, role):
        lobby = self.app.state.lobby
        with lobby.database.writing() as connection:
            number = accounts.make(connection, name, role, lobby.now_us())
            return number, sessions.begin(connection, number, sessions.IN, lobby.now_us(), "test", "a test")

    def lock(self, number):
        with self.app.state.lobby.database.writing() as connection:
            accounts.lock(connection, accounts.numbered(connection, number))

    def close(self):
        self.feed.close()
        self.server.force_exit = self.server.should_exit = True
        self.thread.join(10)
        self.listening.close()
        assert not self.thread.is_alive()


@pytest.fixture
def served(parts):
    made = Served(parts)
    yield made
    made.close()


@pytest.fixture
def signed_in(served):
    """A browser's context of a dispatcher; `number` is the account's."""
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        context = browser.new_context()
        context.set_default_timeout(20_000)
        context.number, secret = served.secret("anna", "dispatcher")
        cookie = {"name": served.app.state.lobby.cookie, "value": secret, "url": served.home}
        context.add_cookies([cookie])
        yield context
        browser.close()


def until(page, is_so, why):
    end = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < end, f"never: {why}"
        page.wait_for_timeout(20)


def shows(page, incident):
    return page.locator(f"[data-incident='{incident}']").count() > 0


def test_eight_tabs_share_one_line_and_hear_what_comes_also_after_its_tab_closed(served, signed_in, street, made):
    tabs = []
    for path in TABS:
        tabs.append(signed_in.new_page())
        tabs[-1].goto(served.home + path)
    first, seventh = tabs[0], tabs[6]
    until(first, lambda: served.feed.n_listeners == 1, "one line of eight tabs")
    for number, incident in ((10, "one"), (20, "two")):
        street.add(made.whole_of(made.brief_of(incident, number, made.NOW_US)))
        served.feed.tell([Change(number + 5, ("incident",), incident)])
        until(seventh, lambda name=incident: shows(seventh, name), "news in the seventh tab")
        if incident == "one":
            until(first, lambda: shows(first, "one"), "news in the first tab")
            first.close()
            until(seventh, lambda: served.feed.n_listeners == 1, "another tab took the line")

    assert seventh.inner_text("#cut") == ""


def test_a_page_that_is_given_no_line_says_so_and_asks_for_the_list_by_itself(
    served, signed_in, street, made, monkeypatch
):
    monkeypatch.setattr(live_feed, "MOST_EACH", 0)
    page = signed_in.new_page()
    page.goto(served.home)
    until(page, lambda: "No live line since" in page.inner_text("#cut"), "that there is no line")
    street.add(made.whole_of(made.brief_of("one", 10, made.NOW_US)))
    until(page, lambda: shows(page, "one"), "the list, fetched without a line")
    monkeypatch.setattr(live_feed, "MOST_EACH", 20)
    until(page, lambda: page.inner_text("#cut") == "", "a line again")

    assert served.feed.n_listeners == 1


def test_a_session_that_ended_stays_signed_out_with_a_way_back_and_nothing_asks_on(served, signed_in, monkeypatch):
    pages = [signed_in.new_page() for _ in range(2)]
    for page in pages:
        page.goto(served.home)
    until(pages[0], lambda: served.feed.n_listeners == 1, "a line")
    served.lock(signed_in.number)
    served.feed.close()
    for page in pages:
        until(page, lambda page=page: "signed out" in page.inner_text("#cut"), "that the session is over")
    asked = []
    signed_in.on("request", lambda request: asked.append(request.url))
    pages[0].wait_for_timeout(20_000)  # longer than all that is silent, and than the longest wait for another try

    assert asked == []
    for page in pages:
        assert page.inner_text("#cut") == "You were signed out. Sign in again to go on. Sign in"
        assert page.get_attribute("#cut a", "href") == "/sign-in?next=%2F"
