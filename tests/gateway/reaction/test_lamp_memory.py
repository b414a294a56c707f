"""A lamp goes back to exactly what it was, and whoever else sets it wins."""

import pytest

from gateway.orders import Light
from gateway.reaction.lamp_memory import Held, LampMemory, Leave, Wait, Write

S = 1_000_000


def up(level_pct=100):
    return Light(("a",), level_pct, "i1", 30 * S)


def back(level_pct=30, incident="i1"):
    return Light(("a",), level_pct, incident, back=True)


def lit(found_pct=55, **rules):
    """A memory of a lamp that was at found_pct and is at 100 since 0 s."""
    memory = LampMemory(**rules)
    assert memory.decide("a", up(), 100, found_pct, 0) == Write(100)
    memory.telling("a", up(), 100, found_pct, 0)
    memory.told("a", up())
    return memory


@pytest.mark.parametrize("before_pct", [0, 1, 30, 55, 99])
def test_a_lamp_goes_back_to_exactly_what_it_was_whatever_the_rest_level(before_pct):
    assert lit(before_pct).decide("a", back(), 30, 100, S) == Write(before_pct)


def test_by_day_it_goes_off_whatever_it_was_by_night():
    assert lit(55).decide("a", Light(("a",), 0, "i1"), 0, 100, S) == Write(0)


def test_a_second_order_while_it_is_up_changes_nothing_of_what_it_was():
    memory = lit(55)

    assert memory.decide("a", up(), 100, 100, S) == Leave("reads 100 %", True)
    assert memory.decide("a", back(), 30, 100, S) == Write(55)


def test_a_lamp_that_burns_as_bright_already_is_left_and_stays_so_when_all_is_over():
    memory = LampMemory()

    assert memory.decide("a", up(80), 80, 90, 0) == Leave("reads 90 %", True)
    assert memory.decide("a", back(), 30, 90, S) == Leave("reads 90 %", True)


def test_a_hand_that_set_the_lamp_while_it_was_up_wins_for_a_set_time():
    memory = lit(30, override_s=600)

    assert memory.saw("a", 60, None, S) == "somebody set it to 60 %"
    assert memory.decide("a", back(), 30, 60, 2 * S) == Leave("left as it is: somebody has it in hand", True)
    assert memory.decide("a", up(), 100, 60, 600 * S) == Leave("left as it is: somebody has it in hand", False)
    assert memory.decide("a", up(), 100, 60, 602 * S) == Write(100)


def test_a_switch_at_the_lamp_that_stands_on_hand_wins_and_is_said_once():
    memory = LampMemory()

    assert [memory.saw("a", 30, True, at_s * S) for at_s in (1, 2)] == ["somebody has it in hand", ""]
    assert memory.decide("a", up(), 100, 30, 3 * S) == Leave("left as it is: somebody has it in hand", False)


def test_a_lamp_that_went_back_by_itself_is_no_longer_ours():
    memory = lit(30)

    assert memory.saw("a", 30, None, S) == "went back to 30 % by itself"
    assert memory.decide("a", back(), 45, 30, 2 * S) == Leave("left as it is: it is not up from here", True)
    assert memory.decide("a", up(), 100, 30, 3 * S) == Write(100)


def test_what_was_never_brought_up_from_here_is_left_alone_after_a_start():
    assert LampMemory().decide("a", back(incident="start"), 30, 77, 0).done
    assert LampMemory().decide("a", Light(("a",), 0, "start"), 0, 77, 0).done


def test_a_lamp_that_an_earlier_run_brought_up_goes_back_to_what_it_was_then():
    memory = LampMemory(held={"a": Held(55, 100)})

    assert memory.decide("a", back(incident="start"), 30, 100, 0) == Write(55)


def test_a_lamp_that_an_earlier_run_never_saw_as_bright_as_it_was_told_is_in_nobodys_hand():
    capped = LampMemory(held={"a": Held(55, 100, seen=False)})
    bright = LampMemory(held={"a": Held(55, 100)})

    assert (capped.saw("a", 80, None, 0), bright.saw("a", 80, None, 0)) == ("", "somebody set it to 80 %")
    assert capped.decide("a", back(incident="start"), 30, 80, S) == Write(55)


def test_a_write_that_nobody_confirmed_does_not_lose_what_the_lamp_was():
    memory = lit(55)
    assert memory.decide("a", back(), 30, 100, S) == Write(55)
    memory.telling("a", back(), 55, 100, S)  # and no answer

    assert memory.decide("a", back(), 30, 100, 2 * S) == Write(55)
    assert memory.decide("a", back(), 30, 55, 3 * S) == Leave("reads 55 %", True)
    assert memory.held("a") is None


def test_no_lamp_is_switched_twice_within_the_least_interval():
    memory = lit(30, least_s=60)

    assert memory.decide("a", back(), 30, 100, 59 * S) == Wait(60 * S)
    assert memory.decide("a", back(), 30, 100, 60 * S) == Write(30)


def test_the_board_is_told_what_lamps_are_without_us():
    assert lit(55).before({"a": 100, "b": 20}) == {"a": 55, "b": 20}


@pytest.mark.parametrize("reads_pct", [30, 50, 99])
def test_a_lamp_that_does_not_get_as_far_as_it_was_told_is_in_nobody_s_hand_and_goes_back(reads_pct):
    memory = LampMemory()
    memory.telling("a", up(), 100, 30, 0)

    assert memory.decide("a", up(), 100, reads_pct, S) == Write(100)
    memory.telling("a", up(), 100, reads_pct, S)
    assert memory.saw("a", reads_pct, None, 2 * S) == ""
    assert memory.decide("a", back(), 0, 50, 3 * S) == Write(30)


def test_what_a_lamp_was_never_told_is_a_hand_even_where_it_does_not_get_as_far():
    memory = LampMemory()
    memory.telling("a", up(80), 80, 30, 0)

    assert memory.saw("a", 90, None, S) == "somebody set it to 90 %"


@pytest.mark.parametrize("found_pct", [70, 100])
def test_a_shot_while_a_lamp_fades_back_leaves_what_it_was_before_the_first(found_pct):
    memory, fading = lit(55), Light(("a",), 30, "i1", back=True, fade_s=20.0)
    memory.telling("a", fading, 55, 100, 10 * S)
    memory.told("a", fading)

    assert memory.decide("a", up(), 100, found_pct, 15 * S) == Write(100)
    memory.telling("a", up(), 100, found_pct, 15 * S)
    memory.told("a", up())
    assert memory.decide("a", back(), 30, 100, 25 * S) == Write(55)
