"""`soundpost score nights`: a table of what the third look makes of nights without a gun, and its refusals."""

import json

import pytest

from soundpost.__main__ import main


def test_it_tells_each_sound_and_the_figures_that_have_a_bar(capsys):
    assert main(["score", "nights", "--nights", "2", "--json"]) == 0

    told = {line["what"]: line for line in map(json.loads, capsys.readouterr().out.splitlines())}
    assert told["placed, no fireworks: called gunshot"]["bar"] == "<= 0.1%"
    assert told["fireworks: called gunshot"]["bar"] == "<= 10.0%"
    assert any(" made, " in line["figure"] for line in told.values())


def test_a_count_out_of_range_is_one_line(capsys):
    assert main(["score", "nights", "--nights", "0"]) == 1
    assert capsys.readouterr().err == "soundpost score: --nights 0: must be 1 to 100000\n"


def test_a_folder_is_not_asked_for():
    with pytest.raises(SystemExit) as ended:
        main(["score", "nights", "DATA"])

    assert ended.value.code == 2
