"""The figures of what acts before it is decided."""

from dataclasses import replace

import pytest

from simulators.locating.cases import DEVELOPMENT
from simulators.locating.soon_figures import CLUTTER, SHOTS, Task, figures, live, main, tasks_of


@pytest.fixture(scope="module")
def lived():
    return live(Task(SHOTS, 1, None, DEVELOPMENT))


def test_a_burst_is_lived_through_with_and_without_and_decided_the_same(lived):
    assert lived.is_same
    assert lived.n_incidents >= 1
    assert len(lived.early_s) <= lived.n_incidents
    assert all(each > 0 for each in lived.early_s)


def test_a_decision_that_is_not_the_same_is_short_of_its_bar(lived):
    same, *_ = figures(SHOTS, [lived, replace(lived, is_same=False)])

    assert (same.figure, same.ok) == ("1 of 2", False)


def test_only_clutter_may_light_nothing_for_nothing(lived):
    lit = replace(lived, counts={**lived.counts, "soon": 1, "for_nothing": 1})

    assert [figures(kind, [lit])[1].ok for kind in (SHOTS, CLUTTER)] == [None, False]


def test_without_a_folder_there_is_no_live_fire():
    assert tasks_of("live fire", None, DEVELOPMENT) == []
    assert len(tasks_of(CLUTTER, None, DEVELOPMENT)) == 6


def test_a_folder_that_is_not_there_is_one_line(capsys, tmp_path):
    assert main([str(tmp_path / "away"), "--only", "live"]) == 1
    assert capsys.readouterr().err.count("\n") == 1
