"""A weights file that is not fit is told by whatever listens with it, in a line, and the first look says p."""

import json

import numpy as np
import pytest
import soundfile

from dsp.hearing.judge import Judge
from firmware.linux import voices
from soundpost.__main__ import main

RATE_HZ = 16_000


@pytest.fixture
def cut(tmp_path, monkeypatch):
    """The file of weights of this installation, cut; no wide ear."""
    path = tmp_path / "cut.npz"
    path.write_bytes(voices.VERDICT.read_bytes()[:5000])
    monkeypatch.setattr(voices.voices.__wrapped__, "__defaults__", (path, tmp_path / "none.npz"))
    voices.voices.cache_clear()
    yield path
    monkeypatch.undo()
    voices.voices.cache_clear()


@pytest.fixture
def sounds(tmp_path):
    rng = np.random.default_rng(1)
    sound = rng.normal(0, 1e-4, 3 * RATE_HZ)
    sound[RATE_HZ : RATE_HZ + 4000] += rng.normal(0, 0.3, 4000) * np.exp(-np.arange(4000) / 300)
    for kind in ("gunshot", "door"):
        (tmp_path / "in" / kind).mkdir(parents=True)
        soundfile.write(tmp_path / "in" / kind / "one.wav", sound, RATE_HZ, subtype="FLOAT")
    return tmp_path / "in"


@pytest.mark.parametrize(
    ("command", "what"),
    [("detect", ["gunshot/one.wav", "--json"]), ("replay", ["quiet"]), ("simulate", ["quiet"])],
)
def test_the_command_says_so_once_and_hears_with_the_first_look(command, what, cut, sounds, capsys, monkeypatch):
    monkeypatch.chdir(sounds)

    assert main([command, *what]) == 0
    told = capsys.readouterr()
    assert [line for line in told.err.splitlines() if "cut.npz" in line] == [
        f"soundpost {command}: {cut}: not a weights file (File is not a zip file); the first look alone is used"
    ]
    assert voices.judge() == Judge()
    if command == "detect":
        assert 0 <= json.loads(told.out)["p_gunshot"] <= 1


def test_a_score_of_sounds_says_so_in_its_table(cut, sounds, capsys):
    assert main(["score", "sounds", str(sounds)]) == 0

    (line,) = (each for each in capsys.readouterr().out.splitlines() if each.startswith("a voice is not heard"))
    assert "cut.npz" in line
