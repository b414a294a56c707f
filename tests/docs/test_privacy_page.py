"""What the pages about privacy and threats promise, held to the code."""

from pathlib import Path

import pytest

from firmware import wire
from firmware.linux.names import VERBS
from firmware.node import BURST, RATE
from gateway.evidence.tables import EvidenceTable
from gateway.intake.seen import Seen
from gateway.reaction.policy_tables import PolicyTable
from gateway.web.grants import GRANTS, PUBLIC
from gateway.web.settings import WebConfig
from hw.linux.microphone import BACKLOG_S

PAGES = Path(__file__).parents[2] / "docs/explanation"
PRIVACY, THREATS = (PAGES / "privacy.md").read_text(), (PAGES / "threat-model.md").read_text()
TO = {grant.path: set(grant.to) for grant in GRANTS}
MAY = {
    "/incidents/{incident}": 1,
    "/incidents/{incident}/review": 2,
    "/incidents/{incident}/files/{file}": 3,
    "/access": 4,
    "/accounts": 5,
}
"""Route -> the column of the page's table."""
ROWS = [
    [cell.strip() for cell in line.split("|")[1:-1]]
    for line in PRIVACY.splitlines()
    if line.startswith(("| viewer, technician |", "| dispatcher |", "| analyst |", "| administrator |"))
]


@pytest.mark.parametrize("route", MAY)
def test_who_sees_what_is_what_the_grants_say(route):
    told = {role for row in ROWS for role in row[0].split(", ") if row[MAY[route]].startswith("yes")}

    assert len(ROWS) == 4
    assert told == TO[route]


def test_nothing_of_an_incident_is_public():
    assert [path for path, to in TO.items() if PUBLIC in to and ("incident" in path or "pole" in path)] == []


def test_no_kind_on_the_wire_carries_sound_but_the_arrival():
    sound = [kind.name for kind in wire.KINDS if any(each.name == "clip" for each in kind.fields)]

    assert sound == ["arrival"]
    assert f"there are three,\n  *{'*, *'.join(VERBS.values())}*" in PRIVACY


def test_numbers_of_the_pages_are_those_of_the_code():
    assert BACKLOG_S == 5
    assert (BURST, RATE) == (60, 4)
    fields = EvidenceTable.model_fields
    assert (fields["keep_days"].default, fields["keep_no_gunshot_days"].default) == (30, 1)
    web = WebConfig.model_fields
    assert (web["keep_arrivals_days"].default, web["keep_past_days"].default) == (3, 60)
    assert "newest 100 000" in THREATS
    first, *rest = seen = [("n1", 1, number) for number in range(100_001)]
    kept = Seen()
    for each in seen:
        kept.add(*each)
    assert not kept.contains(*first)
    assert kept.contains(*rest[0])


def test_as_it_comes_lamps_cameras_and_people_are_for_all_grades():
    policy = PolicyTable()

    assert {policy.lights.min_grade, policy.cameras.min_grade, policy.announce.min_grade} == {"C"}
    assert "lamps and cameras act from C on" in (PAGES / "ellipse.md").read_text()
