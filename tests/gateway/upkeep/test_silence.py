"""Who was not heard for too long is told once, and once more when it is heard again."""

from types import SimpleNamespace

from gateway.upkeep.silence import KIND, Silence

S = 1_000_000
LOOK_S = 10


def looks(silence, nodes, until_s, speaks, every_s, from_s=0):
    """Look every 10 s at nodes that speak every `every_s` while `speaks(node, at_s)`; comes back: (second, alarm)."""
    said, states = [], {}
    for at_s in range(from_s, until_s, LOOK_S):
        for node in nodes:
            last_s = max((t for t in range(0, at_s + 1, every_s) if speaks(node, t)), default=None)
            if last_s is not None:
                states[node] = SimpleNamespace(heard_us=last_s * S, health=SimpleNamespace(uptime_s=1000 + last_s))
        said += [(at_s, alarm) for alarm in silence.look(states, at_s * S)]
    return said


def test_a_node_that_goes_is_told_after_45_s_and_again_when_it_is_back():
    said = looks(Silence(["a", "b"], 0), "ab", 400, lambda node, t: node == "a" or not 100 < t < 200, 20)

    assert [(at_s, each.node, each.kind, each.raised) for at_s, each in said] == [
        (150, "b", KIND, True),
        (200, "b", KIND, False),
    ]


def test_nodes_of_before_that_speak_once_a_minute_are_not_called_silent_for_it():
    assert looks(Silence(["a"], 0), "a", 2000, lambda node, t: True, 60) == []


def test_a_node_that_was_never_heard_is_told():
    said = looks(Silence(["a", "b"], 0), "ab", 400, lambda node, t: node == "a", 20)

    assert [(at_s, each.node, each.raised) for at_s, each in said] == [(70, "b", True)]


def ticks(since_s, states_at, until_s):
    """Tick every 0.1 s with what is known at each second; comes back: (second, node, raised)."""
    silence, said = Silence(["a"], since_s * S), []
    for tenth in range(since_s * 10, until_s * 10):
        said += [(tenth / 10, each.node, each.raised) for each in silence.tick(states_at(tenth / 10), tenth * S // 10)]
    return said


def heard(at_s):
    return {"a": SimpleNamespace(heard_us=round(at_s * S), health=SimpleNamespace(uptime_s=5000 + int(at_s)))}


def test_who_was_never_heard_is_told_a_minute_after_the_start_and_not_ten_seconds_later():
    assert ticks(1000, lambda at_s: {}, 1400) == [(1061.0, "a", True)]


def test_who_was_last_heard_before_the_start_is_told_as_soon_as_who_was_never_heard():
    for before_s in (1, 30, 250):
        assert ticks(1000, lambda at_s, before_s=before_s: heard(1000 - before_s), 1400) == [(1061.0, "a", True)]


def test_a_node_of_before_is_not_called_silent_after_a_start_wherever_in_its_minute_that_falls():
    def states_at(at_s, first_s):
        return heard(max((w for w in range(first_s, 1600, 60) if w + 0.5 <= at_s), default=900))  # 0.5 s on its way

    for first_s in range(1001, 1061):
        assert ticks(1000, lambda at_s, first_s=first_s: states_at(at_s, first_s), 1500) == []


def test_a_street_that_goes_silent_together_is_one_line():
    nodes = [f"n{number:02}" for number in range(40)]
    said = looks(Silence(nodes, 0), nodes, 400, lambda node, t: not 100 < t < 200, 20)

    assert [(each.node, each.raised) for _, each in said] == [
        ("n00, n01, n02, n03, n04 and 35 more", True),
        ("n00, n01, n02, n03, n04 and 35 more", False),
    ]


def test_words_that_come_late_and_all_at_once_do_not_make_a_slow_node_look_quick():
    silence = Silence(["a"], 0)
    for number in range(5):  # five minutes of words of an old node, within a second
        state = SimpleNamespace(heard_us=300 * S + number, health=SimpleNamespace(uptime_s=60 * number))
        silence.look({"a": state}, 300 * S + number)

    assert silence.look({"a": state}, 400 * S) == []
