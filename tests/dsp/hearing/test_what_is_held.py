"""How much of the street's sound a detector holds: docs/explanation/privacy.md tells of it."""

import pickle
import struct

import numpy as np
import pytest

from dsp.hearing.detect import Detector
from firmware.linux.voices import judge

RATE_HZ, LASTS_S, LOOKED_FOR = 48_000, 20, 100
BANG = 0.4 * np.exp(-np.arange(400) / 80) * np.sin(np.arange(400))


@pytest.fixture(scope="module")
def street():
    sound = np.random.default_rng(3).normal(0, 0.002, LASTS_S * RATE_HZ)
    for second in range(LASTS_S):
        sound[second * RATE_HZ + RATE_HZ // 3 :][:400] += BANG
    return sound


@pytest.fixture(scope="module")
def held(street):
    """All that a detector with every voice is made of, after it heard a bang a second."""
    detector = Detector(RATE_HZ, judge=judge())
    n_onsets = 0
    for block in np.split(street, 10 * LASTS_S):
        n_onsets += len(detector.feed(block))
        detector.looks()
    assert n_onsets >= LASTS_S - 1
    return pickle.dumps(detector)


def n_found(held, street, back_s):
    first = round((LASTS_S - back_s) * RATE_HZ)
    return sum(struct.pack("<d", value) in held for value in street[first : first + LOOKED_FOR])


def test_a_detector_holds_what_it_still_needs(held, street):
    assert n_found(held, street, 0.02) == LOOKED_FOR


@pytest.mark.parametrize("back_s", [2, 3, 5, 10, 19])
def test_sound_of_two_seconds_ago_and_more_is_nowhere_in_it(held, street, back_s):
    assert n_found(held, street, back_s) == 0
