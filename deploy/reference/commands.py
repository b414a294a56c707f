"""A page for each command, of the same record that its man page and the shells' completion are made of."""

import re
import textwrap
from collections.abc import Sequence

from deploy.package.commands import Command, Option
from deploy.reference.markdown import CODE_WIDTH, Page, code, escaped, item, paragraph, wrapped
from soundpost.__main__ import COMMANDS

SOURCE = "the command's own parser in soundpost/"
STATUS = (
    "Exit status: 0 done; 1 bad input, said in one line on standard error, and nothing half written; 2 wrong usage."
)


def pages(commands: Sequence[Command]) -> list[Page]:
    """One a command, and one that leads to all."""
    return [_index(), *(Page(f"commands/{each.words[0]}.md", _text(each), SOURCE) for each in commands)]


def _index() -> Page:
    rows = "".join(item(f"[soundpost {name}]({name}.md): {escaped(text)}") for name, text in COMMANDS.items())
    words = "What each command takes. `soundpost COMMAND --help` and `man soundpost-COMMAND` say the same."
    return Page("commands/index.md", f"# Commands\n\n{words}\n\n{rows}\n{STATUS}\n", SOURCE)


def _text(command: Command) -> str:
    text = f"# soundpost {command.words[0]}\n\n"
    for each in command.all():
        text += "" if each is command else f"## soundpost {' '.join(each.words)}\n\n"
        text += paragraph(_sentence(each.description)) + code(_usage(each))
        text += "".join(map(_item, each.options)) + "\n" + _verbs(each)
        text += _example(each.epilog)
    return text + STATUS


def _sentence(text: str) -> str:
    """With an end: what a verb does is said without one in the list of verbs."""
    text = " ".join(text.split())
    return text if text.endswith((".", "?", ":")) else f"{text}."


def _usage(command: Command) -> str:
    """Begins with `usage:`, so that nobody takes it for a line to be typed."""
    text = f"usage: {command.usage}"
    return textwrap.fill(text, CODE_WIDTH, subsequent_indent=" " * 7, break_long_words=False, break_on_hyphens=False)


def _item(option: Option) -> str:
    return item(f"`{named(option)}`: {escaped(option.help)}")


def named(option: Option) -> str:
    """`-h, --help`, `--config FILE`, `SURVEY`."""
    return " ".join(part for part in (", ".join(option.flags), option.value) if part)


def _verbs(command: Command) -> str:
    rows = [f"[{each.words[-1]}](#{_anchor(each)})" for each in command.verbs]
    return wrapped(f"Within it: {', '.join(rows)}.") if rows else ""


def _anchor(command: Command) -> str:
    return "-".join(("soundpost", *command.words))


def _example(epilog: str) -> str:
    """The example, and what its --help says below it."""
    example, _, more = re.sub(r"\Aexamples?:\n", "", epilog).strip("\n").partition("\n\n")
    shown = f"For example:\n\n{code(textwrap.dedent(example))}" if example else ""
    return f"{shown}{code(more)}" if more else shown
