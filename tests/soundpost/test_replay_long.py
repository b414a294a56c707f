"""`soundpost replay` of what recorders leave: long files, lossy and torn ones, other systems' files, odd names."""

import json
import os

import numpy as np
import pytest
import soundfile

from dsp.air import Air, travel_s
from simulators.pages.replay_page import MOST_SAMPLES, sketch
from simulators.recordings.recording import BLOCK_SAMPLES, Track
from soundpost.__main__ import main

RATE_HZ = 12_000
PLACES = [(0.0, 0.0, 6.0), (80.0, 5.0, 6.0), (-5.0, 75.0, 7.0), (85.0, 80.0, 6.0)]
SHOT = (33.0, 41.0, 1.5)


def street(folder, length_s=2, name="street.wav", subtype="PCM_16", **tables):
    """Four channels of faint noise with a shot 0.6 s after their beginning, and their nodes file."""
    rng = np.random.default_rng(4)
    sound = rng.normal(0, 1e-3, (length_s * RATE_HZ, len(PLACES)))
    for channel, place in enumerate(PLACES):
        due = round((0.6 + float(travel_s(Air(), np.subtract(place, SHOT)))) * RATE_HZ)
        sound[due : due + 600, channel] += rng.normal(0, 0.3, 600) * np.exp(-np.arange(600) / 90)
    folder.mkdir(parents=True, exist_ok=True)
    soundfile.write(os.fsencode(folder / name), sound.clip(-0.9, 0.9), RATE_HZ, subtype=subtype)
    nodes = [{"node": f"P{i}", "xyz_m": place, "channel": i} for i, place in enumerate(PLACES)]
    (folder / "nodes.json").write_text(json.dumps({"audio": name, "nodes": nodes} | tables))
    return folder


@pytest.fixture
def replay(capsys):
    def run(*arguments):
        """(status, records, lines on standard error)"""
        status = main(["replay", *map(str, arguments), "--json"])
        said = capsys.readouterr()
        return status, [json.loads(line) for line in said.out.splitlines()], said.err.splitlines()

    return run


def test_a_recording_is_heard_block_by_block(tmp_path, replay, monkeypatch):
    street(tmp_path / "long", length_s=12)
    asked = []
    read = soundfile.SoundFile.read

    def watched(self, frames=-1, *arguments, **options):
        asked.append(frames)
        return read(self, frames, *arguments, **options)

    monkeypatch.setattr(soundfile.SoundFile, "read", watched)
    _, (shot,), errors = replay(tmp_path / "long", "--report", tmp_path / "report")

    assert errors == []
    assert np.hypot(shot["e_m"] - SHOT[0], shot["n_m"] - SHOT[1]) < 1
    assert 0 < min(asked) <= max(asked) <= 1 << 16  # never all of it


def test_a_picture_of_a_long_track_is_the_least_and_the_most_of_each_stretch():
    samples = np.random.default_rng(1).normal(0, 0.01, 20 * BLOCK_SAMPLES + 77).astype(np.float32)
    samples[300_000] = 0.9
    track = Track("a", PLACES[0], 1_000_000, RATE_HZ, samples=samples)
    first_us, last_us = 2_000_000, 1_000_000 + round(len(samples) / RATE_HZ * 1e6)
    start_us, rate_hz, shown = sketch(track, first_us, last_us)
    _, whole_hz, whole = sketch(track, 2_000_000, 3_000_000)

    assert len(shown) < 3 * MOST_SAMPLES < len(samples)
    assert shown.max() == samples.max()
    peak_us = start_us + shown.argmax() / rate_hz * 1e6
    assert peak_us == pytest.approx(1_000_000 + 300_000 / RATE_HZ * 1e6, abs=20_000)
    assert (start_us, whole_hz) == (2_000_000, RATE_HZ)
    np.testing.assert_array_equal(whole, samples[RATE_HZ : 2 * RATE_HZ])


def test_a_lossy_recording_is_flagged_and_its_fix_is_less_sure(tmp_path, replay):
    _, (sure,), _ = replay(street(tmp_path / "whole"))
    status, (lossy,), (said,) = replay(street(tmp_path / "lossy", name="street.ogg", subtype="VORBIS"))

    assert status == 0
    assert said.endswith("street.ogg: vorbis loses sound: its onsets are no surer than 3 ms")
    assert lossy["ellipse_95"]["major_m"] > sure["ellipse_95"]["major_m"]


def test_a_recorder_that_was_cut_off_is_heard_whole_and_that_is_said_once(tmp_path, replay):
    folder = street(tmp_path / "torn")
    whole = bytearray((folder / "street.wav").read_bytes())
    at = whole.index(b"data") + 4
    whole[at : at + 4] = bytes(4)
    (folder / "street.wav").write_bytes(whole)
    status, shots, (said,) = replay(folder)

    assert (status, len(shots)) == (0, 1)
    assert said.endswith("its header tells of 0.0 s of sound, the file holds 2.0 s: heard to its end")


def test_what_another_system_keeps_beside_files_ends_no_replay(data, tmp_path, replay):
    _, expected, _ = replay(data / "livefire/FP7/test_094")
    for folder in (data / "livefire/FP7/test_094", *sorted((data / "forensic").glob("chicago-2022-09-18"))):
        copy = tmp_path / folder.name
        copy.mkdir()
        for path in folder.iterdir():
            (copy / path.name).write_bytes(path.read_bytes())
            (copy / f"._{path.name}").write_bytes(b"\0\5\26\7\0\2\0\0Mac OS X")
    status, records, errors = replay(tmp_path)

    assert (status, errors) == (0, [])
    assert [record for record in records if record["source"] == "test_094"] == expected
    assert len({record["source"] for record in records}) == 2


def test_two_nodes_on_one_channel_are_refused(tmp_path, replay):
    nodes = [{"node": f"P{i}", "xyz_m": place, "channel": min(i, 2)} for i, place in enumerate(PLACES)]
    status, records, (said,) = replay(street(tmp_path / "twice", nodes=nodes))

    assert (status, records) == (1, [])
    assert "nodes.json: " in said
    assert said.endswith("P2 and P3 both have channel 2 of street.wav")


@pytest.mark.parametrize("here", [".", "../alley", "below/.."])
def test_ones_own_folder_has_its_name(tmp_path, replay, monkeypatch, here):
    (street(tmp_path / "alley") / "below").mkdir()
    monkeypatch.chdir(tmp_path / "alley")
    _, (shot,), _ = replay(here)

    assert shot["source"] == "alley"


def test_names_that_are_not_utf_8_are_names(tmp_path, replay, capsys):
    folder = street(tmp_path / os.fsdecode(b"caf\xe9"))
    status, (shot,), errors = replay(folder, "--report", tmp_path / "report")

    assert (status, shot["source"], errors) == (0, "caf\ufffd", [])
    assert "caf\ufffd" in (tmp_path / "report" / "index.html").read_text()
    assert main(["replay", str(folder)]) == 0
    assert "caf\ufffd" in capsys.readouterr().out
