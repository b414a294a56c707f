"""The page of `soundpost detect --report`: what was heard in many files, those first that sound most like gunshots."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from gateway.pictures import svg
from simulators.pages import folders
from simulators.pages.hearing import Hearing, Mark
from simulators.pages.onset_strip import histogram, strip

MARK = '<meta name="generator" content="soundpost detect">'
DRAWN = 300  # files with a picture of their sound: the most suspicious ones
_PAGES = Environment(
    loader=PackageLoader("simulators.pages", "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One file's row of the table: what is kept of a hearing, for its curves are large."""

    name: str
    rate_hz: int
    n_channels: int
    length_s: float
    marks: tuple[Mark, ...]
    gunshots: int
    strip: str

    @property
    def highest_p(self) -> float:
        """Of all its onsets; -1 where there is none."""
        return max((mark.p_gunshot for mark in self.marks), default=-1.0)

    @property
    def suspicion(self) -> tuple[float, int, str]:
        """What the table is sorted by: the highest p comes first, then the most gunshots."""
        return -self.highest_p, -self.gunshots, self.name


def row_of(hearing: Hearing) -> Row:
    """What is kept of one file."""
    marks, gunshots = hearing.marks, hearing.gunshots
    return Row(
        hearing.name, hearing.rate_hz, hearing.n_channels, hearing.length_s, marks, gunshots, strip(hearing)
    )  # fmt: skip


def check_folder(folder: Path) -> None:
    """Raises ValueError where a report must not go: a file, or a folder that holds something else."""
    folders.check(folder, MARK)


def write_report(folder: Path, title: str, rows: Sequence[Row], faults: Sequence[str]) -> Path:
    """The page, put in place at once. rows : at least one. faults : a line each for files that could not be heard.
    Returns its index.html. Raises as `check_folder`, and OSError."""
    marks = [mark for row in rows for mark in row.marks]
    top = os.path.commonpath([Path(row.name).absolute().parent for row in rows])
    page = _PAGES.get_template("detect_index.html").render(
        title=title,
        mark=MARK,
        style=svg.STYLE,
        rows=[(_short(row, top), row) for row in sorted(rows, key=lambda row: row.suspicion)],
        n_drawn=DRAWN,
        faults=faults,
        n_impulses=len(marks),
        n_gunshots=sum(row.gunshots for row in rows),
        minutes=sum(row.length_s for row in rows) / 60,
        spread=histogram([mark.p_gunshot for mark in marks], "p(gunshot)", "Impulses by p(gunshot)") if marks else "",
    )
    return folders.write(folder, MARK, {"index.html": page})


def _short(row: Row, top: str) -> str:
    """The file's path below the folder that all have in common."""
    return str(Path(row.name).absolute().relative_to(top))
