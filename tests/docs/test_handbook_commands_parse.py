"""Every command in the handbook is one that there is: its words go through the parser that would take them."""

import importlib.util
import re
from functools import cache

import pytest

from deploy.handbook.linking import DOCS, ROOT
from deploy.handbook.typed import commands
from soundpost.__main__ import COMMANDS, command_of, parser_of

PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])
TYPED = [(page, each) for page in PAGES if page.name != "CHANGELOG.md" for each in commands(page.read_text())]
TARGETS = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))


@cache
def parser(name):
    try:
        return parser_of(name, command_of(name))
    except ModuleNotFoundError as error:
        pytest.skip(f"soundpost {name} needs {error.name}")


def label(case):
    page, each = case
    return f"{page.relative_to(ROOT)}:{each.line}"


@pytest.mark.parametrize("case", TYPED, ids=label)
def test_what_a_page_says_to_type_is_understood(case, capsys):
    _, each = case
    program, *words = each.words
    if program == "make":
        assert {word for word in words if "=" not in word} <= TARGETS
    elif program != "soundpost":
        module, *rest = words[1:]
        found = importlib.util.find_spec(module)
        source = (found.loader.get_source(f"{module}.__main__" if found.submodule_search_locations else module)) or ""
        assert {word for word in rest if word.startswith("--") and word not in source} == set()
    elif words and words[0] not in ("--version", "--help"):
        assert words[0] in COMMANDS
        try:
            parser(words[0]).parse_args(words[1:])
        except SystemExit as ended:
            assert ended.code == 0, f"{label(case)}: {each}: {capsys.readouterr().err.splitlines()[-1]}"


def test_the_commands_are_found():
    assert len(TYPED) >= 80
    assert {each.words[1] for _, each in TYPED if each.words[0] == "soundpost"} >= {
        "init",
        "gateway",
        "doctor",
        "journal",
    }


def test_a_command_is_read_as_a_shell_would():
    text = (
        "x\n\n    $ soundpost detect 'a b.wav' \\\n        --json   # says\n"
        "    sudo -u soundpost soundpost doctor --config x | less\n"
        "    cd street && make demo\n\n```toml\nmake demo\n```\n\n```sh\nmake test; echo\n```\n"
    )

    assert [(each.words, each.line) for each in commands(text)] == [
        (("soundpost", "detect", "a b.wav", "--json"), 4),
        (("soundpost", "doctor", "--config", "x"), 5),
        (("make", "test"), 13),
    ]
