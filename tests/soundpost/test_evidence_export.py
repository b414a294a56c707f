"""An export gives every file that is whole, names every other, and is written down before anything is opened."""

import dataclasses
import errno
import json
import os

import pytest

from gateway.assembly.asking import write_down
from gateway.evidence import custody
from gateway.evidence.shelf import SEALED, Entry, Shelf
from gateway.evidence.telling import Refused
from gateway.journal.journal import Journal
from soundpost.evidence_export import export, new_folder

T_US = 1_790_000_000_000_000
NAMES = ("a.mp4", "b.jpg", "c.json")


@pytest.fixture
def shelf(tmp_path):
    (tmp_path / "evidence").mkdir()
    made = Shelf(tmp_path / "evidence", bytes(32))
    made.begin("i-1", T_US, T_US + 30_000_000)
    for i, name in enumerate(NAMES):
        made.put("i-1", Entry(name, "clip", "corner", T_US + i, T_US + i, "", 0, ""), name.encode() * 1000)
    return made


@pytest.fixture
def out(tmp_path):
    (tmp_path / "out").mkdir(mode=0o700)
    return tmp_path / "out"


def given(out):
    return sorted(path.name for path in out.iterdir())


def spoil(path):
    path.write_bytes(path.read_bytes()[:-100] + bytes(100))


SPOILT = {
    "changed": (spoil, "b.jpg: "),
    "gone": (lambda path: path.unlink(), "b.jpg.sealed: No such file or directory"),
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_file_that_is_not_what_was_kept_is_named_and_keeps_no_other_back(shelf, out, tmp_path, how):
    change, says = SPOILT[how]
    change(tmp_path / "evidence" / "i-1" / ("b.jpg" + SEALED))
    about = shelf.about("i-1")
    n_files, missing = export(shelf, about, {}, "desk", out)
    told = json.loads((out / "about.json").read_text())

    assert given(out) == ["a.mp4", "about.json", "c.json"]
    assert (n_files, len(missing)) == (2, 1)
    assert says in missing[0]
    assert [each["file"] for each in told["files"]] == ["a.mp4", "c.json"]
    assert told["missing"][0]["file"] == "b.jpg"
    assert told["missing"][0]["why"] == missing[0]


def test_a_file_of_which_the_journal_has_another_hash_is_not_given(shelf, out):
    hashes = {name: entry.sha256 for name, entry in shelf.about("i-1").files.items()}
    _, missing = export(shelf, shelf.about("i-1"), {**hashes, "a.mp4": "0" * 64}, "desk", out)

    assert missing == ["a.mp4: the journal has another hash of it: it is not what was kept"]
    assert given(out) == ["about.json", "b.jpg", "c.json"]


def test_a_full_disk_names_the_file_and_leaves_no_half_of_it(shelf, out, monkeypatch):
    real, left = os.fsync, [1]

    def fsync(number):
        if left and left.pop():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(number)

    monkeypatch.setattr(os, "fsync", fsync)
    n_files, missing = export(shelf, shelf.about("i-1"), {}, "desk", out)

    assert (n_files, missing) == (2, [f"{out / 'a.mp4'}: No space left on device"])
    assert given(out) == ["about.json", "b.jpg", "c.json"]


def test_what_cannot_be_exported_anywhere_is_not_written_down_as_taken(tmp_path):
    asked = []
    for path in (tmp_path / "no" / "such", tmp_path):
        with pytest.raises(OSError, match=path.name):
            new_folder(path, lambda: asked.append(1))

    assert asked == []


def test_where_the_access_is_not_written_down_no_folder_stays(tmp_path):
    def refuse():
        raise Refused("signed by nobody who may ask here")

    with pytest.raises(Refused):
        new_folder(tmp_path / "out", refuse)

    assert list(tmp_path.iterdir()) == []


def test_a_note_that_is_too_long_is_told_its_limit_before_anybody_is_asked(tmp_path):
    Journal(tmp_path / "street.journal").close()
    access = custody.access("i-1", "all", "show", "x" * 100_000)

    with pytest.raises(Refused, match="note must be a text of at most 500 letters"):
        write_down(tmp_path / "street.journal", "desk", bytes(32), access)


def test_an_incident_whose_about_is_damaged_is_said_to_be(shelf, tmp_path):
    (tmp_path / "evidence" / "i-1" / "about.json").write_text("{")

    with pytest.raises(ValueError, match=r"i-1: about\.json is damaged"):
        Shelf(tmp_path / "evidence", bytes(32)).about("i-1")
    assert dataclasses.is_dataclass(shelf.about("i-1"))
