"""A file that comes to be whole or not at all, and what may lie where it is begun."""

import os
import stat

import pytest

from gateway.journal.new_file import new_file


def test_what_a_killed_one_left_is_taken_over_and_is_its_owners_alone(tmp_path):
    (tmp_path / "copy.part").write_text("half of it")
    (tmp_path / "copy.part").chmod(0o644)
    with new_file(tmp_path / "copy") as part:
        part.write_text("all of it")

    assert (tmp_path / "copy").read_text() == "all of it"
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["copy"]


@pytest.mark.parametrize("lay", [os.symlink, os.link])
def test_a_link_where_it_is_begun_is_refused_and_what_it_leads_to_stays(tmp_path, lay):
    journal = tmp_path / "street.journal"
    journal.write_text("all that was heard")
    lay(journal, tmp_path / "copy.part")
    with pytest.raises(OSError, match=r"copy\.part: is a link, or not a file of your own"), new_file(tmp_path / "copy"):
        pytest.fail("it was begun")

    assert journal.read_text() == "all that was heard"
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("is_read", [False, True])
def test_a_pipe_where_it_is_begun_is_refused_and_nobody_waits(tmp_path, is_read):
    os.mkfifo(tmp_path / "copy.part")
    reader = os.open(tmp_path / "copy.part", os.O_RDONLY | os.O_NONBLOCK) if is_read else None
    with pytest.raises(OSError, match=r"copy\.part: is a link, or not a file"), new_file(tmp_path / "copy"):
        pytest.fail("it was begun")
    if reader is not None:
        os.close(reader)


def test_a_medium_that_gives_every_file_one_owner_is_written_to(tmp_path, monkeypatch):
    monkeypatch.setattr("gateway.journal.new_file.os.geteuid", lambda: os.getuid() + 1)
    with new_file(tmp_path / "copy") as part:
        part.write_text("all of it")

    assert (tmp_path / "copy").read_text() == "all of it"


def test_a_file_of_another_user_is_refused(tmp_path, monkeypatch):
    (tmp_path / "copy.part").write_text("theirs")
    monkeypatch.setattr("gateway.journal.new_file.os.geteuid", lambda: os.getuid() + 1)
    with pytest.raises(OSError, match=r"copy\.part: is a link, or not a file"), new_file(tmp_path / "copy"):
        pytest.fail("it was begun")

    assert (tmp_path / "copy.part").read_text() == "theirs"
