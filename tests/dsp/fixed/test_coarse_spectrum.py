"""The board's coarse spectrum: what a tone, a click and another loudness make of it, and at every sample rate alike."""

import numpy as np
import pytest

from dsp.fixed.bands import BANDS
from dsp.fixed.shape import LAGS_US, N_CHANGES, N_SENT
from dsp.hearing import fixed_reference
from dsp.hearing.fixed_reference import lags_of

TONE_HZ, AT_S = 1_000.0, 0.5


def heard(rate_hz, fade_s=1.0, size=0.2, tone_hz=TONE_HZ):
    """What is told beside the shape that is sent, of a tone that begins in the midst of faint noise."""
    t_s = np.arange(round(0.9 * rate_hz)) / rate_hz
    sound = 1e-4 * np.random.default_rng(3).standard_normal(len(t_s))
    late_s = np.maximum(t_s - AT_S, 0)
    sound += size * np.sin(2 * np.pi * tone_hz * late_s) * np.exp(-late_s / fade_s)
    (onset,) = fixed_reference.onsets(fixed_reference.words_of(sound)[None], rate_hz)[0]
    return np.array(onset.shape[N_SENT:])


@pytest.mark.parametrize("rate_hz", sorted(BANDS))
def test_a_tone_changes_by_twice_the_sine_of_half_its_phase_over_the_lag(rate_hz):
    lags_s = np.array(lags_of(rate_hz)) / rate_hz
    middle = heard(rate_hz)[len(LAGS_US) : 2 * len(LAGS_US)]
    change = 2 * np.abs(np.sin(np.pi * TONE_HZ * lags_s))

    told = change > 0.3  # where the phase comes round again there is nothing left but rounding and noise
    assert told.sum() >= 3
    np.testing.assert_allclose(2.0 ** (middle[told] / 1024), change[told], rtol=0.08)
    assert middle[~told].max(initial=-9999) < -1024


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 44_100])
def test_the_lags_are_whole_samples_and_never_none(rate_hz):
    lags = lags_of(rate_hz)

    assert min(lags) >= 1
    assert np.abs(np.array(lags) * 1e6 / rate_hz - LAGS_US).max() <= 0.5e6 / rate_hz


def test_loudness_does_not_matter():
    assert np.abs(heard(16_000, size=0.4, tone_hz=700.0) - heard(16_000, size=0.04, tone_hz=700.0)).max() < 60


def test_what_fades_at_once_has_its_energy_in_the_first_milliseconds():
    short, long = heard(16_000, fade_s=0.003), heard(16_000, fade_s=0.2)

    assert len(short) == N_CHANGES + 3
    assert short[N_CHANGES] > long[N_CHANGES] + 1024
    assert short[N_CHANGES] > short[N_CHANGES + 1] > short[N_CHANGES + 2]
