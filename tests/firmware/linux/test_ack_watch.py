"""A node that gets no answers says so after 30 s, once, and says when they are back."""

from firmware.linux.ack_watch import PATIENCE_US, AckWatch

S = 1_000_000


def told(looks):
    watch = AckWatch()
    return [
        (at_s, said) for at_s, words, waiting in looks if (said := watch.look(words, waiting, at_s * S)) is not None
    ]


def test_no_answers_are_told_once_after_30_s_and_once_when_they_are_back():
    looks = [(at_s, 0 if at_s < 100 else 1, 3) for at_s in range(120)]

    assert told(looks) == [(PATIENCE_US // S, False), (100, True)]


def test_who_waits_for_nothing_or_is_answered_says_nothing():
    assert told([(at_s, 0, 0) for at_s in range(200)]) == []
    assert told([(at_s, at_s // 20, 1) for at_s in range(200)]) == []
