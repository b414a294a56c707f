"""The access log's rows in the reader's language. What is kept is English, as each row's hash covers it."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from gateway.web.accounts.access_log import Access

ABOUTS = ("a name that is not known", "single sign-on")
"""What stands for a name; every other one is a name, and stays as it is."""
NOTES = ("as {role}", "to {role}", "What the provider answered is not valid ({what}).")


@dataclass(frozen=True, slots=True)
class Deed:
    """What was done, to what, and what was noted of it."""

    what: str
    about: str
    note: str


def deed_words(say: Callable[[str], str], access: Access) -> Deed:
    """say : the reader's catalogue."""
    about = say(access.about) if access.about in ABOUTS else access.about
    return Deed(say(access.what) if access.what else "", about, _note(say, access.note))


def _note(say: Callable[[str], str], note: str) -> str:
    for english in NOTES:
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>\\w+)", re.escape(english))
        if told := re.fullmatch(pattern, note):
            return say(english).format(**{name: say(value) for name, value in told.groupdict().items()})
    return say(note) if note else ""
