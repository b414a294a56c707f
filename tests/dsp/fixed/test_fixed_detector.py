"""What the integer detector hears and what it does not; on its reference, whose twin it is (test_bit_exact.py)."""

import numpy as np
import pytest
from scipy import signal

from dsp.blast import friedlander_spectrum
from dsp.fixed.bands import BANDS, band_of
from dsp.fixed.levels import decibels, log2
from dsp.hearing import fixed_reference
from dsp.hearing.stream import BAND_HZ
from simulators.emulators import unix_port

RATE_HZ = 16_000
LONG_STREAM = """
from array import array
from dsp.fixed import kernel
from dsp.fixed.detector import Detector
detector, x, found = Detector(8_000, kernel), 1, []
noise = array("i", range(8_000))
for i in range(8_000):
    x = (x * 1103515245 + 12345) & 0x7FFFFFFF
    noise[i] = (x >> 8) - (1 << 22)
for second in range(1_100):
    if second == 1_090:
        for i in range(4_000, 4_040):
            noise[i] *= 60
    found.extend(detector.feed(noise))
print([onset.sample - 1_090 * 8_000 for onset in found])
"""
NO_ROOM = """
import gc
from array import array
from dsp.fixed import kernel
from dsp.fixed.detector import Detector
detector, x, found = Detector(48_000, kernel), 1, []
block, held, i = array("i", range(480)), [None] * 400, 0
gc.collect()
try:
    while True:
        held[i] = bytearray(1000)
        i += 1
except MemoryError:
    for n in range(0, i, 2):
        held[n] = None
gc.collect()
try:
    bytearray(1920)
    print("there is room")
except MemoryError:
    pass
for n in range(60):
    for i in range(480):
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
        block[i] = ((x >> 8) - (1 << 22)) << (5 if n == 30 else 0)
    found.extend(detector.feed(block))
print([(onset.sample // 480, onset.clip) for onset in found])
"""


def noise(seconds, size=1e-3, rate_hz=RATE_HZ, seed=0):
    return np.random.default_rng(seed).standard_normal(round(seconds * rate_hz)) * size


def burst(sound, at_s, size, rate_hz=RATE_HZ, seed=5):
    tail = np.arange(round(0.02 * rate_hz)) / rate_hz
    at = round(at_s * rate_hz)
    sound[at : at + len(tail)] += size * np.random.default_rng(seed).standard_normal(len(tail)) * np.exp(-tail / 0.003)
    return sound


def times_s(sound, rate_hz=RATE_HZ, lost=None):
    words = fixed_reference.words_of(sound)[None]
    return [onset.sample / rate_hz for onset in fixed_reference.onsets(words, rate_hz, lost)[0]]


def blasts(rate_hz, snr_db, n):
    """(n, samples) of blasts of 0.25 to 1 ms in white noise, and when they begin."""
    rng = np.random.default_rng(7)
    n_samples, sos = round(0.7 * rate_hz), signal.butter(2, BAND_HZ, "bandpass", fs=rate_hz, output="sos")
    hz, sounds, due_s = np.fft.rfftfreq(round(0.7 * rate_hz), 1 / rate_hz), [], 0.5 + rng.uniform(0, 1e-3, n)
    for at_s in due_s:
        spectrum = friedlander_spectrum(hz, 1.0, rng.uniform(0.25e-3, 1e-3)) * (hz < 0.45 * rate_hz)
        blast = np.fft.irfft(spectrum * np.exp(-2j * np.pi * hz * at_s), n_samples) * rate_hz
        heard = signal.sosfilt(sos, blast)[round(at_s * rate_hz) :][: round(0.012 * rate_hz)]
        hiss = rng.standard_normal(n_samples)
        quiet = np.square(signal.sosfilt(sos, hiss)).mean()
        sounds.append(0.1 * (blast + hiss * np.sqrt(np.square(heard).mean() / quiet / 10 ** (snr_db / 10))))
    return np.array(sounds), due_s


@pytest.mark.parametrize("rate_hz", sorted(BANDS))
def test_the_coefficients_are_those_of_the_float_detectors_band(rate_hz):
    zeros, poles, gain = signal.butter(2, (350, min(4000, 0.45 * rate_hz)), "bandpass", fs=rate_hz, output="zpk")
    poles = poles[np.argsort(np.abs(poles - 1))]
    low, high = np.poly(poles[:2]).real, np.poly(poles[2:]).real

    assert sorted(zeros.real) == [-1, -1, 1, 1]
    exact = np.array([gain * 2**13, high[1] * 2**13, high[2] * 2**13, (2 + low[1]) * 2**14, low.sum() * 2**14])
    assert np.abs(np.array(band_of(rate_hz)) - exact).max() <= 0.5


def test_a_rate_without_coefficients_is_named():
    with pytest.raises(ValueError, match="sample rate 9600 Hz is none of 8000, 11025, "):
        band_of(9600)


@pytest.mark.parametrize("rate_hz", [8_000, 12_000, 48_000])
def test_the_loudest_sounds_there_are_stay_within_31_bits(rate_hz):
    rng = np.random.default_rng(3)
    steps = np.repeat(rng.choice([-1.0, 1.0], rate_hz // 10), 10)
    hiss = rng.choice([-1.0, 1.0], rate_hz)

    for sound in (steps, hiss):  # the reference asserts
        band = fixed_reference.band_passed(fixed_reference.words_of(sound)[None], rate_hz)
        assert np.abs(band).max() > 1 << 16


def test_a_burst_is_heard_where_it_begins():
    assert times_s(burst(noise(1), 0.5, 0.1)) == pytest.approx([0.5], abs=2 / RATE_HZ)


def test_rounds_60_ms_apart_are_two():
    assert times_s(burst(burst(noise(1), 0.5, 0.1), 0.56, 0.1)) == pytest.approx([0.5, 0.56], abs=1e-3)


def test_noise_alone_has_no_onset():
    assert times_s(noise(2)) == []


def test_nothing_is_heard_right_behind_a_gap_or_at_the_beginning():
    sound = burst(burst(noise(1.5), 0.03, 0.1), 1.03, 0.1)
    lost = np.zeros((1, len(sound)), bool)
    lost[0, round(0.9 * RATE_HZ) : RATE_HZ] = True

    assert times_s(sound) == pytest.approx([1.03], abs=1e-3)
    assert times_s(sound, lost=lost) == []


def test_the_end_of_digital_silence_is_no_onset():
    sound = noise(1.5)
    sound[: round(0.7 * RATE_HZ)] = 0

    assert times_s(sound) == []


def test_a_step_is_no_sound():
    sound = noise(1)
    sound[RATE_HZ // 2 :] += 0.3

    assert times_s(sound) == []


def test_a_clipped_onset_says_so_and_keeps_its_place():
    words = fixed_reference.words_of(burst(noise(1), 0.5, 5.0))
    (onset,) = fixed_reference.onsets(words[None], RATE_HZ)[0]

    assert onset.clipped
    assert onset.sample == pytest.approx(RATE_HZ // 2, abs=2)
    assert len(onset.clip) == 2 * RATE_HZ // 50


@pytest.mark.parametrize(("rate_hz", "snr_db"), [(12_000, 20), (16_000, 30), (48_000, 15), (48_000, 40)])
def test_the_onsets_of_blasts_are_as_exact_as_they_say(rate_hz, snr_db):
    sounds, due_s = blasts(rate_hz, snr_db, 40)
    heard = fixed_reference.onsets(fixed_reference.words_of(sounds), rate_hz)
    errors = [
        (1e6 * (onset.sample / rate_hz - at_s)) / onset.sigma_us
        for onsets, at_s in zip(heard, due_s, strict=True)
        for onset in onsets[:1]
    ]

    assert len(errors) == 40
    assert 0.6 < np.sqrt(np.mean(np.square(errors))) < 1.3


def test_a_stream_of_days_is_counted_on_where_a_boards_words_would_end(micropython):
    """The counts of cells begin anew after a million; 1100 s at one cell a millisecond go past that."""
    late = eval(unix_port.run(micropython, LONG_STREAM))

    assert late == pytest.approx([4_000 + 8_000 * second for second in range(10)], abs=2)


def test_a_board_without_memory_for_a_clip_hears_all_the_same(micropython):
    assert unix_port.run(micropython, NO_ROOM, heap="192k") == "[(30, None)]\n"


def test_logarithms_are_right_to_a_hundredth():
    values = [*range(1, 5000), *(2**k + 2**k // 3 for k in range(12, 60))]

    assert max(abs(log2(value) / 1024 - np.log2(float(value))) for value in values) < 0.01
    assert fixed_reference.logs(np.array(values)).tolist() == [log2(value) for value in values]
    assert decibels(1024) == 301
