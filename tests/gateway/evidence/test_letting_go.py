"""What is let go first: reviewed before unreviewed, and of the unreviewed the oldest last."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.evidence.letting_go import DAY_US, Held, Limits, for_room, outdated

NOW_US = 1_790_000_000_000_000


def held(name, days_ago, verdict=None, n_bytes=100, is_open=False):
    return Held(name, NOW_US - round(days_ago * DAY_US), n_bytes, verdict, is_open)


ALL = [
    held("old", 20),
    held("middle", 10),
    held("new", 1),
    held("shot", 15, "gunshot"),
    held("door", 3, "no gunshot"),
    held("bang", 5, "no gunshot"),
    held("running", 0, is_open=True),
]


def names(going):
    return [incident for incident, _ in going]


def test_for_room_no_gunshot_goes_first_then_the_reviewed_then_the_newest_unreviewed():
    assert names(for_room(ALL, 10_000)) == ["bang", "door", "shot", "new", "middle", "old"]


def test_no_more_goes_than_must():
    assert names(for_room(ALL, 150)) == ["bang", "door"]
    assert for_room(ALL, 0) == []


def test_what_is_recorded_just_now_is_never_let_go():
    assert for_room([held("running", 0, is_open=True)], 10_000) == []
    assert outdated([held("running", 99, is_open=True)], Limits(), NOW_US) == []


def test_everything_goes_by_age_and_what_was_no_gunshot_sooner():
    assert names(outdated(ALL, Limits(keep_us=18 * DAY_US), NOW_US)) == ["old", "door", "bang"]
    assert all("days" in why for _, why in outdated(ALL, Limits(), NOW_US))


verdicts = st.sampled_from([None, "gunshot", "no gunshot", "unsure"])


@given(st.lists(st.tuples(st.integers(0, 100), verdicts), max_size=20), st.integers(0, 3000))
def test_the_oldest_unreviewed_goes_only_when_all_else_is_gone(made, over):
    kept = [held(f"i-{index}", days, verdict) for index, (days, verdict) in enumerate(made)]
    unreviewed = sorted((each for each in kept if each.verdict is None), key=lambda each: (each.t_us, each.incident))
    going = names(for_room(kept, over))

    assert sum(each.n_bytes for each in kept if each.incident in going) >= min(over, 100 * len(kept))
    if unreviewed and {each.incident for each in unreviewed if each.t_us == unreviewed[0].t_us} & set(going):
        assert all(each.incident in going for each in kept if each.verdict is not None)
