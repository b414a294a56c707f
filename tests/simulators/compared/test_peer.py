"""A peer's windows: where they lie, what they hold, and what a sound that fits none comes to."""

import numpy as np
import pytest

from simulators.compared.peer import BATCH, Heard, Peer, listen

RATE_HZ, LONG, HOP = 1000, 300, 100


def loudest(windows):
    assert windows.ndim == 2 and len(windows) <= BATCH
    return np.abs(windows).max(axis=1)


PEER = Peer("loud", "", RATE_HZ, LONG, HOP, loudest)


@pytest.mark.parametrize(("length", "windows"), [(0, 1), (1, 1), (300, 1), (301, 2), (400, 2), (401, 3), (5000, 48)])
def test_windows_cover_a_sound_of_any_length(length, windows):
    sound = np.zeros(length, np.float32)
    sound[-1:] = 0.5

    found = listen(PEER, sound, RATE_HZ)

    assert len(found.p) == windows
    assert found.largest == pytest.approx(0.5 if length else 0)


def test_a_moment_is_told_by_the_windows_that_hold_it():
    sound = np.zeros(2000, np.float32)
    sound[1050] = 0.7
    found = listen(PEER, sound, RATE_HZ)

    assert [k for k, p in enumerate(found.p) if p > 0] == [8, 9, 10]
    assert found.at(1.05) == found.at(0.85) == found.at(1.25) == pytest.approx(0.7)
    assert found.at(0.75) == found.at(1.35) == 0
    assert found.at(99.0) == 0


def test_a_moment_between_windows_that_do_not_meet_is_held_by_none():
    assert Heard(np.ones(2, np.float32), hop_s=2.0, long_s=1.0).at(1.5) == 0


@pytest.mark.parametrize("rate_hz", [500, 2000, 1470])
def test_a_sound_of_another_rate_is_brought_to_the_peers(rate_hz):
    t_s = np.arange(2 * rate_hz) / rate_hz
    found = listen(PEER, 0.5 * np.sin(2 * np.pi * 50 * t_s), rate_hz)

    assert len(found.p) == 18
    assert found.p == pytest.approx(np.full(18, 0.5), rel=0.1)


def test_what_is_no_number_counts_as_0():
    sound = np.full(500, np.nan)
    sound[20], sound[300] = np.inf, 0.25

    assert listen(PEER, sound, RATE_HZ).largest == pytest.approx(0.25)
