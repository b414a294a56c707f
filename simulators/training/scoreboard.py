"""Figures against bars: one line a figure, for people and as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured and what it should be. ok : None where there is no bar, only something to be known."""

    what: str
    figure: str
    bar: str = ""
    ok: bool | None = None


def board(figures: Sequence[Figure]) -> str:
    """The table."""
    rows = [("what", "figure", "bar", "")]
    rows += [(each.what, each.figure, each.bar, _word(each)) for each in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def line(figure: Figure) -> dict[str, Any]:
    """As JSON."""
    return {"what": figure.what, "figure": figure.figure, "bar": figure.bar or None, "ok": figure.ok}


def _word(figure: Figure) -> str:
    return {None: "", True: "ok", False: "short"}[figure.ok]
