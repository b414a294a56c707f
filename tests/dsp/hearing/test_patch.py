"""What the nets see of an impulse."""

import numpy as np
import pytest
from scipy import signal

from dsp.hearing.patch import BANDS, FIRST, FRAMES, LOOKS_MS, frames_of, patch

RATE = 48_000


def bang(rate_hz, seconds=2.0, onset_s=0.5):
    """A burst of noise within what 8 kHz can hold, the same at every rate, and where it begins."""
    rng = np.random.default_rng(3)
    sound = rng.normal(0, 1e-4, round(seconds * RATE))
    n = round(0.4 * RATE)
    sound[round(onset_s * RATE) :][:n] += rng.normal(0, 0.3, n) * np.exp(-np.arange(n) / 2000)
    sound = signal.sosfilt(signal.butter(8, (200, 3000), "bandpass", fs=RATE, output="sos"), sound)
    up = np.gcd(rate_hz, RATE)
    return signal.resample_poly(sound, rate_hz // up, RATE // up), round(onset_s * rate_hz)


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 12_000, 22_050, 44_100, 96_000])
def test_the_same_sound_looks_nearly_the_same_at_any_rate(rate_hz):
    here, there = patch(*bang(RATE), RATE), patch(*bang(rate_hz), rate_hz)
    heard = slice(2, 17)  # bands in which all rates have something

    assert np.median(np.abs(here - there)[:, heard]) * 30 < 1.5  # dB


def test_how_loud_it_is_is_not_seen():
    sound, onset = bang(RATE)

    assert patch(0.001 * sound, onset, RATE) == pytest.approx(patch(sound, onset, RATE), abs=1e-4)


@pytest.mark.parametrize("look", [0, 1])
def test_a_look_sees_nothing_that_comes_behind_it(look):
    sound, onset = bang(RATE)
    other = sound.copy()
    other[onset + LOOKS_MS[look] * RATE // 1000 :] = np.random.default_rng(4).normal(0, 1, len(sound))[
        : len(sound) - onset - LOOKS_MS[look] * RATE // 1000
    ]
    short = patch(sound, onset, RATE, LOOKS_MS[look])

    assert np.array_equal(short, patch(other, onset, RATE, LOOKS_MS[look]))
    assert (short[frames_of(LOOKS_MS[look]) :] == -1).all()
    whole = patch(sound, onset, RATE)
    assert short[: frames_of(LOOKS_MS[look])] == pytest.approx(whole[: frames_of(LOOKS_MS[look])], abs=1e-5)


def test_past_the_ends_of_the_sound_there_is_silence():
    sound, onset = bang(RATE)
    padded = np.concatenate([np.zeros(RATE), sound[onset : onset + 4800], np.zeros(RATE)])

    assert patch(sound[onset : onset + 4800], 0, RATE) == pytest.approx(patch(padded, RATE, RATE))


def test_silence_is_seen_as_the_floor():
    seen = patch(np.zeros(RATE), 100, RATE)

    assert seen.shape == (FRAMES, BANDS)
    assert (seen == -1).all()


def test_the_loudest_cell_of_the_first_moment_is_at_0_db():
    seen = patch(*bang(RATE), RATE)

    assert seen[FIRST].max() == pytest.approx(1.0, abs=1e-3)
    assert -1 <= seen.min() <= seen.max() <= 4 / 3 + 1e-6
