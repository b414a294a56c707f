"""A street full of other impulses: chance makes no rounds, shots are placed, work is bounded."""

import math

import numpy as np
import pytest

from dsp.air import Air
from gateway.incident import Arrival, Round
from gateway.placing.associate import Associator
from gateway.placing.clutter import FADES_US, Clutter

S = 1_000_000
BASE_US = 1_763_000_000 * S
AIR = Air()
POLES = {f"n{i:02d}": (70.0 * (i % 8), 70.0 * (i // 8), 6.0) for i in range(40)}


def clutter(rng, per_s, seconds, likely=1.0):
    """Impulses of any pole at any time, weak ones the most, called anything up to `likely`."""
    nodes = list(POLES)
    told = []
    for t_us in np.sort(rng.uniform(0, seconds * 1e6, per_s * seconds)).astype(int).tolist():
        node, snr_db = nodes[rng.integers(len(nodes))], 8 + rng.exponential(6)
        told.append(Arrival(node, POLES[node], BASE_US + t_us, 250, snr_db, 50 + snr_db, rng.uniform(0, likely)))
    return told


def shot(rng, xyz_m, t_us):
    heard = []
    for node, pole_m in POLES.items():
        away_m = math.dist(pole_m, xyz_m)
        level_db = 150 - 20 * math.log10(away_m) - 0.01 * away_m + rng.normal(0, 3)
        at_us = t_us + round(away_m / AIR.speed_mps * 1e6 + rng.normal(0, 250))
        heard.append(Arrival(node, pole_m, at_us, 300, level_db - 55, level_db, 0.93))
    return heard


def rounds_of(arrivals, poles=POLES):
    associator, rounds = Associator(AIR, poles), []
    for arrival in sorted(arrivals, key=lambda each: each.t_us):
        rounds += [one for one in associator.tick(arrival.t_us) if isinstance(one, Round)]
        associator.feed(arrival)
    return [*rounds, *(one for one in associator.flush() if isinstance(one, Round))], associator


@pytest.mark.parametrize("seed", range(3))
def test_a_flood_of_other_impulses_makes_no_round_from_its_first_second_on(seed):
    rounds, _ = rounds_of(clutter(np.random.default_rng(seed), 200, 6))

    assert rounds == []


@pytest.mark.parametrize(("per_s", "least", "most"), [(30, 0, 0), (200, 0, 50), (1000, 1000, 5000)])
def test_a_shot_in_the_midst_of_it_is_the_only_round_and_what_is_let_go_is_counted(per_s, least, most):
    rng, place_m = np.random.default_rng(4), (250.0, 160.0, 1.5)
    told = [*clutter(rng, per_s, 5), *shot(rng, place_m, BASE_US + 3 * S)]
    rounds, associator = rounds_of(told)

    assert [math.dist(one.fix.xyz_m[:2], place_m[:2]) < 2 for one in rounds] == [True]
    assert len(rounds[0].arrivals) >= 6
    assert least <= associator.n_let_go <= most


@pytest.mark.parametrize("per_s", [200, 1000])
def test_one_pole_that_floods_hides_no_shot_from_the_others(per_s):
    """A stolen key: the liar's arrivals are loud and called gunshots."""
    rng, few = np.random.default_rng(6), list(POLES)[:3] + list(POLES)[8:11] + list(POLES)[16:17]
    poles = {node: POLES[node] for node in few}
    at_us = np.sort(rng.integers(0, 6 * S, 6 * per_s)).tolist()
    lies = [Arrival(few[-1], poles[few[-1]], BASE_US + each, 250, 45.0, 110.0, 0.93) for each in at_us]
    honest = [each for each in shot(rng, (75.0, 40.0, 1.5), BASE_US + 4 * S) if each.node in few[:-1]]
    rounds, _ = rounds_of([*lies, *honest], poles)

    assert [math.dist(one.fix.xyz_m[:2], (75.0, 40.0)) < 3 for one in rounds] == [True]


def test_the_rate_of_a_pole_is_what_it_heard_whatever_the_order():
    rng, one, other = np.random.default_rng(2), Clutter(), Clutter()
    told = [each for each in clutter(rng, 80, 60) if each.node == "n00"]
    for arrival in told:
        one.hear(arrival)
    for arrival in rng.permutation(np.array(told, object)).tolist():
        other.hear(arrival)
    now_us = BASE_US + 60 * S

    assert one.per_s(["n00"], now_us)[0] == pytest.approx(2.0, rel=0.6)
    assert other.per_s(["n00"], now_us) == pytest.approx(one.per_s(["n00"], now_us))
    assert one.per_s(["n00"], now_us + 10 * FADES_US)[0] < 0.01
    assert one.per_s(["n01"], now_us) == [0.0]
