"""Weeks of streets without a gun: what their poles learn of them, and what that makes of shots that are laid in."""

import dataclasses

import numpy as np
import pytest

from firmware.linux.rarity import DAY_US, EDGES, HOURS, SCORES, SPAN_US, Rarity
from simulators.judging.everyday import Half, Impulse, Lasting, Source, halves
from simulators.judging.rare_streets import ALONE, RARE, Shots, Task, at_many_poles, scored
from simulators.judging.rarity_figures import Lived, rarity_figures
from simulators.judging.recalls import recall, threshold
from simulators.judging.weeks import N_POLES, Heard, Street, class_of, learn, live_through, permille_of, street_of

BY = (ALONE, RARE)
DOORS = Impulse("door slam", ("door",), 2.0)
STREETS_OWN = Lasting(("street",), 1.0)
KINDS = (DOORS, STREETS_OWN)


def source(group, fold, *log_odds, hours=0.01):
    return Source(group, fold, np.array(log_odds, float), hours)


SOURCES = (
    *(source("door", fold, -3.0 + i, -5.0) for i, fold in enumerate("abcd")),
    *(source("street", fold, -5.0, -4.0, hours=1.0) for fold in "abcd"),
)
LOUD = np.full((60, N_POLES), 700)


def shots(log_odds):
    each = np.full(40, float(log_odds))
    of = np.arange(len(each))
    return Shots("shots", each, of, tuple(np.full(N_POLES, float(log_odds)) for _ in each), of)


def task(log_odds=3.0, moved=0.0, seed=1):
    return Task(KINDS, SOURCES, shots(log_odds), moved, 0.0, False, seed)


def test_what_is_left_out_together_is_never_parted():
    for seed in range(20):
        one, other = halves(np.random.default_rng(seed), SOURCES, (DOORS,))
        sides = [set(half.log_odds[0].tolist()) for half in (one, other)]

        assert not sides[0] & sides[1]
        assert sides[0] | sides[1] == {-3.0, -2.0, -1.0, 0.0}


def test_recordings_of_one_part_are_parted_one_by_one_and_a_single_one_is_refused():
    known = [source("door", "a", -3.0), source("door", "a", -2.0), source("door", "a"), source("street", "b", -1.0)]
    one, other = halves(np.random.default_rng(3), known, (DOORS,))

    assert {len(half.log_odds[0]) for half in (one, other)} == {1}
    with pytest.raises(ValueError, match="of \\['street'\\] fewer than two recordings are heard"):
        halves(np.random.default_rng(3), known, (STREETS_OWN,))


def test_what_lasts_comes_as_often_as_its_recordings_have_it_the_silent_ones_too():
    known = [source("street", fold, *told, hours=1.0) for fold, told in (("a", (-4.0,) * 6), ("b", (-3.0,)), ("c", ()))]
    half = Half((np.full(6, -4.0),), (6.0,))
    there = dataclasses.replace(street_of(np.random.default_rng(1), (STREETS_OWN,)), often=(1.0,))
    heard = live_through(np.random.default_rng(2), there, (STREETS_OWN,), half, 7)
    rates = sorted(half.per_h[0] for half in halves(np.random.default_rng(1), known, (STREETS_OWN,)))

    assert len(heard.t_us) / 7 / 24 / N_POLES == pytest.approx(6.0, rel=0.1)
    assert (heard.permille >= 0).sum(axis=1).tolist() == [1] * len(heard.t_us)
    assert rates[0] < rates[1] <= 6.0


def test_the_same_seed_gives_the_same_weeks_and_everything_is_moved_alike():
    there = street_of(np.random.default_rng(5), (DOORS,))
    half = Half((np.array([-2.0, -1.0]),), (2.0,))
    one, again, moved = (
        live_through(np.random.default_rng(7), there, (DOORS,), half, 7, by) for by in (0.0, 0.0, -4.0)
    )

    assert np.array_equal(one.permille, again.permille)
    assert np.array_equal(one.t_us, moved.t_us)
    heard = one.permille >= 0
    assert (moved.permille[heard] < one.permille[heard]).all()


def test_a_loud_street_far_from_no_pole_is_heard_by_all_and_a_quiet_sound_by_some():
    near = Street(np.array([[10.0 * i, 0.0, 6.0] for i in range(N_POLES)]), np.full(N_POLES, 20.0), (1.0,))
    far = dataclasses.replace(near, poles_m=near.poles_m * [20, 1, 1], noise_db=np.full(N_POLES, 50.0))
    half = Half((np.array([-2.0, 1.0]),), (2.0,))
    by_all, by_some = (live_through(np.random.default_rng(7), each, (DOORS,), half, 7) for each in (near, far))

    assert (by_all.permille >= 0).mean() > 0.9
    assert 0.1 < (by_some.permille >= 0).mean() < 0.5


def test_poles_learn_all_the_while_and_the_more_gun_like_is_never_more_usual():
    day = np.arange(60) * DAY_US // 4  # four a day, for a fortnight
    before = Heard(day, np.full((60, N_POLES), 3))
    after = Heard(day, LOUD)
    (pole, *_) = learn(before, after, (15, 15))
    at = class_of(np.array([700]))[0]

    assert pole.between_s.shape == pole.code.shape == (15 * HOURS, SCORES)
    assert (np.diff(pole.between_s, axis=1) >= 0).all()
    assert pole.between_s[0, at] > 10 * 86_400  # at first nothing like it was ever heard
    assert pole.between_s[-1, at] < 86_400
    assert pole.between_s[-1, at + 1] > 100 * pole.between_s[-1, at]


def test_scores_fall_into_the_classes_that_a_pole_keeps():
    assert class_of(np.array([0, EDGES[0], 1000])).tolist() == [0, 1, SCORES - 1]
    assert permille_of(np.array([np.nan, 0.0, 30.0])).tolist() == [-1, 500, 1000]


@pytest.mark.parametrize("streets", [[np.arange(100.0), np.arange(50.0)], [np.ones(40), np.zeros(9)]])
def test_as_many_are_called_as_are_borne_ties_or_not(streets):
    at = threshold(streets, 6.0)

    assert sum(at.called(each).sum() for each in streets) == pytest.approx(12)
    assert threshold([np.arange(5.0)], 6.0).called(np.array([-9.0])) == 1


def lived(log_odds=3.0, moved=0.0):
    return Lived(tuple(scored(task(log_odds, moved, seed)) for seed in range(3)), shots(log_odds))


def test_by_rarity_what_a_new_city_moves_is_called_and_by_p_it_is_not():
    home, away = lived(), lived(moved=-4.0)
    by_p, by_rarity = ([recall(there.of_poles(by), home.of_poles(by)).share for there in (home, away)] for by in BY)

    assert by_p[0] > 0.9
    assert by_p[1] < 0.1
    assert by_rarity[1] > 0.8


def test_at_home_as_many_false_ones_pass_as_are_borne_and_the_interval_holds_the_share():
    home = lived(0.5)
    told = recall(home.of_poles(ALONE), home.of_poles(ALONE))

    assert told.false == pytest.approx(1)
    assert np.quantile(told.drawn, 0.01) <= told.share <= np.quantile(told.drawn, 0.99)


def test_a_round_that_all_poles_find_rare_is_at_least_possible_whatever_p_says():
    still = tuple(dataclasses.replace(each, log_odds=each.log_odds * 0 - 6) for each in SOURCES)
    street = scored(dataclasses.replace(task(-2.0), sources=still))
    without, with_it = street.shot_rounds.T

    assert (without < 0.15).all()
    assert (with_it >= 0.15).all()
    assert (street.other_rounds < 0.15).all()


def test_six_poles_take_a_clip_for_what_clips_like_it_are_taken_for():
    told = np.stack(at_many_poles(np.random.default_rng(1), np.linspace(-3, 3, 200)))

    assert told.shape == (200, N_POLES)
    assert -3 <= told.min() <= told.max() <= 3
    assert np.corrcoef(told.mean(axis=1), np.linspace(-3, 3, 200))[0, 1] > 0.8


def test_an_hour_at_once_is_what_a_pole_learns_span_by_span():
    rng, n_days = np.random.default_rng(4), 3
    t_us = np.sort(rng.integers(n_days * DAY_US, size=900))
    permille = rng.integers(-1, 1001, 900)
    real = Rarity()
    for span in range(n_days * DAY_US // SPAN_US):
        for i in np.flatnonzero((t_us // SPAN_US == span) & (permille >= 0)).tolist():
            real.hear(i, int(permille[i]))
        real.listen(SPAN_US, (span + 1) * SPAN_US - 1)
    at_us, nothing = n_days * DAY_US, Heard(np.zeros(0, np.int64), np.zeros((0, N_POLES), np.int64))
    (pole, *_) = learn(Heard(t_us, np.repeat(permille[:, None], N_POLES, axis=1)), nothing, (n_days, 1))

    assert pole.between_s[0].tolist() == [real.ms_between(each, at_us) / 1000 for each in (0, *EDGES)]
    assert pole.code[0].tolist() == [real.code(each, at_us) for each in (0, *EDGES)]


def test_without_gunshots_of_both_kinds_there_is_nothing_to_score():
    with pytest.raises(ValueError, match="at least one is not there"):
        rarity_figures([], [])
