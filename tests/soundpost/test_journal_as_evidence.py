"""A journal as evidence: copied while in use, on a medium that cannot be written, and left exactly as it was found."""

import json
import shutil
import subprocess

import pytest

from gateway.journal.journal import Journal
from gateway.journal.rows import Row
from soundpost.__main__ import main


def frame(sequence):
    return Row("frame", sequence * 1_000_000, bytes(40), "n1", 5, sequence)


@pytest.fixture
async def running(tmp_path):
    """The journal of a gateway that runs, with 50 rows."""
    path = tmp_path / "gateway" / "street.journal"
    path.parent.mkdir()
    journal = Journal(path)
    await journal.append([frame(i) for i in range(1, 51)])
    yield path
    journal.close()


def copied(path, folder, *endings):
    folder.mkdir()
    for ending in endings:
        shutil.copy(f"{path}{ending}", folder)
    return folder / path.name


def everything(folder):
    return {each.name: (each.read_bytes(), each.stat().st_mtime_ns) for each in folder.iterdir()}


def test_the_file_alone_of_a_running_gateway_is_not_said_to_be_whole(running, tmp_path, capsys):
    evidence = copied(running, tmp_path / "evidence", "")

    assert main(["journal", "verify", str(evidence)]) == 1
    said = capsys.readouterr().err
    assert "holds no row" in said
    assert "no street.journal-wal beside it" in said


def test_with_its_log_it_is_read_whole_and_nothing_is_left_or_changed(running, tmp_path, capsys):
    evidence = copied(running, tmp_path / "evidence", "", "-wal")
    before = everything(evidence.parent)

    assert main(["journal", "verify", str(evidence)]) == 0
    said = capsys.readouterr().out
    assert "whole, 50 rows (50 frame)" in said
    assert "from 1970-01-01 00:00:01Z to 1970-01-01 00:00:50Z" in said
    assert "rows are missing" not in said
    assert everything(evidence.parent) == before


def test_what_cannot_be_seen_is_said_of_a_file_that_lost_its_log(running, tmp_path, capsys):
    evidence = copied(running, tmp_path / "evidence", "", "-wal")
    journal = Journal(evidence)  # writes the 50 rows into the file
    journal.close()
    whole = bytearray(evidence.read_bytes())
    whole[18:20] = b"\2\2"  # as a gateway that runs on has it
    evidence.write_bytes(whole)

    assert main(["journal", "verify", str(evidence), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["first_us"], told["last_us"], told["rows"]) == (1_000_000, 50_000_000, {"frame": 50})
    assert "no street.journal-wal beside it" in told["unseen"][0]
    assert "cut off at its end" in told["unseen"][1]
    assert main(["journal", "show", str(evidence)]) == 0
    assert "no street.journal-wal beside it" in capsys.readouterr().err


def test_a_running_journal_is_read_in_its_place(running, capsys):
    assert main(["journal", "verify", str(running)]) == 0
    assert "whole, 50 rows" in capsys.readouterr().out


@pytest.mark.parametrize("endings", [("",), ("", "-wal")])
def test_a_medium_that_cannot_be_written_is_read(running, tmp_path, capsys, endings):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=False).returncode:
        pytest.skip("mounting is refused here; the other tests of this file need no mount")
    try:
        evidence = copied(running, disk / "evidence", *endings)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        status = main(["journal", "export", str(evidence), "--json"])
    finally:
        subprocess.run(["umount", "-l", disk], check=True)

    assert status == 0
    assert len(capsys.readouterr().out.splitlines()) == (50 if "-wal" in endings else 0)
