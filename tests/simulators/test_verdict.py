import numpy as np
import pytest

from dsp.placing.fix import Fix
from gateway.incident import Round
from simulators.recordings.recording import Truth
from simulators.street.verdict import error_m, judge


def placed(e_m, n_m, t_us, p_gunshot=0.9):
    return Round(Fix((e_m, n_m, 1.5), t_us, np.eye(2), np.zeros(6), 0.0), (), "A", p_gunshot)


TRUTH = Truth((10.0, 20.0, 1.5), 2, (1_000_000, 1_400_000))


def test_each_round_is_matched_with_its_own_time():
    first, second = placed(11, 20, 1_010_000), placed(10, 22, 1_395_000)
    verdict = judge([TRUTH], [second, first])

    assert [shot for _, shot in verdict.placed] == [first, second]
    assert [error_m(fired, shot) for fired, shot in verdict.placed] == [1.0, 2.0]
    assert not (verdict.missed or verdict.false or verdict.others)


def test_a_ghost_beside_a_hit_is_false_and_not_a_second_hit():
    hit, ghost = placed(10, 20, 1_000_000), placed(12, 20, 1_020_000)
    verdict = judge([Truth(TRUTH.xyz_m, 1, (1_000_000,))], [ghost, hit])

    assert [shot for _, shot in verdict.placed] == [hit]
    assert verdict.false == (ghost,)


@pytest.mark.parametrize(("e_m", "t_us"), [(36.0, 1_000_000), (10.0, 700_000)])
def test_too_far_or_at_another_time_is_a_miss_and_a_false_fix(e_m, t_us):
    verdict = judge([Truth(TRUTH.xyz_m, 1, (1_000_000,))], [placed(e_m, 20, t_us)])

    assert (len(verdict.placed), len(verdict.missed), len(verdict.false)) == (0, 1, 1)


def test_a_door_that_is_said_to_be_no_gunshot_is_not_held_against_it():
    door, unclassified = placed(50, 50, 5_000_000, 0.1), placed(60, 60, 6_000_000, None)
    verdict = judge([], [door, unclassified])

    assert verdict.others == (door,)
    assert verdict.false == (unclassified,)
