"""The pages of `soundpost score locator --report`: the table, and a map of every miss and every false fix.

A folder of HTML files that ask nobody for anything, one a case.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from gateway.pictures import svg
from gateway.pictures.street_map import street_map
from simulators.locating.moments import Moment
from simulators.pages import folders
from simulators.training.scoreboard import Figure

MARK = '<meta name="generator" content="soundpost score locator">'
_PAGES = Environment(
    loader=PackageLoader("simulators.pages", "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chapter:
    """A case, and what went wrong in it. n_fired : rounds; 0 where nothing was fired."""

    name: str
    n_fired: int
    moments: tuple[Moment, ...]


def check_folder(folder: Path) -> None:
    """Raises ValueError where a report must not go: a file, or a folder that holds something else."""
    folders.check(folder, MARK)


def write_report(folder: Path, figures: Sequence[Figure], chapters: Sequence[Chapter]) -> Path:
    """The whole report, put in place at once. Returns its index.html. Raises as `check_folder`, and OSError."""
    common = {"mark": MARK, "style": svg.STYLE}
    names = [f"{number:02d}-{re.sub(r'[^A-Za-z0-9]+', '-', each.name)}.html" for number, each in enumerate(chapters, 1)]
    listed = list(zip(names, chapters, strict=True))
    single = _PAGES.get_template("locator_chapter.html")
    files = {
        name: single.render(chapter=chapter, maps=[_map(each) for each in chapter.moments], **common)
        for name, chapter in listed
        if chapter.moments
    }
    index = _PAGES.get_template("locator_index.html").render(figures=figures, chapters=listed, **common)
    return folders.write(folder, MARK, {"index.html": index, **files})


def _map(moment: Moment) -> str:
    return street_map(moment.street, f"Map of {moment.title}")
