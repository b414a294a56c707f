"""The languages of the pages."""

import pathlib
import re

import pytest
from babel.messages.extract import extract_from_dir

from gateway.pictures.street_map import FixSpot, LampSpot, Spot, Street, View, street_map
from gateway.web.drawn.picture_words import PICTURE_WORDS
from gateway.web.words.catalogue import LANGUAGES, SOURCE, catalogue, preferred

WEB = pathlib.Path(__file__).parents[4] / "gateway" / "web"
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
OPTIONS = {"**/templates/**.html": {"silent": "false"}}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "say": None, "in_words": (2,), "said": None, "_n": (1, 2)}
OTHERS = [language for language in LANGUAGES if language != SOURCE]


def collected():
    found = extract_from_dir(WEB, METHODS, OPTIONS, KEYWORDS)
    return {message for _, _, message, _, _ in found}


def names(text):
    return sorted(re.findall(r"%\((\w+)\)s|\{(\w+)\}|%[ds%]", text)), text.count("%%")


@pytest.mark.parametrize("language", OTHERS)
def test_no_word_of_the_pages_is_without_its_translation(language):
    words, found = catalogue(language), collected()

    assert len(found) > 300
    single = {each for each in found if isinstance(each, str)}
    assert single - words.words.keys() == set()
    assert {each[0] for each in found if isinstance(each, tuple)} - words.plurals.keys() == set()


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_holds_every_name_that_the_english_holds(language):
    words = catalogue(language)

    for english, told in words.words.items():
        assert names(english) == names(told), english
    for english, (one, more) in words.plurals.items():
        assert names(english) == names(one) == names(more), english


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_is_translated_that_no_page_says_any_more(language):
    words, found = catalogue(language), collected()

    single = {each for each in found if isinstance(each, str)}
    assert words.words.keys() - single == set()


def test_all_that_a_map_says_is_among_the_words_of_pictures():
    said = []
    street = Street(
        poles=[Spot("a", (0.0, 0.0))],
        quiet=[Spot("b", (50.0, 0.0))],
        fixes=[FixSpot("1", (10.0, 10.0), [[1.0, 0.0], [0.0, 1.0]])],
        sounds=[Spot("s", (5.0, 5.0))],
        lamps=[LampSpot((0.0, 0.0), True), LampSpot((50.0, 0.0), False)],
        views=[View("c", (20.0, 0.0), 10.0, 30.0)],
    )

    street_map(street, "x", lambda english: said.append(english) or english)

    assert set(said) <= set(PICTURE_WORDS)
    assert len(said) >= 8


@pytest.mark.parametrize(
    "header, language",
    [
        ("es", "es"),
        ("es-419,en;q=0.8", "es"),
        ("en,es", "en"),
        ("de, es;q=0.3, en;q=0.2", "es"),
        ("es;q=0", "en"),
        ("", "en"),
        ("*", "en"),
        ("," * 100_000, "en"),
        ("es;q=2;;;\x00", "en"),
    ],
)
def test_the_browsers_wish_is_read_as_far_as_it_can_be(header, language):
    assert preferred(header) == language
