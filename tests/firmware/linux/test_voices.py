"""The voices of an installation, and what is said where one is not fit."""

import numpy as np
import pytest

from dsp.hearing.verdict import Verdict
from firmware.linux.voices import VERDICT, read_verdict, voices

NOWHERE = VERDICT.with_name("not-there.npz")


def test_the_weights_in_the_repository_fit_this_code():
    verdict = read_verdict()

    assert isinstance(verdict, Verdict)
    assert all(line[0] >= 0 and line[1] > 0 for line in verdict.lines)
    assert VERDICT.stat().st_size < 300_000


def test_a_node_without_a_wide_ear_says_nothing_of_it():
    judge, faults = voices(ear=NOWHERE)

    assert judge.looks_again
    assert (judge.ear, faults) == (None, ())


def written(path, **changes):
    """The weights of the repository with some arrays changed."""
    with np.load(VERDICT) as kept:
        np.savez(path, allow_pickle=False, **{**kept, **changes})


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: None, "No such file"),
        (lambda path: path.write_bytes(b"a photograph"), "not a weights file"),
        (lambda path: path.write_bytes(VERDICT.read_bytes()[:1000]), "not a weights file"),
        (lambda path: written(path, version=np.array([2])), "not of version 1"),
        (lambda path: written(path, lines=np.zeros((2, 3))), "lines has the shape"),
        (lambda path: path.mkdir(), "Is a directory"),
    ],
    ids=["gone", "other", "cut", "of another version", "does not fit", "a folder"],
)
def test_weights_that_are_not_fit_are_named_in_a_line_and_the_first_look_is_left(tmp_path, spoil, said):
    path = tmp_path / "gunshot_net.npz"
    spoil(path)
    judge, (fault,) = voices(path, NOWHERE)

    assert fault.startswith(f"{path}: ")
    assert said in fault
    assert fault.endswith("; the first look alone is used")
    assert "\n" not in fault
    assert not judge.looks_again


def test_a_wide_ear_that_is_not_fit_is_named_in_a_line_and_the_nets_are_left(tmp_path):
    ear = tmp_path / "wide_ear.npz"
    ear.write_bytes(b"a photograph")
    judge, (fault,) = voices(ear=ear)

    assert str(ear) in fault
    assert judge.looks_again
    assert judge.ear is None
