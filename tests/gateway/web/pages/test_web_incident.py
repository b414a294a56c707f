"""*Incident* and *Review*: all of one, and what a person says of it."""

import dataclasses

import pytest

from gateway.orders import NEWER
from gateway.web.records import Happened, Review


@pytest.fixture
def page(browser, shot):
    return browser().get(f"/incidents/{shot.incident}").text


def test_it_has_map_timeline_sound_and_how_late_each_pole_was(page):
    assert page.count("<svg xmlns") + page.count('xmlns="http://www.w3.org/2000/svg"') >= 4
    for words in ("Map of the street", "Timeline", "Sound at each pole", "How late it came at each pole"):
        assert f"<title>{words}</title>" in page


def test_it_says_why_and_what_was_done_and_what_was_not(page):
    assert "8 of 8 poles take it for a gunshot" in page
    assert "no: gunshot 97\u00a0%, and 99\u00a0% is asked for" in page
    assert "Lamp L7 to 100 %" in page
    assert "Camera C1 turned to 66°" in page


def test_each_row_stands_there_with_its_hash(page, street, shot):
    for row in street.whole(shot.incident).happened:
        assert row.hash in page


def test_no_evidence_goes_out_before_somebody_asks_for_it(page, parts):
    assert 'preload="none"' in page
    assert 'loading="lazy"' in page
    assert parts.clips.shown == []


def test_the_print_view_is_unfolded_and_has_nothing_to_press(browser, shot):
    text = browser().get(f"/incidents/{shot.incident}/print").text.split("<main", 1)[1].split("</main>")[0]

    assert "<details open>" in text
    assert "<button" not in text
    assert "<video" not in text


def test_rows_of_a_kind_nobody_knows_and_with_nothing_in_them_are_listed(browser, street, shot):
    whole = street.whole(shot.incident)
    odd = [
        Happened(900 + at, shot.first_us, what, {}, "ee" * 32)
        for at, what in enumerate(("incident", "reason", "effect", "request", "soon", "never-heard-of"))
    ]
    street.add(dataclasses.replace(whole, happened=odd))

    answer = browser().get(f"/incidents/{shot.incident}")

    assert answer.status_code == 200
    assert "never-heard-of" in answer.text


def test_an_order_that_a_newer_one_took_the_place_of_is_listed_and_did_not_fail(browser, street, shot):
    body = {"what": "light", "device": "L1", "done": False, "level_pct": 100, "note": NEWER, "superseded": True}
    newer = Happened(900, shot.first_us, "effect", body, "ee" * 32)
    failed = '<strong class="bad">failed</strong>'
    told = []
    for more in (body, {**body, "note": "no answer", "superseded": False}):
        street.add(dataclasses.replace(street.whole(shot.incident), happened=[dataclasses.replace(newer, body=more)]))
        told.append(browser().get(f"/incidents/{shot.incident}").text)

    assert NEWER in told[0]
    assert [failed in each for each in told] == [False, True]


def test_an_incident_without_sound_survey_or_files_is_shown(browser, street, shot):
    whole = street.whole(shot.incident)
    bare = [dataclasses.replace(each, onsets=(), missing=("P1", "P2")) for each in whole.rounds]
    street.add(dataclasses.replace(whole, rounds=bare, files=(), accesses=()))

    text = browser().get(f"/incidents/{shot.incident}").text

    assert "Not in the journal: what came from P1, P2." in text
    assert "No clip, still or plate is kept of it." in text


def test_one_that_is_not_there_is_a_page_that_says_so(browser):
    for path in ("/incidents/nope", "/incidents/nope/print", "/incidents/..%2f..%2fetc"):
        assert browser().get(path).status_code == 404
    assert browser().post("/incidents/nope/review", data={"choice": "gunshot"}).status_code == 404


@pytest.mark.parametrize(
    "choice, verdict, what",
    [
        ("gunshot", "gunshot", ""),
        ("fireworks", "no gunshot", "fireworks"),
        ("other", "no gunshot", "other"),
        ("unsure", "unsure", ""),
        ("exercise", "gunshot", "exercise"),
    ],
)
def test_one_press_is_a_review(browser, parts, shot, choice, verdict, what):
    fields = {"choice": choice, "note": "two  casings\r\nfound", "version": str(shot.version)}

    answer = browser().post(f"/incidents/{shot.incident}/review", data=fields)

    assert answer.headers["location"] == f"/incidents/{shot.incident}#review"
    taken = parts.reviewing.taken[0]
    assert (taken.verdict, taken.what, taken.note, taken.who) == (verdict, what, "two casings found", "dispatcher-1")


def test_two_reviews_at_once_are_shown_side_by_side_and_nothing_typed_is_lost(browser, shot):
    fields = {"choice": "gunshot", "note": "casings", "version": str(shot.version)}
    browser().post(f"/incidents/{shot.incident}/review", data=fields)

    late = {"choice": "fireworks", "note": "I saw the rocket", "version": str(shot.version)}
    answer = browser("analyst").post(f"/incidents/{shot.incident}/review", data=late)

    assert answer.status_code == 409
    assert "It changed since you saw it" in answer.text
    assert ">I saw the rocket</textarea>" in answer.text
    assert 'value="fireworks" aria-pressed="true"' in answer.text
    assert "casings" in answer.text
    assert f'name="version" value="{shot.version + 1}"' in answer.text


def test_a_note_that_is_too_long_comes_back_whole(browser, shot):
    fields = {"choice": "gunshot", "note": "n" * 3000, "version": str(shot.version)}

    answer = browser().post(f"/incidents/{shot.incident}/review", data=fields)

    assert answer.status_code == 422
    assert "at most 500 letters (it has 3000)" in answer.text
    assert "n" * 3000 in answer.text


def test_a_megabyte_of_comment_comes_back_whole_and_more_is_told_the_limit(browser, shot):
    fields = {"choice": "gunshot", "version": str(shot.version)}
    path = f"/incidents/{shot.incident}/review"

    much = browser().post(path, data={**fields, "note": "é" * 500_000})
    more = browser().post(path, data={**fields, "note": "n" * 3_300_000})

    assert (much.status_code, "it has 500000" in much.text, "é" * 500_000 in much.text) == (422, True, True)
    assert (more.status_code, "at most 3200000 bytes" in more.text) == (413, True)


def test_the_fields_of_a_review_and_a_search_take_no_more_than_is_taken(browser, shot):
    shown, searched = browser().get(f"/incidents/{shot.incident}").text, browser().get("/incidents").text

    assert '<textarea id="note" name="note" maxlength="500"' in shown
    assert 'data-left="{left} letters left"' in shown
    assert 'name="text" maxlength="200"' in searched


def test_an_incident_that_was_reviewed_is_not_said_to_wait_for_somebody(browser, shot):
    path, words = f"/incidents/{shot.incident}", "nobody took note of it yet"
    before = browser().get(path).text
    browser().post(path + "/review", data={"choice": "gunshot", "version": str(shot.version)})

    assert words in before
    assert words not in browser().get(path).text


@pytest.mark.parametrize("choice", ["", "gunshots", "<b>"])
def test_a_review_that_says_nothing_keeps_the_note(browser, shot, choice):
    answer = browser().post(f"/incidents/{shot.incident}/review", data={"choice": choice, "note": "a long story"})

    assert answer.status_code == 422
    assert "Say what it was" in answer.text
    assert "a long story" in answer.text


def test_where_two_must_agree_it_says_that_one_is_waited_for(browser, street, shot):
    whole = street.whole(shot.incident)
    one = Review(9, shot.incident, shot.told_us, "web", "Bob", "gunshot", "", "casings")
    brief = dataclasses.replace(shot, review="gunshot", review_state="second")
    street.add(dataclasses.replace(whole, brief=brief, reviews=[one]))

    assert "A second person has to say the same" in browser().get(f"/incidents/{shot.incident}").text


def test_plates_are_shown_after_a_press_and_to_whom_is_told(browser, parts, shot, made):
    text = browser().post(f"/incidents/{shot.incident}/plates").text

    assert "ABC 123" in text
    assert made.HOSTILE not in text
    assert parts.clips.shown == [(shot.incident, "sightings", "dispatcher-1")]


def test_a_clip_plays_by_ranges(browser, parts, shot):
    path = f"/incidents/{shot.incident}/files/C1-1.mp4"

    part = browser().get(path, headers={"Range": "bytes=2-4"})

    assert (part.status_code, part.content, part.headers["content-range"]) == (206, b"234", "bytes 2-4/9")
    assert part.headers["content-type"] == "video/mp4"
    assert browser().get(path).content == b"012345678"
    assert browser().get(path, headers={"Range": "bytes=-3"}).content == b"678"
    assert browser().get(path, headers={"Range": "bytes=9-"}).status_code == 416
    assert parts.clips.shown[0] == (shot.incident, "C1-1.mp4", "dispatcher-1")


@pytest.mark.parametrize("file", ["nope.mp4", "C2-1.mp4", "..%2f..%2fweb.db"])
def test_a_file_that_is_not_kept_is_not_opened(browser, parts, shot, file):
    assert browser().get(f"/incidents/{shot.incident}/files/{file}").status_code == 404
    assert parts.clips.shown == []
