"""The peers' figures: of the clips and onsets that ours are of, and a plain word where a peer or ours are not there."""

import contextlib
import json
import math
import os

import numpy as np
import pytest
import soundfile

from simulators.compared import __main__ as command
from simulators.compared import figures, ours
from simulators.compared.installed import Installed, installed
from simulators.compared.peer import Peer
from simulators.training.clips import Clip
from simulators.training.examples import GUNSHOT, OTHER, UNKNOWN, Example
from simulators.training.scoreboard import Figure

RATE_HZ = 8000
NEGATIVES = "freesound negatives"


def loudest(windows):
    return np.abs(windows).max(axis=1)


LOUD = Peer("Loud 1.0", "a" * 64, RATE_HZ, RATE_HZ, RATE_HZ, loudest)


def example(clip, onset_s, truth, made=False):
    return Example(clip.group, clip.fold, clip.name, made, onset_s, 10.0, -20.0, truth, np.zeros(1))


@pytest.fixture
def street(tmp_path):
    """Clips that are as loud as said in their seconds, and their onsets."""
    clips, onsets = [], []

    def add(group, name, levels, truths, shots_s=()):
        path = tmp_path / f"{group} {name}.wav"
        soundfile.write(path, np.repeat(levels, RATE_HZ), RATE_HZ, subtype="FLOAT")
        clips.append(Clip(group, group, name, path, shots_s, rounds=(0,) * len(shots_s)))
        onsets.extend(example(clips[-1], second + 0.5, truth) for second, truth in truths.items())

    add("ffsl gunshots", "near", [0.1, 0.8], {0: UNKNOWN, 1: GUNSHOT})
    add("ffsl gunshots", "far", [0.3], {0: GUNSHOT})
    add(NEGATIVES, "door", [0.4, 0.05], {0: OTHER, 1: OTHER})
    add(NEGATIVES, "rain", [0.01], {0: OTHER})
    add(NEGATIVES, "not heard", [0.9], {})
    add("more fireworks", "bang", [0.9], {0: UNKNOWN})
    for number in range(4):
        levels = [0.6, 0.05 if number else 0.9]
        add("FP9", f"test_1 S{number}", levels, {0: UNKNOWN, 1: GUNSHOT}, (1.5,))
    return clips, onsets


@pytest.fixture
def loud_only(monkeypatch):
    missing = (Figure("BirdNET 2.4", "not asked: it is not installed here (make peers)"),)
    here = Installed((LOUD,), missing)
    monkeypatch.setattr(figures, "installed", lambda place: contextlib.nullcontext(here))


def test_a_peer_is_counted_over_the_clips_that_we_hear_and_by_their_largest(street, loud_only):
    clips, onsets = street
    said = {each.what: each for each in figures.peer_figures(clips, onsets)}

    assert said["clips, Loud 1.0: area under the curve"].figure == "0.750"  # .8 and .3 against .4 and .01
    assert said["clips, Loud 1.0: gunshots called gunshot"].figure.endswith("1 of 2")
    assert said["clips, Loud 1.0: gunshots at 0.1"].figure.endswith("2 of 2")
    assert said["clips, Loud 1.0: others at 0.1"].figure.endswith("1 of 2")
    assert said["clips, Loud 1.0: recall at 5% false"].figure.endswith("1 of 2; too few others: none of 2 may pass")
    assert all(each.bar == "" and each.ok is None for each in said.values())


def test_of_the_live_fire_the_windows_that_hold_an_onset_count_and_whole_files_apart(street, loud_only):
    said = {each.what: each.figure for each in figures.peer_figures(*street)}

    assert said["live fire, Loud 1.0: onsets called gunshot"].endswith("1 of 4")
    assert said["live fire, Loud 1.0: onsets at 0.1"].endswith("1 of 4")
    assert said["live fire, Loud 1.0: rounds of 4 or more microphones below 0.5 by their median"] == "1 of 1"
    assert said["FP9, Loud 1.0: files with a shot at 0.1"].endswith("4 of 4")


def test_what_was_made_for_training_is_not_counted(street, loud_only):
    clips, onsets = street
    grown = [*onsets, example(clips[4], 0.5, OTHER, made=True)]

    assert figures.peer_figures(clips, grown) == figures.peer_figures(clips, onsets)


def test_a_peer_that_is_not_here_is_a_line_that_says_how_to_get_it(street, loud_only):
    assert figures.peer_figures(*street)[0] == Figure("BirdNET 2.4", "not asked: it is not installed here (make peers)")


def test_where_nothing_is_installed_both_are_named(tmp_path):
    with installed(tmp_path / "none", tmp_path / "none.npz") as here:
        assert here.peers == ()
        assert [(each.what, each.figure) for each in here.missing] == [
            ("YAMNet", "not asked: it is not installed here (make ear)"),
            ("BirdNET 2.4", "not asked: it is not installed here (make peers)"),
        ]


def test_a_file_of_weights_that_is_cut_is_named_and_the_other_peer_still_asked(tmp_path):
    (tmp_path / "ear.npz").write_bytes(b"cut")
    with installed(tmp_path / "none", tmp_path / "ear.npz") as here:
        said = here.missing[0].figure

    assert "ear.npz: 3 bytes of SHA-256" in said
    assert "\n" not in said


OURS = [
    Figure("clips, alone: area under the curve", "0.842", ">= 0.93", False),
    Figure("esc10 called gunshot, clips", "5", "<= 4", False),
    Figure("all live fire left out: onsets called gunshot", "0.18"),
]


def test_our_figures_of_the_last_score_stand_beside_with_their_day(street, tmp_path):
    clips, _ = street
    ours.keep(tmp_path, clips, OURS)
    os.utime(tmp_path / ours.FILE, (1_800_000_000, 1_800_000_000))

    first, *rest = ours.kept(tmp_path, clips)
    assert first.figure.startswith("scored 2027-01-1")
    assert rest == [OURS[0], OURS[2]]


def test_a_score_that_trained_nothing_keeps_nothing_and_spoils_nothing(street, tmp_path):
    clips, _ = street
    ours.keep(tmp_path, clips, OURS)
    ours.keep(tmp_path, clips, OURS[1:2])

    assert len(ours.kept(tmp_path, clips)) == 3


@pytest.mark.parametrize("spoilt", ["", "[]", "{}", '{"of": 1, "figures": [{}]}', "\udcff"])
def test_our_figures_that_are_not_there_spoilt_or_of_other_recordings_are_one_line(street, tmp_path, spoilt):
    clips, _ = street
    (missing,) = ours.kept(tmp_path, clips)
    assert missing.figure.startswith("not scored here yet (soundpost score detector")
    ours.keep(tmp_path, clips, OURS)
    (other,) = ours.kept(tmp_path, clips[1:])
    assert other.figure.startswith("those kept are of other recordings")
    (tmp_path / ours.FILE).write_bytes(spoilt.encode(errors="surrogateescape"))

    (told,) = ours.kept(tmp_path, clips)
    assert ours.FILE in told.figure
    assert "\n" not in told.figure


def test_the_command_prints_ours_and_theirs(street, loud_only, tmp_path, monkeypatch, capsys):
    clips, onsets = street
    monkeypatch.setattr(command, "read_clips", lambda folder: clips)
    monkeypatch.setattr(command, "listen_all", lambda tasks, words: onsets)
    (tmp_path / "kept").mkdir()
    ours.keep(tmp_path / "kept", clips, OURS)

    assert command.main(["data", "--kept", str(tmp_path / "kept")]) == 0
    said = capsys.readouterr().out
    assert "clips, alone: area under the curve" in said
    assert "clips, Loud 1.0: area under the curve" in said
    answers = json.loads((tmp_path / "kept" / f"loud-{'a' * 12}-8000.json").read_text())
    assert math.isclose(max(max(each) for each in answers.values()), 0.9, abs_tol=1e-4)


def test_a_folder_without_recordings_is_one_line_and_nothing_is_made(tmp_path, capsys):
    assert command.main([str(tmp_path), "--kept", str(tmp_path / "kept")]) == 1

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("peers: ") and said.err.count("\n") == 1 and "livefire" in said.err
    assert list(tmp_path.iterdir()) == []
