"""What a peer said is kept by what it was said of: nothing is asked twice, nothing is taken for something else."""

import json

import numpy as np
import pytest
import soundfile

from simulators.compared.asking import Asked, ask_all
from simulators.compared.peer import Peer

RATE_HZ = 8000


class Counting:
    """A peer whose p is the loudest sample, and that counts what it is asked; past `most` questions it fails."""

    def __init__(self, sha256="a" * 64, most=99):
        self.asked, self.most = 0, most
        self.peer = Peer("Loud 1.0", sha256, RATE_HZ, RATE_HZ, RATE_HZ, self.ask)

    def ask(self, windows):
        self.asked += 1
        if self.asked > self.most:
            raise OSError("Loud 1.0: gone")
        return np.abs(windows).max(axis=1)


@pytest.fixture
def sounds(tmp_path):
    """Two files, one twice."""
    found = []
    for name, level in (("a", 0.25), ("b", 0.5), ("again", 0.25)):
        path = tmp_path / f"{name}.wav"
        soundfile.write(path, np.stack([np.full(RATE_HZ, level), np.full(RATE_HZ, 0.9)], 1), RATE_HZ, subtype="FLOAT")
        found.append(Asked(path, False))
    return found


def largest(heard):
    return [pytest.approx(each.largest, abs=1e-4) for each in heard]


def test_the_first_channel_is_heard_and_the_same_bytes_once(sounds, tmp_path):
    loud = Counting()

    assert largest(ask_all(loud.peer, sounds, tmp_path / "kept")) == [0.25, 0.5, 0.25]
    assert loud.asked == 2


def test_what_was_said_is_kept_for_the_next_run(sounds, tmp_path):
    first, second = Counting(), Counting()
    said = [ask_all(each.peer, sounds, tmp_path / "kept") for each in (first, second)]

    assert largest(said[0]) == largest(said[1])
    assert second.asked == 0


def test_without_a_folder_nothing_is_kept(sounds, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    ask_all(Counting().peer, sounds)

    assert sorted(tmp_path.rglob("*")) == before


def test_a_file_that_changed_a_led_one_and_another_net_are_asked_anew(sounds, tmp_path):
    kept = tmp_path / "kept"
    ask_all(Counting().peer, sounds, kept)
    soundfile.write(sounds[1].path, np.full(RATE_HZ, 0.75), RATE_HZ, subtype="FLOAT")
    changed, led, other = Counting(), Counting(), Counting(sha256="b" * 64)

    assert largest(ask_all(changed.peer, sounds, kept)) == [0.25, 0.75, 0.25]
    assert len(ask_all(led.peer, [Asked(sounds[0].path, True)], kept)[0].p) == 2  # a second longer
    ask_all(other.peer, sounds[:1], kept)
    assert (changed.asked, led.asked, other.asked) == (1, 1, 1)


@pytest.mark.parametrize("spoilt", ["", "{", "[1]", '{"KEY": [2.0]}', '{"KEY": []}', '{"KEY": "x"}', '{"KEY": [null]}'])
def test_a_spoilt_file_of_answers_is_made_anew(sounds, tmp_path, spoilt):
    kept = tmp_path / "kept"
    ask_all(Counting().peer, sounds[:1], kept)
    (path,) = kept.iterdir()
    (key,) = json.loads(path.read_text())
    path.write_text(spoilt.replace("KEY", key))
    loud = Counting()

    assert largest(ask_all(loud.peer, sounds[:1], kept)) == [0.25]
    assert loud.asked == 1
    assert json.loads(path.read_text())[key] == [0.25]


def test_what_was_said_before_a_peer_failed_is_kept(sounds, tmp_path):
    with pytest.raises(OSError, match="gone"):
        ask_all(Counting(most=1).peer, sounds, tmp_path / "kept")
    rest = Counting()

    assert largest(ask_all(rest.peer, sounds, tmp_path / "kept")) == [0.25, 0.5, 0.25]
    assert rest.asked == 1


def test_a_file_that_is_no_sound_is_named(sounds, tmp_path):
    sounds[1].path.write_text("no sound")

    with pytest.raises(ValueError, match=r"b\.wav"):
        ask_all(Counting().peer, sounds, tmp_path / "kept")
