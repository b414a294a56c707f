"""Whose frames are of no use is told by name and cause, once in ten minutes, whatever a hostile sender claims."""

from firmware import wire
from gateway.intake.blame import AGAIN_US, MOST_KEPT, MOST_TOLD, Blame

S = 1_000_000


def test_a_core_names_who_has_a_wrong_key_who_is_unknown_and_who_does_not_know_the_time(small_street):
    keys = small_street.keys | {"n9": b"9" * 32}
    core = small_street.core(keys=keys)
    now_us = small_street.t_us + S
    core.feed(small_street.frame("n0", small_street.health(now_us), key=b"x" * 32), now_us)
    core.feed(small_street.frame("n8", small_street.health(now_us), key=b"x" * 32), now_us)
    core.feed(small_street.frame("n9", small_street.arrival(now_us - S), key=keys["n9"]), now_us)
    core.feed(small_street.frame("n1", small_street.arrival(now_us - S, wire.UNSET)), now_us)
    told = {(each.node, each.reason, each.n_frames) for each in core.blame.tell(now_us)}

    assert told == {("n0", "mac", 1), ("n8", "key", 1), ("n9", "unknown", 1), ("n1", "clock", 1)}


def test_what_goes_on_is_told_again_after_ten_minutes_with_its_count():
    blame, told = Blame(), []
    for at_us in range(0, AGAIN_US + 1, S):
        blame.note("n1", "mac")
        told += [(at_us, each.n_frames) for each in blame.tell(at_us)]

    assert told == [(0, 1), (AGAIN_US, AGAIN_US // S)]


def test_names_without_end_fill_neither_memory_nor_log():
    blame = Blame()
    for number in range(10 * MOST_KEPT):
        blame.note(f"n{number}", "key")

    assert len(list(blame.tell(0))) == MOST_TOLD
    assert sum(len(list(blame.tell(AGAIN_US - 1 - at))) for at in range(MOST_KEPT)) == MOST_KEPT - MOST_TOLD


def test_a_name_that_is_none_is_not_printed():
    blame = Blame()
    blame.note("\x1b[2J", "key")

    assert [each.node for each in blame.tell(0)] == ["?"]
