"""What stands in a page of the handbook: its prose, its blocks of code, its links and its headings.

Markdown as the pages use it (CommonMark: fenced and indented code, inline links and pictures, headings by `#`), read
line by line: enough to check what is written, and not to draw it.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

LINK = re.compile(r"(?P<picture>!?)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^()\s]+)(?:\s+\"[^\"]*\")?\)")
FENCE = re.compile(r"^(?P<marks>`{3,}|~{3,})\s*(?P<kind>[\w-]*)(?P<more>.*)$")
ITEM = re.compile(r"\s*([*-]|\d+\.) ")
HEADING = re.compile(r"^#{1,6} +(?P<text>.*?)\s*#*$")
TITLE = re.compile(r'title="([^"]+)"')
CODE = re.compile(r"`[^`\n]*`")
OUTSIDE = re.compile(r"[a-z]+:")
INDENT = "    "


@dataclass(frozen=True, slots=True)
class Link:
    """Where a page points. path : "" for itself; anchor : "" for its top; both "" where it leads outside."""

    text: str
    path: str
    anchor: str
    is_picture: bool
    line: int


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code. kind : as its fence says, "" of an indented one. title : of the file that it is, or ""."""

    kind: str
    title: str
    text: str
    line: int


def parted(text: str) -> tuple[list[tuple[int, str]], list[Block]]:
    """A page's prose, line by line with its number from 1, and its blocks of code."""
    prose: list[tuple[int, str]] = []
    blocks: list[Block] = []
    lines = text.splitlines()
    at, in_list = 0, False
    while at < len(lines):
        fenced = FENCE.match(lines[at])
        if fenced:
            end = _first(lines, at + 1, partial(_closes, fenced["marks"]))
            title = TITLE.search(fenced["more"])
            code = "\n".join(lines[at + 1 : end])
            blocks.append(Block(fenced["kind"], title[1] if title else "", code, at + 2))
            at = end + 1
        elif lines[at].startswith(INDENT) and not in_list and not (at and lines[at - 1].strip()):
            end = _first(lines, at, _is_prose)
            code = "\n".join(line.removeprefix(INDENT) for line in lines[at:end]).rstrip()
            blocks.append(Block("", "", code, at + 1))
            at = end
        else:
            in_list = bool(ITEM.match(lines[at])) or (in_list and not re.match(r"\S", lines[at]))
            prose.append((at + 1, lines[at]))
            at += 1
    return prose, blocks


def links(text: str) -> list[Link]:
    """Of the prose, in order; not those in `code`."""
    return [each for line, words in parted(text)[0] for each in _links(CODE.sub("", words), line)]


def anchors(text: str) -> set[str]:
    """What a link to a heading of it may say: as mkdocs makes them, where forges make the same."""
    slugs = [(_mkdocs_slug(words), _forge_slug(words)) for words in _headings(text)]
    return {ours for ours, forges in slugs if ours == forges}


def _closes(marks: str, line: str) -> bool:
    return line.startswith(marks)


def _is_prose(line: str) -> bool:
    return line.strip() != "" and not line.startswith(INDENT)


def _first(lines: list[str], start: int, holds: Callable[[str], bool]) -> int:
    return next((at for at in range(start, len(lines)) if holds(lines[at])), len(lines))


def _headings(text: str) -> Iterator[str]:
    for _, words in parted(text)[0]:
        if found := HEADING.match(words):
            yield LINK.sub(lambda link: link["text"], found["text"]).replace("`", "").replace("*", "")


def _mkdocs_slug(words: str) -> str:
    """Python-Markdown, "Table of Contents", slugify: letters, digits and dashes stay, spaces become one dash."""
    kept = re.sub(r"[^\w\s-]", "", words.encode("ascii", "ignore").decode()).strip().lower()
    return re.sub(r"[-\s]+", "-", kept)


def _forge_slug(words: str) -> str:
    """As forges do: the same, and each space is a dash."""
    return re.sub(r"[^\w\s-]", "", words).strip().lower().replace(" ", "-")


def _links(words: str, line: int) -> Iterator[Link]:
    for found in LINK.finditer(words):
        yield from _links(found["text"], line)  # a picture that is a link
        path, _, anchor = found["target"].partition("#")
        if OUTSIDE.match(found["target"]):
            path = anchor = ""
        yield Link(found["text"], path, anchor, bool(found["picture"]), line)
