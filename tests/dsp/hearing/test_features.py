"""What an impulse is like: the same whatever the gain, the rate and the blocks."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.blast import friedlander_spectrum, n_wave
from dsp.hearing.common_form import common_form
from dsp.hearing.features import describe
from dsp.hearing.n_wave import N_WAVE_RATE_HZ, likeness

ONSET_S = 0.1
RATES_HZ = (12_000, 44_100, 48_000, 96_000)


def blast(rate_hz):
    """A blast and two echoes of it, with nothing over 5 kHz, so that every rate holds the same sound."""
    n = round(0.4 * rate_hz)
    hz = np.fft.rfftfreq(n, 1 / rate_hz)
    echoes = sum(a * np.exp(-2j * np.pi * hz * (ONSET_S + late)) for a, late in ((1, 0), (0.5, 0.013), (0.3, 0.07)))
    return np.fft.irfft(friedlander_spectrum(hz, 1.0, 6e-4) * echoes * np.exp(-((hz / 2500) ** 4)), n) * rate_hz


def described(sound, onset, rate_hz):
    return describe(common_form(sound, onset, rate_hz), likeness(sound, onset, rate_hz))


def numbers(features):
    return np.hstack([np.ravel(value) for value in dataclasses.astuple(features)]).astype(float)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_the_common_form_of_a_blast_is_the_same_at_every_rate(rate_hz):
    form = common_form(blast(rate_hz), round(ONSET_S * rate_hz), rate_hz)
    at_48 = common_form(blast(48_000), round(ONSET_S * 48_000), 48_000)

    assert form == pytest.approx(at_48, abs=0.05)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_the_features_of_a_blast_are_nearly_the_same_at_every_rate(rate_hz):
    features = described(blast(rate_hz), round(ONSET_S * rate_hz), rate_hz)
    at_48 = described(blast(48_000), round(ONSET_S * 48_000), 48_000)

    assert abs(features.rise_us - at_48.rise_us) <= 125
    assert abs(features.duration_us - at_48.duration_us) <= 250
    assert features.centroid_hz == pytest.approx(at_48.centroid_hz, rel=0.03)
    assert features.bands_db == pytest.approx(at_48.bands_db, abs=0.5)
    assert features.kurtosis == pytest.approx(at_48.kurtosis, rel=0.05)


@settings(max_examples=20)
@given(st.floats(1e-4, 1e3), st.integers(0, 2**32 - 1))
def test_how_loud_it_is_changes_nothing(gain, seed):
    sound = blast(24_000) + np.random.default_rng(seed).normal(0, 1e-3, round(0.4 * 24_000))

    loud, plain = (described(each, 2400, 24_000) for each in (gain * sound, sound))

    assert numbers(loud) == pytest.approx(numbers(plain), rel=0.01, abs=0.1)


@pytest.mark.parametrize("sound", [np.zeros(4800), np.ones(4800), np.zeros(0), np.full(10, 1e300)])
def test_silence_and_stumps_have_features_that_are_numbers(sound):
    with np.errstate(over="ignore", invalid="ignore"):
        found = numbers(described(np.clip(sound, -4, 4), 0, 48_000))

    assert np.all(np.isfinite(found))


@pytest.mark.parametrize("length_us", [150, 200, 300, 450])
def test_an_n_wave_is_told_from_a_blast(length_us):
    t_s = np.arange(4800) / 48_000 - 0.05
    sound = n_wave(t_s, 1.0, length_us * 1e-6) + np.random.default_rng(1).normal(0, 0.02, 4800)

    assert described(sound, 2400, 48_000).n_wave > 0.8
    assert described(blast(48_000), 4800, 48_000).n_wave < 0.8


def test_a_rate_too_low_for_an_n_wave_finds_none():
    rate_hz = N_WAVE_RATE_HZ // 2
    assert described(blast(rate_hz), round(ONSET_S * rate_hz), rate_hz).n_wave == 0.0
