"""A person's review goes to a gateway over its socket and comes back in the journal; whatever is in its way, there is
one clear answer."""

import pytest

from gateway.assembly.web_journal import WebJournal
from gateway.web.store.reviewing import (
    BadReview,
    GatewayAway,
    NewReview,
    NoIncident,
    NotReadBack,
    Reviewing,
    StaleReview,
    checked,
)

KEY = bytes(range(32))


@pytest.fixture
def reviewing(journalled, follows):
    """Reads the journal each time that it would sleep."""
    journalled.write(*journalled.shot())
    follows.read()
    return Reviewing(follows.store, WebJournal(journalled.path, "web", KEY), lambda seconds: follows.read())


def new(follows, **other):
    said = {"verdict": "no gunshot", "what": "fireworks", "note": "a rocket,\r\n seen", "who": "Ann Bo", **other}
    return NewReview(**{"incident": "i-1", "version": follows.store.brief("i-1").version, **said})


def test_a_review_comes_back_out_of_the_journal_with_who_gave_it(gateway, reviewing, follows):
    review = reviewing.review(new(follows))

    assert (review.by, review.who, review.verdict, review.what) == ("web", "Ann Bo", "no gunshot", "fireworks")
    assert review.note == "a rocket, seen"
    assert follows.store.brief("i-1").version == review.number


def test_of_two_at_once_the_second_is_shown_the_first_and_both_stand_when_it_is_sent_again(gateway, reviewing, follows):
    mine, others = new(follows), new(follows, who="bob", verdict="gunshot", what="")
    reviewing.review(mine)

    with pytest.raises(StaleReview, match="was reviewed by somebody else") as stale:
        reviewing.review(others)
    reviewing.review(new(follows, who="bob", verdict="gunshot", what=""))
    assert [each.who for each in stale.value.reviews] == ["Ann Bo"]
    assert stale.value.now.version == stale.value.reviews[0].number
    assert [each.who for each in follows.store.reviews("i-1")] == ["Ann Bo", "bob"]
    assert follows.store.brief("i-1").review_state == "disputed"


def test_the_same_persons_second_press_is_told_that_the_first_was_taken(gateway, reviewing, follows):
    mine = new(follows)
    reviewing.review(mine)

    with pytest.raises(StaleReview, match="your own review was taken already"):
        reviewing.review(mine)
    assert len(follows.store.reviews("i-1")) == 1


def test_a_review_of_what_was_told_anew_meanwhile_is_stale(gateway, reviewing, journalled, follows):
    mine = new(follows)
    journalled.write(journalled.incident(grade="C"))
    follows.read()

    with pytest.raises(StaleReview, match="was told anew since you saw it"):
        reviewing.review(mine)


def test_without_a_gateway_nothing_is_written_and_it_says_so(reviewing, follows):
    with pytest.raises(GatewayAway, match="no gateway answers just now; nothing was written down, try again"):
        reviewing.review(new(follows))

    assert follows.store.reviews("i-1") == []


def test_what_the_gateway_took_and_the_journal_does_not_show_is_told_apart(gateway, reviewing, follows):
    gateway.keeps = False

    with pytest.raises(NotReadBack, match="it shows here when it is"):
        reviewing.review(new(follows))


def test_what_nobody_tells_of_cannot_be_reviewed(gateway, reviewing, follows):
    with pytest.raises(NoIncident, match="there is no incident 'i-7' here"):
        reviewing.review(NewReview("i-7", 1, "gunshot", "", "", "ann"))


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"note": "x" * 1_000_000}, r"the comment must be of at most 500 letters \(it has 1000000\)"),
        ({"verdict": "perhaps"}, "the verdict must be one of gunshot, no gunshot, unsure"),
        ({"what": "a party"}, "what it was must be one of fireworks, backfire"),
        ({"verdict": "gunshot"}, "fireworks goes only with the verdict no gunshot"),
        ({"who": "a" * 65}, "who must be a name of 1 to 64 letters"),
        ({"note": "\u202egunshot"}, "must be one line, without control characters"),
        (
            {"note": "\U0001f386" * 500},
            "the comment must be shorter: in the journal all takes 60.. bytes, of at most 3600",
        ),
    ],
)
def test_what_is_out_of_range_is_told_with_the_range(gateway, reviewing, follows, other, why):
    with pytest.raises(BadReview, match=why):
        reviewing.review(new(follows, **other))

    assert follows.store.reviews("i-1") == []


def test_a_review_without_anything_more_says_nothing_more():
    assert checked(NewReview("i-1", 1, "unsure", "", " \n", "ann")) == {
        "incident": "i-1", "verdict": "unsure", "who": "ann",
    }  # fmt: skip
