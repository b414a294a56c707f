"""What each command takes, read off its own parser: man pages and completion are made of the same, so they cannot
differ from `--help`."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from soundpost.__main__ import COMMANDS, command_of, parser_of


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that a command takes. flags : () of one that stands by its place. value : what follows it, "" for
    nothing. choices : what that may be, () for anything."""

    flags: tuple[str, ...]
    value: str
    help: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """words : as typed, without `soundpost`. verbs : commands within it."""

    words: tuple[str, ...]
    usage: str
    description: str
    epilog: str
    options: tuple[Option, ...]
    verbs: tuple["Command", ...]

    def all(self) -> Iterator["Command"]:
        """It, and all within it."""
        yield self
        for verb in self.verbs:
            yield from verb.all()


def every_command() -> list[Command]:
    """One for each row of the command line's table. Raises ImportError where what one stands on is not installed."""
    return [read(parser_of(name, command_of(name)), (name,)) for name in COMMANDS]


def read(parser: argparse.ArgumentParser, words: Sequence[str]) -> Command:
    """A parser as a record."""
    options: list[Option] = []
    verbs: list[Command] = []
    for action in parser._actions:  # argparse has no other way to list them; the same since Python 2.7
        if isinstance(action, argparse._SubParsersAction):
            verbs = [read(each, (*words, name)) for name, each in action.choices.items()]
        elif action.help != argparse.SUPPRESS:
            options.append(_option(parser, action))
    usage = " ".join(parser.format_usage().removeprefix("usage: ").split())
    return Command(tuple(words), usage, parser.description or "", parser.epilog or "", tuple(options), tuple(verbs))


def _option(parser: argparse.ArgumentParser, action: argparse.Action) -> Option:
    choices = tuple(str(each) for each in action.choices or ())
    takes = action.nargs != 0
    named = action.metavar or ("|".join(choices) if choices else action.dest.upper())
    value = (" ".join(named) if isinstance(named, tuple) else named) if takes else ""
    text = parser._get_formatter()._expand_help(action) if action.help else ""
    return Option(tuple(action.option_strings), value, text, choices)
