"""Clips are shown to people only after that was written down."""

import json

import pytest

from gateway.assembly.web_clips import WebClips
from gateway.evidence.shelf import Entry, Shelf
from gateway.journal.rows import kept, reading
from gateway.web.store.clips import NoSuchFile, NotShown

KEY, UNDER = bytes(range(32)), bytes(32)
CONTENT = bytes(n % 251 for n in range(200_000))


@pytest.fixture
def shelf(tmp_path):
    (tmp_path / "evidence").mkdir()
    shelf = Shelf(tmp_path / "evidence", UNDER)
    shelf.begin("i-1", 1, 2)
    shelf.put("i-1", Entry("C1.mp4", "clip", "C1", 1, 2, "", 0, ""), CONTENT)
    return shelf


@pytest.fixture
def clips(tmp_path, journalled, shelf):
    clock = [0.0]
    made = WebClips(journalled.path, "web", KEY, tmp_path / "evidence", UNDER, lambda: clock[0])
    return made, clock


def accesses(journalled):
    with reading(journalled.path) as journal:
        return [json.loads(each.row.body)["body"] for each in kept(journal, "request")]


def test_the_row_is_on_the_disk_before_the_first_byte_and_says_who(gateway, clips, journalled):
    opening = clips[0].open("i-1", "C1.mp4", "ann")
    before = accesses(journalled)

    assert before == [{"did": "access", "incident": "i-1", "file": "C1.mp4", "what": "show", "who": "ann"}]
    assert b"".join(opening.blocks) == CONTENT
    assert (opening.kind, opening.n_bytes) == ("video/mp4", 200_000)


@pytest.mark.parametrize(
    ("first", "last"), [(0, 0), (65_535, 65_536), (70_000, 199_999), (199_999, None), (5, 1 << 40)]
)
def test_a_range_is_those_bytes(gateway, clips, first, last):
    opening = clips[0].open("i-1", "C1.mp4", "ann", first, last)

    assert b"".join(opening.blocks) == CONTENT[opening.first : opening.last + 1]
    assert (opening.first, opening.last) == (first, 199_999 if last is None else min(last, 199_999))


def test_many_ranges_of_one_viewing_are_one_row_and_another_person_is_another(gateway, clips, journalled):
    made, clock = clips
    for at in range(5):
        made.open("i-1", "C1.mp4", "ann", at)
    made.open("i-1", "C1.mp4", "bob")
    clock[0] = 61.0
    made.open("i-1", "C1.mp4", "ann")

    assert [each["who"] for each in accesses(journalled)] == ["ann", "bob", "ann"]


def test_without_a_gateway_nothing_is_shown(clips, journalled):
    with pytest.raises(NotShown, match="could not be written down, so nothing is shown"):
        clips[0].open("i-1", "C1.mp4", "ann")


def test_what_cannot_be_written_down_is_not_shown(gateway, clips):
    gateway.keeps = False

    with pytest.raises(NotShown, match="so nothing"):
        clips[0].open("i-1", "C1.mp4", "a" * 65)


@pytest.mark.parametrize(
    ("incident", "file"),
    [
        ("i-1", "../key"),
        ("../evidence/i-1", "C1.mp4"),
        ("i-1", "key"),
        ("", ""),
        ("i-2", "C1.mp4"),
        ("i-1", "about.json"),
    ],
)
def test_nothing_but_what_is_kept_can_be_named(gateway, clips, journalled, incident, file):
    with pytest.raises(NoSuchFile):
        clips[0].open(incident, file, "ann")
    assert accesses(journalled) == []


@pytest.mark.parametrize(("first", "last"), [(-1, None), (200_000, None), (9, 3)])
def test_a_range_that_is_none_is_refused_and_costs_no_row(gateway, clips, journalled, first, last):
    with pytest.raises(ValueError, match="has bytes 0 to 199999"):
        clips[0].open("i-1", "C1.mp4", "ann", first, last)
    assert accesses(journalled) == []


def test_what_came_after_the_start_is_found_and_what_was_let_go_is_not(gateway, clips, shelf):
    sightings = {"sightings": [{"plate": "AB 12", "reader": "gate"}]}
    entry = Entry("sightings.json", "sightings", "", 1, 2, "", 0, "")
    shelf.put("i-1", entry, json.dumps(sightings).encode())
    seen = clips[0].sightings("i-1", "ann")
    shelf.remove("i-1")

    assert seen == [{"plate": "AB 12", "reader": "gate"}]
    with pytest.raises(NoSuchFile):
        clips[0].sightings("i-1", "ann")


def test_a_file_that_was_tampered_with_is_not_shown(gateway, clips, tmp_path):
    path = tmp_path / "evidence" / "i-1" / "C1.mp4.sealed"
    sealed = bytearray(path.read_bytes())
    sealed[100] ^= 1
    path.write_bytes(sealed)

    with pytest.raises(NotShown, match="cannot be opened"):
        clips[0].open("i-1", "C1.mp4", "ann")
