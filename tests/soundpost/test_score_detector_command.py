"""`soundpost score detector` on a tiny made-up folder of recordings: its table, JSON lines, page and refusals."""

import json
import os
import re
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile

from simulators.training import board_hearing, examples, folds, hearing_figures
from simulators.training.boosting import Recipe
from soundpost.__main__ import main

RATE_HZ, PULSE_S, LENGTH_S = 16_000, (2.0, 4.0), 6.0
START = "2018-12-19T00:00:{:02d}.000Z"


def bangs(seed, at_s, length_s=LENGTH_S):
    """Faint noise with a decaying burst at each time."""
    rng = np.random.default_rng(seed)
    sound = rng.normal(0, 1e-3, round(length_s * RATE_HZ))
    burst = np.exp(-np.arange(800) / 60) * rng.normal(0, 0.3, 800)
    for start_s in at_s:
        sound[round(start_s * RATE_HZ) :][: len(burst)] += burst
    return sound.clip(-1, 1)


def write_test(folder):
    """A live-fire test of one sensor: a knock that is no shot, then a round at each of PULSE_S."""
    folder.mkdir(parents=True)
    place = {"x": 10.0, "y": 20.0, "z": 5.0}
    pulses = [
        {
            "pulse_uuid": f"u{index}", "serial_number": "S1", "arrival_time_utc": START.format(int(second)),
            "location": place, "signal_to_noise_dB": 20.0, "power_dB_SPL": 80.0,
        }
        for index, second in enumerate(PULSE_S)
    ]  # fmt: skip
    sensor = {"serial_number": "S1", "timestamp": START.format(0), "location": place}
    tables = {
        "audio.S1": sensor, "allpulses": pulses,
        "nlos-tuples": [{"pulse_uuids": [pulse["pulse_uuid"]]} for pulse in pulses],
    }  # fmt: skip
    for name, table in tables.items():
        (folder / f"{folder.name}.{name}.json").write_text(json.dumps(table))
    soundfile.write(folder / f"{folder.name}.audio.S1.wav", bangs(1, (1.0, *PULSE_S)), RATE_HZ, subtype="PCM_16")


def write_clips(folder):
    for index, (name, at_s) in enumerate({
        "gunshots/ffsl/pistol-near": (1.0,),
        "gunshots/freesound/distant-1": (1.5,),
        "negatives/esc10/001 - Dog bark/1-100-A": (0.7, 1.7),
        "negatives/esc10/001 - Dog bark/2-200-A": (),
        "negatives/freesound/impact-<sand>": (0.5,),
    }.items()):  # fmt: skip
        path = folder / f"{name}.ogg"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, bangs(10 + index, at_s, 3.0), RATE_HZ, format="OGG", subtype="VORBIS")


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """(status, standard output, the page) of one run with --json, all that takes time made small."""
    folder = tmp_path_factory.mktemp("data")
    write_test(folder / "livefire" / "FP9" / "test_001")
    write_clips(folder / "clips")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("here"))  # where nothing that peers said is kept
        patch.setattr(os, "sched_getaffinity", lambda _: {0})
        patch.setattr(examples, "SCENES", {})
        patch.setattr(board_hearing, "SCENES", {})
        patch.setattr(examples, "TIMES", dict.fromkeys(examples.TIMES, 0))
        patch.setattr(folds, "RECIPE", Recipe(n_trees=2, depth=1, least=0.01))
        patch.setattr(hearing_figures, "TRIALS", 3)
        patch.setattr(hearing_figures, "SPEED_S", 2.0)
        yield lambda *options: main(["score", "detector", str(folder), *options])


@pytest.fixture(scope="module")
def answers(scored, tmp_path_factory):
    """What --json and the report say: (status, lines of JSON, page)."""
    report = tmp_path_factory.mktemp("out") / "deep" / "report"
    with pytest.MonkeyPatch.context() as patch:
        said = []
        patch.setattr("builtins.print", lambda *words, **_: said.append(" ".join(map(str, words))))
        status = scored("--json", "--report", str(report))
    return status, [json.loads(line) for line in "".join(said).splitlines()], (report / "index.html").read_text()


def test_json_is_a_line_a_figure_with_its_bar_and_whether_it_is_met(answers):
    status, lines, _ = answers

    assert status == 0
    assert all(list(line) == ["what", "figure", "bar", "ok"] for line in lines)
    assert all((line["bar"] is None) == (line["ok"] is None) for line in lines)
    assert len({line["what"] for line in lines}) == len(lines) > 12


def test_the_figures_are_those_of_the_folder(answers):
    figures = {line["what"]: line for line in answers[1]}

    assert figures["live-fire pulses over 12 dB heard"]["figure"] == "100.00% (2 of 2)"
    assert figures["live-fire pulses over 12 dB heard"]["ok"] is True
    assert figures["live-fire pulses 6 to 12 dB heard"]["figure"].endswith("(0 of 0)")
    assert figures["ffsl gunshots heard"] == {
        "what": "ffsl gunshots heard", "figure": "1 of 1", "bar": "1", "ok": True,
    }  # fmt: skip
    assert re.search(r"of 1 onsets in 0\.0 min", figures["gun-free live fire, false gunshots an hour"]["figure"])
    assert all(any(peer in what for what in figures) for peer in ("YAMNet", "BirdNET 2.4"))  # here or not


def test_a_board_is_scored_beside_the_others(micropython, answers):
    figures = {line["what"]: line["figure"] for line in answers[1]}

    assert figures["board: FP9, heard gunshots called gunshot"].endswith("of 2")
    assert re.search(r"esc10 \d of 1, freesound negatives \d of 1", figures["board: other clips called gunshot"])


def test_without_micropython_a_board_is_not_scored_and_it_says_why(scored, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("simulators.training.score_detector.MICROPYTHON", tmp_path / "micropython")

    assert scored() == 0
    assert re.search(r"board +not scored: it needs MicroPython", capsys.readouterr().out)


def test_the_page_holds_table_curves_and_what_was_wrong_and_asks_nobody_for_anything(answers):
    _, lines, page = answers

    assert all(line["figure"].replace("<", "&lt;") in page.replace("&gt;", ">") for line in lines)
    assert page.count("<svg") == 2
    assert "ROC" in page
    assert "Calibration" in page
    assert "<sand>" not in page
    assert not re.search(r"(?:src|href)=|<script|url\(", page)
    for picture in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ElementTree.fromstring(picture)


def test_without_json_people_get_a_table_and_what_was_called_wrong(scored, capsys):
    assert scored() == 0

    said = capsys.readouterr().out.splitlines()
    assert said[0].split() == ["what", "figure", "bar"]
    assert "called what they are not:" in said
    assert any(re.search(r"(ok|short)$", line) for line in said)


@pytest.mark.parametrize("arguments", [[], ["detektor", "x"], ["detector"], ["detector", "x", "--bars"]])
def test_wrong_usage_is_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["score", *arguments])

    assert ended.value.code == 2
    assert "usage: soundpost score" in capsys.readouterr().err


@pytest.mark.parametrize("there", ["", "livefire"])
def test_a_folder_without_recordings_is_one_line_that_names_what_is_not_there(tmp_path, capsys, there):
    (tmp_path / there).mkdir(exist_ok=True)

    assert main(["score", "detector", str(tmp_path)]) == 1

    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert ("clips" if there else "livefire") in said.err
