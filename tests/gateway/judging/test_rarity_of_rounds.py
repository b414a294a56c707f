"""What rarity says of a round: nothing by few, little by many alike, and two bounds that hold whatever p says."""

import math
from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import given

from gateway.incident import Arrival
from gateway.judging.agreement import Agreement
from gateway.judging.rarity import AT_LEAST, AT_MOST, MOST_NATS, rare
from gateway.judging.source_level import SourceLevel
from gateway.judging.surroundings import Around
from gateway.judging.third_look import Facts, third_look
from gateway.judging.weights import WEIGHTS

MINUTE, HOUR, WEEK, MONTH = (int(math.log2(seconds)) for seconds in (60, 3600, 604_800, 2_592_000))
CODES = st.lists(st.integers(1, 31), min_size=4, max_size=20)
LOG_ODDS = st.floats(-20, 20)


def arrivals(*codes):
    return [Arrival(f"n{i}", (60.0 * i, 0.0, 6.0), 1_000 + i, 100, rarity=code) for i, code in enumerate(codes)]


def p_of(log_odds):
    return 1 / (1 + math.exp(-log_odds))


@pytest.mark.parametrize("codes", [(), (20,) * 3, (20, 20, 20, 0), (20, 20, 20, None, 0, None)])
def test_fewer_than_four_poles_that_know_say_nothing(codes):
    assert rare(arrivals(*codes)) is None


def test_one_pole_with_many_channels_is_one_pole():
    assert rare([Arrival("n0", (0.0, 0.0, 6.0), i, 100, rarity=20) for i in range(9)]) is None


def test_poles_that_do_not_know_yet_are_not_asked():
    assert rare(arrivals(20, 20, 20, 20, 0, None)) == rare(arrivals(20, 20, 20, 20))


@given(CODES)
def test_all_together_never_say_more_than_so_much(codes):
    assert abs(rare(arrivals(*codes)).nats) <= MOST_NATS


@given(CODES, st.data())
def test_a_sound_that_is_rarer_at_one_pole_is_never_less_a_gunshot(codes, data):
    which = data.draw(st.integers(0, len(codes) - 1))
    rarer = [code + (i == which and code < 31) for i, code in enumerate(codes)]

    assert rare(arrivals(*rarer)).nats >= rare(arrivals(*codes)).nats


@given(CODES, LOG_ODDS)
def test_the_order_of_poles_does_not_matter(codes, log_odds):
    there, back = rare(arrivals(*codes)), rare(arrivals(*codes[::-1]))

    assert (there, there.bounded(log_odds)) == (back, back.bounded(log_odds))


@given(st.integers(1, 31))
def test_one_pole_that_lies_among_six_turns_nothing(lie):
    honest, lied = rare(arrivals(*[HOUR] * 6)), rare(arrivals(*[HOUR] * 5, lie))

    assert lied.nats == honest.nats
    assert not (lied.is_rare or lied.is_usual)


@given(LOG_ODDS)
def test_what_all_find_rarer_than_policys_figure_is_at_least_possible(log_odds):
    told = rare(arrivals(MONTH, MONTH, WEEK, MONTH))

    assert told.is_rare
    assert told.bounded(log_odds) >= AT_LEAST
    assert p_of(AT_LEAST) > 0.15


@given(LOG_ODDS)
def test_what_every_pole_hears_forty_times_a_night_is_no_gunshot(log_odds):
    told = rare(arrivals(10, 10, 9, 10, MINUTE))

    assert told.is_usual
    assert p_of(told.bounded(log_odds)) < 0.5
    assert told.bounded(log_odds) <= AT_MOST


def test_policys_figure_is_policys():
    codes = arrivals(*[HOUR + 1] * 5)

    assert not rare(codes).is_rare
    assert rare(codes, rare_s=3600.0).is_rare


def test_it_says_more_of_many_poles_than_of_four_but_not_as_much_more():
    four, forty = (rare(arrivals(*[HOUR] * n)).nats for n in (4, 40))

    assert 1 < forty / four < 1.3


def test_it_is_said_in_words():
    assert rare(arrivals(*[MONTH] * 4)).words() == "4 poles hear the like once in 34 days"
    assert rare(arrivals(*[10] * 5)).words() == "5 poles hear the like once in 24 minutes"


def test_what_all_poles_find_rare_is_at_least_possible_and_what_all_hear_nightly_is_no_gunshot_without_more():
    none, sure = Facts(Agreement(-4.0, 6, 0)), Facts(Agreement(4.0, 6, 6), SourceLevel(136.0, 3.0, 6, 0))
    seldom, nightly = rare(arrivals(*[20] * 6)), rare(arrivals(*[8] * 6))

    assert third_look(none, WEIGHTS).kind == "other"
    assert third_look(replace(none, rare=seldom), WEIGHTS).kind == "possible gunshot"
    assert "6 poles hear the like once in" in third_look(replace(none, rare=seldom), WEIGHTS).why
    assert third_look(sure, WEIGHTS).kind == "gunshot"
    assert third_look(replace(sure, rare=nightly), WEIGHTS).kind == "possible gunshot"


def test_amid_fireworks_too_what_all_poles_find_rare_is_at_least_possible():
    none = Facts(Agreement(-4.0, 6, 0), around=Around(display=True))

    assert third_look(none, WEIGHTS).kind == "fireworks"
    assert third_look(replace(none, rare=rare(arrivals(*[20] * 6))), WEIGHTS).kind == "possible gunshot"
