"""The folder of evidence: whole files or none, bad disks and tampering said, nothing left of what was let go."""

import errno
import json
import os

import pytest

from gateway.evidence.letting_go import Held
from gateway.evidence.seal import Broken
from gateway.evidence.shelf import ABOUT, KEY, SEALED, Entry, Shelf, check_folder
from gateway.evidence.whole_file import PART, write_whole

UNDER = bytes(range(32))
T_US = 1_790_000_000_000_000
CLIP = Entry("corner-1.mp4", "clip", "corner", T_US, T_US + 40_000_000, "", 0, "")


@pytest.fixture
def shelf(tmp_path):
    made = Shelf(tmp_path, UNDER)
    made.begin("i-1", T_US, T_US + 30_000_000)
    return made


def test_what_is_put_there_is_encrypted_private_and_reads_back_also_after_a_restart(shelf, tmp_path):
    entry = shelf.put("i-1", CLIP, b"pictures" * 1000)
    path = tmp_path / "i-1" / (CLIP.name + SEALED)

    assert b"pictures" not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    assert (tmp_path / "i-1").stat().st_mode & 0o077 == 0
    again = Shelf(tmp_path, UNDER)
    assert again.about("i-1").files == {CLIP.name: entry}
    assert b"".join(again.read("i-1", CLIP.name)) == b"pictures" * 1000


def test_under_another_key_nothing_opens(shelf, tmp_path):
    shelf.put("i-1", CLIP, b"pictures")

    with pytest.raises(Broken, match="another key"):
        b"".join(Shelf(tmp_path, bytes(32)).read("i-1", CLIP.name))


def test_a_draft_is_no_file_until_it_is_kept_and_what_a_kill_leaves_is_cleared_and_named(shelf, tmp_path):
    sealed = shelf.draft("i-1", CLIP.name)
    sealed.write(b"half")
    sealed.under.file.flush()

    assert not (tmp_path / "i-1" / (CLIP.name + SEALED)).exists()
    again = Shelf(tmp_path, UNDER)
    assert again.clear_parts() == [("i-1", CLIP.name)]
    assert list(tmp_path.rglob(f"*{PART}")) == []
    assert again.about("i-1").files == {}


def test_a_disk_that_fills_up_leaves_no_half_file_and_is_named(shelf, tmp_path):
    def full(file):
        file.write(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OSError, match="No space left on device") as error:
        write_whole(tmp_path / "file", full)
    assert str(tmp_path / "file") in str(error.value)
    assert not (tmp_path / "file").exists()
    assert not (tmp_path / f"file{PART}").exists()


def test_a_folder_that_is_away_read_only_or_full_is_named(tmp_path, monkeypatch):
    with pytest.raises(OSError, match="no such folder for clips"):
        check_folder(tmp_path / "none")
    check_folder(tmp_path)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(os, "statvfs", lambda path: os.statvfs_result((4096, 4096, 100, 3, 3, 1, 1, 1, 0, 255)))
    with pytest.raises(OSError, match="no room for clips"):
        check_folder(tmp_path)

    def read_only(*args, **kwargs):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "open", read_only)
    with pytest.raises(OSError, match="Read-only file system"):
        check_folder(tmp_path)


def test_what_is_let_go_is_gone_and_its_key_first(shelf, tmp_path):
    shelf.put("i-1", CLIP, b"pictures")
    shelf.remove("i-1")

    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="nothing is kept of incident 'i-1'"):
        shelf.about("i-1")


def test_a_name_that_leads_elsewhere_is_refused(shelf, tmp_path):
    for name in ("../i-2", "/etc", "", ".hidden", "a/b", "x" * 200, "a\n"):
        with pytest.raises(ValueError, match="no name of an incident"):
            shelf.begin(name, T_US, T_US)
    with pytest.raises(ValueError, match="has no file"):
        b"".join(shelf.read("i-1", "../i-1/key"))


def test_a_folder_that_was_tampered_with_is_left_alone_and_said(shelf, tmp_path):
    shelf.put("i-1", CLIP, b"pictures")
    shelf.begin("i-2", T_US, T_US)
    told = json.loads((tmp_path / "i-1" / ABOUT).read_text())
    for text in (
        "",
        "[]",
        json.dumps({**told, "incident": "i-2"}),
        json.dumps({**told, "files": {"../x": {}}}),
        "{" * 9,
    ):
        (tmp_path / "i-1" / ABOUT).write_text(text)
        again = Shelf(tmp_path, UNDER)

        assert list(again.damaged) == ["i-1"]
        assert [about.incident for about in again.abouts()] == ["i-2"]
    (tmp_path / "i-2" / KEY).write_bytes(b"no key")
    with pytest.raises(Broken, match="wrapped under another key"):
        again.draft("i-2", "x.mp4")
    assert list(tmp_path.rglob(f"*{PART}")) == []


def test_a_review_and_triggers_outlive_a_restart_and_no_reader_is_told_twice(shelf, tmp_path):
    assert shelf.trigger("i-1", ["gate", "yard"]) == ["gate", "yard"]
    shelf.review("i-1", "no gunshot")
    again = Shelf(tmp_path, UNDER)

    assert again.trigger("i-1", ["gate", "lane"]) == ["lane"]
    assert not again.review("i-9", "gunshot")
    held = again.held(T_US)[0]
    assert (held.incident, held.verdict, held.is_open) == ("i-1", "no gunshot", True)
    assert isinstance(held, Held)
    assert not again.held(T_US + 31_000_000)[0].is_open
