"""What the handbook names is there: files, tests, messages, doctor's lines, alerts, and the words in the glossary."""

import re
from pathlib import Path

import pytest
import yaml

from firmware import wire
from gateway.judging.third_look import EXPLOSION, FIREWORKS, GUNSHOT, OTHER, POSSIBLE, THUNDER, UNKNOWN

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"])
ROOMS = ("dsp", "firmware", "hw", "gateway", "simulators", "soundpost", "deploy", "tests", "bench", "docs")
NAMED = re.compile(rf"`((?:{'|'.join(ROOMS)})/[\w./-]*)`")
MADE = {"firmware/linux/wide_ear.npz", "gateway/web/static/vendor", "gateway/web/static/vendor/"}  # make ear, make web
TEST_NAMED = re.compile(r"`(test_\w+)`")
KINDS = (GUNSHOT, POSSIBLE, FIREWORKS, EXPLOSION, THUNDER, OTHER, UNKNOWN)
GLOSSARY = (DOCS / "glossary.md").read_text()
TROUBLE = (DOCS / "troubleshooting.md").read_text()
DESIGN = (
    *("pole", "node", "gateway", "block", "clip", "onset", "arrival", "frame", "group", "blast", "crack", "fix"),
    *("NoFix", "incident", "effect", "grade", "round", "ellipse", "journal", "outbox", "ack", "health", "policy"),
)
SAID = (
    *("uplink is down", "no answer from the gateway for 30 s", "broker lost", "broker still lost", "serial line lost"),
    *("broker comes and goes", "a node gets no acks", "a node's frames are of no use", "the clock was set"),
    *("another gateway is writing this journal", "lets others read it", "hangs up after the TLS handshake"),
    *("this port does not speak TLS", "another program came in with our client id", "before this program was written"),
    *("the broker does not let us listen on", "it takes the connection and says nothing", "the camera refuses: "),
    *("not a WAV, FLAC or OGG file, or damaged", "needs soundpost[", "is there and chrony does not follow it"),
    *("was never heard", "AREA, NO FIX", "NOT PLACED", "NOT DONE", "No live line"),
)
REFUSED = (
    *("heard it; ", "stand on one line", "fit the arrivals", "the arrivals fit no place"),
    "poles that agree stand so that it could be",
)
SOURCES = "\n".join(
    path.read_text()
    for room in ("dsp", "firmware", "gateway", "soundpost", "hw")
    for ending in ("*.py", "*.html")
    for path in (ROOT / room).rglob(ending)
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_files_and_tests_that_a_page_names_are_there(page):
    text = page.read_text()
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py")) if "`test_" in text else ""

    assert {each for each in NAMED.findall(text) if not (ROOT / each).exists()} - MADE == set()
    assert [each for each in TEST_NAMED.findall(text) if f"def {each}(" not in tests] == []


@pytest.mark.parametrize("said", SAID)
def test_what_troubleshooting_says_that_a_program_says_it_says(said):
    assert said in TROUBLE
    assert said in SOURCES


@pytest.mark.parametrize("said", REFUSED)
def test_why_no_place_is_given_is_told_as_the_solver_tells_it(said):
    assert said in (DOCS / "explanation/placing.md").read_text()
    assert said in SOURCES


def test_each_line_of_the_doctor_has_its_row_in_troubleshooting():
    doctor = "\n".join(path.read_text() for path in (ROOT / "soundpost/doctor").glob("*.py"))
    checks = set(re.findall(r'(?:passed|warned|failed)\(\s*"([\w ]+)"', doctor))

    assert {"node", "time", "broker"} <= checks
    assert {each for each in checks if f"`{each}`" not in TROUBLE} == set()


def test_each_alert_has_its_symptom_in_troubleshooting():
    rules = yaml.safe_load((ROOT / "deploy/prometheus/soundpost.rules.yml").read_text())
    alerts = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}

    assert len(alerts) > 10
    assert {each for each in alerts if f"`{each}`" not in TROUBLE} == set()


@pytest.mark.parametrize("word", DESIGN)
def test_the_designs_words_are_in_the_glossary(word):
    assert f"| **{word}** |" in GLOSSARY


def test_clock_states_and_kinds_are_in_the_glossary():
    assert [each for each in wire.CLOCK_STATES if f"**{each}**" not in GLOSSARY] == []
    assert [each for each in KINDS if each not in GLOSSARY] == []


def test_the_glossary_is_in_the_order_of_the_alphabet():
    words = [line.split("|")[1].strip(" *").lower() for line in GLOSSARY.splitlines() if line.startswith("| ")]

    assert words[2:] == sorted(words[2:])
