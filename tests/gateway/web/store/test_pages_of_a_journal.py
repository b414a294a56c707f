"""The pages of a real journal, through the door: read by the store, and shown as it stands there."""

import json

import pytest

from gateway.assembly.web_journal import WebJournal
from gateway.web.app import build_app
from gateway.web.live.feed import Feed
from gateway.web.parts import Parts
from gateway.web.settings import WebConfig
from gateway.web.store.reviewing import Reviewing

COV = [[1.2, 0.5], [0.5, 2.4]]
PATHS = ("/", "/incidents", "/incidents/i-1", "/incidents/i-1/print", "/poles", "/poles/P1", "/devices", "/policy")


@pytest.fixture
def pages(follows, journalled, client_as):
    """`pages()` reads the journal as it is now; comes back: a dispatcher's browser."""

    def opened():
        store = follows.read()
        reviewing = Reviewing(store, WebJournal(journalled.path, "web", bytes(32)))
        parts = Parts(WebConfig(), follows.database, follows.plan, store, Feed(), reviewing)
        return client_as(build_app(parts), "dispatcher")

    return opened


def test_a_shot_with_all_that_followed_is_shown(pages, journalled):
    journalled.write(*journalled.shot(late_us={"P3": 900}, rounds=({"cov_m2": COV},)))
    light = {"what": "light", "device": "L1", "done": True, "level_pct": 100, "note": "reads 100 %"}
    journalled.write(journalled.row("effect", incident="i-1", action="lights-1", t_us=journalled.t_us, **light))
    journalled.write(*(journalled.health(node) for node in journalled.places))
    dispatcher = pages()

    text = dispatcher.get("/incidents/i-1").text

    assert "1 lamp lit" in text
    assert "+0.90" in text  # what P3 was late, in ms
    assert "<title>Sound at each pole</title>" in text
    assert 'class="ellipse"' in text
    assert "Lamp L1 to 100 %" in text
    assert dispatcher.get("/poles/P1").text.count("21.0 °C") == 1


def test_every_page_of_an_empty_journal_is_a_page(pages):
    dispatcher = pages()

    for path in PATHS:
        answer = dispatcher.get(path)
        assert answer.status_code == (404 if "i-1" in path or path == "/poles/P9" else 200), path
        assert "</html>" in answer.text


def test_a_round_without_an_ellipse_is_listed_and_not_drawn(pages, journalled):
    journalled.write(*journalled.shot())

    text = pages().get("/incidents/i-1").text

    assert "Round 1" in text
    assert 'class="ellipse"' not in text.split("<title>Map of the street</title>")[1].split("</svg>")[0]


def test_what_cannot_reach_the_gateway_comes_back_as_it_was_typed(pages, journalled):
    journalled.write(*journalled.shot())
    dispatcher = pages()
    version = dispatcher.get("/incidents/i-1").text.split('name="version" value="')[1].split('"')[0]

    fields = {"choice": "gunshot", "note": "two casings", "version": version}
    answer = dispatcher.post("/incidents/i-1/review", data=fields)

    assert answer.status_code == 503
    assert ">two casings</textarea>" in answer.text
    assert 'role="alert"' in answer.text


def test_what_a_search_finds_is_taken_along_as_it_stands_in_the_journal(pages, journalled):
    for number in range(30):
        journalled.write(journalled.incident(f"i-{number}", journalled.t_us + number * 1_000_000))

    told = json.loads(pages().get("/incidents.geojson").text)

    assert [each["id"] for each in told["features"]] == [f"i-{number}" for number in range(29, -1, -1)]
