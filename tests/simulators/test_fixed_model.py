"""Training of the board's line between gunshots and the rest: what it makes of a tiny set, and its file."""

import numpy as np

from dsp.fixed import gunshot_line
from dsp.fixed.gunshot import LIKELY
from simulators.training import fixed_model
from simulators.training.examples import GUNSHOT, OTHER, UNKNOWN

NAMES = ("MIDDLES", "SPREADS", "WEIGHTS", "SQUARES", "BIAS")


def rows(n, seed):
    """Onsets in two folds, of which the third number of the shape tells whether they are gunshots."""
    rng = np.random.default_rng(seed)
    shapes = rng.integers(200, 4_000, (n, 9))
    return [
        ("ab"[i % 2], f"clip {i}", False, GUNSHOT if shape[2] > 2_000 else OTHER, tuple(int(value) for value in shape))
        for i, shape in enumerate(shapes)
    ]


def test_a_line_learns_what_alone_tells():
    line = fixed_model.fit(rows(600, seed=1))
    others = rows(300, seed=2)
    called = [p >= LIKELY for p in fixed_model.judged(others, line)]

    assert np.mean([was == (row[3] == GUNSHOT) for was, row in zip(called, others, strict=True)]) > 0.95
    assert all(isinstance(value, int) for name in ("weights", "squares") for value in line[name])


def test_figures_are_of_folds_that_the_line_never_heard_and_leave_out_what_is_unknown():
    told = [*rows(600, seed=1), ("a", "unknown", False, UNKNOWN, (1,) * 9)]
    said = fixed_model.figures(told).splitlines()

    assert [line[0] for line in said] == ["a", "b"]
    n_shots = [sum(row[3] == GUNSHOT for row in told if row[0] == fold) for fold in "ab"]
    assert [int(line.split(" of ")[1].split()[0]) for line in said] == n_shots


def test_the_file_in_the_repository_is_written_by_the_command():
    values = {name.lower(): getattr(gunshot_line, name) for name in NAMES}

    assert fixed_model.PATH.read_text() == fixed_model.HEAD.format(**values)


def test_a_folder_without_recordings_is_one_line_and_changes_nothing(tmp_path, capsys):
    before = fixed_model.PATH.read_text()

    assert fixed_model.main([str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("fixed_model: ")
    assert fixed_model.PATH.read_text() == before
