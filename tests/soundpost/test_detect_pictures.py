"""`soundpost detect --plot` and `--report`: pictures appear whole, hold the onsets, and replace nothing of others."""

import re
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from soundpost.__main__ import main

RATE_HZ = 16_000


def bangs(at_s, n_channels=1, length_s=1.6):
    rng = np.random.default_rng(7)
    sound = rng.normal(0, 1e-3, (round(length_s * RATE_HZ), n_channels))
    burst = rng.normal(0, 0.3, RATE_HZ // 20) * np.exp(-np.arange(RATE_HZ // 20) / (0.008 * RATE_HZ))
    for start_s in at_s:
        first = round(start_s * RATE_HZ)
        sound[first : first + len(burst)] += burst[:, None]
    return sound.clip(-1, 1)


@pytest.fixture
def folder(tmp_path):
    """sounds/quiet.wav without an onset, sounds/two.wav and sounds/deep/two.wav with two each."""
    sounds = tmp_path / "sounds"
    (sounds / "deep").mkdir(parents=True)
    soundfile.write(sounds / "quiet.wav", bangs([]), RATE_HZ)
    soundfile.write(sounds / "two.wav", bangs([0.5, 1.0]), RATE_HZ)
    soundfile.write(sounds / "deep" / "two.wav", bangs([0.4, 0.9], n_channels=2), RATE_HZ)
    return sounds


def detect(*arguments):
    return main(["detect", *map(str, arguments)])


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(("ending", "begins"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_a_plot_is_of_the_kind_that_its_name_says(folder, tmp_path, ending, begins):
    assert detect(folder / "two.wav", "--plot", tmp_path / f"out.{ending}") == 0

    assert (tmp_path / f"out.{ending}").read_bytes().startswith(begins)
    assert names(tmp_path) == [f"out.{ending}", "sounds"]


def test_a_plot_tells_how_many_onsets_and_the_p_of_each(folder, tmp_path, capsys):
    detect(folder / "two.wav", "--plot", tmp_path / "out.svg")
    told = (tmp_path / "out.svg").read_text()

    assert "two.wav: 2 impulses" in told
    assert len(re.findall(r"<!-- p [01]\.\d\d -->", told)) == 2


def test_several_files_have_a_picture_each(folder, tmp_path):
    assert detect(folder, "--plot", tmp_path / "out.png") == 0

    assert names(tmp_path) == ["out-quiet.png", "out-two-2.png", "out-two.png", "sounds"]


def test_a_file_that_cannot_be_heard_has_no_picture_and_leaves_the_former_one(folder, tmp_path, capsys):
    (folder / "two.wav").write_bytes(b"no sound")
    (tmp_path / "out.png").write_bytes(b"former")

    assert detect(folder / "two.wav", "--plot", tmp_path / "out.png") == 1
    assert (tmp_path / "out.png").read_bytes() == b"former"
    assert names(tmp_path) == ["out.png", "sounds"]


@pytest.mark.parametrize("place", ["out.jpg", "out", "none/out.png"])
def test_a_plot_that_cannot_be_is_refused_before_anything_is_heard(folder, tmp_path, capsys, place):
    assert detect(folder / "two.wav", "--plot", tmp_path / place) == 1

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "--plot" in said.err


def test_detection_without_pictures_needs_no_drawing_library(folder):
    """In a process of its own, in which nothing has imported it yet."""
    code = (
        "import sys; sys.modules['matplotlib'] = None; from soundpost.__main__ import main; "
        "sys.exit(main(['detect', *sys.argv[1:]]))"
    )
    plain, plotted = (
        subprocess.run(
            [sys.executable, "-c", code, str(folder / "two.wav"), *more], check=False, capture_output=True, text=True
        )
        for more in ([], ["--plot", str(folder / "out.png")])
    )

    assert (plain.returncode, plain.stderr) == (0, "")
    assert (plotted.returncode, plotted.stdout) == (1, "")
    assert "--plot needs matplotlib" in plotted.stderr
    assert plotted.stderr.count("\n") == 1


def test_a_report_is_one_page_with_every_file_the_most_suspicious_first(folder, tmp_path, capsys):
    assert detect(folder, "--report", tmp_path / "report") == 0
    page = (tmp_path / "report" / "index.html").read_text()

    assert names(tmp_path / "report") == ["index.html"]
    assert page.index("two.wav") < page.index("quiet.wav")
    assert [page.count(f">{name}<br>") for name in ("two.wav", "deep/two.wav", "quiet.wav")] == [1, 1, 1]
    assert page.count('class="onset"') + page.count('class="stray"') == 6
    assert "<script" not in page
    assert not re.search(r'(?:src|href)="', page)
    assert capsys.readouterr().out.endswith(f"report: {tmp_path / 'report' / 'index.html'}\n")


def test_a_report_replaces_a_former_one_and_nothing_else(folder, tmp_path, capsys):
    report, other = tmp_path / "report", tmp_path / "other"
    other.mkdir()
    (other / "diary.txt").write_text("mine")

    assert detect(folder, "--report", report) == detect(folder / "two.wav", "--report", report) == 0
    assert "quiet.wav" not in (report / "index.html").read_text()
    capsys.readouterr()
    assert detect(folder, "--report", other) == 1
    assert capsys.readouterr().out == ""
    assert names(other) == ["diary.txt"]


def test_files_that_cannot_be_heard_are_named_in_the_report_and_alone_make_none(folder, tmp_path):
    (folder / "bad<b>.wav").write_bytes(b"no sound")

    assert detect(folder, "--report", tmp_path / "report") == 1
    page = (tmp_path / "report" / "index.html").read_text()
    assert "Could not be heard" in page
    assert "bad&lt;b&gt;.wav" in page
    assert "bad<b>" not in page
    assert detect(folder / "bad<b>.wav", "--report", tmp_path / "none") == 1
    assert names(tmp_path) == ["report", "sounds"]
