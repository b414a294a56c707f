"""The pages of `soundpost replay --report`: for each source a map, waveforms with their onsets, and the rounds.

A folder of HTML files that ask nobody for anything. It appears whole or not at all, and replaces nothing but a former
report.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from gateway.pictures import svg
from simulators.pages import folders
from simulators.pages.replay_page import close_ups, listener_words, map_of, round_rows, unplaced_rows, waves_of
from simulators.recordings.playback import Playback
from simulators.recordings.reckoning import Reckoning, together

MARK = '<meta name="generator" content="soundpost replay">'
_PAGES = Environment(
    loader=PackageLoader("simulators.pages", "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    """One source's part of a report: the body of its page as HTML, and what the list of sources tells of it."""

    source: str
    n_rounds: int
    reckoning: Reckoning | None
    body: str


def page_of(playback: Playback, reckoning: Reckoning | None) -> Page:
    """Draw a playback. Raises as `Track.read` does: its sound is read again."""
    recording = playback.recording
    body = _PAGES.get_template("replay_body.html").render(
        listeners=listener_words(playback),
        reckoning=reckoning,
        rounds=round_rows(playback),
        unplaced=unplaced_rows(playback),
        has_site=recording.site is not None,
        has_truth=bool(recording.truths),
        map=map_of(playback),
        waves=waves_of(playback),
        closest=close_ups(playback),
    )
    return Page(recording.source, len(playback.rounds), reckoning, body)


def check_folder(folder: Path) -> None:
    """Raises ValueError where a report must not go: a file, or a folder that holds something else."""
    folders.check(folder, MARK)


def write_report(folder: Path, title: str, pages: Sequence[Page]) -> Path:
    """The whole report, put in place at once. Returns its index.html. Raises as `check_folder`, and OSError."""
    return folders.write(folder, MARK, _files(title, pages))


def _files(title: str, pages: Sequence[Page]) -> dict[str, str]:
    names = [
        f"{number:03d}-{re.sub(r'[^A-Za-z0-9._-]', '_', page.source)[:80]}.html" for number, page in _counted(pages)
    ]
    known = [page.reckoning for page in pages if page.reckoning is not None]
    common = {"mark": MARK, "style": svg.STYLE}
    index = _PAGES.get_template("replay_index.html").render(
        title=title,
        whole=together(known) if known else None,
        sources=list(zip(names, pages, strict=True)),
        n_rounds=sum(page.n_rounds for page in pages),
        **common,
    )
    single = _PAGES.get_template("replay_source.html")
    written = {} if len(pages) == 1 else {
        name: single.render(title=page.source, body=page.body, before=before, after=after, **common)
        for name, page, before, after in zip(names, pages, ["", *names], [*names[1:], ""], strict=False)
    }  # fmt: skip
    return {"index.html": index, **written}


def _counted(pages: Sequence[Page]) -> list[tuple[int, Page]]:
    return list(enumerate(pages, start=1))
