"""Training of the board's line between gunshots and the rest: what it makes of a tiny set, its figures, its file."""

import numpy as np
import pytest

from dsp.fixed import gunshot_line
from dsp.hearing import fixed_reference
from simulators.training import board_hearing, fixed_model
from simulators.training.board_figures import board_figures
from simulators.training.board_line import fit, judged, left_out
from simulators.training.examples import GUNSHOT, OTHER, UNKNOWN, Example
from simulators.training.renderings import shot

NAMES = ("MIDDLES", "SPREADS", "WEIGHTS", "SQUARES", "BIAS")
GROUPS = {
    GUNSHOT: (("FP1", "FP1"), ("FP2", "FP2"), ("ffsl gunshots", "ffsl gunshots"), ("more gunshot", "more antum")),
    OTHER: (("esc10 rain", "esc10 fold 1"), ("more door", "more others"), ("more tools", "more antum")),
}


def onsets(n, seed):
    """Recorded ones, of which the third number tells whether they are gunshots."""
    rng = np.random.default_rng(seed)
    made = []
    for index, row in enumerate(rng.integers(-2_000, 2_000, (n, 30)).astype(float)):
        truth = GUNSHOT if row[2] > 0 else OTHER
        group, fold = GROUPS[truth][index % len(GROUPS[truth])]
        made.append(Example(group, fold, f"clip {index}", False, 0.0, 1.0, 0.0, truth, row))
    return made


def test_a_line_learns_what_alone_tells():
    others = onsets(300, seed=2)
    p = judged(np.stack([each.row for each in others]), fit(onsets(600, seed=1)))

    assert np.mean((p >= 0.5) == [each.truth == GUNSHOT for each in others]) > 0.9


def test_in_whole_numbers_a_line_says_what_it_says_in_floats():
    rows = np.stack([each.row for each in onsets(300, seed=2)])
    line = fit(onsets(600, seed=1))
    exact = 1 / (1 + np.exp(-line.score(rows)))

    assert np.abs(judged(rows, line) - exact).max() < 0.03
    assert all(isinstance(value, int) for name in ("weights", "squares") for value in line.whole()[name])


def test_one_kind_alone_teaches_nothing():
    with pytest.raises(ValueError, match="both kinds"):
        fit([each for each in onsets(50, seed=1) if each.truth == GUNSHOT])


def test_what_is_unknown_is_judged_and_teaches_nothing():
    own = onsets(600, seed=1)
    puzzling = [Example("FP1", "FP1", "echo", False, 0.0, 1.0, 0.0, UNKNOWN, np.full(30, 1_500.0)) for _ in range(200)]
    line, told, strange = left_out([*own, *puzzling], [*own, *puzzling])

    assert line.whole() == left_out(own, own)[0].whole()
    assert len(told) == len(own) + len(puzzling)
    assert {each.example.fold for each in strange} == {"FP1", "FP2"}


def test_a_line_is_judged_where_it_never_heard_the_part():
    own = onsets(600, seed=1)
    liars = [
        Example("FP2", "FP2", each.name, False, 0.0, 1.0, 0.0, OTHER, each.row) for each in own if each.group == "FP1"
    ]
    _, told, _ = left_out([*own, *liars], [*own, *liars])
    p_of = {
        name: np.mean([e.p for e in told if (e.example.group, e.example.truth) == (name, GUNSHOT)])
        for name in ("FP1", "FP2")
    }

    assert p_of["FP2"] > p_of["FP1"] + 0.1  # the lies of FP2 were told to FP1's line alone


def test_the_figures_are_those_of_clips_live_fire_and_calibration():
    own = onsets(600, seed=1)
    _, told, strange = left_out(own, own)
    figures = {each.what: each.figure for each in board_figures(told, strange)}

    assert all(what.startswith(("board: ", "clips, board: ")) for what in figures)
    assert float(figures["clips, board: the same against impulsive ones"]) > 0.9
    n_fp1 = sum(each.group == "FP1" for each in own)
    assert figures["board: FP1, heard gunshots called gunshot"].endswith(f" of {n_fp1}")
    assert float(figures["board: expected calibration error"]) < 0.2
    assert board_figures([], []) == []


def test_each_of_many_sounds_is_heard_as_the_reference_hears_it(micropython):
    rng = np.random.default_rng(4)
    sounds = []
    for n in (9_000, 12_000, 16_000):
        sound = rng.standard_normal(n) * 1e-3
        sound[6_000:6_300] += 0.2 * rng.standard_normal(300) * np.exp(-np.arange(300) / 60)
        sounds.append(sound.astype(np.float32))
    alone = [fixed_reference.onsets(fixed_reference.words_of(each)[None], board_hearing.RATE_HZ)[0] for each in sounds]

    assert [len(each) for each in alone] == [1, 1, 1]
    assert board_hearing.hear(sounds) == [[onset._replace(clip=None) for onset in each] for each in alone]


def test_scenes_teach_the_shot_that_was_due(micropython, monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0})
    monkeypatch.setattr(board_hearing, "SCENES", {"shot": (40, shot, GUNSHOT)})
    lessons = board_hearing.board_lessons([])

    assert {each.group for each in lessons} == {"rendered shot"}
    assert 5 <= sum(each.truth == GUNSHOT for each in lessons) <= 10
    assert all(each.truth != OTHER and each.made for each in lessons)


def test_the_file_in_the_repository_is_written_by_the_command():
    numbers = {name.lower(): getattr(gunshot_line, name) for name in NAMES}

    assert fixed_model.PATH.read_text() == fixed_model.text_of(numbers)


def test_a_folder_without_recordings_is_one_line_and_changes_nothing(tmp_path, capsys):
    before = fixed_model.PATH.read_text()

    assert fixed_model.main([str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("fixed_model: ")
    assert fixed_model.PATH.read_text() == before
