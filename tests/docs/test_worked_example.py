"""The worked example of the explanation: what the pages print is what the commands print."""

import re
import shlex

import numpy as np
import pytest

from dsp.air import travel_s
from dsp.placing.fix import CHI2_2DOF
from simulators.explaining.worked import AIR, DOCS, FIRED_EN_M, FIRED_US, LATE, arrivals, example
from soundpost.__main__ import main

ROOT = DOCS.parent
PAGES = ("placing.md", "ellipse.md")
COMMAND = re.compile(r"^    (?:head -n (\d+) (\S+) \| )?(soundpost locate .+)$", re.MULTILINE)
TEXTS = {page: (DOCS / "explanation" / page).read_text() for page in PAGES}
COMMANDS = [(page, *found.groups()) for page, text in TEXTS.items() for found in COMMAND.finditer(text)]


def test_both_pages_have_commands():
    assert {page for page, *_ in COMMANDS} == set(PAGES)


@pytest.mark.parametrize(("page", "n_lines", "of", "command"), COMMANDS)
def test_what_a_page_shows_is_what_the_command_prints(page, n_lines, of, command, capsys, monkeypatch, tmp_path):
    words = shlex.split(command)[1:]
    if n_lines:
        few = tmp_path / "few.jsonl"
        few.write_text("".join((ROOT / of).read_text().splitlines(keepends=True)[: int(n_lines)]))
        words[words.index("-")] = str(few)
    monkeypatch.chdir(ROOT)

    assert main(words) == 0
    for line in capsys.readouterr().out.splitlines():
        assert f"    {line}\n" in TEXTS[page]


def test_the_file_is_of_the_shot_that_it_says():
    for each in arrivals():
        away = np.subtract(each.xyz_m, (*FIRED_EN_M, 1.2))
        late_us = each.t_us - FIRED_US - travel_s(AIR, away) * 1e6

        assert abs(late_us - (38_000 if each.node == LATE else 0)) < 1_200


@pytest.mark.parametrize("n_poles", [4, 5, 6, 8])
def test_each_ellipse_of_the_picture_holds_the_truth(n_poles):
    fix = example(n_poles).shot.fix
    off = np.subtract(fix.xyz_m[:2], FIRED_EN_M)

    assert off @ np.linalg.solve(fix.cov_m2, off) < CHI2_2DOF[0.95]


def test_too_few_poles_are_no_example():
    with pytest.raises(ValueError, match="3 poles place 0 rounds"):
        example(3)
