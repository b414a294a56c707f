"""*Live*: what waits, what a dispatcher presses, and how a page is told of news."""

import dataclasses
import json
import math

import pytest

from gateway.web.live.feed import Feed
from gateway.web.pages import live
from gateway.web.records import Change, Freshness


def test_what_waits_stands_first_with_how_sure_where_and_what_was_done(browser, shot):
    text = browser().get("/").text

    assert "1 waits for you" in text
    assert text.index("12 Main Street") < text.index("Seen")
    assert "gunshot 97\u00a0%" in text
    assert "six or more poles agree" in text
    assert "7 lamps lit" in text
    assert "1 lamp failed" in text


def test_an_acknowledged_one_waits_no_more_and_its_page_says_who_saw_it(browser, shot):
    dispatcher = browser()

    answer = dispatcher.post(f"/incidents/{shot.incident}/acknowledge")

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "Nothing waits for you" in dispatcher.get("/").text
    assert "seen by dispatcher-1" in dispatcher.get(f"/incidents/{shot.incident}").text


def test_the_first_who_took_note_is_remembered(browser, shot):
    browser().post(f"/incidents/{shot.incident}/acknowledge")
    browser("administrator").post(f"/incidents/{shot.incident}/acknowledge")

    assert "seen by dispatcher-1" in browser().get(f"/incidents/{shot.incident}").text


def test_a_part_of_the_page_is_answered_with_that_part_alone(browser, shot):
    answer = browser().post(f"/incidents/{shot.incident}/acknowledge", headers={"HX-Request": "true"})

    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "Nothing waits for you" in answer.text


def test_what_calls_nobody_and_what_was_reviewed_does_not_wait(browser, street, made):
    street.add(made.whole_of(made.brief_of("firework", 1, made.NOW_US, kind="fireworks")))
    street.add(made.whole_of(made.brief_of("reviewed", 2, made.NOW_US, review="gunshot", review_state="done")))

    text = browser().get("/").text

    assert "Nothing waits for you" in text
    assert text.count('class="card ') == 2


def test_more_than_a_screen_can_hold_is_counted(browser, street, made):
    for number in range(45):
        street.add(made.whole_of(made.brief_of(f"shot-{number}", number, made.NOW_US), files=False))

    text = browser().get("/").text

    assert "45 wait for you" in text
    assert "15 more wait" in text
    assert text.index("shot-44") < text.index("shot-43")


def test_an_empty_street_says_what_will_come(browser):
    text = browser().get("/").text

    assert "None yet. What is heard appears here by itself." in text


@pytest.mark.parametrize(
    "state, words",
    [
        ("behind", "412 rows of the journal are still to be read"),
        ("silent", "The gateway is silent"),
        ("offline", "the journal cannot be read"),
    ],
)
def test_every_page_says_that_it_is_not_of_now(browser, street, shot, made, state, words):
    street.fresh = Freshness(state, 412, 40, made.NOW_US - 60_000_000, ("in words why",))
    reader = browser("viewer")

    for path in ("/", "/incidents", "/poles", "/devices", f"/incidents/{shot.incident}", "/live/state"):
        text = reader.get(path).text
        assert words in text, path
        assert "in words why" in text, path


def test_without_javascript_the_page_loads_itself_anew(browser):
    assert '<noscript><meta http-equiv="refresh" content="10"></noscript>' in browser().get("/").text


def test_news_go_out_with_the_number_that_a_browser_comes_back_with(browser, parts):
    parts.feed.changes = [Change(41, ["incident"], "a"), Change(42, ["effect"], "a"), Change(43, ["alarm"], "")]

    text = browser().get("/live/events", headers={"Last-Event-ID": "41"}).text

    assert [line for line in text.splitlines() if line.startswith("id: ")] == ["id: 42", "id: 43"]
    beat = next(line for line in text.splitlines() if line.startswith("data: "))
    assert json.loads(beat[6:])["state"] == "ok"


def test_a_listener_too_many_is_told_so_as_a_problem_and_no_word_that_all_is_well(browser_of, parts, monkeypatch):
    monkeypatch.setattr("gateway.web.live.feed.MOST_EACH", 0)
    answer = browser_of(dataclasses.replace(parts, feed=Feed()), "viewer").get("/live/events")

    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert answer.json()["detail"] == "0 of this account or key listen already."
    assert int(answer.headers["retry-after"]) > 0


async def test_one_that_others_were_faster_than_is_not_told_that_all_is_well(parts, monkeypatch):
    monkeypatch.setattr("gateway.web.live.feed.MOST_EACH", 0)
    told = live._events(dataclasses.replace(parts, feed=Feed()), None, "account a")

    assert [each async for each in told] == []


@pytest.mark.parametrize("number", ["-1", "x", "9" * 40, "1; drop table"])
def test_a_number_that_is_none_is_told_all_that_comes(browser, parts, number):
    parts.feed.changes = [Change(41, ["incident"], "a")]

    answer = browser().get("/live/events", headers={"Last-Event-ID": number})

    assert answer.status_code == 200
    assert "id: 41" in answer.text


def test_a_viewer_is_shown_no_button_that_would_be_refused(browser, shot):
    text = browser("viewer").get("/").text

    assert "Acknowledge" not in text
    assert browser("viewer").post(f"/incidents/{shot.incident}/acknowledge").status_code == 403


def test_the_map_can_show_another_incident_than_the_newest(browser, street, shot, made):
    street.add(made.whole_of(dataclasses.replace(shot, incident="older", began=1, near="3 Elm Street")))

    text = browser().get("/live/map?show=older").text

    assert "3 Elm Street" in text
    assert "12 Main Street" not in text


def test_what_nobody_foresaw_in_one_incident_costs_that_one_and_shows_the_others(browser, street, made):
    for number, name in enumerate(("one", "two", "bad"), start=1):
        whole = made.whole_of(made.brief_of(f"i-{name}", number, made.NOW_US - 5_000_000))
        street.add(whole)
    bad = street.wholes["i-bad"]
    told = {**bad.rounds[0].told, "cov_m2": "xyzzy", "lat_deg": math.nan}
    brief = dataclasses.replace(bad.brief, lat_deg=math.inf)
    street.add(dataclasses.replace(bad, brief=brief, rounds=[dataclasses.replace(bad.rounds[0], told=told)]))
    dispatcher = browser()
    answer, shots = dispatcher.get("/"), dispatcher.get("/map/live.json").json()["shots"]["features"]
    rounds = dispatcher.get("/map/incidents/i-bad.json").json()["rounds"]["features"]

    assert (answer.status_code, "3 wait for you" in answer.text) == (200, True)
    assert [each["properties"]["name"] for each in shots] == ["i-two", "i-one"]
    assert rounds == []
