"""Later looks at what began."""

import numpy as np
import pytest

from dsp.hearing.detect import Detector
from dsp.hearing.judge import Judge
from dsp.hearing.patient import Patient
from firmware.linux.voices import judge

RATE = 12_000
SHOTS_S = (3.0, 5.5)


class Growing(Judge):
    """A judge that is the surer the more it has heard: p is the share of a second behind the onset that it was given,
    and of it the sound's own."""

    looks_again = True

    def p(self, row, raw, onset, rate_hz, look):
        assert len(raw) - onset >= (100, 400, 950)[look] * rate_hz // 1000 or self.at_end
        return (0.3, 0.6, 0.9)[look]

    at_end = False


class AtEnd(Growing):
    at_end = True


def street(seconds=8.0, shots_s=SHOTS_S, seed=5):
    rng = np.random.default_rng(seed)
    sound = rng.normal(0, 1e-3, round(seconds * RATE))
    for shot_s in shots_s:
        n = min(round(0.3 * RATE), len(sound) - round(shot_s * RATE))
        sound[round(shot_s * RATE) :][:n] += rng.normal(0, 0.4, n) * np.exp(-np.arange(n) / 200)
    return sound


def fed(detector, sound, block):
    onsets, looks = [], []
    for first in range(0, len(sound), block):
        onsets += detector.feed(sound[first : first + block])
        looks += detector.looks()
    return onsets + detector.flush(), looks + detector.looks()


def test_an_onset_is_looked_at_twice_more_when_its_sound_is_there():
    onsets, looks = fed(Detector(RATE, judge=Growing()), street(), 480)

    assert [round(onset.sample / RATE, 1) for onset in onsets] == list(SHOTS_S)
    assert {onset.p_gunshot for onset in onsets} == {0.3}
    assert [(look.sample, look.after_ms, look.p_gunshot) for look in looks] == [
        (onset.sample, ms, p) for onset in onsets for ms, p in ((400, 0.6), (950, 0.9))
    ]


@pytest.mark.parametrize("block", [1, 7, 480, 5000, 96_000])
def test_looks_are_the_same_however_the_sound_is_cut(block):
    sound = street(4.2, (3.0,)) if block == 1 else street()
    onsets, looks = fed(Detector(RATE, judge=Growing()), sound, block)
    whole, all_at_once = fed(Detector(RATE, judge=Growing()), sound, len(sound))

    assert [onset.sample for onset in onsets] == [onset.sample for onset in whole]
    assert looks == all_at_once


def test_what_the_real_judge_sees_is_the_same_however_the_sound_is_cut():
    one, other = (fed(Detector(RATE, judge=judge()), street(), block) for block in (333, 96_000))

    assert one[1] == other[1]
    assert [onset.p_gunshot for onset in one[0]] == [onset.p_gunshot for onset in other[0]]


def test_at_the_end_of_the_sound_what_there_is_is_looked_at():
    sound = street(3.2, (3.0,))
    onsets, looks = fed(Detector(RATE, judge=AtEnd()), sound, 480)

    assert len(onsets) == 1
    assert [look.after_ms for look in looks] == [400, 950]


def test_the_trees_alone_look_once():
    onsets, looks = fed(Detector(RATE), street(), 480)

    assert len(onsets) == 2
    assert looks == []


def test_who_is_patient_tells_each_onset_once_in_order_and_by_its_last_look():
    patient = Patient(Detector(RATE, judge=Growing()))
    sound, told = street(), []
    for first in range(0, len(sound), 480):
        told += [(first + 480, onset) for onset in patient.feed(sound[first : first + 480])]
    told += [(len(sound), onset) for onset in patient.flush()]

    assert [round(onset.sample / RATE, 1) for _, onset in told] == list(SHOTS_S)
    assert {onset.p_gunshot for _, onset in told} == {0.9}
    assert all(0.95 * RATE <= at - onset.sample <= 1.1 * RATE for at, onset in told)


def test_a_later_round_is_taken_for_what_the_first_is_taken_for_at_last():
    rng, n = np.random.default_rng(8), round(0.3 * RATE)
    shot = rng.normal(0, 0.4, n) * np.exp(-np.arange(n) / 200)
    sound = rng.normal(0, 1e-3, 6 * RATE)
    for late_s in (0.0, 0.1, 0.2):
        first = round((3 + late_s) * RATE)
        sound[first : first + n] += shot
    told = Patient(Detector(RATE, judge=Growing()))
    onsets = told.feed(sound) + told.flush()

    assert len(onsets) == 3
    assert {onset.p_gunshot for onset in onsets} == {0.9}


class ByLoudness(Judge):
    """What is loud is the surer a gunshot the more of it was heard, what is not the less."""

    looks_again = True

    def p(self, row, raw, onset, rate_hz, look):
        return ((0.3, 0.25, 0.2), (0.5, 0.7, 0.9))[int(np.abs(raw[onset : onset + 600]).max() > 0.5)][look]


def volley(seed):
    """A loud round, and weaker ones like it at any times within six seconds, all of which ring for long."""
    rng, n, long = np.random.default_rng(seed), round(0.3 * RATE), RATE
    shot = rng.normal(0, 0.4, n) * np.exp(-np.arange(n) / 300)
    sound = rng.normal(0, 1e-3, 11 * RATE)
    for number, late_s in enumerate(np.sort(rng.uniform(0, 6, 9))):
        first = round((3 + late_s) * RATE)
        sound[first : first + n] += shot * (rng.uniform(0.3, 0.6) if number else 1)
        sound[first : first + long] += rng.normal(0, 0.05, long) * np.exp(-np.arange(long) / 6000)
    return sound


@pytest.mark.parametrize("seed", range(8))
def test_what_rounds_like_the_first_are_taken_for_hangs_on_no_block(seed):
    told = []
    for block in (333, 5000, 200_000):
        onsets, looks = fed(Detector(RATE, judge=ByLoudness()), volley(seed), block)
        told.append(([(onset.sample, onset.p_gunshot, onset.like) for onset in onsets], looks))

    assert told[0] == told[1] == told[2]


def test_two_channels_are_told_as_one_would_be():
    sound = np.stack([volley(1), volley(2)], 1)
    both, looks = fed(Detector(RATE, 2, judge=ByLoudness()), sound, len(sound))
    for channel in (0, 1):
        alone, own = fed(Detector(RATE, judge=ByLoudness()), sound[:, channel], 480)

        assert [(o.sample, o.p_gunshot) for o in both if o.channel == channel] == [
            (o.sample, o.p_gunshot) for o in alone
        ]
        assert [(look.sample, look.p_gunshot) for look in looks if look.channel == channel] == [
            (look.sample, look.p_gunshot) for look in own
        ]
