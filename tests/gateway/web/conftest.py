"""A browser of somebody who signed in, at an app whose clock a test turns."""

import pytest
from argon2 import PasswordHasher
from starlette.testclient import TestClient

from gateway.web.accounts import accounts, sessions
from gateway.web.accounts.lobby import Lobby
from gateway.web.accounts.passwords import Passwords
from gateway.web.accounts.settings import DoorTable
from gateway.web.app import build_app
from gateway.web.database import Database
from gateway.web.door.csrf import token_of
from gateway.web.live.feed import Feed
from gateway.web.parts import Parts
from gateway.web.records import Plan
from gateway.web.settings import WebConfig
from gateway.web.store.store import Store

CHEAP = Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
PASSWORD = "grey heron at the weir"


@pytest.fixture
def client_as():
    """`client_as(app, "analyst")`: a client of a person of that role, who may also post (it sends the token)."""

    def client(app, role, **more):
        lobby, name = app.state.lobby, f"{role}-1"
        with lobby.database.writing() as connection:
            account = accounts.named(connection, name)
            number = account.id if account else accounts.make(connection, name, role, lobby.now_us())
            secret = sessions.begin(connection, number, sessions.IN, lobby.now_us(), "testclient", "a test")
        headers = {"X-CSRF-Token": token_of(secret), "Accept": "text/html"}
        made = TestClient(app, headers=headers, follow_redirects=False, **more)
        made.cookies.set(lobby.cookie, secret)
        return made

    return client


class TurnedClock:
    """A clock that stands until it is turned."""

    def __init__(self):
        self.now_us = 1_763_000_000_000_000

    def __call__(self):
        return self.now_us

    def turn(self, seconds):
        self.now_us += int(seconds * 1_000_000)


class DoorApp:
    """An app with a turned clock and cheap passwords; `browser()` is one that nobody has signed in with."""

    password = PASSWORD

    def __init__(self, folder, provider=None, config=None, **door):
        config = config or WebConfig(door=DoorTable(**door))
        self.database, self.clock = Database(folder / "web.db"), TurnedClock()
        plan = Plan((51.5, -0.1, 20.0), ())
        self.lobby = Lobby(self.database, config.door, config.is_secure, provider, now_us=self.clock, passwords=CHEAP)
        self.app = build_app(Parts(config, self.database, plan, Store(self.database, plan), Feed()), self.lobby)

    def browser(self, **more):
        return TestClient(self.app, headers={"Accept": "text/html"}, follow_redirects=False, **more)

    def make(self, name, role="dispatcher", password=PASSWORD, until_us=0):
        with self.database.writing() as connection:
            hashed = CHEAP.hashed(password) if password else ""
            return accounts.make(connection, name, role, self.clock.now_us, hashed, until_us)

    def token(self, browser):
        return token_of(browser.cookies.get(self.lobby.cookie, ""))

    def post(self, browser, path, **fields):
        return browser.post(path, data={"csrf": self.token(browser), **fields})

    def sign_in(self, browser, name, password=PASSWORD, **more):
        browser.get("/sign-in")
        return self.post(browser, "/sign-in", name=name, password=password, **more)

    def log(self):
        with self.database.reading() as connection:
            return [tuple(row) for row in connection.execute("select who, what, about from access_log order by number")]


@pytest.fixture
def door(tmp_path):
    """`door(...)` makes a DoorApp in a folder of this test."""

    def make(**more):
        return DoorApp(tmp_path, **more)

    return make


@pytest.fixture(scope="session")
def door_in():
    """`door_in(folder)`: as `door`, where many tests share one."""
    return DoorApp
