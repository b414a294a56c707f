"""The probability that an impulse is a gunshot, and the trees that it comes of."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal

from dsp.blast import friedlander, n_wave
from dsp.hearing import gunshot_model
from dsp.hearing.classify import INPUTS, inputs, kind_of
from dsp.hearing.common_form import common_form
from dsp.hearing.detect import Detector
from dsp.hearing.features import describe
from dsp.hearing.spectrogram import spectrogram
from dsp.hearing.trees import Model, Tree

SILENCE = common_form(np.zeros(4800), 2400, 48_000)
STEP = Tree((0,), (1.5,), (-2.0, 3.0))
NUMBER = st.floats(-1e9, 1e9)


def test_a_tree_goes_left_up_to_its_threshold_and_right_above():
    model = Model(0.5, 1.0, 0.0, (STEP, STEP))

    assert [model.score(np.array([x])) for x in (1.5, 1.6)] == [-3.5, 6.5]


def test_a_deeper_tree_asks_the_child_that_it_went_to():
    tree = Tree((0, 1, 1), (0.0, 1.0, 2.0), (1.0, 2.0, 3.0, 4.0))
    model = Model(0.0, 1.0, 0.0, (tree,))

    assert [model.score(np.array(x)) for x in ([-1, 0], [-1, 1.5], [1, 1.5], [1, 3.0])] == [1, 2, 3, 4]


@given(st.lists(NUMBER, min_size=len(INPUTS), max_size=len(INPUTS)))
def test_p_is_a_probability_whatever_the_features(row):
    assert 0 <= gunshot_model.MODEL.p(np.array(row)) <= 1


@given(st.floats(-50, 50), st.floats(-50, 50))
def test_calibration_keeps_the_order_of_scores(one, other):
    slope, offset = gunshot_model.MODEL.slope, gunshot_model.MODEL.offset
    low, high = (Model(score, slope, offset, (Tree((0,), (0.0,), (0.0, 0.0)),)) for score in sorted((one, other)))

    assert slope > 0
    assert low.p(np.zeros(1)) <= high.p(np.zeros(1))


def test_every_question_of_the_model_is_about_an_input_that_there_is():
    assert all(0 <= column < len(INPUTS) for tree in gunshot_model.MODEL.trees for column in tree.columns)
    assert len(inputs(describe(SILENCE, 0.0), spectrogram(SILENCE))) == len(INPUTS)


@pytest.mark.parametrize(("p", "kind"), [(0.49, "other"), (0.5, "blast")])
def test_what_is_no_gunshot_is_other(p, kind):
    assert kind_of(describe(SILENCE, 0.0), p) == kind


def test_silence_is_hardly_a_gunshot():
    assert 0 <= gunshot_model.MODEL.p(inputs(describe(SILENCE, 0.0), spectrogram(SILENCE))) < 0.5


@pytest.mark.parametrize("rate_hz", [24_000, 48_000])
@pytest.mark.parametrize("length_us", [300, 400, 500])
def test_a_bullets_n_wave_is_heard_as_a_crack(rate_hz, length_us):
    assert kinds(rate_hz, lambda t_s: n_wave(t_s, 1.0, length_us / 1e6)) == {"crack"}


@pytest.mark.parametrize("rate_hz", [24_000, 48_000])
@pytest.mark.parametrize("positive_us", [150, 300, 600, 1000])
def test_a_blast_of_any_length_is_never_heard_as_a_crack(rate_hz, positive_us):
    assert "crack" not in kinds(rate_hz, lambda t_s: friedlander(t_s, 1.0, positive_us / 1e6))


def kinds(rate_hz, wave, snr_db=35.0):
    """What ten of these are called that begin somewhere between two samples, their peaks snr_db over the noise."""
    rng, fine = np.random.default_rng(7), 16
    detector, n = Detector(rate_hz), round(0.02 * rate_hz)
    sound = rng.normal(0, 0.3 * 10 ** (-snr_db / 20), 4 * rate_hz)
    for at_s in np.arange(1.0, 3.5, 0.25):
        t_s = (np.arange(2 * n * fine) / fine - n - rng.random()) / rate_hz
        first = round(at_s * rate_hz) - n
        sound[first : first + 2 * n] += 0.3 * signal.resample_poly(wave(t_s), 1, fine)
    onsets = detector.feed(sound) + detector.flush()
    assert len(onsets) == 10
    return {onset.kind for onset in onsets}
