"""The judge takes whatever was placed, and never makes more of it than a probability."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.air import Air
from dsp.placing.fix import Fix
from gateway.incident import Arrival, Clip, Round
from gateway.judging.judge import Judge

METRES = st.floats(-2000, 2000)
PLACE = st.tuples(METRES, METRES, st.floats(-50, 300))
ARRIVAL = st.builds(
    Arrival,
    node=st.text("abc", min_size=1, max_size=2),
    xyz_m=PLACE,
    t_us=st.integers(0, 10_000_000),
    sigma_us=st.integers(1, 60_000_000),
    level_db=st.none() | st.floats(-300, 300),
    p_gunshot=st.none() | st.floats(0, 1),
    clip=st.none() | st.binary(max_size=20).map(lambda pcm: Clip(pcm[: len(pcm) // 2 * 2], 8000, 0)),
)
ROUND = st.builds(
    lambda xyz_m, t_us, var_m2, arrivals: Round(
        Fix(xyz_m, t_us, np.eye(2) * var_m2, np.zeros(len(arrivals)), 0.0), tuple(arrivals), "C"
    ),
    PLACE,
    st.integers(0, 400_000_000),
    st.floats(0, 1e5),
    st.lists(ARRIVAL, min_size=4, max_size=9),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(ROUND, min_size=1, max_size=6))
def test_whatever_was_placed_is_judged(rounds):
    judge, air = Judge(), Air(12.0)
    for shot in rounds:
        told = judge.feed(shot, air)

        assert (told.fix, told.arrivals) == (shot.fix, shot.arrivals)
        assert told.p_gunshot is None or 0 < told.p_gunshot < 1
        assert (told.p_gunshot is None) == all(each.p_gunshot is None for each in shot.arrivals)
        assert told.why


def test_all_poles_in_one_spot_or_a_flat_row_are_no_matter():
    for places in ([(0.0, 0.0, 5.0)] * 8, [(10.0 * i, 0.0, 5.0) for i in range(8)]):
        arrivals = tuple(Arrival(str(i), xyz_m, 1000 * i, 100, 20.0, 80.0, 0.7) for i, xyz_m in enumerate(places))
        shot = Round(Fix((0.0, 0.0, 5.0), 0, np.eye(2), np.zeros(8), 0.0), arrivals, "A")

        assert 0 < Judge().feed(shot, Air(12.0)).p_gunshot < 1
