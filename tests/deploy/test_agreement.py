"""`--help`, man page, shell completion and handbook tell of each option, in the same words; and no page names one that
there is not. All come of the parsers (deploy/package/commands.py); here each is read back by itself."""

import argparse
import difflib
import pathlib
import re
import shlex

import pytest

from deploy.package import completion, manual
from deploy.package.commands import every_command
from deploy.reference import commands as handbook
from deploy.reference.markdown import unescaped
from soundpost.__main__ import COMMANDS, command_of, parser_of

ROOT = pathlib.Path(__file__).parents[2]
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md"]


@pytest.fixture(scope="module")
def commands():
    """All, with those within others, by the words that are typed."""
    return {each.words: each for one in every_command() for each in one.all()}


@pytest.fixture(scope="module")
def parsers():
    found = {}

    def walk(words, parser):
        found[words] = parser
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for name, inner in action.choices.items():
                    walk((*words, name), inner)

    for name in COMMANDS:
        walk((name,), parser_of(name, command_of(name)))
    return found


def plain(text):
    return " ".join(text.split())


def told_by_page(name):
    """Of each command on a handbook's page its options: as they are typed -> what they are."""
    text = (ROOT / f"docs/reference/commands/{name}.md").read_text()
    found = {}
    for section in re.split(r"^##? (?=soundpost )", text, flags=re.M)[1:]:
        words = tuple(section.splitlines()[0].split()[1:])
        items = re.findall(r"^\* `([^`]+)`: (.*(?:\n  .*)*)", section, re.M)
        found[words] = {typed: unescaped(help_) for typed, help_ in items}
    return found


def told_by_manual(page):
    """The same of a man page."""
    text = page.replace("\\-", "-").replace("\\e", "\\").replace("\\&", "")
    found, words = {}, ()
    for section in re.split(r"^\.S[HS] ", text, flags=re.M)[1:]:
        head, _, body = section.partition("\n")
        if head == "OPTIONS":
            words = (text.split()[1].lower().removeprefix("soundpost-"),)
        elif head.startswith("soundpost "):
            words = tuple(head.split()[1:])
        else:
            continue
        rows = re.findall(r"^\.TP\n(.*)\n((?:(?!\.).*\n)*)", body, re.M)
        found[words] = {re.sub(r"\\f[BR]", "", typed): plain(help_) for typed, help_ in rows}
    return found


def of_parser(command):
    return {handbook.named(option): plain(option.help) for option in command.options}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_handbook_tells_of_each_option_in_the_words_of_help(commands, name):
    told = told_by_page(name)

    assert told == {words: of_parser(each) for words, each in commands.items() if words[0] == name}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_man_page_tells_of_each_option_in_the_words_of_help(commands, name):
    told = told_by_manual(manual.pages([commands[(name,)]], "1")[f"soundpost-{name}.1"])

    assert told == {words: of_parser(each) for words, each in commands.items() if words[0] == name}


@pytest.mark.parametrize("name", COMMANDS)
def test_man_page_and_handbook_have_the_examples_of_help(commands, name):
    shown = manual.pages([commands[(name,)]], "1")[f"soundpost-{name}.1"].replace("\\-", "-").replace("\\e", "\\")
    page = (ROOT / f"docs/reference/commands/{name}.md").read_text()

    for each in commands[(name,)].all():
        for line in each.epilog.splitlines():
            assert re.fullmatch(r"examples?:", line) or (line.strip() in shown and line.strip() in page), line


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_each_option_with_its_words(commands, parsers, monkeypatch, name):
    monkeypatch.setenv("COLUMNS", "2000")
    for words, parser in parsers.items():
        if words[0] == name:
            shown = plain(parser.format_help())

            for option in commands[words].options:
                assert option.help, (words, option)
                assert option.flags == () or re.search(rf"(^|[ ,]){option.flags[-1]}($|[ ,])", shown), (words, option)
                assert plain(option.help) in shown, (words, option)


def test_completion_offers_each_option_and_no_other(commands):
    bash = completion.bash(every_command())
    offered = dict(re.findall(r'^ {8}"([^"]*)"\) words="([^"]*)" ;;$', bash, re.M))

    for words, command in commands.items():
        flags = {flag for option in command.options for flag in option.flags}
        assert set(offered[" ".join(words)].split()) == flags | {verb.words[-1] for verb in command.verbs}, words


def examples(epilog):
    """The lines of it that are typed, whole."""
    lines = epilog.replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if line.strip().startswith("soundpost ")]


def test_each_command_has_an_example_that_its_parser_takes(parsers):
    for words, parser in parsers.items():
        lines = examples(parser.epilog or "")

        assert lines, words
        for line in lines:
            typed = shlex.split(line, comments=True)[1:]
            typed = typed[: next((at for at, each in enumerate(typed) if each in (">", "|", "&&")), len(typed))]
            assert tuple(typed[: len(words)]) == words, line
            parsers[typed[0],].parse_args(typed[1:])


def spans(text):
    """Where a page has code: the lines of blocks, each with those that it goes on in, and what is between backticks."""
    text = text.replace("\\\n", " ")
    fenced = re.findall(r"^```.*?\n(.*?)^```", text, re.M | re.S)
    rest = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    indented = [line for line in rest.splitlines() if line.startswith("    ")]
    inline = re.findall(r"`([^`\n]+)`", "\n".join(line for line in rest.splitlines() if not line.startswith("    ")))
    return [line.strip() for line in (*"\n".join(fenced).splitlines(), *indented, *inline)]


def uses(line):
    """Each `soundpost ...` of a line, up to where another program begins."""
    for part in re.split(r"\s(?:\||&&|;|#)\s?|\s>\s", line):
        if found := re.search(r"(?:^|[\s/])soundpost ((?:[a-z-]|$)[^\n]*)", part):
            yield found[1].split()


def known_to(commands, words):
    """The options that may stand in such a line: of the command, of what it is within, and of all that is within it."""
    path = (words[0],)
    for word in (each for each in words[1:] if not each.startswith("-")):
        if (*path, word) not in commands:
            break
        path = (*path, word)
    near = [*commands[path].all(), *(commands[path[:n]] for n in range(1, len(path)))]
    return {flag for each in near for option in each.options for flag in option.flags}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_no_command_and_no_option_that_there_is_not(commands, page):
    for line in spans(page.read_text()):
        for words in uses(line):
            if words and words[0] in COMMANDS:
                typed = {each.split("=")[0].strip(",.)") for each in words if re.match(r"--[a-z]", each)}
                assert typed <= known_to(commands, words), line
            elif line.startswith("soundpost "):
                assert words == [] or words[0] == "--version", line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_an_option_that_a_page_names_by_itself_is_no_misspelt_one_of_ours(commands, page):
    every = {flag for each in commands.values() for option in each.options for flag in option.flags}
    alone = {line.split()[0].split("=")[0] for line in spans(page.read_text()) if re.match(r"--[a-z]", line)}

    assert {each: near for each in alone - every if (near := difflib.get_close_matches(each, every, 1, 0.92))} == {}
