"""A bar on standard error for work that takes long, where somebody is looking at it."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import Progress

Item = TypeVar("Item")


def watched(items: Iterable[Item], total: int, words: str) -> Iterator[Item]:
    """The items, and a bar that moves on behind each; none where standard error is no terminal or total is 1."""
    hidden = total <= 1 or not sys.stderr.isatty()
    with Progress(console=Console(stderr=True), transient=True, disable=hidden) as progress:
        task = progress.add_task(words, total=total)
        for item in items:
            yield item
            progress.advance(task)
