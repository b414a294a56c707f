"""The time between two clips: found to a part of a sample, its sigma true, refused where no one peak is clear."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from dsp.blast import friedlander_spectrum
from dsp.cross_correlation import REACH_S, Clip, Delay, delay, moved, sharpen

RATE_HZ = 16_000


def clip(rng, onset_s, start_s, rate_hz=RATE_HZ, noise=0.0, positive_s=6e-4):
    """20 ms from start_s of a blast that begins at onset_s, its peak 1, with white noise."""
    n, lead = rate_hz // 5, 0.05
    hz = np.fft.rfftfreq(n, 1 / rate_hz)
    turned = np.exp(-2j * np.pi * hz * (onset_s - start_s + lead)) * np.exp(-((hz / (0.4 * rate_hz)) ** 8))
    wave = np.fft.irfft(friedlander_spectrum(hz, 1.0, positive_s) * turned, n) * rate_hz
    first = round(lead * rate_hz)
    samples = wave[first : first + rate_hz // 50]
    return Clip(samples + noise * rng.standard_normal(len(samples)), rate_hz, start_s)


def pair(seed, late_s, **how):
    rng = np.random.default_rng(seed)
    return clip(rng, 0.5 + late_s, 0.499 + late_s, **how), clip(rng, 0.2, 0.199, **how)


@settings(max_examples=30)
@given(st.floats(-5e-4, 5e-4), st.floats(-1e-3, 1e-3))
def test_the_delay_is_found_whatever_lies_between_samples_and_picks(late_s, off_s):
    later, earlier = pair(1, late_s)

    found = delay(later, earlier, 0.3 + late_s + off_s)

    assert found.delay_s == pytest.approx(0.3 + late_s, abs=2e-7)
    assert found.alike == pytest.approx(1.0, abs=0.02)


def test_clips_of_different_rates_are_laid_over_each_other_as_well():
    rng = np.random.default_rng(2)
    later, earlier = clip(rng, 0.5003, 0.4993, 48_000), clip(rng, 0.2, 0.199, 12_000)

    assert delay(later, earlier, 0.3).delay_s == pytest.approx(0.3003, abs=5e-6)


@pytest.mark.parametrize("noise", [0.02, 0.1, 0.2])
def test_sigma_holds_two_in_three_errors_or_more(noise):
    found = [(delay(*pair(seed, 1e-4, noise=noise), 0.3), 0.3001) for seed in range(200)]
    told = [(each.delay_s - true, each.sigma_s) for each, true in found if each is not None]

    assert len(told) > 40
    assert np.mean([abs(error) <= sigma for error, sigma in told]) >= 0.65


def test_sigma_grows_with_noise_and_with_a_narrower_band():
    faint, strong = (delay(*pair(3, 0.0, noise=noise), 0.3).sigma_s for noise in (0.02, 0.15))
    dull = signal.butter(4, 500, fs=RATE_HZ, output="sos")
    narrow = (Clip(signal.sosfilt(dull, each.samples), RATE_HZ, each.start_s) for each in pair(3, 0.0, noise=0.15))

    assert faint < strong < delay(*narrow, 0.3).sigma_s


@pytest.mark.parametrize("seed", range(20))
def test_noise_is_like_nothing(seed):
    rng = np.random.default_rng(seed)
    one, other = (Clip(rng.standard_normal(320), RATE_HZ, 0.0) for _ in range(2))

    assert delay(one, other, 0.0) is None


def test_silence_a_tone_and_a_delay_out_of_reach_give_no_answer():
    t_s = np.arange(320) / RATE_HZ
    tone = Clip(np.sin(2 * np.pi * 1500 * t_s), RATE_HZ, 0.0)
    silence = Clip(np.zeros(320), RATE_HZ, 0.0)
    later, earlier = pair(4, 0.0)

    assert delay(tone, tone, 0.0) is None
    assert delay(silence, tone, 0.0) is None
    assert delay(Clip(np.full(320, np.nan), RATE_HZ, 0.0), tone, 0.0) is None
    assert delay(later, earlier, 0.3 + 2 * REACH_S) is None


def test_a_stump_is_no_clip():
    with pytest.raises(ValueError, match="a clip of shape"):
        Clip(np.zeros(1), RATE_HZ, 0.0)


def test_delays_that_agree_put_times_right_and_keep_their_mean():
    true_s, sigma_s = np.array([0.0, 0.1, 0.25, 0.4]), np.full(4, 1e-4)
    times_s = true_s + np.array([1e-4, -1e-4, 2e-4, -2e-4])
    delays = {(i, j): Delay(true_s[i] - true_s[j], 1e-7, 1.0) for i in range(4) for j in range(i)}

    sharper_s, sharper_sigma_s = sharpen(times_s, sigma_s, delays)

    assert sharper_s - true_s == pytest.approx(np.mean(times_s - true_s), abs=1e-8)
    assert sharper_sigma_s == pytest.approx(1e-4 / 2, rel=0.01)  # the mean of four picks is all that is left unknown


def test_a_time_in_no_pair_stays_what_it_was():
    delays = {(1, 0): Delay(0.2, 1e-5, 0.9)}

    sharper_s, sigma_s = sharpen(np.array([0.0, 0.1999, 0.5]), np.array([1e-4, 1e-4, 3e-4]), delays)

    assert sharper_s[2] == 0.5
    assert sigma_s[2] == pytest.approx(3e-4)
    assert sharper_s[1] - sharper_s[0] == pytest.approx(0.2, abs=2e-6)
    assert (sigma_s[:2] < 1e-4).all()


def test_without_delays_nothing_changes():
    times_s, sigma_s = sharpen(np.array([1.0, 2.0]), np.array([1e-3, 2e-3]), {})

    assert times_s.tolist() == [1.0, 2.0]
    assert sigma_s == pytest.approx([1e-3, 2e-3])


@given(st.floats(-0.99, 0.99))
def test_moved_samples_are_the_same_sound_read_later(by):
    n = np.arange(256)
    wave = np.cos(2 * np.pi * 9 * n / 256) + np.sin(2 * np.pi * 30 * n / 256)

    assert moved(wave, by) == pytest.approx(
        np.cos(2 * np.pi * 9 * (n + by) / 256) + np.sin(2 * np.pi * 30 * (n + by) / 256), abs=1e-9
    )
    assert moved(wave, 0) is wave
