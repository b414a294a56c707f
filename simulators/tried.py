"""What was tried, against its bar: the table that `make web-check` and `make deploy-check` print."""

from collections.abc import Sequence
from dataclasses import dataclass

WORDS = {True: "PASS", False: "FAIL", None: "-"}


@dataclass(frozen=True, slots=True)
class Tried:
    """holds : None where there is no bar, or it could not be tried; found says why."""

    what: str
    bar: str
    found: str
    holds: bool | None


def as_text(rows: Sequence[Tried]) -> str:
    """One line each, in columns."""
    what, bar, found = (max(len(getattr(each, name)) for each in rows) for name in ("what", "bar", "found"))
    return "\n".join(
        f"{each.what:{what}}  {each.bar:{bar}}  {each.found:{min(found, 100)}}  {WORDS[each.holds]}" for each in rows
    )
