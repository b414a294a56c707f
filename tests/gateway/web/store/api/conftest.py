"""The API over a journal with what happens in a street, and programs that ask it by keys of their own."""

import pytest
from starlette.testclient import TestClient

from gateway.assembly.web_journal import WebJournal
from gateway.web.accounts import accounts, api_keys
from gateway.web.app import build_app
from gateway.web.grants import scopes
from gateway.web.live.feed import Feed
from gateway.web.parts import Parts
from gateway.web.settings import WebConfig
from gateway.web.store.reviewing import Reviewing

KEY = bytes(range(32))


class Api:
    """The application; `as_key(role, *scopes)` is a program that may ask it. door : of [door] in web.toml."""

    def __init__(self, follows, journalled, feed, **door):
        self.follows, self.journalled = follows, journalled
        reviewing = Reviewing(follows.store, WebJournal(journalled.path, "web", KEY), lambda seconds: follows.read())
        self.parts = Parts(WebConfig(door=door), follows.database, follows.plan, follows.store, feed, reviewing)
        self.app = build_app(self.parts)
        self.n_keys = 0

    def key(self, role="dispatcher", *scoped):
        """role : of the key; scoped : its scopes, all where there are none."""
        self.n_keys += 1
        lobby = self.app.state.lobby
        with lobby.database.writing() as connection:
            boss = accounts.named(connection, "boss")
            number = boss.id if boss else accounts.make(connection, "boss", "administrator", lobby.now_us())
            asked = scoped or scopes()
            return api_keys.make(connection, f"k{self.n_keys}", role, asked, scopes(), number, lobby.now_us())

    def as_key(self, role="dispatcher", *scoped):
        headers = {"Authorization": f"Bearer {self.key(role, *scoped)}"}
        return TestClient(self.app, headers=headers, base_url="http://127.0.0.1", follow_redirects=False)

    def stranger(self, **more):
        return TestClient(self.app, base_url="http://127.0.0.1", follow_redirects=False, **more)


def fill(journalled, follows, n=3):
    """Shots, what poles said of themselves, a lamp's order, alarms, reviews."""
    cov = {"cov_m2": [[1.2, 0.5], [0.5, 2.4]]}
    for number in range(1, n + 1):
        t_us = journalled.t_us + number * 10_000_000
        journalled.write(*journalled.shot(f"i-{number}", t_us, rounds=(cov,)))
    light = {"what": "light", "device": "L1", "done": True, "level_pct": 100, "note": "reads 100 %"}
    journalled.write(journalled.row("effect", incident="i-1", action="lights-1", t_us=journalled.t_us, **light))
    journalled.write(*(journalled.health(node) for node in journalled.places))
    journalled.write(journalled.review("i-1", "gunshot", "Ann Bo"), journalled.review("i-2", "unsure", "Bob"))
    follows.read()


@pytest.fixture
def api(journalled, follows):
    """With a street in which something happened; its feed ends at once."""
    fill(journalled, follows)
    return Api(follows, journalled, Feed())


@pytest.fixture
def api_of(journalled, follows):
    """`api_of(feed, **door)`: the same, with a feed of one's own and settings of the door."""

    def made(feed=None, **door):
        fill(journalled, follows)
        return Api(follows, journalled, feed or Feed(), **door)

    return made
