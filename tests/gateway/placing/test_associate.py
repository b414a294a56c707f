"""From unsorted arrivals to rounds: the right ones, from any order of arrivals, and as soon as they can be."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.air import Air
from gateway.incident import Round, Unplaced
from gateway.placing.acoustics import Acoustics
from gateway.placing.associate import Associator
from gateway.placing.evidence import NEAR
from gateway.placing.poles import Poles
from simulators.street.pulses import CLEAN, Faults, Shot, arrivals, burst, pulses, shots_within, street

S = 1_000_000
AIR = Air()


def scene(seed=0, times_us=(5 * S,), faults=None, n_poles=16):
    rng = np.random.default_rng(seed)
    poles_m = street(rng, n_poles)
    shots = shots_within(rng, poles_m, list(times_us))
    return poles_m, shots, arrivals(pulses(rng, poles_m, shots, AIR, faults or Faults()))


def survey(poles_m):
    return {str(i): tuple(map(float, pole)) for i, pole in enumerate(poles_m)}


def decide(given_arrivals, poles=None):
    associator = Associator(AIR, poles)
    for arrival in given_arrivals:
        associator.feed(arrival)
    return associator.flush()


def rounds(decisions):
    return [decision for decision in decisions if isinstance(decision, Round)]


def told(decisions):
    """Decisions as plain values that can be compared."""
    return [
        (one.fix.xyz_m, one.fix.t_us, one.grade, one.arrivals) if isinstance(one, Round) else one for one in decisions
    ]


def error_m(placed, shot):
    return float(np.hypot(*np.subtract(placed.fix.xyz_m[:2], shot.xyz_m[:2])))


def test_nothing_heard_is_nothing_decided():
    assert decide([]) == []
    assert Associator(AIR, {}).tick(10 * S) == []


@pytest.mark.parametrize("seed", range(6))
def test_a_clean_shot_is_one_round_on_all_its_poles(seed):
    poles_m, shots, heard = scene(seed, faults=CLEAN)

    placed = rounds(decide(heard, survey(poles_m)))

    assert len(placed) == 1
    assert error_m(placed[0], shots[0]) < 1.0
    assert abs(placed[0].fix.t_us - shots[0].t_us) < 5_000
    assert (placed[0].grade, len(placed[0].arrivals)) == ("A", 16)


@pytest.mark.parametrize("seed", range(6))
def test_a_shot_among_misses_late_arrivals_echoes_and_clutter_is_one_round(seed):
    poles_m, shots, heard = scene(seed)

    placed = rounds(decide(heard, survey(poles_m)))

    assert len(placed) == 1
    assert error_m(placed[0], shots[0]) < 5.0


def test_rounds_of_a_burst_are_counted():
    rng = np.random.default_rng(5)
    poles_m = street(rng, 16)
    shots = burst(shots_within(rng, poles_m, [5 * S])[0], 4, per_s=4)

    placed = rounds(decide(arrivals(pulses(rng, poles_m, shots, AIR, CLEAN)), survey(poles_m)))

    assert [round((one.fix.t_us - 5 * S) / 1e4) for one in placed] == [0, 25, 50, 75]


def test_clutter_alone_is_no_round():
    rng = np.random.default_rng(7)
    poles_m = street(rng, 16)
    noise = arrivals(pulses(rng, poles_m, [], AIR, Faults(clutter_per_min=20)))

    assert len(noise) > 200
    assert rounds(decide(noise, survey(poles_m))) == []


@settings(max_examples=8, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 5))
def test_order_and_duplicates_of_arrivals_do_not_matter(random, seed):
    poles_m, _, heard = scene(seed, times_us=(5 * S, 6 * S))
    mixed = heard + random.choices(heard, k=10)
    random.shuffle(mixed)

    assert told(decide(mixed, survey(poles_m))) == told(decide(heard, survey(poles_m)))


@settings(max_examples=6, deadline=None)
@given(st.integers(-3600 * S, 3600 * S), st.tuples(st.integers(-9000, 9000), st.integers(-9000, 9000)))
def test_moving_and_delaying_the_scene_moves_and_delays_the_rounds(delay_us, shift_m):
    poles_m, _, heard = scene(3, times_us=(5000 * S,))
    east, north = shift_m
    moved = [
        replace(a, t_us=a.t_us + delay_us, xyz_m=(a.xyz_m[0] + east, a.xyz_m[1] + north, a.xyz_m[2])) for a in heard
    ]

    here, there = (
        rounds(decide(heard, survey(poles_m))),
        rounds(decide(moved, survey(poles_m + np.array([east, north, 0])))),
    )

    assert len(here) == len(there) == 1
    assert there[0].fix.t_us == pytest.approx(here[0].fix.t_us + delay_us, abs=500)
    assert np.allclose(np.subtract(there[0].fix.xyz_m, here[0].fix.xyz_m)[:2], shift_m, atol=0.3)


def test_a_decision_comes_within_a_second_of_the_last_direct_arrival():
    poles_m, shots, heard = scene(2, faults=CLEAN)
    associator, last_us = Associator(AIR, survey(poles_m)), max(a.t_us for a in heard)
    for arrival in heard:
        associator.feed(arrival)

    early = [associator.tick(now_us) for now_us in range(shots[0].t_us, last_us, 50_000)]
    placed = [one for now_us in range(last_us, last_us + S, 50_000) for one in rounds(associator.tick(now_us))]

    assert not any(early)
    assert len(placed) == 1


def test_towns_out_of_each_others_hearing_are_decided_as_soon_as_each_alone():
    poles_m = street(np.random.default_rng(2))
    both_m = np.concatenate([poles_m, poles_m + np.array([2000.0, 0.0, 0.0])])

    assert Associator(AIR, survey(both_m)).wait_us == Associator(AIR, survey(poles_m)).wait_us


@given(st.integers(0, 10_000))
def test_no_pole_that_is_asked_hears_a_shot_later_than_the_lead_of_another_allows(seed):
    rng = np.random.default_rng(seed)
    poles = Poles({str(i): (east, north, 0.0) for i, (east, north) in enumerate(rng.uniform(0, 900, (60, 2)))})
    shot_m = rng.uniform(-200, 1100, 2)

    asked = poles.near_one(shot_m, 12)
    away_m = np.linalg.norm(poles.xyz_m[asked, :2] - shot_m, axis=1)

    assert (away_m.max() - away_m <= poles.lead_m(900.0, 12)[asked] + 1e-6).all()


def test_a_dense_city_waits_only_for_the_poles_that_are_asked():
    dense_m = np.array([(60.0 * (i % 30), 60.0 * (i // 30), 5.0) for i in range(900)])

    lead_m = Poles(survey(dense_m)).lead_m(Acoustics().hearing_m, NEAR)

    assert lead_m.min() < 300
    assert lead_m.max() < 600


def test_ticking_along_decides_what_a_flush_decides():
    poles_m, _, heard = scene(4, times_us=(5 * S, 9 * S))
    associator, along = Associator(AIR, survey(poles_m)), []
    for arrival in heard:
        along += associator.tick(arrival.t_us)
        associator.feed(arrival)

    assert told(rounds(along + associator.flush())) == told(rounds(decide(heard, survey(poles_m))))


def test_three_poles_that_heard_something_loud_are_said_to_be_too_few():
    poles_m, _, heard = scene(1, faults=CLEAN)

    decisions = decide(heard[:3], survey(poles_m))

    assert decisions == [Unplaced("only 3 poles heard it; 4 are needed", tuple(decisions[0].arrivals))]
    assert set(decisions[0].arrivals) == set(heard[:3])


@pytest.mark.parametrize(("n", "grade"), [(4, "C"), (5, "B"), (6, "A"), (9, "A")])
def test_the_grade_counts_the_poles_that_agree(n, grade):
    _, _, heard = scene(1, faults=CLEAN)

    assert [one.grade for one in rounds(decide(heard[:n]))] == [grade]


def test_a_near_pole_that_stayed_silent_costs_the_best_grade():
    poles_m, shots, heard = scene(1, faults=CLEAN)
    nearest = min(heard, key=lambda a: float(np.linalg.norm(np.subtract(a.xyz_m, shots[0].xyz_m))))

    placed = rounds(decide([a for a in heard if a is not nearest], survey(poles_m)))

    assert [one.grade for one in placed] == ["B"]


def test_arrivals_that_tell_nothing_but_their_time_are_placed_as_well():
    _, shots, heard = scene(3)
    bare = [replace(a, snr_db=None, level_db=None) for a in heard]

    placed = rounds(decide(bare))

    assert len(placed) == 1
    assert error_m(placed[0], shots[0]) < 5.0


def test_an_echo_off_a_wall_is_no_second_shot():
    """Every pole hears the shot, and 8 dB weaker its image behind a wall 60 m to the east."""
    rng = np.random.default_rng(6)
    poles_m = street(rng, 16)
    shot = Shot((10.0, 5.0, 1.5), 5 * S)
    wall_east_m = float(poles_m[:, 0].max()) + 60
    image = Shot((2 * wall_east_m - 10.0, 5.0, 1.5), 5 * S)
    direct = arrivals(pulses(rng, poles_m, [shot], AIR, CLEAN))
    echo = [replace(a, level_db=a.level_db - 8) for a in arrivals(pulses(rng, poles_m, [image], AIR, CLEAN))]

    placed = rounds(decide(direct + echo, survey(poles_m)))

    assert [error_m(one, shot) < 2.0 for one in placed] == [True]


def test_a_node_without_a_survey_is_refused_by_name():
    _, _, heard = scene()

    with pytest.raises(ValueError, match="not surveyed"):
        Associator(AIR, {"lamp-1": (0.0, 0.0, 6.0)}).feed(heard[0])


def test_a_flood_of_arrivals_is_survived():
    rng = np.random.default_rng(8)
    poles_m = street(rng, 9)
    flood = arrivals(pulses(rng, poles_m, [Shot((0, 0, 1.5), S)], AIR, Faults(clutter_per_min=6000, dead_us=0)))

    decisions = decide(flood[:400], survey(poles_m))

    assert all(isinstance(one, Round | Unplaced) for one in decisions)


def test_the_acoustics_are_the_only_numbers_to_set():
    poles_m, _, _ = scene(0, faults=CLEAN)
    patient = Associator(AIR, survey(poles_m), Acoustics(settle_us=Acoustics().settle_us + 400_000))

    assert patient.wait_us == Associator(AIR, survey(poles_m)).wait_us + 400_000
