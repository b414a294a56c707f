"""The second wall round what pages show of one incident. Rows are checked when they are read
(gateway/web/store/checked.py); what none of us foresaw in one of them costs that one, said in the log, and not the page
with all the others."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import structlog

UNFORESEEN = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
LOG = structlog.get_logger("web.pages")
Told = TypeVar("Told")
Shown = TypeVar("Shown")


def or_none(show: Callable[[], Shown], incident: str) -> Shown | None:
    """What `show` makes, None where it fails. incident : its name, for the log."""
    try:
        return show()
    except UNFORESEEN:
        LOG.exception("cannot be shown", incident=incident)
        return None


def shown_of(told: Iterable[Told], show: Callable[[Told], Shown], name: Callable[[Told], str]) -> list[Shown]:
    """What `show` makes of each; without those where it fails."""
    found = (or_none(lambda each=each: show(each), name(each)) for each in told)  # type: ignore[misc]
    return [each for each in found if each is not None]
