"""Incidents are found by what is known of them; what cannot be asked is refused with its range."""

import pytest

from gateway.web.records import Search

S = 1_000_000
T_US = 1_790_000_000 * S
REFUSED = [
    (Search(text="a" * 1_000_000), "text: must be of at most 200 letters"),
    (Search(text="a " * 13), "text: must be of at most 12 words"),
    (Search(grade="D"), "grade: must be one of A, B, C"),
    (Search(review="maybe"), "review: must be one of open"),
    (Search(near=(40.0, -88.0)), "place: give a latitude"),
    (Search(near=(91.0, 0.0), within_m=5.0), "latitude must be -90 to 90"),
    (Search(near=(float("nan"), 0.0), within_m=5.0), "latitude must be -90 to 90"),
    (Search(near=(40.0, 0.0), within_m=1e9), "within: must be more than 0 and at most 30000 m"),
    (Search(from_us=-1), "from: must be a time"),
    (Search(until_us=1 << 80), "until: must be a time"),
]


@pytest.fixture
def store(journalled, follows):
    for n in range(10):
        journalled.t_us = T_US + n * 60 * S
        kind, grade = ("gunshot", "A") if n % 2 else ("fireworks", "C")
        journalled.write(journalled.incident(f"i-{n}", place=(0.0, 100.0 * n), kind=kind, grade=grade))
    journalled.write(journalled.review("i-3", "no gunshot", "ann", what="backfire", note="Zoë saw the lorry's exhaust"))
    return follows.read()


def names(briefs):
    return [each.incident for each in briefs]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        (Search(), [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]),
        (Search(text="gunshot 6 poles"), [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]),
        (Search(text="firewo"), [8, 6, 4, 2, 0]),
        (Search(text="zoe LORRY"), [3]),
        (Search(text='" or 1=1 --'), []),
        (Search(text="***"), []),
        (Search(grade="A", kind="gunshot"), [9, 7, 5, 3, 1]),
        (Search(review="open", grade="A"), [9, 7, 5, 1]),
        (Search(review="done"), [3]),
        (Search(review="no gunshot"), [3]),
        (Search(from_us=T_US + 120 * S, until_us=T_US + 240 * S), [4, 3, 2]),
        (Search(near=(40.0 + 500 / 111_195, -88.0), within_m=110.0), [6, 5, 4]),
        (Search(near=(40.0, -88.0 + 100 / 85_180), within_m=142.0), [1, 0]),
        (Search(text="fireworks", near=(40.0, -88.0), within_m=250.0, grade="C"), [2, 0]),
    ],
)
def test_a_search_finds_what_fits_all_of_it_the_newest_first(store, search, found):
    assert names(store.briefs(search)) == [f"i-{n}" for n in found]


@pytest.mark.parametrize(("search", "why"), REFUSED)
def test_what_cannot_be_asked_is_refused_with_its_range(store, search, why):
    with pytest.raises(ValueError, match=why):
        store.briefs(search)


def test_pages_follow_each_other_whatever_comes_meanwhile(journalled, follows, store):
    first = store.briefs(Search(), limit=4)
    journalled.write(journalled.incident("late"), journalled.incident("i-8", grade="A"))
    follows.read()
    second = store.briefs(Search(), after=first[-1].began, limit=4)
    third = store.briefs(Search(text="poles"), after=second[-1].began, limit=4)

    assert names([*first, *second, *third]) == [f"i-{n}" for n in range(9, -1, -1)]


def test_a_list_is_never_longer_than_its_bound(store):
    assert len(store.briefs(Search(), limit=-5)) == 1
