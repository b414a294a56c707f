"""Hearing impulses: where they are, not where nothing is, the same however the stream is cut."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scipy import signal

from dsp.blast import friedlander
from dsp.hearing.cells import BEFORE, CELL_HZ
from dsp.hearing.detect import MAX_RATE_HZ, MIN_RATE_HZ, Detector

RATE = 24_000


def noise(rng, seconds, rate_hz=RATE, level=1e-3):
    return rng.normal(0, level, round(seconds * rate_hz))


def blast(rate_hz, peak=0.3):
    """A Friedlander wave with a positive phase of 0.5 ms and a short tail of echoes, at most 60 ms."""
    t = np.arange(round(0.06 * rate_hz)) / rate_hz
    return peak * (1 - t / 5e-4) * np.exp(-t / 5e-4) + 0.1 * peak * np.exp(-t / 0.01) * np.sin(2 * np.pi * 900 * t)


def put(samples, wave, at_s, rate_hz=RATE):
    start = round(at_s * rate_hz)
    samples[start : start + len(wave)] += wave
    return samples


def hear(samples, rate_hz=RATE):
    detector = Detector(rate_hz)
    return detector.feed(samples) + detector.flush()


@pytest.mark.parametrize("rate_hz", [8_000, 12_000, 16_000, 22_050, 44_100, 48_000, 96_000])
def test_a_blast_is_heard_once_and_to_half_a_millisecond_at_any_rate(rate_hz):
    samples = put(noise(np.random.default_rng(1), 3, rate_hz), blast(rate_hz), 1.5, rate_hz)

    onsets = hear(samples, rate_hz)

    assert len(onsets) == 1
    assert abs(onsets[0].sample / rate_hz - 1.5) < 5e-4
    assert onsets[0].snr_db > 20


def test_noise_alone_is_not_an_impulse():
    assert hear(noise(np.random.default_rng(2), 60)) == []


def test_louder_rain_is_not_an_impulse():
    rng = np.random.default_rng(3)
    rain = np.concatenate([noise(rng, 5), noise(rng, 20) * np.linspace(1, 30, 20 * RATE), noise(rng, 5, level=3e-2)])

    assert hear(rain) == []


def test_rounds_80_ms_apart_are_heard_apart():
    samples = noise(np.random.default_rng(4), 3)
    for i in range(5):
        put(samples, blast(RATE)[: round(0.03 * RATE)], 1.0 + 0.08 * i)

    assert len(hear(samples)) == 5


@settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])  # shrinking is slow
@given(st.lists(st.integers(0, 4000), min_size=5, max_size=40).filter(any), st.integers(0, 2**32 - 1))
def test_the_onsets_are_the_same_to_the_bit_however_the_stream_is_cut(lengths, seed):
    rng = np.random.default_rng(seed)
    samples = noise(rng, 3)
    for at_s in (0.7, 1.3, 1.36, 2.2):
        put(samples, blast(RATE, rng.uniform(0.01, 0.5)), at_s)
    whole = hear(samples)

    detector, pieces, first = Detector(RATE), [], 0
    while first < len(samples):
        for length in lengths:
            pieces += detector.feed(samples[first : first + length])
            first += length
    pieces += detector.flush()

    assert [described(onset) for onset in pieces] == [described(onset) for onset in whole]


def described(onset):
    return (onset.sample, onset.sigma_us, onset.level_db, onset.snr_db, onset.p_gunshot, onset.features, *onset.row)


def test_each_channel_is_heard_by_itself():
    rng = np.random.default_rng(5)
    left, right = put(noise(rng, 3), blast(RATE), 1.0), put(noise(rng, 3), blast(RATE), 2.0)
    detector = Detector(RATE, 2)

    onsets = detector.feed(np.column_stack([left, right])) + detector.flush()

    assert [(onset.channel, round(onset.sample / RATE, 2)) for onset in onsets] == [(0, 1.0), (1, 2.0)]
    assert described(onsets[0]) == described(hear(left)[0])


def test_the_edges_of_digital_silence_are_not_impulses():
    rng = np.random.default_rng(6)
    silence = np.zeros(RATE)
    samples = np.concatenate([silence, noise(rng, 2, level=0.05), silence, noise(rng, 1, level=0.2), silence])

    assert hear(samples) == []


def test_nothing_is_heard_within_the_window_behind_a_gap():
    rng = np.random.default_rng(7)
    samples = np.concatenate([np.zeros(RATE), put(noise(rng, 2), blast(RATE), 0.8 * BEFORE / CELL_HZ)])

    assert hear(samples) == []


def test_no_onset_comes_to_lie_within_the_window_however_weak_and_wherever_the_blast():
    """The pick may move an onset towards a gap; what it moves into the window is given up."""
    rng, found = np.random.default_rng(19), 0
    for at_s in np.arange(0.034, 0.060, 0.002):
        for before in (0.02, 0.05, 0.1):
            samples = put(put(noise(rng, 1), blast(RATE, before), at_s), blast(RATE, 0.1), at_s + 0.008)
            onsets = hear(np.concatenate([np.zeros(RATE), samples]))
            found += len(onsets)

            assert all(onset.sample >= RATE + (BEFORE - 1) * RATE / CELL_HZ for onset in onsets)
    assert found > 10


def test_the_beginning_of_a_stream_is_not_an_impulse():
    assert hear(noise(np.random.default_rng(8), 1, level=0.1)) == []


def test_lost_samples_are_a_gap_and_shift_what_comes_after():
    rng = np.random.default_rng(9)
    before, after = noise(rng, 2), put(noise(rng, 2, level=0.01), blast(RATE, 0.9), 1.0)
    detector = Detector(RATE)

    onsets = detector.feed(before) + detector.skip(3600 * RATE) + detector.feed(after) + detector.flush()

    assert [round(onset.sample / RATE, 3) for onset in onsets] == [3603.0]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_missing_not_impulses(bad):
    samples = noise(np.random.default_rng(10), 3)
    samples[RATE : RATE + 7] = bad

    assert hear(samples) == []


def test_a_step_of_direct_current_or_an_hour_of_silence_leaves_no_lasting_harm():
    detector = Detector(8_000)
    for _ in range(60):
        assert detector.feed(np.zeros(8_000)) == []
    samples = put(noise(np.random.default_rng(11), 3, 8_000) + 0.2, blast(8_000), 1.5, 8_000)

    onsets = detector.feed(samples) + detector.flush()

    assert [round(onset.sample / 8_000 - 60, 2) for onset in onsets] == [1.5]


def test_a_longer_stream_needs_no_more_memory():
    rng, detector, held = np.random.default_rng(12), Detector(8_000), []
    tracemalloc.start()
    for _ in range(12):
        detector.feed(noise(rng, 10, 8_000))
        held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()

    assert max(held[6:]) <= max(held[:6]) + 10_000


def test_level_is_in_decibels_of_sound_pressure_where_the_microphone_is_known():
    samples = put(noise(np.random.default_rng(13), 3), blast(RATE), 1.5)
    plain, known = hear(samples)[0], Detector(RATE, 1, full_scale_db=93.0)

    onset = (known.feed(samples) + known.flush())[0]

    assert onset.level_db == pytest.approx(plain.level_db + 93.0)


def test_a_clip_is_at_most_20_ms():
    for rate_hz in (8_000, 44_100, 96_000):
        samples = put(noise(np.random.default_rng(14), 3, rate_hz), blast(rate_hz), 1.5, rate_hz)

        assert 0 < len(hear(samples, rate_hz)[0].clip) <= 0.020 * rate_hz


@pytest.mark.parametrize("rate_hz", [MIN_RATE_HZ - 1, MAX_RATE_HZ + 1, 0, -1])
def test_a_rate_out_of_range_is_refused_by_name(rate_hz):
    with pytest.raises(ValueError, match="8000 to 96000"):
        Detector(rate_hz)


def test_a_block_with_another_number_of_channels_is_refused():
    with pytest.raises(ValueError, match="1 channel"):
        Detector(RATE).feed(np.zeros((100, 2)))


@pytest.mark.parametrize("rate_hz", [12_000, 48_000])
def test_sigma_is_true_of_blasts_in_noise(rate_hz):
    """About 68 % of errors lie within the stated sigma, from 10 to 30 dB (of the detector's own SNR)."""
    rng, inside, n = np.random.default_rng(15), 0, 0
    for peak in (0.05, 0.1, 0.3):
        for _ in range(25):
            fraction = rng.random()
            onset = max(hear(between_samples(rng, rate_hz, peak, fraction), rate_hz), key=lambda one: one.snr_db)
            inside += abs(onset.sample - rate_hz - fraction) / rate_hz * 1e6 <= onset.sigma_us
            n += 1

    assert 0.5 < inside / n < 0.95


def between_samples(rng, rate_hz, peak, fraction):
    """Two seconds of noise with a Friedlander wave of 0.4 ms that begins `fraction` of a sample after 1 s."""
    fine = 16
    t_s = (np.arange(2 * rate_hz * fine) / fine - rate_hz - fraction) / rate_hz
    return signal.resample_poly(friedlander(t_s, peak, 4e-4), 1, fine) + noise(rng, 2, rate_hz)


@pytest.mark.parametrize("rate_hz", [8_000, 12_000, 48_000, 96_000])
def test_a_step_of_direct_current_is_not_an_impulse(rate_hz):
    samples = noise(np.random.default_rng(16), 4, rate_hz)
    samples[2 * rate_hz :] += 0.3

    assert hear(samples, rate_hz) == []


@pytest.mark.parametrize("hertz", [0.5, 3, 5, 11, 20, 50, 1000])
def test_a_full_scale_square_wave_is_not_an_impulse(hertz):
    t_s = np.arange(4 * RATE) / RATE
    samples = np.where(t_s >= 1, np.where(np.sin(2 * np.pi * hertz * (t_s - 1)) >= 0, 1.0, -1.0), 0.0)
    detector = Detector(RATE)

    assert detector.feed(samples[RATE:]) + detector.flush() == []
    assert detector.n_clipped == 3 * RATE


@pytest.mark.parametrize("kind", [np.int16, np.int32, np.uint8, np.int8, np.float32])
def test_integers_of_any_width_are_heard_as_floats_are(kind):
    samples = put(noise(np.random.default_rng(17), 3, level=0.01), blast(RATE, 0.8), 1.5)
    if np.issubdtype(kind, np.integer):
        half = 2.0 ** (8 * np.dtype(kind).itemsize - 1)
        middle = 0 if np.issubdtype(kind, np.signedinteger) else half
        given = np.clip(np.round(samples * half) + middle, np.iinfo(kind).min, np.iinfo(kind).max).astype(kind)
    else:
        given = samples.astype(kind)

    heard, wanted = hear(given), hear(samples)

    assert [round(one.sample / RATE, 4) for one in heard] == [round(one.sample / RATE, 4) for one in wanted]
    assert heard[0].level_db == pytest.approx(wanted[0].level_db, abs=0.2)


def test_clipping_is_said_of_the_onset_and_counted():
    soft = put(noise(np.random.default_rng(18), 3), blast(RATE, 0.5), 1.5)
    detector = Detector(RATE)

    onsets = detector.feed(np.clip(4 * soft, -1, 1)) + detector.flush()

    assert (hear(soft)[0].clipped, onsets[0].clipped) == (False, True)
    assert 0 < detector.n_clipped < 0.01 * RATE


@pytest.mark.parametrize("other_hz", [RATE // 2, 2 * RATE])
def test_a_block_at_another_rate_is_a_gap_of_its_length_counted_and_never_an_onset(other_hz):
    rng, detector = np.random.default_rng(20), Detector(RATE)
    other = put(noise(rng, 1, other_hz), blast(other_hz), 0.5, other_hz)

    onsets = detector.feed(noise(rng, 2), RATE) + detector.feed(other, other_hz)
    onsets += detector.feed(put(noise(rng, 2), blast(RATE), 1.0)) + detector.flush()

    assert [round(onset.sample / RATE, 3) for onset in onsets] == [4.0]
    assert detector.n_other_rate == other_hz


@pytest.mark.parametrize("rate_hz", [0, -1])
def test_a_block_whose_rate_is_none_at_all_is_not_heard_either(rate_hz):
    detector = Detector(RATE)

    assert detector.feed(put(noise(np.random.default_rng(21), 2), blast(RATE), 1.0), rate_hz) == []
    assert detector.flush() == []
    assert detector.n_other_rate == 2 * RATE
