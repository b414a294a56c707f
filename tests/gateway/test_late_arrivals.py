"""Arrivals that come late: the same rounds as if nothing had been late, each once."""

import numpy as np
import pytest

from dsp.air import Air
from gateway.associate import Associator
from gateway.backlog import Backlog
from gateway.incident import Revised, Round
from simulators.street.pulses import CLEAN, Faults, Shot, arrivals, pulses, shots_within, street

S = 1_000_000
TICK_US = 50_000
ZERO_US = 1_763_000_000_000_000
AIR = Air()
WIRE_US = 50_000
SQUARE = ((0.0, 0.0, 6.0), (80.0, 5.0, 6.5), (-4.0, 90.0, 7.0), (86.0, 84.0, 6.0))


def survey(poles_m):
    return {str(i): tuple(map(float, pole)) for i, pole in enumerate(poles_m)}


def heard_of(seed, poles_m, shots, faults=CLEAN):
    return arrivals(pulses(np.random.default_rng(seed), np.array(poles_m), shots, AIR, faults))


class Street:
    """An associator and its backlog, ticked as a core does. `standing` : rounds as they are after all revisions."""

    def __init__(self, poles_m, memory=None):
        places = survey(poles_m)
        self.live, self.backlog = Associator(AIR, places), Backlog(places, memory)
        self.standing, self.told = {}, []
        self._step = None

    def run(self, came, after_us=60 * S):
        """came : (when it came in, arrival)."""
        came = sorted(came, key=lambda pair: (pair[0], pair[1].t_us, pair[1].node))
        self._step = came[0][0] // TICK_US
        for at_us, arrival in came:
            self._pass(at_us)
            self.backlog.feed(arrival, at_us, self.live)
        self._pass(came[-1][0] + after_us)
        return self

    def _pass(self, now_us):
        while self._step < now_us // TICK_US:
            self._step += 1
            at_us = self._step * TICK_US
            told, self.live = self.backlog.tick(self.live.tick(at_us), at_us, self.live)
            for one in told:
                self._hear(one, at_us)

    def _hear(self, one, at_us):
        self.told.append((at_us, one))
        if isinstance(one, Revised):
            del self.standing[one.was.arrivals]
            if not one.now.withdrawn:
                self.standing[one.now.arrivals] = one.now
        elif isinstance(one, Round):
            assert one.arrivals not in self.standing
            self.standing[one.arrivals] = one

    @property
    def final(self):
        return {(frozenset(shot.arrivals), shot.fix.xyz_m, shot.fix.t_us) for shot in self.standing.values()}

    @property
    def n_new(self):
        return sum(isinstance(one, Round) for _, one in self.told)


def in_time(heard):
    return [(arrival.t_us + WIRE_US, arrival) for arrival in heard]


def delayed(heard, late_us):
    """late_us : by node."""
    return [(arrival.t_us + WIRE_US + late_us.get(arrival.node, 0), arrival) for arrival in heard]


def test_three_shots_of_which_one_pole_comes_late_are_all_placed():
    shots = [Shot((30.0 + 7 * i, 40.0, 1.5), ZERO_US + 20 * S * i) for i in range(3)]
    heard = heard_of(1, SQUARE, shots)

    for late_us in (3 * S, 4 * S, 5 * S):
        assert len(Street(SQUARE).run(delayed(heard, {"3": late_us})).standing) == 3


def test_a_shot_whose_four_poles_come_back_one_after_the_other_is_placed():
    shots = [Shot((30.0 + 7 * i, 40.0, 1.5), ZERO_US + 20 * S * i) for i in range(3)]
    late_us = {"0": 2 * S, "1": 5 * S, "2": 7 * S, "3": 9 * S}
    placed = Street(SQUARE).run(delayed(heard_of(2, SQUARE, shots), late_us))

    assert len(placed.standing) == placed.n_new == 3
    assert all(at_us - one.fix.t_us < 15 * S for at_us, one in placed.told if isinstance(one, Round))


def shuffled(rng, heard, share, most_us=60 * S):
    return [
        (arrival.t_us + WIRE_US + (int(rng.integers(most_us)) if rng.random() < share else 0), arrival)
        for arrival in heard
    ]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("n_poles", [4, 40])
def test_any_subset_delayed_in_any_order_gives_the_same_rounds(n_poles, seed):
    rng = np.random.default_rng(seed)
    poles_m = SQUARE if n_poles == 4 else street(rng, n_poles)
    times_us = [ZERO_US + int(each) for each in np.cumsum(rng.uniform(0.5 * S, 12 * S, 5))]
    shots = shots_within(rng, np.array(poles_m), times_us)
    faults = CLEAN if seed % 2 else Faults(p_missed=0.0 if n_poles == 4 else 0.2)
    heard = heard_of(seed, poles_m, shots, faults)
    undelayed = Street(poles_m).run(in_time(heard))
    late = Street(poles_m).run(shuffled(rng, heard, rng.uniform(0.05, 1.0)))

    assert undelayed.n_new == len(undelayed.standing)
    assert late.final == undelayed.final
