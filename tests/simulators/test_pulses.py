import numpy as np
import pytest

from dsp.air import Air, travel_s
from simulators.street.pulses import CLEAN, Faults, Shot, arrivals, burst, pulses, shots_within, street


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def test_a_clean_street_hears_each_shot_at_each_pole_on_time(rng):
    poles_m, air = street(rng), Air(5.0, 80.0, (3.0, -2.0))
    shot = Shot((12.0, -40.0, 1.5), 1_700_000_000_000_000)

    heard = pulses(rng, poles_m, [shot], air, CLEAN)
    late_us = [
        p.arrival.t_us - shot.t_us - 1e6 * travel_s(air, np.array(p.arrival.xyz_m) - np.array(shot.xyz_m))
        for p in heard
    ]

    assert sorted(int(p.arrival.node) for p in heard) == list(range(25))
    assert np.std(late_us) == pytest.approx(CLEAN.sigma_us, rel=0.4)
    assert all(p.direct and p.shot == 0 for p in heard)


def test_the_same_seed_gives_the_same_street():
    def night(seed):
        rng = np.random.default_rng(seed)
        poles_m = street(rng)
        return arrivals(pulses(rng, poles_m, shots_within(rng, poles_m, [0, 3_000_000]), Air()))

    assert night(4) == night(4)
    assert night(4) != night(5)


def test_faults_come_as_often_as_stated(rng):
    poles_m = street(rng)
    shots = shots_within(rng, poles_m, range(0, 400_000_000, 2_000_000))
    faults = Faults(sure_m=1e6, never_m=2e6, clutter_per_min=0.0, dead_us=0)

    heard = pulses(rng, poles_m, shots, Air(), faults)
    direct = sum(p.direct for p in heard)

    assert direct / (25 * len(shots)) == pytest.approx(0.8 * 0.8, abs=0.03)
    assert len(heard) / (25 * len(shots)) == pytest.approx(0.8 * 1.3, abs=0.03)


def test_nobody_hears_beyond_the_range(rng):
    poles_m = street(rng)
    far = Shot((900.0, 900.0, 1.5), 0)

    assert pulses(rng, poles_m, [far], Air(), Faults(clutter_per_min=0.0)) == []


def test_a_node_is_deaf_for_its_dead_time(rng):
    poles_m = street(rng)
    shots = burst(Shot((0.0, 0.0, 1.5), 0), 30, per_s=60.0)
    last_us = {}
    for arrival in arrivals(pulses(rng, poles_m, shots, Air())):
        assert arrival.t_us - last_us.get(arrival.node, -(10**9)) >= 20_000
        last_us[arrival.node] = arrival.t_us


def test_a_quiet_street_still_has_clutter(rng):
    heard = pulses(rng, street(rng), [], Air(), Faults(clutter_per_min=10.0))

    assert len(heard) > 100
    assert all(p.shot is None for p in heard)


def test_poles_stand_a_street_apart(rng):
    poles_m = street(rng, 25)
    apart = np.linalg.norm(poles_m[:, None, :2] - poles_m[None, :, :2], axis=-1) + 1e9 * np.eye(25)

    assert 40 < apart.min() < 90
