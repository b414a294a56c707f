"""A bar on standard error for work that takes long, where somebody is looking at it."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import Progress

Item = TypeVar("Item")


def watched(items: Iterable[Item], total: int, words: str) -> Iterator[Item]:
    """The items, and a bar that moves on behind each; none where standard error is no terminal or total is 1."""
    with watching(total, words) as seen:
        for item in items:
            yield item
            seen(item)


@contextmanager
def watching(total: int, words: str) -> Iterator[Callable[[Item], Item]]:
    """The same bar, moved on by each call of what this gives, which hands back what it was given."""
    hidden = total <= 1 or not sys.stderr.isatty()
    with Progress(console=Console(stderr=True), transient=True, disable=hidden) as progress:
        task = progress.add_task(words, total=total)

        def seen(item: Item) -> Item:
            progress.advance(task)
            return item

        yield seen
