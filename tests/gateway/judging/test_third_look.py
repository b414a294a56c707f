"""What a placed sound is, by all that its poles say: p, kind and why."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.air import Air
from dsp.placing.fix import Fix
from dsp.placing.line_of_fire import LineOfFire
from gateway.incident import Arrival, Round
from gateway.judging.agreement import agreement
from gateway.judging.judge import Judge

OFF_M = (40.0, 60.0, 90.0, 130.0, 180.0, 240.0)
P = st.floats(0, 1)
AIR = Air(12.0)


def shot(source_db=137.0, p=0.9, off_m=OFF_M, t_us=0, xyz_m=(0.0, 0.0, 1.5)):
    """A round of six poles that hear it as loud as they should. p : of all, or of each."""
    told = p if isinstance(p, list | tuple) else [p] * len(off_m)
    arrivals = tuple(
        Arrival(
            f"n{i}", (xyz_m[0] + d, xyz_m[1], 1.5), t_us + round(d / 340 * 1e6), 100,
            level_db=None if source_db is None else source_db - 20 * math.log10(d), p_gunshot=each,
        )
        for i, (d, each) in enumerate(zip(off_m, told, strict=True))
    )  # fmt: skip
    return Round(Fix(xyz_m, t_us, np.eye(2), np.zeros(len(arrivals)), 0.0), arrivals, "A")


def judged(*args, **kwargs):
    return Judge().feed(shot(*args, **kwargs), AIR)


def test_a_loud_sound_that_all_take_for_one_is_a_gunshot():
    told = judged()

    assert told.kind == "gunshot"
    assert told.p_gunshot > 0.95
    assert told.why.startswith("6 of 6 poles take it for a gunshot; 13")


def test_a_door_that_all_take_for_a_gunshot_is_none():
    told = judged(source_db=95.0)

    assert told.kind != "gunshot"
    assert told.p_gunshot < 0.5
    assert "quieter than a gun" in told.why


@pytest.mark.parametrize(("source_db", "p"), [(145.0, 0.45), (108.0, 0.99)])
def test_a_gunshot_must_be_one_by_its_poles_and_by_its_level(source_db, p):
    assert judged(source_db, p).kind != "gunshot"


def test_a_bullets_crack_speaks_for_a_gun_wherever_it_comes_from():
    plain = shot(p=0.45)
    cracked = replace(plain, line=LineOfFire(90.0, 5.0, 600.0, 50.0, np.zeros(3), 0.0))

    assert Judge().feed(cracked, AIR).p_gunshot > Judge().feed(plain, AIR).p_gunshot
    assert Judge().feed(cracked, AIR).kind == "gunshot"
    assert "a bullet's crack came before it" in Judge().feed(cracked, AIR).why


def test_a_loud_sound_that_nobody_takes_for_a_gunshot_is_none():
    assert judged(p=0.03).p_gunshot < 0.15


@pytest.mark.parametrize("source_db", [None, -20.0])
def test_without_a_calibrated_level_it_is_less_sure_and_says_so(source_db):
    told = judged(source_db)

    assert judged(p=0.1).p_gunshot < 0.5 < told.p_gunshot < judged().p_gunshot
    assert "no calibrated level, so less sure" in told.why


def test_where_no_pole_told_a_probability_there_is_none():
    told = judged(p=None)

    assert (told.p_gunshot, told.kind) == (None, "unknown")
    assert "no pole told" in told.why


@given(st.lists(P, min_size=6, max_size=6), P, st.integers(0, 5))
def test_a_pole_that_takes_it_for_a_gunshot_more_never_makes_it_less_of_one(p, other, which):
    low, high = sorted((p[which], other))
    less, more = ([*p[:which], each, *p[which + 1 :]] for each in (low, high))

    assert judged(p=less).p_gunshot <= judged(p=more).p_gunshot + 1e-12


@given(st.lists(P, min_size=6, max_size=6), st.floats(60, 130), st.floats(0, 20))
def test_a_louder_sound_is_never_less_of_a_gunshot(p, source_db, more_db):
    assert judged(source_db, p).p_gunshot <= judged(source_db + more_db, p).p_gunshot + 1e-9


@given(st.lists(P, min_size=6, max_size=6), st.sampled_from([None, 60.0, 137.0, 170.0]))
def test_kind_follows_from_p(p, source_db):
    told = judged(source_db, p)

    assert 0 < told.p_gunshot < 1
    assert told.kind == "gunshot" if told.p_gunshot >= 0.5 else told.kind != "gunshot"
    assert (told.kind == "possible gunshot") == (0.15 <= told.p_gunshot < 0.5)


def test_ten_poles_of_one_sound_are_worth_less_than_two_that_heard_it_alone():
    one, ten = (agreement(shot(p=0.9, off_m=[100.0] * n)).log_odds for n in (1, 10))

    assert one == pytest.approx(math.log(9))
    assert one < ten < 2 * one


def test_a_far_pole_says_less():
    near_doubts = agreement(shot(p=(0.1, 0.9), off_m=(50.0, 600.0)))
    far_doubts = agreement(shot(p=(0.9, 0.1), off_m=(50.0, 600.0)))

    assert near_doubts.log_odds < 0 < far_doubts.log_odds
