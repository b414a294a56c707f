"""Long files of arrivals: time passes in them as in the street, and no more is held than a street holds."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.air import Air, travel_s
from gateway.incident import Arrival, Round
from gateway.placing.associate import Associator
from gateway.placing.poles import Poles, districts
from simulators.recordings.batch import Batch
from simulators.recordings.playback import PULSES, play
from simulators.recordings.recording import Recording
from simulators.recordings.spill import PIECE, Spill

S, MINUTE = 1_000_000, 60_000_000
START_US = 1_763_000_000_000_000
POLES = {
    "a": (0.0, 0.0, 6.0),
    "b": (70.0, 4.0, 6.5),
    "c": (138.0, -3.0, 6.0),
    "d": (2.0, 66.0, 7.0),
    "e": (71.0, 70.0, 6.0),
}
AIR = Air(12.0)


def street(number=0, apart_m=5_000.0):
    """Poles of one of many streets."""
    east_m, north_m = number % 20 * apart_m, number // 20 * apart_m
    return {f"{number}{node}": (e + east_m, n + north_m, u) for node, (e, n, u) in POLES.items()}


def shot(t_us, poles=POLES, off_m=(48.0, 31.0), air=AIR):
    first = next(iter(poles.values()))
    place_m = (first[0] + off_m[0], first[1] + off_m[1], 1.5)
    return [
        Arrival(node, at, t_us + round(float(travel_s(air, np.subtract(at, place_m))) * 1e6), 200, 30.0, 80.0, 0.9)
        for node, at in poles.items()
    ]


def decided(arrivals, poles=POLES):
    batch = Batch(AIR, poles)
    return list(batch.decide(sorted(arrivals, key=batch.key))), batch


def rounds_of(decisions):
    return [decision for decision in decisions if isinstance(decision, Round)]


def test_sixty_shots_a_minute_apart_are_sixty_rounds():
    heard = [arrival for i in range(60) for arrival in shot(START_US + i * MINUTE)]
    random.Random(2).shuffle(heard)
    decisions, batch = decided(heard)

    assert [len(each.arrivals) for each in rounds_of(decisions)] == [5] * 60
    assert (len(decisions), batch.n_let_go) == (60, 0)
    assert len(play(Recording("made", (), AIR, pulses=tuple(heard)), PULSES).rounds) == 60


def test_poles_that_are_known_by_their_arrivals_alone_place_as_surveyed_ones_do():
    heard = shot(START_US) + shot(START_US + MINUTE)
    associator = Associator(AIR)
    for arrival in heard:
        associator.feed(arrival)

    assert [each.fix.t_us for each in associator.flush()] == [each.fix.t_us for each in decided(heard)[0]]
    assert associator.wait_us == Associator(AIR, POLES).wait_us


def test_streets_that_fire_at_once_are_decided_each_by_itself():
    streets = [street(i) for i in range(130)]  # more than an association weighs at once
    decisions, batch = decided(
        [arrival for poles in streets for arrival in shot(START_US, poles)],
        {node: place for poles in streets for node, place in poles.items()},
    )

    assert batch.n_districts == 130
    assert len(rounds_of(decisions)) == len(decisions) == 130


def test_what_there_was_no_room_for_is_counted():
    drumming = [Arrival("a", POLES["a"], START_US + i * 5_000, 200, 20.0) for i in range(200)]
    _, batch = decided([*drumming, *shot(START_US + MINUTE)])

    assert 0 < batch.n_let_go < 200


@given(st.lists(st.integers(0, 50)), st.integers(1, 400))
def test_a_spill_sorts_as_memory_does_however_often_it_is_read(values, run):
    numbered = list(enumerate(values * 9))
    spill = Spill(lambda item: item[1], numbered, run)

    assert list(spill) == list(spill) == sorted(numbered, key=lambda item: item[1])


def test_a_spill_of_many_runs_is_whole():
    values = random.Random(1).sample(range(100_000), 20_000)

    assert list(Spill(lambda value: value, values, 3 * PIECE - 1)) == sorted(values)


def test_poles_out_of_each_others_hearing_are_of_different_districts():
    near, far = street(0), street(1)
    assert districts({}, 1800.0) == {}
    assert set(districts(near, 1800.0).values()) == {0}

    of_pole = districts({**near, **far}, 1800.0)
    assert len({of_pole[node] for node in near}) == len({of_pole[node] for node in far}) == 1
    assert len(set(of_pole.values())) == 2


@pytest.mark.parametrize("side_m", [300, 3_000, 30_000])
@pytest.mark.parametrize("n_poles", [1, 4, 47, 48, 49, 150])
def test_districts_part_and_leads_are_as_by_looking_at_every_pair(n_poles, side_m):
    rng, hearing_m, n_near = np.random.default_rng(n_poles), 900.0, 48
    xyz_m = np.column_stack([rng.uniform(0, side_m, (n_poles, 2)), rng.uniform(0, 40, n_poles)])
    poles = Poles({f"{i:03}": tuple(place) for i, place in enumerate(xyz_m.tolist())})
    apart_m = np.linalg.norm(xyz_m[:, None] - xyz_m, axis=2)
    flat_m = np.sort(np.linalg.norm(xyz_m[:, None, :2] - xyz_m[:, :2], axis=2), axis=1)
    expected_m = np.minimum(apart_m, 2 * hearing_m - apart_m).max(axis=1)
    if n_poles > n_near:
        expected_m = np.minimum(expected_m, flat_m[:, n_near - 1])
    of_pole = list(districts({f"{i:03}": tuple(place) for i, place in enumerate(xyz_m.tolist())}, 1800.0).values())

    assert np.allclose(poles.lead_m(hearing_m, n_near), expected_m)
    assert all(of_pole[i] == of_pole[j] for i, j in np.argwhere(apart_m <= 1800.0).tolist())
