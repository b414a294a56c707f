"""`soundpost score sounds` on a small made-up folder of classes: its table, its page and what it refuses."""

import base64
import contextlib
import os
import re

import numpy as np
import pytest
import soundfile

from simulators.compared.installed import Installed
from simulators.compared.peer import Peer
from simulators.training import score_sounds
from simulators.training.clip_figures import recall_at
from simulators.training.scoreboard import Figure
from soundpost import score
from soundpost.__main__ import main

RATE_HZ = 16_000


@pytest.fixture
def folder(tmp_path):
    """A gunshot that is heard, one that is silence, and two kinds of others; one is named to trouble a page."""
    rng = np.random.default_rng(1)
    faint, burst = rng.normal(0, 1e-4, 3 * RATE_HZ), rng.normal(0, 0.3, 4000) * np.exp(-np.arange(4000) / 300)
    loud = faint.copy()
    loud[RATE_HZ : RATE_HZ + 4000] += burst
    for kind, name, sound in (
        ("gunshot", "one", loud), ("gunshot", "silent", 0 * faint), ("door", "<b>", loud), ("rain", "hiss", faint),
    ):  # fmt: skip
        (tmp_path / "in" / kind).mkdir(parents=True, exist_ok=True)
        soundfile.write(tmp_path / "in" / kind / f"{name}.wav", sound, RATE_HZ, subtype="FLOAT")
    return tmp_path / "in"


def test_it_tells_figures_of_all_and_of_each_class_and_writes_a_page_that_asks_nobody(folder, capsys):
    assert main(["score", "sounds", str(folder), "--report", str(folder.parent / "out")]) == 0

    said, page = capsys.readouterr().out, (folder.parent / "out" / "index.html").read_text()
    assert re.search(r"nets and trees: gunshots called gunshot +0\.\d+ .*of 2", said)
    assert all(re.search(rf"^{kind}: called gunshot", said, re.M) for kind in ("door", "gunshot", "rain"))
    assert "<b>" not in page
    assert not re.search(r"(?:src|href)=(?!'data:)|<script|url\(", page)
    assert page.count("<audio") == 3  # both gunshots, and the door: the rain was not heard
    assert "nothing heard" in page
    for kind, start in (("png", b"\x89PNG"), ("wav", b"RIFF")):
        assert base64.b64decode(re.search(rf"{kind};base64,([^']+)'", page)[1]).startswith(start)


def test_peers_that_are_here_are_asked_about_the_same_sounds_and_others_are_named(folder, capsys, monkeypatch):
    loud = Peer("Loud", "a" * 64, RATE_HZ, RATE_HZ, RATE_HZ, lambda windows: np.abs(windows).max(axis=1) > 0.05)
    here = Installed((loud,), (Figure("BirdNET 2.4", "not asked: it is not installed here (make peers)"),))
    monkeypatch.setattr(score_sounds, "installed", lambda: contextlib.nullcontext(here))

    assert main(["score", "sounds", str(folder)]) == 0
    said = capsys.readouterr().out
    assert re.search(r"^Loud: area under the curve +0\.500$", said, re.M)  # a gunshot and a door of two each
    assert re.search(r"^Loud: gunshots at 0.1 .* 1 of 2$", said, re.M)
    assert re.search(r"^BirdNET 2.4 +not asked: it is not installed here \(make peers\)$", said, re.M)


def test_a_clip_that_begins_on_its_sound_is_heard_behind_a_lead(folder, capsys):
    sound, _ = soundfile.read(folder / "gunshot" / "one.wav")
    soundfile.write(folder / "gunshot" / "one.wav", sound[RATE_HZ:], RATE_HZ, subtype="FLOAT")
    heard = []
    for options in ((), ("--lead",)):
        assert main(["score", "sounds", str(folder), *options, "--report", str(folder.parent / "out")]) == 0
        heard.append((folder.parent / "out" / "index.html").read_text().count("nothing heard"))

    assert heard == [2, 1]


def test_files_that_cannot_be_heard_are_told_and_the_others_are_scored(folder, capsys):
    (folder / "door" / "cut.wav").write_bytes(b"RIFF no sound")
    soundfile.write(folder / "rain" / "none.wav", np.zeros(0), RATE_HZ)

    assert main(["score", "sounds", str(folder), "--report", str(folder.parent / "out")]) == 1

    told = capsys.readouterr()
    assert all(name in line for name, line in zip(("cut.wav", "none.wav"), told.err.splitlines(), strict=True))
    assert re.search(r"^door: called gunshot .*of 1$", told.out, re.M)
    assert (folder.parent / "out" / "index.html").exists()


@pytest.mark.parametrize("what", ["sounds", "detector", "locator"])
@pytest.mark.parametrize("place", ["in/door/<b>.wav/out", "in/door/<b>.wav"])
def test_a_page_that_cannot_be_written_is_refused_before_the_scoring(folder, place, what, capsys, monkeypatch):
    monkeypatch.setitem(score.SCORED, what, None)  # it would be called

    assert main(["score", what, str(folder), "--report", str(folder.parent / place)]) == 1
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert "<b>.wav: " in told.err


def test_where_no_gunshot_can_be_heard_that_is_one_line(folder, capsys):
    for path in (folder / "gunshot").iterdir():
        path.write_bytes(b"RIFF no sound")

    assert main(["score", "sounds", str(folder)]) == 1

    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 3)
    assert "begins with 'gunshot'" in told.err.splitlines()[-1]


def test_names_that_are_not_utf_8_are_shown_as_well_as_they_can_be(folder, capsys):
    os.rename(os.fsencode(folder / "door"), os.fsencode(folder) + b"/d\xffor")  # noqa: PTH104
    os.rename(os.fsencode(folder / "gunshot" / "one.wav"), os.fsencode(folder / "gunshot") + b"/\xff.wav")  # noqa: PTH104

    assert main(["score", "sounds", str(folder), "--report", str(folder.parent / "out")]) == 0

    assert "d\ufffdor: called gunshot" in capsys.readouterr().out
    assert "?.wav" in (folder.parent / "out" / "index.html").read_text("utf-8")


@pytest.mark.parametrize(("there", "said"), [("", "No such file"), ("door", "begins with 'gunshot'")])
def test_a_folder_without_what_is_needed_is_one_line_that_says_what(folder, capsys, there, said):
    where = folder / "nowhere" if not there else folder / there
    assert main(["score", "sounds", str(where)]) == 1

    told = capsys.readouterr()
    assert said in told.err
    assert told.err.count("\n") == 1
    assert told.out == ""


def test_a_share_that_not_even_one_of_the_others_makes_is_said_and_none_of_them_passes():
    others, guns = np.linspace(0, 0.6, 50), np.array([0.595, 0.605])
    at_1, at_5 = (recall_at("x", guns, others, false) for false in (0.01, 0.05))

    assert at_1.figure.endswith("1 of 2; too few others: none of 50 may pass")
    assert at_5.figure.endswith("2 of 2")
    assert recall_at("x", guns, np.linspace(0, 0.6, 100), 0.01).figure.endswith("2 of 2")
