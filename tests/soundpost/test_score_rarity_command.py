"""`soundpost score rarity`: its refusals. What it reckons: tests/simulators/judging/test_rare_streets.py."""

import pytest

from soundpost.__main__ import main


@pytest.mark.parametrize("n", ["0", "1001"])
def test_a_count_out_of_range_is_one_line(n, tmp_path, capsys):
    assert main(["score", "rarity", str(tmp_path), "--streets", n]) == 1
    assert capsys.readouterr().err == f"soundpost score: --streets {n}: must be 1 to 1000\n"


def test_a_folder_without_recordings_is_one_line_and_nothing_is_printed(tmp_path, capsys):
    assert main(["score", "rarity", str(tmp_path)]) == 1

    told = capsys.readouterr()
    assert told.out == ""
    assert "livefire" in told.err
    assert told.err.count("\n") == 1


def test_the_help_says_what_it_is_worth(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["score", "rarity", "--help"])

    assert ended.value.code == 0
    assert "--streets" in capsys.readouterr().out
