"""`soundpost detect --background`: what a place is like is learnt from recordings of it, and p takes that in."""

import json

import hypothesis.strategies as st
import numpy as np
import pytest
import soundfile
from hypothesis import given

from simulators.recordings.background import Background
from soundpost.__main__ import main

RATE_HZ = 16_000
SHARE = st.floats(0, 1)


def detect(capsys, *arguments):
    status = main(["detect", *map(str, arguments), "--json"])
    said = capsys.readouterr()
    return status, [json.loads(line) for line in said.out.splitlines()], said.err.splitlines()


def sound(path, n_bangs=0, length_s=4.0, seed=1):
    rng = np.random.default_rng(seed)
    samples = rng.normal(0, 1e-3, round(length_s * RATE_HZ))
    burst = rng.normal(0, 0.3, RATE_HZ // 20) * np.exp(-np.arange(RATE_HZ // 20) / 130)
    for i in range(n_bangs):
        first = round((1.0 + i) * RATE_HZ)
        samples[first : first + len(burst)] += burst
    soundfile.write(path, samples.clip(-1, 1), RATE_HZ, subtype="PCM_16")
    return path


@pytest.fixture
def places(tmp_path):
    """A file with a bang; a folder of quiet; a folder in which each recording has such bangs."""
    for name, n_bangs in (("quiet", 0), ("loud", 2)):
        (tmp_path / name).mkdir()
        for i in range(10):
            sound(tmp_path / name / f"{i}.wav", n_bangs, seed=i)
    return sound(tmp_path / "bang.wav", 1, seed=99), tmp_path / "quiet", tmp_path / "loud"


def test_what_a_place_never_makes_is_likelier_than_what_it_makes_all_the_time(places, capsys):
    bang, quiet, loud = places
    _, (plain,), _ = detect(capsys, bang)
    status, (rare,), errors = detect(capsys, bang, "--background", quiet)
    _, (usual,), _ = detect(capsys, bang, "--background", loud)

    assert (status, errors) == (0, [])
    assert "rarity_per_h" not in plain
    assert rare["rarity_per_h"] == pytest.approx(3600 / 40, rel=0.01)  # once in all that was heard
    assert usual["rarity_per_h"] > 3600 / 6
    assert usual["p_gunshot"] < min(rare["p_gunshot"], plain["p_gunshot"])
    assert list(rare) == [*plain, "rarity_per_h"]
    assert {name: rare[name] for name in plain if name not in ("p_gunshot", "kind")} == {
        name: plain[name] for name in plain if name not in ("p_gunshot", "kind")
    }


def test_the_kind_goes_by_the_p_that_is_told(places, capsys):
    bang, quiet, loud = places
    for folder in (quiet, loud):
        _, (line,), _ = detect(capsys, bang, "--background", folder)

        assert line["kind"] == ("blast" if line["p_gunshot"] >= 0.5 else "other")


def test_a_background_that_cannot_be_learnt_from_is_one_line_and_nothing_is_printed(places, tmp_path, capsys):
    bang, *_ = places
    (tmp_path / "empty").mkdir()
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "x.wav").write_bytes(b"RIFF no sound")
    for folder, named in ((tmp_path / "empty", "empty"), (tmp_path / "nowhere", "nowhere"), (broken, "x.wav")):
        status, lines, errors = detect(capsys, bang, "--background", folder)

        assert (status, lines, len(errors)) == (1, [], 1)
        assert named in errors[0]


def test_a_recording_of_the_place_that_cannot_be_heard_is_told_and_the_others_are_learnt(places, capsys):
    bang, quiet, _ = places
    _, lines, _ = detect(capsys, bang, "--background", quiet)
    (quiet / "cut.wav").write_bytes(b"RIFF no sound")

    status, still, errors = detect(capsys, bang, "--background", quiet)

    assert (status, still, len(errors)) == (1, lines, 1)
    assert "cut.wav" in errors[0]


@given(st.lists(st.lists(SHARE, max_size=3), min_size=1, max_size=40), SHARE, SHARE)
def test_a_more_gun_like_sound_never_comes_out_as_less_and_never_as_more_frequent(recordings, one, other):
    place, (less, more) = Background(), sorted((one, other))
    for sounds in recordings:
        place.learn([(0.5, p) for p in sounds], 7.0)

    assert place.p_gunshot(less) <= place.p_gunshot(more)
    assert place.per_h(less) >= place.per_h(more)
    assert 0 <= place.p_gunshot(less) <= 1


def test_a_long_recording_is_learnt_span_by_span():
    whole, parts = Background(), Background()
    sounds = [(5.0, 0.9), (15.0, 0.2), (15.5, 0.7), (45.0, 0.9)]
    whole.learn(sounds, 60.0)
    for i in range(6):
        parts.learn([(at_s - 10 * i, p) for at_s, p in sounds if 10 * i <= at_s < 10 * (i + 1)], 10.0)

    assert [whole.per_h(p) for p in (0.1, 0.5, 0.8)] == [parts.per_h(p) for p in (0.1, 0.5, 0.8)]
    assert whole.per_h(0.8) == pytest.approx(3 * 60)


def test_in_a_gap_nobody_listened():
    whole, gappy, deaf = Background(), Background(), Background()
    whole.learn([(0.5, 0.7), (31.0, 0.4)], 40.0)
    gappy.learn([(0.5, 0.7), (31.0, 0.4)], 80.0, 40.0)
    deaf.learn([], 3600.0, 3600.0)

    assert deaf.is_empty
    assert gappy.per_h(0.9) == pytest.approx(whole.per_h(0.9), rel=0.01)
    p = whole.p_gunshot(0.9)
    whole.learn([], 3600.0, 3600.0)
    assert whole.p_gunshot(0.9) == p
