"""What was not taken, and what was done, in the reader's language."""

import ast
import pathlib

import pytest

from gateway.web.account_pages.deed_words import ABOUTS, NOTES, deed_words
from gateway.web.accounts.access_log import Access
from gateway.web.grants import GRANTS
from gateway.web.words.catalogue import catalogue
from gateway.web.words.said import Said, said, sentence, told

WEB = pathlib.Path(__file__).parents[3] / "gateway" / "web"
ES = catalogue("es")
SPOKEN = {"Refused": 1, "SignOnFailed": 0, "Busy": 0, "BadReview": 0, "StaleReview": 0, "GatewayAway": 0,
          "NotReadBack": 0, "NoIncident": 0, "access_of": 1, "_access": 3, "Access": 4}  # fmt: skip
"""What people are told by, and which of its arguments they read."""
BOUNDS = ("accounts/accounts.py", "accounts/api_keys.py", "desk/saved.py", "rules/trials.py", "pages/asking.py",
          "store/search.py", "account_pages/people.py")  # fmt: skip
"""Where a ValueError is what a page says."""


def plain_words(path):
    """Calls in this file that would tell people plain English."""
    spoken = SPOKEN | ({"ValueError": 0} if str(path.relative_to(WEB)) in BOUNDS else {})
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in spoken:
            at = spoken[node.func.id]
            words = node.args[at] if len(node.args) > at else None
            if isinstance(words, (ast.JoinedStr, ast.Constant)):
                yield f"{path.relative_to(WEB)}:{node.lineno}: {ast.unparse(words)}"


def test_no_fault_and_no_deed_is_said_in_english_alone():
    assert [each for path in sorted(WEB.rglob("*.py")) for each in plain_words(path)] == []
    assert [each.logged for each in GRANTS if each.logged and not isinstance(each.logged, Said)] == []


def test_what_was_said_is_english_for_programs_and_the_readers_for_people():
    words = said("This is for {roles}; you are {role}.", roles=("viewer", "analyst"), role=("viewer",))

    assert words == "This is for viewer, analyst; you are viewer."
    assert told(ES.gettext, words) == "Esto es para observador, analista; usted es observador."
    assert told(ES.gettext, ValueError(words)) == told(ES.gettext, words)
    assert told(ES.gettext, "as it was typed {") == "as it was typed {"


def test_a_value_that_looks_like_a_placeholder_stays_as_it_was_typed():
    words = said("there is an account {name} already", name="{0.__class__}")

    assert told(ES.gettext, words) == "ya existe una cuenta {0.__class__}"


def test_a_sentence_has_a_capital_and_keeps_every_other():
    zone = said("a time zone is of the IANA list, as America/Chicago")

    assert sentence(zone) == "A time zone is of the IANA list, as America/Chicago."
    assert sentence("Done already.") == "Done already."
    assert sentence("") == "."


@pytest.mark.parametrize(
    ("note", "words"),
    [
        ("as viewer", "como observador"),
        ("to analyst", "a analista"),
        ("and took away the second step", "y quitó el segundo paso"),
        ("What the provider answered is not valid (sub).", "Lo que respondió el proveedor no es válido (sub)."),
        ("grade=A&text=100%25", "grade=A&text=100%25"),
        ("", ""),
    ],
)
def test_a_deeds_note_is_told_in_the_readers_language(note, words):
    deed = deed_words(ES.gettext, Access(1, "Ann", "viewer", "::1", "signed in", "single sign-on", note))

    assert (deed.what, deed.about, deed.note) == ("inició sesión", "inicio de sesión único", words)


def test_whom_a_deed_is_about_keeps_their_name():
    assert "Live" in ES.words
    assert deed_words(ES.gettext, Access(1, "Ann", "viewer", "::1", "locked an account", "Live")).about == "Live"
    assert {*ABOUTS, *NOTES} <= ES.words.keys()


def faults_of(there, browser):
    """Every kind of fault that this app can be brought to say without a gateway: what was asked, and the answer."""
    post, get = (lambda path, **fields: there.post(browser, path, **fields)), browser.get
    yield get("/incidents?until=abc")
    yield get("/incidents?near=x")
    yield get("/incidents?near=1,2&within=40000")
    yield get("/incidents?text=" + "a" * 400)
    yield get("/incidents?text=" + "a+" * 20)
    yield get("/incidents?grade=Z")
    yield get("/incidents?from=1950-01-01")
    yield get("/nothing")
    yield get("/?a=" + "a" * 9000)
    yield get("/sign-in/elsewhere")
    yield post("/incidents/saved", name="", query="")
    yield post("/incidents/saved", name="x" * 70, query="")
    yield post("/accounts", name="a b", role="viewer")
    yield post("/accounts", name="root", role="viewer")
    yield post("/accounts", name="zz", role="king")
    yield post("/accounts/1/role", role="viewer")
    yield post("/accounts/99999/lock")
    yield post("/account/password", password="x", new="short")
    yield post("/account/settings", language="xx1", time_zone="Nowhere")
    yield post("/account/settings", language="es", time_zone="Nowhere")
    yield post("/account/second-step", seed="x")
    yield post("/keys", name="k", role="viewer")
    yield post("/keys/7/revoke")
    yield post("/account/settings", csrf="bad")


def test_every_refusal_and_fault_is_spanish_on_a_spanish_page(door):
    there = door()
    browser = there.browser()
    there.make("root", "administrator")
    there.sign_in(browser, "root")
    browser.headers["accept-language"] = "es"
    english = {each for each in ES.words if len(each) > 12 and "{" not in each and ES.words[each] != each}

    answers = list(faults_of(there, browser))
    assert len(answers) == 24
    for shown in answers:
        assert shown.status_code >= 400, shown.request.url
        assert 'role="alert"' in shown.text, shown.request.url
        main = shown.text.partition("<main")[2].partition("</main>")[0]
        assert [each for each in english if f">{each}" in main or f">{each[:1].upper()}{each[1:]}." in main] == []
        for words in ("must be", "at most", "a role is", "already", "is the last", "letters"):
            assert words not in main.partition('role="alert"')[2][:300], (shown.request.url, words)


def test_who_is_wrong_is_told_so_in_spanish_and_the_log_reads_spanish(door):
    there = door()
    browser = there.browser()
    browser.headers["accept-language"] = "es"
    there.make("root", "administrator")

    wrong = there.sign_in(browser, "nobody", "wrong wrong wrong")
    there.sign_in(browser, "root")
    read = browser.get("/access")

    assert "El nombre o la contraseña no son correctos." in wrong.text
    for words in ("inició sesión", "no se le dejó entrar", "un nombre que no se conoce", "administrador"):
        assert words in read.text
    assert ("root", "signed in", "") in there.log()


def test_an_address_that_is_too_long_does_not_show_who_is_in_as_signed_out(door):
    there = door()
    browser = there.browser()
    there.make("root", "administrator")
    there.sign_in(browser, "root")

    shown = browser.get("/incidents?text=" + "a" * 9000)

    assert shown.status_code == 414
    assert "<summary>root</summary>" in shown.text
    assert "at most 8192 bytes" in shown.text


def signed_in(there, **more):
    browser = there.browser(**more)
    there.make("root", "administrator")
    there.sign_in(browser, "root")
    return browser


@pytest.mark.parametrize("path", ["/accounts/abc/lock", "/keys/0/revoke", "/static/nothing.css", "/static/../x"])
def test_what_leads_nowhere_is_a_page_for_people(door, path):
    there = door()
    browser = signed_in(there)

    shown = browser.get(path) if path.startswith("/static") else there.post(browser, path)

    assert (shown.status_code, shown.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "There is nothing at this address." in shown.text


def test_colours_without_a_colour_change_nothing_and_lead_back(door):
    there = door()
    browser = signed_in(there)

    gone = there.post(browser, "/appearance", back="/poles")

    assert (gone.status_code, gone.headers["location"], "theme" in browser.cookies) == (303, "/poles", False)


def test_choosing_colours_keeps_the_search(door):
    there = door()
    browser = signed_in(there)

    shown = browser.get("/incidents?grade=A&text=gun")
    gone = there.post(browser, "/appearance", theme="dark", back="/incidents?grade=A&text=gun")

    assert 'name="back" value="/incidents?grade=A&amp;text=gun"' in shown.text
    assert gone.headers["location"] == "/incidents?grade=A&text=gun"
    assert "secure" not in gone.headers["set-cookie"].lower()


def test_over_tls_the_colours_cookie_goes_over_tls_alone(door):
    there = door(public_url="https://street.example")
    browser = there.browser(base_url="https://street.example")
    browser.get("/about")

    gone = there.post(browser, "/appearance", theme="dark")

    assert "secure" in gone.headers["set-cookie"].lower()


def test_the_reference_of_the_api_is_linked_and_leads_through_the_sign_in(door):
    browser = door().browser()

    shown, gone = browser.get("/about"), browser.get("/api/v1/reference")

    assert 'href="/api/v1/reference"' in shown.text
    assert (gone.status_code, gone.headers["location"]) == (303, "/sign-in?next=/api/v1/reference")
    assert browser.get("/api/v1/poles").status_code == 401
