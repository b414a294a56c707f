"""What followers ask: signed by somebody who may, fresh, once, and of a known kind; all else is refused in words."""

import json

import pytest

from gateway.journal.request import FRESH_US, MOST_BYTES, Refused, Requests, signed

KEY, T_US = bytes(range(32)), 1_790_000_000_000_000
S = 1_000_000
BODY = {"incident": "i-1", "verdict": "no gunshot", "note": "a door"}


AGE_US = 60 * S


def requests():
    return Requests({"desk": KEY}, {"i-1"})


def line(ask="review", body=BODY, by="desk", key=KEY, at_us=T_US, nonce=bytes(16)):
    return signed(ask, body, by, key, at_us, nonce)


def test_a_review_by_somebody_who_may_is_taken_once():
    at_gateway = requests()
    asked = at_gateway.take(line(), T_US + S, AGE_US)

    assert (asked.by, asked.ask, asked.body, asked.at_us) == ("desk", "review", BODY, T_US)
    with pytest.raises(Refused, match="came before"):
        at_gateway.take(line(), T_US + 2 * S, AGE_US)
    assert at_gateway.take(line(nonce=b"1" * 16), T_US + 2 * S, AGE_US).nonce == "31" * 16


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (line(key=bytes(32)), "signed by nobody"),
        (line(by="nobody"), "signed by nobody"),
        (line(by="nobody", key=b""), "signed by nobody"),
        (line().replace(b"no gunshot", b"gunshot"), "signed by nobody"),
        (line(at_us=T_US - FRESH_US - 1), "too old"),
        (line(at_us=T_US + FRESH_US + 1), "too old, from the future"),
        (line(ask="open"), "ask must be review or evidence"),
        (line(body={**BODY, "verdict": "maybe"}), "verdict must be one of gunshot, no gunshot, unsure"),
        (line(body={"verdict": "unsure"}), "a review has incident"),
        (
            line(body={**BODY, "incident": "i-2"}),
            "^there is no incident 'i-2' in this journal, of which the newest 100000 are known$",
        ),
        (
            line(body={**BODY, "incident": "x" * 500}),
            f"^there is no incident '{'x' * 64}' in this journal, of which the newest 100000 are known$",
        ),
        (line(body={**BODY, "note": "x" * 501}), "at most 500"),
        (line(body={**BODY, "note": 5}), "texts"),
        (line(nonce=b"short"), "not of the form"),
        (b"", "not one line"),
        (b"[]\n", "not one line"),
        (b"[" * 4000 + b"\n", "not one line"),
        (b"\xff\xfe\n", "not one line"),
        (b" " * MOST_BYTES + line(), "not one line"),
        (json.dumps({**json.loads(line()), "at_us": True}).encode(), "at_us must be int"),
        (json.dumps({**json.loads(line()), "mac": "\u00e9"}).encode(), "not of the form"),
    ],
)
def test_what_is_not_right_is_refused_in_words_that_name_no_secret(changed, why):
    with pytest.raises(Refused, match=why) as refused:
        requests().take(changed, T_US, AGE_US)

    assert KEY.hex() not in str(refused.value)


@pytest.mark.parametrize("more", [{"what": "fireworks"}, {"who": "Zoë O'Hara"}, {"what": "exercise", "who": "a" * 64}])
def test_a_review_may_say_what_it_was_and_who_says_so(more):
    assert requests().take(line(body={**BODY, **more}), T_US + S, AGE_US).body == {**BODY, **more}


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"what": "a party"}, "what must be one of fireworks, backfire, construction, thunder, other, exercise"),
        ({"what": "thunder", "verdict": "gunshot"}, "only exercise goes with gunshot"),
        ({"what": 5}, "texts of at most 500"),
        ({"who": ""}, "who must be a name of 1 to 64 letters"),
        ({"who": " "}, "who must be a name of 1 to 64 letters"),
        ({"who": "a" * 65}, "who must be a name of 1 to 64 letters"),
        ({"who": "ann\nbob"}, "one line, without control characters"),
        ({"whom": "ann"}, "a review has incident, verdict and perhaps a note, what it was and who says so"),
    ],
)
def test_what_it_was_and_who_says_so_are_bounded(more, why):
    with pytest.raises(Refused, match=why):
        requests().take(line(body={**BODY, **more}), T_US + S, AGE_US)


@pytest.mark.parametrize("field", ["incident", "note", "who"])
@pytest.mark.parametrize(
    "forged", ["\n00:00  n1", "\r", "\x1b[2J", "\x9b2J", "\0", "\ud800", "\u202e", "\u2028", "\x7f"]
)
def test_what_forges_a_line_or_moves_a_terminal_is_refused_and_costs_no_nonce(field, forged):
    at_gateway = requests()
    with pytest.raises(Refused, match="without control characters"):
        at_gateway.take(line(body={**BODY, field: f"a{forged}b"}), T_US, AGE_US)

    assert at_gateway.take(line(), T_US, AGE_US).body == BODY


def test_an_incident_that_comes_to_be_may_be_reviewed_by_the_very_line_that_was_refused():
    incidents = set()
    at_gateway = Requests({"desk": KEY}, incidents)
    with pytest.raises(Refused, match="no incident"):
        at_gateway.take(line(), T_US, AGE_US)
    incidents.add("i-1")

    assert at_gateway.take(line(), T_US, AGE_US).body == BODY


def test_what_was_signed_before_the_gateway_started_may_have_been_taken_and_is_refused():
    with pytest.raises(Refused, match="before the gateway's start"):
        requests().take(line(), T_US + S, S - 1)
