"""Words that Python has for people, such as why something was not taken: English for logs and programs, and told in the
reader's language where a page shows them."""

from collections.abc import Callable, Mapping


class Said(str):
    """The English sentence, filled in; `english` and `values` are what it is told in another language by."""

    __slots__ = ("english", "values")
    english: str
    values: Mapping[str, object]


def said(english: str, **values: object) -> Said:
    """english : with {names} for the values; calls of this are collected for the catalogues. values : Said ones and
    tuples of words are told in the reader's language, too; everything else stays as it is."""
    made = Said(english.format(**{name: _plain(value) for name, value in values.items()}))
    made.english, made.values = english, values
    return made


def told(gettext: Callable[[str], str], words: object) -> str:
    """In the reader's language. words : Said, or an exception that was raised with it; other words stay as they are."""
    if isinstance(words, BaseException):
        words = words.args[0] if len(words.args) == 1 else str(words)
    if not isinstance(words, Said):
        return str(words)
    return gettext(words.english).format(**{name: _told(gettext, value) for name, value in words.values.items()})


def sentence(words: str) -> str:
    """With a capital and a full stop; every other letter stays as it is."""
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "?", "!")) else ".")


def _plain(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else value


def _told(gettext: Callable[[str], str], value: object) -> object:
    if isinstance(value, tuple):
        return ", ".join(gettext(str(each)) for each in value)
    return told(gettext, value) if isinstance(value, Said) else value
