"""The languages of the pages: English as it stands in templates and code, others from the `.po` files beside this file.

They are read as they are in git when the process starts: nothing is compiled, so a package needs no step of its own.
"""

import functools
import pathlib
import re
from dataclasses import dataclass

from babel.messages.pofile import read_po

FOLDER = pathlib.Path(__file__).parent
LANGUAGES = {"en": "English", "es": "Español"}
"""By tag of BCP 47, each by its own name. The first is the source's."""

SOURCE = "en"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What is said in one language. words : by the English; plurals : by the English singular, one and more."""

    language: str
    words: dict[str, str]
    plurals: dict[str, tuple[str, str]]

    def gettext(self, english: str) -> str:
        """In this language, or the English where it has no words for it."""
        return self.words.get(english, english)

    def ngettext(self, one: str, more: str, number: int) -> str:
        """As gettext, for one or for more (and none)."""
        singular, plural = self.plurals.get(one, (one, more))
        return singular if number == 1 else plural

    def pgettext(self, context: str, english: str) -> str:
        """As gettext, where the same English means two things: `context` says which."""
        return self.words.get(f"{context}\x04{english}", english)


@functools.cache
def catalogue(language: str) -> Catalogue:
    """Of one of LANGUAGES. Raises OSError or ValueError where its file cannot be read."""
    if language == SOURCE:
        return Catalogue(language, {}, {})
    words: dict[str, str] = {}
    plurals: dict[str, tuple[str, str]] = {}
    with (FOLDER / f"{language}.po").open("rb") as file:
        for message in read_po(file, locale=language, abort_invalid=True):
            told = message.string
            if isinstance(message.id, (tuple, list)):
                plurals[message.id[0]] = (str(told[0]), str(told[1])) if told else (message.id[0], message.id[1])
            elif message.id and told and not message.fuzzy:
                words[f"{message.context}\x04{message.id}" if message.context else message.id] = str(told)
    return Catalogue(language, words, plurals)


def preferred(accept_language: str) -> str:
    """The language of ours that a browser's Accept-Language (RFC 9110, 12.5.4) likes best; English where it names none.
    What cannot be read of it is left out."""
    wanted: list[tuple[float, int, str]] = []
    for index, part in enumerate(accept_language[:1000].split(",")):
        told = re.fullmatch(
            r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]+)?\s*(?:;\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?\s*", part
        )
        if told and told[1].lower() in LANGUAGES:
            wanted.append((-float(told[2] or 1), index, told[1].lower()))
    liked = [language for quality, _, language in sorted(wanted) if quality < 0]
    return liked[0] if liked else SOURCE
