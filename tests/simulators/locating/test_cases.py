import itertools
import math
import pickle

import numpy as np
import pytest

from dsp.placing.fix import Fix
from gateway.incident import Round
from simulators.locating.cases import CASES, DEVELOPMENT, SCORED, START_US, draw
from simulators.locating.matching import covered, match, precision, recall
from simulators.locating.running import development, scored, try_out
from simulators.locating.try_case import main
from simulators.street.pulses import Shot

S = 1_000_000


def placed(e_m, n_m, t_us, cov_m2=((4.0, 0.0), (0.0, 4.0))):
    return Round(Fix((e_m, n_m, 1.5), t_us, np.array(cov_m2), np.zeros(4), 0.0), (), "A", None)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.n_poles == 25])
def test_a_case_is_the_same_for_the_same_draw_and_not_for_another(name):
    night = draw(CASES[name], 0, DEVELOPMENT)

    assert night == draw(CASES[name], 0, DEVELOPMENT)
    assert night.arrivals != draw(CASES[name], 1, DEVELOPMENT).arrivals
    assert night.arrivals != draw(CASES[name], 0, SCORED).arrivals


@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case.name)
def test_every_draw_can_be_sent_to_another_process(case):
    task = scored(case)[0]
    sent = pickle.loads(pickle.dumps(task))

    assert (sent.case.name, sent.number, sent.use) == (case.name, 0, SCORED)


@pytest.mark.parametrize(
    ("name", "n_shots"), [("10-a-minute", 20), ("100-a-minute", 100), ("burst", 8), ("two-shooters", 8), ("clutter", 0)]
)
def test_a_case_fires_what_its_name_says(name, n_shots):
    night = draw(CASES[name], 3, DEVELOPMENT)

    assert len(night.shots) == n_shots
    assert all(START_US <= shot.t_us < START_US + night.seconds * S for shot in night.shots)
    assert night.arrivals == sorted(night.arrivals, key=lambda arrival: arrival.t_us)


def test_two_shots_are_close_in_time_and_not_in_space():
    for number in range(20):
        first, second = draw(CASES["two-shots"], number, DEVELOPMENT).shots

        assert abs(second.t_us - first.t_us) <= 50_000
        assert math.dist(first.xyz_m, second.xyz_m) > 100


def test_an_hour_of_clutter_is_thirty_a_minute_a_pole():
    night = draw(CASES["clutter"], 0, DEVELOPMENT)

    assert len(night.arrivals) / len(night.poles) / ((night.seconds + 3) / 60) == pytest.approx(30, rel=0.03)


def test_towns_do_not_hear_each_other():
    night = draw(CASES["towns-100"], 0, DEVELOPMENT)
    towns = [list(night.poles.values())[first : first + 25] for first in range(0, 100, 25)]

    for one, other in itertools.combinations(towns, 2):
        assert min(math.dist(a, b) for a in one for b in other) > 1000


def test_matching_is_one_to_one_and_finds_as_many_as_can_be():
    """The round between two shots is nearer to the first, which has no other; greedy matching would lose one."""
    shots = [Shot((0.0, 0.0, 1.5), 0), Shot((12.0, 0.0, 1.5), 0)]
    rounds = [placed(5.0, 0.0, 0), placed(-13.0, 0.0, 0)]

    matching = match(shots, rounds)

    assert matching.pairs == ((shots[0], rounds[1]), (shots[1], rounds[0]))
    assert not matching.missed
    assert not matching.false


@pytest.mark.parametrize("off", [(15.1, 0.0, 0), (0.0, 0.0, 60_001), (0.0, 0.0, -60_001)])
def test_a_round_too_far_off_in_place_or_time_is_a_miss_and_a_false_one(off):
    shot, wrong = Shot((0.0, 0.0, 1.5), 0), placed(*off)

    matching = match([shot], [wrong])

    assert (matching.missed, matching.false) == ((shot,), (wrong,))
    assert recall([matching]) == precision([matching]) == 0


def test_two_rounds_for_one_shot_are_one_found_and_one_false():
    matching = match([Shot((0.0, 0.0, 1.5), 0)], [placed(3.0, 0.0, 0), placed(1.0, 0.0, 10_000)])

    assert [found.fix.xyz_m[0] for _, found in matching.pairs] == [1.0]
    assert (recall([matching]), precision([matching])) == (1.0, 0.5)


def test_nothing_fired_and_nothing_placed_has_no_recall():
    assert math.isnan(recall([match([], [])]))
    assert math.isnan(precision([match([], [])]))


def test_an_ellipse_holds_what_lies_within_it():
    """90 % of a normal error with a sigma of 2 m lie within 2 m * sqrt(4.605) = 4.29 m."""
    shot = Shot((0.0, 0.0, 1.5), 0)

    assert covered(shot, placed(4.2, 0.0, 0))
    assert not covered(shot, placed(4.4, 0.0, 0))


def test_a_run_waits_about_as_long_as_the_associator_says_and_counts_its_time():
    (task,) = development(CASES["two-shots"], 1)
    outcome = try_out(task)

    assert len(outcome.matching.pairs) + len(outcome.matching.missed) == 2
    assert 0 < outcome.run.longest_s <= outcome.run.cpu_s
    assert all(0 < each.waited_us < 2 * S for each in outcome.run.decided)


def test_a_case_is_tried_from_the_command_line(capsys):
    assert main(["two-shots", "-n", "1", "--verbose"]) == 0
    assert "recall" in capsys.readouterr().out
