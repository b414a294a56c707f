"""What the evidence process may have written down: the fields of each deed, and never a plate."""

import pytest

from gateway.evidence import custody
from gateway.evidence.shelf import Entry
from gateway.journal.evidence_asks import DEEDS, fault_of
from gateway.journal.request import Refused, Requests, signed

KEY, T_US = bytes(range(32)), 1_790_000_000_000_000
ENTRY = Entry("corner-1.mp4", "clip", "corner", T_US, T_US + 40_000_000, "a" * 64, 12_345_678, "b" * 64)
BODIES = {
    "kept": custody.kept("20261128T022511Z-0a1b2c", ENTRY),
    "lost": custody.lost("i-1", "corner", "the disk\nis full"),
    "let go": custody.let_go("i-1", "older than 30 days"),
    "triggered": custody.triggered("i-1", "gate", "told to read"),
    "fault": custody.fault("corner", "sends no pictures: \x1b[2Jgone"),
    "access": custody.access("i-1", "all", "export", "case 17"),
}


@pytest.mark.parametrize("did", DEEDS)
def test_each_deed_is_taken_as_custody_writes_it_also_of_an_incident_of_a_journal_before(did):
    line = signed("evidence", BODIES[did], "evidence", KEY, T_US, bytes(16))

    assert Requests({"evidence": KEY}, ()).take(line, T_US, 60_000_000).body == BODIES[did]


def test_an_access_needs_no_note_and_may_say_who_is_shown_it():
    assert fault_of(custody.access("i-1", "all", "show", "")) == ""
    assert fault_of(custody.access("i-1", "all", "show", "", "ann")) == ""
    assert fault_of(custody.access("i-1", "all", "show", "", "a" * 65)) == "who is not of the form that it must have"
    assert "kept has" in fault_of({**custody.kept("i-1", ENTRY), "who": "ann"})


@pytest.mark.parametrize(
    ("did", "changed"),
    [
        ("kept", {"plate": "AB12CDE"}),
        ("kept", {"sha256": "A" * 64}),
        ("kept", {"bytes": -1}),
        ("kept", {"bytes": True}),
        ("kept", {"from_us": 1.5}),
        ("kept", {"file": "../x"}),
        ("kept", {"what": "face"}),
        ("lost", {"note": "x" * 501}),
        ("lost", {"note": 5}),
        ("fault", {"camera": "a b"}),
        ("let go", {"did": "deleted"}),
        ("let go", {"did": 5}),
        ("let go", {"note": "two\nlines"}),
        ("let go", {"note": "\u202e"}),
        ("access", {"incident": ""}),
    ],
)
def test_what_is_not_of_a_deed_is_refused(did, changed):
    with pytest.raises(Refused):
        Requests({"evidence": KEY}, ()).take(
            signed("evidence", {**BODIES[did], **changed}, "evidence", KEY, T_US, bytes(16)), T_US, 60_000_000
        )


def test_what_is_lacking_is_named():
    assert fault_of({"did": "lost", "incident": "i-1"}) == "lost has file, incident, note"
