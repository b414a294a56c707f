"""How loud a placed sound was at its source, told from what the poles heard."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.placing.fix import Fix
from gateway.incident import Arrival, Clip, Round
from gateway.judging.source_level import EXCESS_DB_PER_M, is_clipped, source_level

OFF_M = (30.0, 60.0, 90.0, 130.0, 200.0, 280.0)
LOUDEST = np.array([0, 32000, -32767, 100], "<i2").tobytes()
SOFT = np.array([0, 3200, -3277, 100], "<i2").tobytes()


def heard_db(source_db, off_m):
    return source_db - 20 * np.log10(off_m) - EXCESS_DB_PER_M * off_m


def shot_of(levels_db, off_m=OFF_M, clipped=()):
    arrivals = tuple(
        Arrival(f"n{i}", (d, 0.0, 0.0), 0, 100, level_db=db, clip=Clip(LOUDEST if i in clipped else SOFT, 8000, 0))
        for i, (db, d) in enumerate(zip(levels_db, off_m, strict=False))
    )
    return Round(Fix((0.0, 0.0, 0.0), 0, np.eye(2), np.zeros(len(arrivals)), 0.0), arrivals, "A")


@given(st.floats(80, 160), st.lists(st.floats(-3, 3), min_size=6, max_size=6))
def test_the_level_at_one_metre_is_within_its_sigmas(source_db, off_db):
    level = source_level(shot_of([heard_db(source_db, d) + off for d, off in zip(OFF_M, off_db, strict=True)]))

    assert abs(level.db - source_db) < 2 * level.sigma_db
    assert 3 < level.sigma_db < 6


def test_one_pole_behind_a_house_moves_it_little():
    levels = [heard_db(135.0, d) for d in OFF_M]
    levels[2] -= 30

    assert source_level(shot_of(levels)).db == pytest.approx(135, abs=2)


def test_clipped_poles_are_bounds_not_values():
    levels = [min(heard_db(140.0, d), 93.0) for d in OFF_M]
    clipped = [i for i, db in enumerate(levels) if db == 93.0]
    taken_as_they_are, known = source_level(shot_of(levels)), source_level(shot_of(levels, clipped=clipped))

    assert len(clipped) == 4
    assert known.n_clipped == 4
    assert abs(known.db - 140) < known.sigma_db
    assert known.db > taken_as_they_are.db + 2


def test_where_every_pole_clipped_it_is_loud_and_less_sure():
    level = source_level(shot_of([93.0] * 6, clipped=range(6)))

    assert level.db > 140
    assert level.sigma_db > 7


@pytest.mark.parametrize("levels_db", [[None] * 6, [-3.0, -12.0, -20.0, 2.0, -30.0, -31.0]])
def test_full_scale_or_nothing_gives_no_source_level(levels_db):
    assert source_level(shot_of(levels_db)) is None


def test_poles_that_are_not_calibrated_say_nothing_among_those_that_are():
    levels = [heard_db(135.0, d) for d in OFF_M]
    mixed = [levels[0], -12.0, levels[2], None, -3.0, -20.0]
    alone = source_level(shot_of([levels[0], None, levels[2], None, None, None]))

    assert source_level(shot_of(mixed)) == alone
    assert alone.n == 2
    assert alone.sigma_db > source_level(shot_of(levels)).sigma_db


@pytest.mark.parametrize(("clip", "known"), [(None, False), (SOFT, False), (LOUDEST, True), (b"", False)])
def test_a_clipped_microphone_is_known_by_the_sound_that_came_with_it(clip, known):
    arrival = Arrival("n", (0, 0, 0), 0, 1, clip=None if clip is None else Clip(clip, 8000, 0))

    assert is_clipped(arrival) is known
