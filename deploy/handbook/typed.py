"""The commands that a page tells its reader to type, as lists of words."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from deploy.handbook.page import Block, parted

BEFORE = re.compile(r"^(\$ |# |sudo -u \w+ |sudo |nice (-n \d+ )?|\.venv/bin/)*")
OURS = re.compile(r"(soundpost|make|python3? -m)( |$)")
ENDS = frozenset(("|", "||", "&&", "&", ";", ">", ">>", "<", "2>", "2>&1"))


@dataclass(frozen=True, slots=True)
class Typed:
    """A command of ours. words : what the shell would hand over, without what others of a pipe are told. line : in its
    page, from 1."""

    words: tuple[str, ...]
    line: int

    def __str__(self) -> str:
        return shlex.join(self.words)


def commands(text: str) -> list[Typed]:
    """Of all the page's blocks, in order. Raises ValueError where a quote has no end."""
    return [each for block in parted(text)[1] for each in of_block(block)]


def of_block(block: Block) -> Iterator[Typed]:
    """Those of one block: a line of it is a command if it begins with one of ours."""
    if block.kind not in ("", "sh", "console"):
        return
    whole: list[str] = []
    for at, line in enumerate(block.text.splitlines()):
        whole.append(line.removesuffix("\\"))
        if line.endswith("\\"):
            continue
        typed, whole = "".join(whole), []
        words = BEFORE.sub("", typed.strip(), count=1)
        if OURS.match(words):
            yield Typed(tuple(_words(words)), block.line + at)


def _words(line: str) -> Iterator[str]:
    """Up to where another program begins. A comment is none of them."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    for word in lexer:
        if word in ENDS:
            return
        yield word.removesuffix(";")
        if word.endswith(";"):
            return
