"""All pages that are made of the code."""

import pathlib

from deploy.package.commands import every_command
from deploy.reference import codes, commands, files, metrics, more_settings, rows, settings, wire_page
from deploy.reference.markdown import Page

MADE = "<!-- Made by `python -m deploy.reference`"


def every_page() -> list[Page]:
    """Raises ImportError where what a command stands on is not installed, ValueError for a key without words."""
    single = (wire_page.page(), rows.page(), files.page(), codes.page(), metrics.page())
    return [*commands.pages(every_command()), *settings.pages(), *more_settings.pages(), *single]


def made_before(folder: pathlib.Path) -> list[pathlib.Path]:
    """The pages there that were made so, and not written by hand."""
    return sorted(path for path in folder.rglob("*.md") if MADE in path.read_text())
