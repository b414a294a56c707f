"""The live fire's rounds get the p of a model that never heard their position, onset by onset."""

import numpy as np
import pytest

from dsp.air import Air
from dsp.placing.fix import Fix
from gateway.incident import Arrival, Round
from simulators.judging.live_rounds import LiveRound, scored
from simulators.recordings.recording import Recording, Track

START_US = 1_545_000_000_000_000


def a_round(*heard_us):
    arrivals = tuple(Arrival(f"n{i}", (0, 0, 0), START_US + t_us, 1, p_gunshot=0.99) for i, t_us in enumerate(heard_us))
    fix = Fix((0, 0, 0), START_US, np.eye(2), np.zeros(len(arrivals)), 0.0)
    return LiveRound("FP1", "test_001", Round(fix, arrivals, "A"), Air())


def recording(n):
    tracks = tuple(Track(f"n{i}", (0, 0, 0), START_US, 12_000, samples=np.zeros(10, np.float32)) for i in range(n))
    return Recording("test_001", tracks, Air())


def test_each_arrival_gets_the_p_of_its_own_onset():
    p_of = {("FP1 test_001 n0", 500_000): 0.2, ("FP1 test_001 n1", 700_100): 0.3, ("FP1 test_001 n1", 699_850): 0.9}
    told = scored(a_round(500_000, 700_000), p_of, recording(2))

    assert [each.p_gunshot for each in told.placed.arrivals] == [0.2, 0.3]


def test_an_onset_that_the_model_never_heard_is_a_fault():
    with pytest.raises(KeyError):
        scored(a_round(500_000), {("FP1 test_001 n0", 501_000): 0.2}, recording(1))
