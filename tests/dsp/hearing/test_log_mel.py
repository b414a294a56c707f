"""The log-mel picture against a plain reference, a transform by its definition and triangles one by one."""

import math

import numpy as np
import pytest

from dsp.hearing.log_mel import BANDS, FRAMES, N_SAMPLES, RATE_HZ, log_mel

T_S = np.arange(N_SAMPLES) / RATE_HZ


def mel(hz):
    return 1127 * math.log(1 + hz / 700)


def triangle(band, hz):
    """How much of a line at hz the band takes."""
    step = (mel(7500) - mel(125)) / (BANDS + 1)
    from_middle = abs(mel(hz) - mel(125) - (band + 1) * step)
    return max(0.0, 1 - from_middle / step)


def reference(sound):
    lines = np.arange(257)
    turns = np.exp(-2j * np.pi * np.outer(np.arange(400), lines) / 512)
    window = np.array([0.5 - 0.5 * math.cos(2 * math.pi * n / 400) for n in range(400)])
    weights = np.array([[triangle(band, line * 31.25) for band in range(BANDS)] for line in lines])
    frames = np.array([sound[160 * index : 160 * index + 400] * window for index in range(FRAMES)])
    return np.log(np.abs(frames @ turns) @ weights + 0.001)


@pytest.mark.parametrize("loudness", [1e-4, 0.01, 1.0])
def test_it_is_what_the_definition_says(loudness):
    sound = loudness * np.random.default_rng(3).standard_normal(N_SAMPLES)
    picture = log_mel(sound.astype(np.float32))

    assert picture.shape == (FRAMES, BANDS) and picture.dtype == np.float32
    assert np.abs(picture - reference(sound)).max() < 1e-3


def test_silence_is_the_floor():
    assert log_mel(np.zeros(N_SAMPLES, np.float32)) == pytest.approx(math.log(0.001))


@pytest.mark.parametrize("hz", [200, 440, 1000, 3000, 7000])
def test_a_tone_is_loudest_in_the_band_it_lies_in(hz):
    picture = log_mel(np.sin(2 * np.pi * hz * T_S).astype(np.float32))
    nearest = max(range(BANDS), key=lambda band: triangle(band, hz))

    assert set(np.abs(picture.argmax(axis=1) - nearest).tolist()) <= {0, 1}


def test_a_click_shows_in_the_frames_that_hold_it_and_in_no_other():
    click = np.zeros(N_SAMPLES, np.float32)
    click[8_000] = 1.0
    loud = np.flatnonzero(log_mel(click).max(axis=1) > math.log(0.01))

    assert loud.tolist() == [48, 49, 50][: len(loud)] and len(loud) >= 2


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf, 3e38])
def test_what_is_no_number_counts_as_0_and_nothing_overflows(odd):
    sound = np.sin(2 * np.pi * 440 * T_S).astype(np.float32)
    spoilt, mended = sound.copy(), sound.copy()
    spoilt[5_000:5_010], mended[5_000:5_010] = odd, 0

    assert np.isfinite(log_mel(np.full(N_SAMPLES, odd, np.float32))).all()
    assert odd == 3e38 or np.array_equal(log_mel(spoilt), log_mel(mended))


@pytest.mark.parametrize("shape", [(0,), (N_SAMPLES - 1,), (N_SAMPLES + 1,), (N_SAMPLES, 1)])
def test_another_length_is_refused_in_a_line(shape):
    with pytest.raises(ValueError, match=r"sound has the shape .*; it must be \(15600,\)$"):
        log_mel(np.zeros(shape, np.float32))
