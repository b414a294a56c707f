"""Markdown as both a forge and mkdocs read it: text that means nothing but itself, tables, code, a page."""

import json
import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

CODE = re.compile(r"(`[^`]+`)")
MEANS = re.compile(r"[\\*|]")
WIDTH = 118
CODE_WIDTH = 80
"""What fits into a block beside the handbook's two lists."""


@dataclass(frozen=True, slots=True)
class Page:
    """path : below docs/reference. source : what it was made of, for whoever wants it otherwise."""

    path: str
    text: str
    source: str

    def whole(self) -> str:
        """As it stands in the file."""
        made = f"<!-- Made by `python -m deploy.reference`, of {self.source}: change it there. -->"
        up = "../" * (1 + self.path.count("/"))
        lines = [line if line.startswith("    ") else linked(line, up) for line in self.text.strip().split("\n")]
        return "\n".join([*lines, "", made, ""])


def escaped(text: str) -> str:
    """Words as they are; what stands between backticks is code, and stays so."""
    parts = CODE.split(" ".join(text.split()))
    return "".join(part if CODE.fullmatch(part) else _plain(part) for part in parts)


def unescaped(text: str) -> str:
    """The words that `escaped` was given, with one blank where there were more."""
    text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", " ".join(text.split()))
    return re.sub(r"\\([\\*|])", r"\1", text).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def linked(line: str, up: str) -> str:
    """With each `docs/FOLDER/PAGE.md` that is named in it as a link. up : the way to docs."""
    return re.sub(r"(?<![\w/(\[])docs/([a-z-]+/[a-z0-9-]+\.md)", lambda found: f"[{found[0]}]({up}{found[1]})", line)


def _plain(text: str) -> str:
    shown = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return MEANS.sub(lambda found: "\\" + found[0], shown)


def paragraph(text: str) -> str:
    """Words, wrapped. Ends with an empty line."""
    return wrapped(escaped(text))


def wrapped(text: str) -> str:
    """Markdown, wrapped. Ends with an empty line."""
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False) + "\n\n"


def item(text: str) -> str:
    """Of a list, wrapped; text is Markdown already."""
    return textwrap.fill(
        text, WIDTH, initial_indent="* ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    ) + "\n"  # fmt: skip


def code(lines: str) -> str:
    """A block of it."""
    return textwrap.indent(lines.strip("\n"), "    ", lambda line: bool(line.strip())) + "\n\n"


def record(content: object) -> str:
    """JSON in lines of a page's width."""
    return textwrap.fill(
        json.dumps(content), CODE_WIDTH, subsequent_indent=" ", break_long_words=False, break_on_hyphens=False
    )  # fmt: skip


def hexadecimal(content: bytes) -> str:
    """Bytes, forty a line."""
    return "\n".join(content[at : at + 40].hex() for at in range(0, len(content), 40))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Cells are Markdown already; none holds a bar or a line's end."""
    lines = [head, ["---"] * len(head), *rows]
    if any("\n" in cell or re.search(r"(?<!\\)\|", cell) for row in lines for cell in row):
        raise ValueError(f"a cell with a bar or a line's end, in a table of {', '.join(head)}")
    return "".join(f"| {' | '.join(row)} |\n" for row in lines) + "\n"
