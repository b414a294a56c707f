import json

import numpy as np
import pytest
import soundfile

from simulators.recordings.sources import open_source


def write_nodes(folder, change=None, n_channels=4):
    """A folder with a four-channel WAV and its nodes file; `change` edits the file's tables."""
    rng = np.random.default_rng(1)
    soundfile.write(folder / "street.wav", rng.uniform(-0.1, 0.1, (800, n_channels)), 16_000, subtype="PCM_16")
    places = ([0, 0, 6], [60, 0, 6], [60, 60, 6], [0, 60, 6])
    tables = {
        "audio": "street.wav",
        "temperature_c": 5.0,
        "nodes": [{"node": f"P{i}", "xyz_m": place, "channel": i} for i, place in enumerate(places)],
    }
    if change:
        change(tables)
    (folder / "nodes.json").write_text(json.dumps(tables))
    return folder / "nodes.json"


def test_the_live_fire_tree_is_72_tests_of_144_rounds(data):
    recordings = list(open_source(data / "livefire"))

    assert len({recording.source for recording in recordings}) == len(recordings) == 72
    assert sum(truth.n_rounds for recording in recordings for truth in recording.truths) == 144
    assert all(recording.tracks and recording.pulses for recording in recordings)


def test_a_live_fire_test_gives_sound_pulses_weather_and_the_incumbents_groups(data):
    (recording,) = open_source(data / "livefire" / "FP1" / "test_001")
    first = recording.pulses[0]

    assert recording.source == "test_001"
    assert [len(track.read()) for track in recording.tracks] == [120_000] * 6
    assert {track.rate_hz for track in recording.tracks} == {12_000}
    assert recording.tracks[0].start_us == 1_545_180_566_000_000
    assert (first.node, first.t_us, first.sigma_us) == ("SCP-00-BNG-5028", 1_545_180_567_467_000, 289)
    assert (first.snr_db, first.level_db) == (4.33317, 76.9707)
    assert recording.air.temperature_c == 0.0
    assert [len(group) for group in recording.groups] == [20, 19, 20]
    assert len({recording.pulses[index].node for index in recording.groups[0]}) == 20


def test_the_forensic_wavs_stand_round_their_centroid(data):
    (recording,) = open_source(data / "forensic")
    places = np.array([track.xyz_m for track in recording.tracks])

    assert recording.source == "chicago-2022-09-18"
    assert places.mean(axis=0) == pytest.approx([0, 0, 0], abs=0.05)
    assert recording.site.to_geodetic(*recording.tracks[0].xyz_m)[:2] == pytest.approx((41.697987, -87.633597))
    assert recording.tracks[0].start_us == 1_663_478_454_178_000
    assert recording.tracks[0].full_scale_db == 93.09
    assert (recording.air.temperature_c, recording.air.humidity_pct) == (25.0, 50.0)
    assert recording.air.wind_en_mps[1] == pytest.approx(5.79, abs=0.01)  # from 210 degrees: it blows north
    assert all(len(track.read()) == 24_000 for track in recording.tracks)


def test_a_nodes_file_says_which_channel_is_which_pole(tmp_path):
    (recording,) = open_source(write_nodes(tmp_path))
    samples, _ = soundfile.read(tmp_path / "street.wav", dtype="float32")

    assert [track.node for track in recording.tracks] == ["P0", "P1", "P2", "P3"]
    assert np.array_equal(recording.tracks[2].read(), samples[:, 2])
    assert recording.air.temperature_c == 5.0


def test_a_sound_file_finds_the_nodes_file_beside_it(tmp_path):
    write_nodes(tmp_path)
    (recording,) = open_source(tmp_path / "street.wav")

    assert len(recording.tracks) == 4


def test_nodes_may_stand_by_latitude_and_longitude(tmp_path):
    def geodetic(tables):
        for index, node in enumerate(tables["nodes"]):
            del node["xyz_m"]
            node |= {"lat_deg": 40.44 + index * 1e-3, "lon_deg": -80.0, "h_m": 230.0}

    (recording,) = open_source(write_nodes(tmp_path, geodetic))

    assert np.diff([track.xyz_m[1] for track in recording.tracks]) == pytest.approx([111.0] * 3, abs=0.2)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t["nodes"].pop(), "nodes: 3 given; a fix needs 4 or more"),
        (lambda t: t["nodes"][1].update(xyz_m=[0.1, 0, 6]), "nodes P0 and P1 are 0.10 m apart"),
        (lambda t: t["nodes"][1].update(node="P0"), "nodes: two are named P0"),
        (lambda t: t["nodes"][3].update(channel=4), "node P3: channel 4; street.wav has 0 to 3"),
        (lambda t: t["nodes"][3].update(channel=-1), "nodes 4 (P3).channel: -1 is outside 0 to 255"),
        (lambda t: t.update(temprature_c=5), "temprature_c: unknown key"),
        (lambda t: t.update(temperature_c=500), "temperature_c: 500.0 is outside -60 to 60 C"),
        (lambda t: t["nodes"][0].update(lat_deg=3.0), "needs either xyz_m or lat_deg, lon_deg and h_m"),
        (lambda t: t["nodes"][0].pop("xyz_m"), "needs either xyz_m or lat_deg, lon_deg and h_m"),
        (lambda t: t["nodes"][0].update(xyz_m=[0, 0, float("nan")]), "nodes 1 (P0).xyz_m 3: nan is outside"),
        (lambda t: t.update(audio="gone.wav"), "gone.wav"),
        (lambda t: t.pop("audio"), "node P0: no audio named"),
    ],
)
def test_a_bad_nodes_file_is_refused_in_one_line(tmp_path, change, said):
    path = write_nodes(tmp_path, change)
    with pytest.raises((ValueError, OSError)) as caught:
        list(open_source(path))

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("text", [b"", b"[", b"\xff\xfe", b"[" * 100_000, b'{"nodes": 3}', b"null"])
@pytest.mark.parametrize("name", ["nodes.json", "nodes.toml"])
def test_a_file_that_is_no_nodes_file_is_refused_by_name(tmp_path, text, name):
    (tmp_path / name).write_bytes(text)
    with pytest.raises(ValueError, match=name):
        list(open_source(tmp_path / name))


def test_a_folder_of_nothing_known_says_what_was_looked_for(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(ValueError, match=r"found no recordings; looked for a live-fire test .* smj0 .*nodes.toml"):
        open_source(tmp_path)


def test_a_sound_without_a_nodes_file_says_which_it_looked_for(tmp_path):
    soundfile.write(tmp_path / "lone.wav", np.zeros(800), 16_000)
    with pytest.raises(ValueError, match=r"looked for lone.nodes.toml"):
        open_source(tmp_path / "lone.wav")


def test_a_path_that_is_not_there_is_the_worlds_fault(tmp_path):
    with pytest.raises(FileNotFoundError):
        open_source(tmp_path / "gone")


def test_sound_of_a_rate_that_no_detector_takes_is_refused(tmp_path):
    path = write_nodes(tmp_path)
    soundfile.write(tmp_path / "street.wav", np.zeros((10, 4)), 4_000)
    with pytest.raises(ValueError, match=r"street.wav.*4000 Hz"):
        list(open_source(path))


def test_a_live_fire_file_with_a_wrong_field_is_named(tmp_path):
    (tmp_path / "t.allpulses.json").write_text('[{"serial_number": "S", "arrival_time_utc": "yesterday"}]')
    with pytest.raises(ValueError, match=r"t.allpulses.json: entry 1\.") as caught:
        list(open_source(tmp_path))

    assert "\n" not in str(caught.value)
