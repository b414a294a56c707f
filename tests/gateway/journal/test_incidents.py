"""Which incidents there are, is known of what is being written, and of what an earlier gateway wrote."""

import json

import pytest

from gateway.journal import incidents
from gateway.journal.incidents import Incidents
from gateway.journal.journal import Journal
from gateway.journal.rows import Row


def row(name, kind="incident", **more):
    return Row(kind, 5, json.dumps({"incident": name, **more}).encode())


async def test_a_journal_knows_its_incidents_as_they_are_told_and_when_asked_to_after_a_restart(tmp_path):
    first = Journal(tmp_path / "j")
    assert "i-1" not in first.incidents
    written = first.append([row("i-1"), row("i-2", "effect", device="l1"), row("i-3", "request")])
    known = [name in first.incidents for name in ("i-1", "i-2", "i-3")]  # it need not be on the disk yet
    await written
    first.close()
    again = Journal(tmp_path / "j")
    before = "i-1" in again.incidents
    again.recall_incidents()
    recalled = [name in again.incidents for name in ("i-1", "i-2", "i-3")]
    again.close()

    assert known == recalled == [True, True, False]
    assert not before


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"[]", b"{}", b'{"incident": 5}', b'{"incident": ["i"]}', b"[" * 100_000]
)
def test_a_row_that_no_gateway_wrote_tells_of_no_incident(body):
    known = Incidents()
    known.heed([Row("incident", 5, body), row("i-1")])

    assert "i-1" in known
    assert 5 not in known


def test_the_newest_are_known_and_one_that_goes_on_is_new(monkeypatch):
    monkeypatch.setattr(incidents, "MOST", 3)
    known = Incidents()
    known.heed([row("i-0"), row("i-1"), row("i-0"), row("i-2"), row("i-3")])

    assert [f"i-{i}" in known for i in range(4)] == [True, False, True, True]
