"""The bars of the live fire: on a part of it in every run of the tests, on all of it in `pytest -m whole`."""

import pytest

from simulators.recordings.playback import AUDIO, PULSES
from simulators.recordings.reckoning import together
from simulators.recordings.score import board, main, read_tests, score


def whole_set(data, origin, keep=lambda test: True):
    return [score(test) for test in read_tests(data / "livefire", origin) if keep(test)]


def test_from_audio_most_rounds_of_a_firing_position_are_found_and_none_at_the_edge_of_silence(data):
    """FP7: 36 of the 144 rounds; the whole set's bars are 100 of 144 and 60."""
    scores = whole_set(data, AUDIO, lambda test: test.position == "FP7")
    whole = together([each.reckoning for each in scores])

    assert (whole.n_tests, whole.n_fired) == (18, 36)
    assert whole.within(25) >= 25
    assert whole.n_false <= 15
    assert [each.n_edge for each in scores] == [0] * 18


def test_from_pulses_nearly_all_single_rounds_are_found(data):
    """The 36 tests of a single round; the whole set's bars are 135 of 144 and 60."""
    scores = whole_set(data, PULSES, lambda test: test.recording.truths[0].n_rounds == 1)
    whole = together([each.reckoning for each in scores])

    assert whole.n_fired == whole.n_tests == 36
    assert whole.within(25) >= 34
    assert whole.n_false <= 9


@pytest.mark.whole
@pytest.mark.parametrize(("origin", "least_found"), [(AUDIO, 100), (PULSES, 135)])
def test_the_whole_live_fire_is_within_its_bars(data, origin, least_found):
    scores = whole_set(data, origin)
    whole = together([each.reckoning for each in scores])

    assert whole.n_fired == 144
    assert whole.within(25) >= least_found
    assert whole.n_false <= 60
    assert sum(each.n_edge for each in scores) == 0


def test_the_board_has_a_line_for_each_position_and_one_for_all(data):
    one_each = {test.position: test for test in read_tests(data / "livefire", AUDIO)}
    headings, *rows = board([score(test) for test in one_each.values()]).splitlines()

    assert [row.split()[0] for row in rows] == ["FP1", "FP2", "FP5", "FP7", "all"]
    assert rows[-1].split()[1] == "4"
    assert "exact counts" in headings


def test_a_folder_that_is_not_there_is_one_line(tmp_path, capsys):
    assert main([str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
