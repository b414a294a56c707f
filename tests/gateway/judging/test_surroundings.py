"""What was placed of late about a round, and what that makes of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.air import Air, travel_s
from dsp.placing.fix import Fix
from gateway.incident import Arrival, Round
from gateway.judging.judge import Judge
from gateway.judging.surroundings import KEPT_US, MOST, Surroundings

S = 1_000_000
AIR = Air(12.0)
POLES_M = ((0, 0, 6), (60, 5, 6), (120, -4, 7), (3, 70, 6), (64, 75, 6), (118, 66, 6), (60, -60, 6), (20, 130, 6))


def shot(t_s=0.0, e=50.0, n=20.0, up=1.5, source_db=137.0, p=0.9):
    """A round of eight poles, as they would hear it."""
    paths_m = np.array(POLES_M, float) - np.array([e, n, up])
    t_us, late_s = round(t_s * S), travel_s(AIR, paths_m)
    levels_db = source_db - 20 * np.log10(np.linalg.norm(paths_m, axis=1))
    arrivals = tuple(
        Arrival(f"n{i}", tuple(map(float, POLES_M[i])), t_us + round(late * S), 500, 30.0, float(db), p)
        for i, (late, db) in enumerate(zip(late_s, levels_db, strict=True))
    )
    return Round(Fix((e, n, 1.5), t_us, np.eye(2), np.zeros(8), 0.0), arrivals, "A")


def judged(*shots):
    judge = Judge()
    return [judge.feed(each, AIR) for each in shots]


def test_rounds_in_a_row_from_one_place_are_counted_and_told():
    *_, last = judged(shot(0), shot(0.4), shot(0.8))

    assert "3 in a row from one place" in last.why


def test_a_burst_speaks_for_a_gun_and_one_round_a_minute_does_not():
    alone, burst = judged(shot(0, p=0.6), shot(0.4, p=0.6))
    later = judged(shot(0, p=0.6), shot(60, p=0.6))[1]

    assert burst.p_gunshot > alone.p_gunshot == later.p_gunshot


def test_sounds_of_many_places_at_once_are_fireworks_or_possible_gunshots():
    places = [(0, 0), (60, 60), (110, 0), (0, 110), (60, -50), (110, 60)]
    told = judged(*(shot(2 * i, e, n) for i, (e, n) in enumerate(places)))

    assert [each.kind for each in told] == ["gunshot"] * 2 + ["possible gunshot"] * 4
    assert "many places" in told[-1].why
    assert judged(*(shot(2 * i, e, n, p=0.1) for i, (e, n) in enumerate(places)))[-1].kind == "fireworks"


def test_doors_and_dogs_at_many_places_make_no_fireworks_of_a_shot():
    places = [(0, 0), (60, 60), (110, 0), (0, 110), (60, -50), (110, 60)]
    doors = [shot(2 * i, e, n, source_db=105.0, p=0.1) for i, (e, n) in enumerate(places)]

    assert judged(*doors, shot(13))[-1].kind == "gunshot"


def test_two_who_fire_at_each_other_are_no_fireworks():
    told = judged(*(shot(2 * i, 20 + 80 * (i % 2), 20) for i in range(20)))

    assert {each.kind for each in told} == {"gunshot"}


def test_one_who_runs_and_fires_is_no_fireworks():
    told = judged(*(shot(4 * i, 4.0 * 4 * i - 40) for i in range(10)))

    assert {each.kind for each in told} == {"gunshot"}


def test_a_rocket_is_at_most_a_possible_gunshot_and_says_why():
    told = judged(shot(up=110.0))[0]

    assert told.kind == "possible gunshot"
    assert "above the poles" in told.why


def test_work_at_one_place_for_minutes_is_no_gunshot():
    told = judged(*(shot(3 * i, source_db=116.0, p=0.97) for i in range(30)))

    assert told[0].p_gunshot > told[-1].p_gunshot < 0.5
    assert told[-1].why.endswith("30 from this place in 87 s, as of work")


def test_who_fires_for_minutes_and_as_loud_as_a_gun_stays_a_gunshot():
    assert {each.kind for each in judged(*(shot(3 * i) for i in range(60)))} == {"gunshot"}


def test_who_fires_for_minutes_before_microphones_that_are_not_calibrated_stays_a_gunshot():
    assert {each.kind for each in judged(*(shot(3 * i, source_db=10.0) for i in range(30)))} == {"gunshot"}


def test_what_was_long_ago_no_longer_counts():
    places = [(0, 0), (60, 60), (110, 0), (0, 110)]
    display = [shot(2 * i, e, n) for i, (e, n) in enumerate(places)]

    assert judged(*display, shot(200))[-1].kind == "possible gunshot"
    assert judged(*display, shot(7 + KEPT_US / S))[-1].kind == "gunshot"


def test_a_round_that_is_known_better_does_not_count_itself():
    judge = Judge()
    first, again = judge.feed(shot(), AIR), judge.again(shot(), AIR)

    assert (again.p_gunshot, again.kind, again.why) == (first.p_gunshot, first.kind, first.why)


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(-100, 100)), min_size=1, max_size=12))
def test_the_same_rounds_in_the_same_order_are_judged_the_same(rounds):
    shots = [shot(t_s, e) for t_s, e in rounds]

    assert [each.why for each in judged(*shots)] == [each.why for each in judged(*shots)]


def test_what_is_remembered_is_bounded():
    memory = Surroundings()
    for i in range(2 * MOST):
        around = memory.feed(shot(0.1 * i), is_aloft=False)

    assert around.n_here == MOST + 1


@pytest.mark.parametrize("t_s", [-1.0, 1.0])
def test_rounds_that_come_late_count_as_the_others(t_s):
    assert Surroundings().about(shot(), False).n_here == 1
    memory = Surroundings()
    memory.feed(shot(t_s), False)

    assert memory.about(shot(), False).n_here == 2
