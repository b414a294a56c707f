"""`soundpost detect` keeps DESIGN section 4's promises: fields, types, units, exit statuses; real clips, bad files."""

import json
import math
import os

import numpy as np
import pytest
import soundfile

from hw.linux.audio_file import read_audio
from soundpost.__main__ import main

FIELDS = {
    "file": str, "onset_s": float, "sigma_us": int, "level_db": float, "level_unit": str, "snr_db": float,
    "p_gunshot": float, "kind": str,
}  # fmt: skip
WHERE_IT_IS_SO = {"lossy", "file_clipped_s", "file_gap_s"}
CLIPS = ("gunshots/ffsl", "gunshots/freesound", "negatives/freesound", "negatives/esc10")


def detect(capsys, *arguments):
    """(status, records, lines on standard error)"""
    status = main(["detect", *map(str, arguments), "--json"])
    said = capsys.readouterr()
    return status, [json.loads(line) for line in said.out.splitlines()], said.err.splitlines()


def bangs(rate_hz, at_s=(0.5, 1.0), n_channels=1, length_s=1.6):
    """Faint noise with a decaying burst at each time, a little later on each further channel."""
    rng = np.random.default_rng(7)
    sound = rng.normal(0, 1e-3, (round(length_s * rate_hz), n_channels))
    burst = rng.normal(0, 0.3, round(0.05 * rate_hz)) * np.exp(-np.arange(round(0.05 * rate_hz)) / (0.008 * rate_hz))
    for start_s in at_s:
        for channel in range(n_channels):
            first = round((start_s + 0.1 * channel) * rate_hz)
            sound[first : first + len(burst), channel] += burst
    return sound.clip(-1, 1)


def check_record(record, channels=False):
    named = [*FIELDS, *(["channel"] if channels else [])]
    assert list(record)[: len(named)] == named
    assert set(record) - set(named) <= WHERE_IT_IS_SO
    assert {name: type(record[name]) for name in FIELDS} == FIELDS
    assert all(math.isfinite(record[name]) for name, kind in FIELDS.items() if kind is not str)
    assert record["level_unit"] in ("dBFS", "dBSPL")
    assert record["kind"] in ("blast", "crack", "other")
    assert record["onset_s"] >= 0
    assert record["sigma_us"] >= 1
    assert 0 <= record["p_gunshot"] <= 1


@pytest.mark.parametrize("rate_hz", [8_000, 12_000, 44_100, 96_000])
@pytest.mark.parametrize("ending", ["wav", "flac"])
def test_every_onset_is_one_record_of_the_promised_fields(tmp_path, capsys, rate_hz, ending):
    path = tmp_path / f"two.{ending}"
    soundfile.write(path, bangs(rate_hz), rate_hz, subtype="PCM_16")
    status, records, errors = detect(capsys, path)

    assert (status, errors) == (0, [])
    assert [record["onset_s"] for record in records] == pytest.approx([0.5, 1.0], abs=0.002)
    for record in records:
        check_record(record)
        assert (record["file"], record["level_unit"]) == (str(path), "dBFS")


def test_a_file_of_many_channels_tells_the_channel_and_keeps_to_the_order_of_time(tmp_path, capsys):
    soundfile.write(tmp_path / "x.wav", bangs(16_000, n_channels=3), 16_000)
    _, records, _ = detect(capsys, tmp_path / "x.wav")

    assert [record["channel"] for record in records] == [0, 1, 2, 0, 1, 2]
    assert [record["onset_s"] for record in records] == pytest.approx([0.5, 0.6, 0.7, 1.0, 1.1, 1.2], abs=0.002)
    for record in records:
        check_record(record, channels=True)


def test_digital_silence_is_a_gap_with_no_onset_in_it_nor_at_its_edges(tmp_path, capsys):
    sound = bangs(12_000, at_s=(1.0,))
    sound[: round(0.3 * 12_000)] = 0
    sound[round(1.3 * 12_000) :] = 0
    soundfile.write(tmp_path / "cut.wav", sound, 12_000, subtype="PCM_16")
    _, records, _ = detect(capsys, tmp_path / "cut.wav")

    assert [record["onset_s"] for record in records] == pytest.approx([1.0], abs=0.002)


def test_levels_are_sound_pressure_where_full_scale_is_known(data, tmp_path, capsys):
    (path, *_) = sorted((data / "forensic").rglob("*.wav"))
    _, (known,), _ = detect(capsys, path)
    soundfile.write(tmp_path / "plain.wav", *soundfile.read(path))
    _, (unknown,), _ = detect(capsys, tmp_path / "plain.wav")
    _, (told,), _ = detect(capsys, tmp_path / "plain.wav", "--full-scale-db", "93.09")

    assert (known["level_unit"], unknown["level_unit"], told["level_unit"]) == ("dBSPL", "dBFS", "dBSPL")
    assert known["level_db"] == told["level_db"] == pytest.approx(unknown["level_db"] + 93.09, abs=0.011)


def test_a_folder_stands_for_every_sound_file_in_it(tmp_path, capsys):
    (tmp_path / "deep").mkdir()
    for name in ("b.wav", "deep/a.FLAC", "notes.txt"):
        if name.endswith("txt"):
            (tmp_path / name).write_text("x")
        else:
            with (tmp_path / name).open("wb") as file:
                soundfile.write(file, bangs(8_000), 8_000, format=name[-4:].strip(".").upper())
    status, records, _ = detect(capsys, tmp_path)

    assert status == 0
    assert list(dict.fromkeys(record["file"] for record in records)) == [
        str(tmp_path / "b.wav"), str(tmp_path / "deep/a.FLAC"),
    ]  # fmt: skip


def test_bad_files_are_a_line_each_and_the_good_ones_are_heard_all_the_same(tmp_path, capsys):
    soundfile.write(tmp_path / "good.wav", bangs(8_000), 8_000)
    soundfile.write(tmp_path / "slow.wav", np.zeros(100), 4_000)
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 8_000)
    (tmp_path / "torn.wav").write_bytes((tmp_path / "good.wav").read_bytes()[:30])
    (tmp_path / "text.flac").write_text("not sound")
    (tmp_path / "folder").mkdir()
    bad = ["missing.wav", "slow.wav", "empty.wav", "torn.wav", "text.flac", "folder"]
    status, records, errors = detect(capsys, *(tmp_path / name for name in bad), tmp_path / "good.wav")

    assert status == 1
    assert len(records) == 2
    assert len(errors) == len(bad)
    for name, line in zip(bad, errors, strict=True):
        assert line.startswith(f"soundpost detect: {tmp_path / name}: ")
    assert "8000 to 96000 Hz" in errors[1]


@pytest.mark.parametrize("level_db", ["nan", "-1", "251", "inf"])
def test_a_full_scale_that_cannot_be_is_refused(capsys, level_db):
    status, records, errors = detect(capsys, "x.wav", "--full-scale-db", level_db)

    assert (status, records, len(errors)) == (1, [], 1)
    assert "must be 0 to 250" in errors[0]


@pytest.mark.parametrize("arguments", [[], ["--json"], ["x.wav", "--nonsense"], ["x.wav", "--full-scale-db", "loud"]])
def test_wrong_usage_is_status_2(capsys, arguments):
    with pytest.raises(SystemExit) as stopped:
        main(["detect", *arguments])

    assert stopped.value.code == 2


def test_the_table_is_for_people(tmp_path, capsys):
    soundfile.write(tmp_path / "two.wav", bangs(16_000), 16_000)
    soundfile.write(tmp_path / "none.wav", bangs(16_000, at_s=()), 16_000)

    assert main(["detect", str(tmp_path)]) == 0
    first, second, headings, *rows = capsys.readouterr().out.splitlines()
    assert first == f"{tmp_path / 'none.wav'}: 0 impulses"
    assert second == f"{tmp_path / 'two.wav'}: 2 impulses"
    assert headings.split() == ["onset", "s", "+-", "us", "dBFS", "SNR", "dB", "p(gunshot)", "kind"]
    assert [float(row.split()[0]) for row in rows] == pytest.approx([0.5, 1.0], abs=0.002)


@pytest.mark.parametrize("folder", CLIPS)
def test_clips_are_heard_through_without_a_fault(data, capsys, folder):
    """Every gunshot, every hard negative; of the 400 everyday sounds every eighth (all in `pytest -m whole`)."""
    paths = sorted(path for path in (data / "clips" / folder).rglob("*") if path.suffix in (".ogg", ".wav", ".flac"))
    check_clips(capsys, paths[::8] if len(paths) > 100 else paths)


@pytest.mark.whole
def test_every_clip_is_heard_through_without_a_fault(data, capsys):
    check_clips(capsys, [data / "clips"])


def check_clips(capsys, paths):
    status, records, errors = detect(capsys, *paths)

    assert (status, errors) == (0, [])
    assert records
    for record in records:
        check_record(record, channels="channel" in record)


def test_each_firearm_of_the_library_has_an_onset_within_10_ms_of_its_first_energy(data, capsys):
    """First energy: the first sample over 1 % of the file's peak."""
    found = []
    for path in sorted((data / "clips/gunshots/ffsl").glob("*.ogg")):
        samples, rate_hz = read_audio(path)
        loudness = np.abs(samples).max(axis=1)
        first_s = np.flatnonzero(loudness > 0.01 * loudness.max())[0] / rate_hz
        _, records, _ = detect(capsys, path)
        found.append(min(abs(record["onset_s"] - first_s) for record in records) <= 0.010)

    assert found == [True] * 10


def told(capsys, *arguments):
    """(status, lines of the table, lines on standard error)"""
    status = main(["detect", *map(str, arguments)])
    said = capsys.readouterr()
    return status, said.out.splitlines(), said.err.splitlines()


def test_how_much_was_clipped_and_how_much_was_a_gap_is_said(tmp_path, capsys):
    sound = bangs(12_000, at_s=(1.0,)).clip(-0.5, 0.5)
    sound[:3_600] = 0
    sound[4_000:4_020] = 0  # too short for a gap
    sound[6_000:6_012] = 1
    soundfile.write(tmp_path / "cut.wav", sound, 12_000, subtype="PCM_16")
    _, (record, *_), errors = detect(capsys, tmp_path / "cut.wav")
    _, (first, *_), _ = told(capsys, tmp_path / "cut.wav")

    assert errors == []
    assert (record["file_gap_s"], record["file_clipped_s"]) == (0.3, 0.001)
    assert first.endswith("s; 0.001 s clipped; 0.3 s of gaps")


def test_a_file_of_nothing_but_a_gap_says_why_nothing_was_heard(tmp_path, capsys):
    soundfile.write(tmp_path / "off.wav", np.zeros(24_000), 12_000)

    assert detect(capsys, tmp_path / "off.wav") == (
        0, [], [f"soundpost detect: {tmp_path / 'off.wav'}: 0 impulses; 2 s of gaps"],
    )  # fmt: skip


@pytest.mark.parametrize("width", [15, 23, 31])
def test_floats_that_are_scaled_as_integers_are_heard_as_these(tmp_path, capsys, width):
    soundfile.write(tmp_path / "good.wav", bangs(12_000), 12_000, subtype="FLOAT")
    soundfile.write(tmp_path / "huge.wav", bangs(12_000) * 2**width, 12_000, subtype="FLOAT")
    _, good, _ = detect(capsys, tmp_path / "good.wav")
    status, huge, (said,) = detect(capsys, tmp_path / "huge.wav")

    assert status == 0
    assert [{**record, "file": ""} for record in huge] == [{**record, "file": ""} for record in good]
    assert said.endswith(f"huge.wav: its floats reach far over 1: taken as scaled to {2**width}")


def test_one_wild_sample_does_not_scale_a_file_of_floats(tmp_path, capsys):
    sound = np.tile(bangs(12_000), (16, 1))
    sound[100_000] = 30_000
    soundfile.write(tmp_path / "wild.wav", sound, 12_000, subtype="FLOAT")
    _, records, errors = detect(capsys, tmp_path / "wild.wav")

    assert (len(records) >= 30, errors) == (True, [])


@pytest.mark.parametrize(
    ("name", "subtype", "least_us"),
    [("a.ogg", "VORBIS", 3_000), ("a.ogg", "OPUS", 3_000), ("a.wav", "IMA_ADPCM", 100), ("a.wav", "MS_ADPCM", 100)],
)
def test_a_lossy_codec_is_flagged_and_its_times_are_no_surer_than_it(tmp_path, capsys, name, subtype, least_us):
    rate_hz = 48_000
    soundfile.write(tmp_path / name, bangs(rate_hz), rate_hz, subtype=subtype)
    soundfile.write(tmp_path / "whole.wav", bangs(rate_hz), rate_hz)
    _, records, _ = detect(capsys, tmp_path / name)
    _, (record, *_), _ = detect(capsys, tmp_path / "whole.wav")
    _, (first, *_), _ = told(capsys, tmp_path / name)

    assert len(records) >= 2
    assert all(each["sigma_us"] >= least_us and each["lossy"] == subtype.lower() for each in records)
    assert f"{subtype.lower()}, which loses sound" in first
    assert record["sigma_us"] < 100
    assert "lossy" not in record


def test_standard_input_is_heard_like_a_file(tmp_path, capsys, monkeypatch):
    soundfile.write(tmp_path / "two.wav", bangs(12_000), 12_000)
    _, expected, _ = detect(capsys, tmp_path / "two.wav")
    with (tmp_path / "two.wav").open() as file:
        monkeypatch.setattr("sys.stdin", file)
        status, records, errors = detect(capsys, "-")

    assert (status, errors) == (0, [])
    assert records == [{**record, "file": "-"} for record in expected]


def test_standard_input_that_is_no_sound_or_closed_is_a_line(tmp_path, capsys, monkeypatch):
    (tmp_path / "text").write_text("no sound")
    with (tmp_path / "text").open() as file:
        monkeypatch.setattr("sys.stdin", file)
        _, _, (text,) = detect(capsys, "-")
    monkeypatch.setattr("sys.stdin", None)
    status, _, (closed,) = detect(capsys, "-")

    assert text.startswith("soundpost detect: -: not a WAV, FLAC or OGG file")
    assert (status, closed) == (1, "soundpost detect: -: standard input is closed")


def test_a_name_that_is_not_utf_8_is_a_name(tmp_path, capsys):
    path = tmp_path / os.fsdecode(b"caf\xe9.wav")
    soundfile.write(os.fsencode(path), bangs(12_000), 12_000)
    status, records, errors = detect(capsys, path)
    _, (first, *_), _ = told(capsys, path, "--report", tmp_path / "report")

    assert (status, errors) == (0, [])
    assert {record["file"] for record in records} == {str(path)}
    assert first.startswith(f"{tmp_path}/caf\ufffd.wav: 2 impulses")
    assert "caf\ufffd.wav" in (tmp_path / "report" / "index.html").read_text()


def test_what_another_system_keeps_beside_a_sound_is_no_sound(tmp_path, capsys):
    soundfile.write(tmp_path / "two.wav", bangs(12_000), 12_000)
    (tmp_path / "._two.wav").write_bytes(b"\0\5\26\7 not sound")
    status, records, errors = detect(capsys, tmp_path)

    assert (status, errors) == (0, [])
    assert {record["file"] for record in records} == {str(tmp_path / "two.wav")}
