"""Rounds of a burst are told by their likeness to the first, in its echoes, and nothing else is."""

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from dsp.blast import friedlander
from dsp.hearing.cells import CELL_HZ
from dsp.hearing.detect import Detector
from dsp.hearing.template_match import LEAD, LENGTH, NEEDED, Repeats

RATE = 12_000
ECHOES_DB, DIE_S = -14.0, 0.3


def street(seed, rate_hz=RATE, seconds=1.0):
    """A blast and the ring of echoes behind it, as one pole of a hard street hears a gun that stays where it is."""
    rng, t_s = np.random.default_rng(seed), np.arange(round(seconds * rate_hz)) / rate_hz
    ring = rng.normal(0, 1, len(t_s)) * 10 ** (ECHOES_DB / 20) * np.exp(-t_s / DIE_S)
    return np.convolve(friedlander(np.arange(round(0.01 * rate_hz)) / rate_hz, 0.3, 5e-4), ring)[: len(t_s)] * 0.3 + (
        friedlander(t_s, 0.3, 5e-4)
    )


def burst(times_s, sounds, seconds=4.0, rate_hz=RATE, seed=0):
    samples = np.random.default_rng(seed).normal(0, 3e-4, round(seconds * rate_hz))
    for at_s, sound in zip(times_s, sounds, strict=True):
        start = round(at_s * rate_hz)
        samples[start : start + len(sound)] += sound
    return samples


def hear(samples, rate_hz=RATE):
    detector = Detector(rate_hz)
    return detector.feed(samples) + detector.flush()


def learned(sound, rate_hz=RATE):
    """Repeats that have learned a sound which begins LEAD cells in."""
    cell = round(rate_hz / CELL_HZ)
    repeats = Repeats(rate_hz, cell)
    repeats.learn("first", True, LEAD, sound[: LENGTH * cell])
    return repeats


def looked(repeats, sound, rate_hz=RATE):
    cell, found = round(rate_hz / CELL_HZ), []
    while repeats.due(len(sound) // cell):
        start = repeats.next_cell * cell
        found += repeats.look(sound[start : start + NEEDED * cell])
    return found


@pytest.mark.parametrize("rate_hz", [8_000, 12_000, 22_050, 44_100, 48_000, 96_000])
def test_a_sound_that_comes_again_is_told_to_a_tenth_of_a_millisecond_at_any_rate(rate_hz):
    cell = round(rate_hz / CELL_HZ)
    lead = np.zeros(LEAD * cell)
    sound = np.concatenate([lead, burst((0.0, 0.5), (street(1, rate_hz), 0.5 * street(1, rate_hz)), 2.0, rate_hz)])

    (again,) = looked(learned(sound, rate_hz), sound, rate_hz)

    assert again.later / rate_hz == pytest.approx(0.5, abs=1e-4)
    assert again.gain == pytest.approx(0.5, rel=0.5)
    assert again.first == "first"


def test_another_sound_is_not_the_same_again():
    sound = np.concatenate([np.zeros(LEAD * 12), burst((0.0, 0.5), (street(1), street(2)), 2.0)])

    assert looked(learned(sound), sound) == []


def test_nothing_is_waited_for_once_a_burst_is_over():
    sound = np.concatenate([np.zeros(LEAD * 12), burst((0.0, 3.0), (street(1), street(1)), 5.0)])
    repeats = learned(sound)

    assert looked(repeats, sound) == []
    assert repeats.next_cell is None


def test_each_round_keeps_the_burst_alive():
    times_s = (0.0, 1.1, 2.2, 3.3)
    sound = np.concatenate([np.zeros(LEAD * 12), burst(times_s, [street(1)] * 4, 6.0)])

    assert [round(one.later / RATE, 3) for one in looked(learned(sound), sound)] == [1.1, 2.2, 3.3]


def test_silence_is_like_nothing():
    repeats = Repeats(RATE, 12)
    repeats.learn("first", True, LEAD, np.zeros(LENGTH * 12))

    assert repeats.next_cell is None
    assert looked(learned(street(1)), np.zeros(3 * RATE)) == []


def test_the_detector_hears_a_round_in_the_echoes_of_the_one_before():
    samples = burst((1.0, 1.4), (street(3), 0.25 * street(3)))

    first, second = hear(samples)

    assert (second.sample - first.sample) / RATE == pytest.approx(0.4, abs=1e-4)
    assert second.p_gunshot == first.p_gunshot
    assert second.sigma_us > first.sigma_us
    assert second.level_db == pytest.approx(first.level_db - 12, abs=2)
    assert (first.again, second.again) == (False, True)
    assert len(second.clip) <= 0.020 * RATE


def test_a_round_that_rises_out_of_the_echoes_is_told_once_and_taken_for_what_the_first_was():
    first, second = hear(burst((1.0, 1.4), (street(3), 0.5 * street(3))))

    assert second.p_gunshot == first.p_gunshot > 0.8


def test_another_sound_in_the_echoes_is_not_taken_for_a_gunshot():
    _, other = hear(burst((1.0, 1.4), (street(3), 0.5 * street(5))))

    assert other.p_gunshot < 0.5


@settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])  # shrinking is slow
@given(st.lists(st.integers(0, 4000), min_size=5, max_size=40).filter(any))
def test_rounds_are_the_same_to_the_bit_however_the_stream_is_cut(lengths):
    samples = burst((1.0, 1.4, 1.75, 2.3), (street(3), *[0.25 * street(3)] * 3))
    whole = hear(samples)

    detector, pieces, first = Detector(RATE), [], 0
    while first < len(samples):
        for length in lengths:
            pieces += detector.feed(samples[first : first + length])
            first += length
    pieces += detector.flush()

    assert len(whole) >= 4
    assert sorted((one.sample, one.level_db) for one in pieces) == [(one.sample, one.level_db) for one in whole]


def test_a_long_gap_ends_a_burst():
    detector = Detector(RATE)
    samples = burst((1.0,), (street(3),), 2.0)

    onsets = detector.feed(samples) + detector.skip(10 * RATE) + detector.feed(samples) + detector.flush()

    assert [round(onset.sample / RATE) for onset in onsets] == [1, 13]
