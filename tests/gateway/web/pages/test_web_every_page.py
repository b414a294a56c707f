"""What holds for every page: the CSP's rules, order for who cannot see, escaped text, languages, times."""

import dataclasses
import html.parser
import itertools

import pytest

from gateway.web.records import Review
from gateway.web.street import AlarmState

PATHS = (
    "/", "/incidents", "/incidents?text=x&from=2026-01-01T00:00", "/incidents/SHOT", "/incidents/SHOT/print", "/poles",
    "/poles/P1", "/devices", "/policy", "/about", "/nothing/here", "/incidents/none",
)  # fmt: skip
VOID = {"meta", "link", "input", "br", "img", "path", "line", "circle", "rect", "ellipse", "wbr"}


class Read(html.parser.HTMLParser):
    """A page's elements, in order, with the text that is in each heading."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.faults = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        told = dict(attributes)
        self.elements.append((tag, told))
        self.faults += [f"{tag} has {name}" for name in told if name == "style" or name.startswith("on")]
        self.faults += ["inline script"] if tag == "script" and "src" not in told else []
        self.faults += ["inline style"] if tag == "style" else []
        self.faults += [
            f"{tag} fetches {value}"
            for name, value in told.items()
            if name in ("src", "href", "action") and value and value.startswith(("http", "//", "data:", "javascript:"))
        ]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing that is open")

    def of(self, *tags):
        return [(tag, told) for tag, told in self.elements if tag in tags]


@pytest.fixture
def pages(browser, shot):
    """Every page as an administrator is shown it."""

    def read(**more):
        reader = browser("administrator", **more)
        return {path: reader.get(path.replace("SHOT", shot.incident)) for path in PATHS}

    return read


def test_no_page_has_a_script_or_a_style_of_its_own_or_fetches_from_outside(pages):
    for path, answer in pages().items():
        assert Read(answer.text).faults == [], path


def test_every_page_can_be_gone_through_by_heading_landmark_and_label(pages):
    for path, answer in pages().items():
        page = Read(answer.text)
        levels = [int(tag[1]) for tag, _ in page.of("h1", "h2", "h3", "h4")]
        assert levels.count(1) == 1 and levels[0] == 1, path
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels)), (path, levels)
        assert [len(page.of(tag)) for tag in ("main", "header", "footer")] == [1, 1, 1], path
        assert len(page.of("table")) == len(page.of("caption")), path
        assert all(told.get("scope") in ("col", "row") for _, told in page.of("th")), path
        ids = [told["id"] for _, told in page.elements if "id" in told]
        assert len(ids) == len(set(ids)), path
        labelled = {told.get("for") for _, told in page.of("label")}
        for tag, told in page.of("input", "select", "textarea"):
            assert told.get("type") == "hidden" or told.get("id") in labelled, (path, tag, told)


def test_hostile_text_is_text_everywhere(browser, street, shot, made, parts):
    bad, whole = made.HOSTILE, street.whole(shot.incident)
    review = Review(9, shot.incident, shot.told_us, bad, bad, "gunshot", bad, bad)
    kept = [dataclasses.replace(each, camera=bad, note=bad, file=bad) for each in whole.files]
    rows = [
        dataclasses.replace(each, body=dict.fromkeys(each.body, bad))
        for each in whole.happened
        if each.what == "effect"
    ]
    brief = dataclasses.replace(shot, near=bad, why=bad, quiet=bad, kind=bad, review_what=bad, review="no gunshot")
    accesses = [dataclasses.replace(each, who=bad, note=bad) for each in whole.accesses]
    street.add(dataclasses.replace(whole, brief=brief, reviews=[review], files=kept, happened=rows, accesses=accesses))
    street.pole_states[0] = made.pole_of(
        "P1", "alarm", [AlarmState("pole", "P1", bad, bad, 1, 2)], clock=bad, stage=bad
    )
    street.alarmed = [AlarmState("lamp", bad, bad, bad, 1, 2)]
    reader = browser("administrator")

    for path in PATHS:
        text = reader.get(path.replace("SHOT", shot.incident)).text
        assert "<script>alert" not in text, path
        assert "<b>" not in text, path
    assert "<script>alert" not in reader.get(f"/incidents?text={bad}&name={bad}").text
    assert "<b>" not in reader.post(f"/incidents/{shot.incident}/review", data={"note": bad, "choice": bad}).text
    assert "<b>" not in reader.post("/incidents/saved", data={"name": bad * 9, "query": bad}).text


def test_a_spanish_reader_is_answered_in_spanish(browser, shot):
    text = browser(language="es").get("/").text

    assert '<html lang="es"' in text
    assert "1 le espera" in text
    assert "Atender" in text


def test_the_account_decides_the_language_before_the_browser(browser, shot):
    spanish = {"Accept-Language": "es-MX,es;q=0.9,en;q=0.5"}

    assert '<html lang="es"' in browser().get("/", headers=spanish).text
    assert '<html lang="en"' in browser(language="en").get("/", headers=spanish).text


def test_times_are_the_readers_with_utc_beside_them(browser, street, made):
    street.add(made.whole_of(made.brief_of("noon", 5, 1_795_845_018_420_692)))  # 28 Nov 2026, 05:50:18 UTC

    text = browser(time_zone="America/Chicago").get("/incidents").text

    assert 'datetime="2026-11-28T05:50:18.420Z">27 Nov 2026 23:50:18</time>' in text
    assert "05:50:18 UTC" in text
    assert "28 nov 2026 06:50:18" in browser(time_zone="Europe/Madrid", language="es").get("/incidents").text


def test_the_colours_that_were_chosen_stay_and_lead_nowhere_else(browser):
    reader = browser()

    answer = reader.post("/appearance", data={"theme": "dark", "back": "/poles"})

    assert (answer.status_code, answer.headers["location"]) == (303, "/poles")
    assert '<html lang="en" data-theme="dark">' in reader.get("/poles").text
    assert reader.post("/appearance", data={"theme": "red"}).headers.get("set-cookie") is None


@pytest.mark.parametrize(
    "back", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\r\nX: y", "", "é"]
)
def test_no_address_leads_to_another_server(browser, back):
    assert browser().post("/appearance", data={"theme": "dark", "back": back}).headers["location"] == "/"


def test_answers_are_kept_nowhere(pages):
    for path, answer in pages().items():
        assert "no-store" in answer.headers["cache-control"], path
