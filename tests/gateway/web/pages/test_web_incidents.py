"""*Incidents*: a search that stands in the address, searches that are kept, lists that are taken along."""

import csv
import io
import json

import pytest

from gateway.web.pages.asking import asked


def fill(street, made, number=120):
    for at in range(number):
        brief = made.brief_of(
            f"shot-{at:04d}", at, made.NOW_US - at * 60_000_000, grade="ABC"[at % 3], near=f"{at} Elm Street"
        )
        street.add(made.whole_of(brief, files=False))


def test_a_thousand_are_shown_page_by_page_and_none_twice(browser, street, made):
    fill(street, made, 1000)
    reader, seen, path = browser(), [], "/incidents"

    while path:
        text = reader.get(path).text
        seen += [part.split('"')[0] for part in text.split('href="/incidents/shot-')[1:]]
        older = text.split('">Older<')[0].rsplit('href="', 1)[1] if ">Older<" in text else ""
        path = older.replace("&amp;", "&")

    assert seen == [f"{at:04d}" for at in range(999, -1, -1)]


def test_a_search_stays_in_the_form_and_in_the_next_pages_address(browser, street, made):
    fill(street, made, 200)

    text = browser().get("/incidents?text=Elm&grade=A&from=2020-01-01T00:00").text

    assert 'value="Elm"' in text
    assert '<option value="A" selected>' in text
    assert "text=Elm&amp;from=2020-01-01T00%3A00&amp;grade=A&amp;after=" in text
    assert "grade-B" not in text


@pytest.mark.parametrize(
    "query, words",
    [
        ("text=" + "x" * 5000, "Text: at most 300 letters"),
        ("from=yesterday", "From: must be a day and an hour"),
        ("near=here", "Near: must be latitude, longitude"),
        ("near=91,0", "Near: must be latitude, longitude"),
        ("near=1,1&within=-5", "Within: must be 1 to 30000 metres"),
        ("grade=Z", "Grade: must be A, B or C"),
    ],
)
def test_what_cannot_be_searched_for_is_said_and_what_was_typed_stays(browser, shot, query, words):
    answer = browser().get("/incidents?" + query)

    assert answer.status_code == 422
    assert words in answer.text
    assert browser().get("/incidents.csv?" + query).status_code == 422


def test_the_hours_of_a_search_are_the_readers():
    search = asked({"from": "2026-11-07T21:30", "until": "2026-11-07"}, "America/Chicago").search

    assert search.from_us == 1_794_108_600_000_000  # 03:30 UTC the day after
    assert search.until_us + 1 - search.from_us == 2.5 * 3_600_000_000  # to the end of that day


def test_nothing_found_is_said(browser):
    assert "No incident fits this search." in browser().get("/incidents?text=nowhere").text


def test_a_saved_search_is_its_owners_alone_and_can_be_taken_away(browser, shot):
    dispatcher = browser()

    answer = dispatcher.post("/incidents/saved", data={"name": "Nights", "query": "grade=A&text=Main"})

    assert answer.headers["location"] == "/incidents?text=Main&grade=A"
    assert '<a href="/incidents?text=Main&amp;grade=A">Nights</a>' in dispatcher.get("/incidents").text
    assert "Nights" not in browser("analyst").get("/incidents").text
    dispatcher.post("/incidents/saved/drop", data={"name": "Nights"})
    assert "Nights" not in dispatcher.get("/incidents").text


def test_a_name_that_is_too_long_is_said_and_not_lost(browser, shot):
    answer = browser().post("/incidents/saved", data={"name": "n" * 61, "query": "grade=A"})

    assert answer.status_code == 422
    assert "1 to 60 letters (this one has 61)" in answer.text
    assert "n" * 61 in answer.text


def test_the_fifty_first_saved_search_is_refused(browser, shot):
    dispatcher = browser()
    for number in range(50):
        dispatcher.post("/incidents/saved", data={"name": f"n{number}", "query": "grade=A"})

    answer = dispatcher.post("/incidents/saved", data={"name": "one more", "query": "grade=A"})

    assert answer.status_code == 422
    assert "At most 50 searches" in answer.text
    assert dispatcher.post("/incidents/saved", data={"name": "n7", "query": "grade=B"}).status_code == 303


def test_csv_has_every_row_and_no_formula(browser, street, made):
    fill(street, made, 1200)
    street.add(made.whole_of(made.brief_of("evil", 5000, made.NOW_US, near='=HYPERLINK("http://x")'), files=False))

    answer = browser("analyst").get("/incidents.csv")

    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert len(rows) == 1201
    assert rows[0]["near"] == '\'=HYPERLINK("http://x")'
    assert rows[0]["lon_deg"].startswith("-87.5")
    assert answer.headers["content-disposition"] == 'attachment; filename="incidents.csv"'


def test_geojson_is_whole_and_has_longitude_first(browser, street, made):
    fill(street, made, 700)

    told = json.loads(browser().get("/incidents.geojson?grade=A").text)

    assert len(told["features"]) == 234
    assert told["features"][0]["geometry"]["coordinates"][0] < -80
    assert json.loads(browser().get("/incidents.geojson?text=nowhere").text)["features"] == []


def times_of(**typed):
    """In hours from midnight of 1 November 2026 in Chicago, where 01:00 to 02:00 comes twice."""
    found = asked(typed, "America/Chicago")
    midnight_us = 1_793_509_200 * 1_000_000
    assert found.fault == ""
    search = found.search
    return [None if at is None else round((at - midnight_us) / 3_600e6, 3) for at in (search.from_us, search.until_us)]


def test_an_hour_that_comes_twice_is_searched_from_its_first_to_the_end_of_its_second():
    assert times_of(**{"from": "2026-11-01T01:15", "until": "2026-11-01T01:44"}) == [1.25, 2.75]
    assert times_of(**{"from": "2026-11-01", "until": "2026-11-01"}) == [0, 25]


def test_an_hour_that_never_comes_is_no_gap_in_a_search():
    found = asked({"from": "2026-03-08T02:30", "until": "2026-03-08T02:30"}, "America/Chicago").search

    assert found.until_us - found.from_us >= 3_600_000_000


def test_until_a_minute_has_that_minute_and_a_blank_means_the_same_as_a_t():
    whole_day = times_of(**{"from": "2026-11-01T00:00", "until": "2026-11-01T23:59"})

    assert whole_day == [0, 25]
    assert times_of(until="2026-11-01 02:14") == times_of(until="2026-11-01T02:14") == [None, 3.25]
    assert times_of(until="2026-11-01T02:14:59") == [None, 3.25]


@pytest.mark.parametrize("page", ["/incidents", "/incidents.csv", "/incidents.geojson"])
@pytest.mark.parametrize("name", ["from", "until"])
@pytest.mark.parametrize(
    "value", ["9999-12-31", "9999-12-31T23:59", "9999-12-31 23:59:59-12:00", "0001-01-01", "0001-01-01T00:00+14:00"]
)
def test_a_search_to_the_ends_of_the_calendar_is_answered(browser, shot, page, name, value):
    assert browser("analyst").get(page, params={name: value}).status_code in (200, 400, 422)


@pytest.mark.parametrize("value", ["2026-W44-7", "20261101", "2026-11-01x02:15", "2026-11-01T25:00", "2026-13-01", "x"])
def test_a_time_that_is_written_otherwise_is_said(value):
    assert asked({"until": value}, "UTC").fault.startswith("until: must be a day and an hour such as")


def test_utc_has_its_date_where_it_is_another_day(browser, street, made):
    brief = made.brief_of("late", 5, 1_793_599_170 * 1_000_000)  # 1 Nov 2026, 23:59:30 in Chicago
    street.add(made.whole_of(brief))

    assert "2 Nov 2026 05:59:30 UTC" in browser().get("/incidents").text
