"""soundpost journal: verify, show and export, and what it says of a broken one."""

import json
import sqlite3
import subprocess
import sys

import pytest

from gateway.journal.follow import Follower
from gateway.journal.journal import Journal
from gateway.journal.rows import Row
from soundpost.__main__ import main


@pytest.fixture
async def path(tmp_path):
    path = tmp_path / "street.journal"
    journal = Journal(path)
    await journal.append(
        [Row("config", 1, b'{"sha256": "ab"}', boot=3), Row("frame", 2_000_000, b"\x01\x02", "n1", 5, 6)]
    )
    await journal.append([Row("incident", 3_000_000, b'{"incident": "x", "rounds": []}')])
    journal.close()
    return path


def test_a_whole_journal_is_said_to_be_whole(path, capsys):
    assert main(["journal", "verify", str(path)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"{path}: whole, 3 rows (1 config, 1 frame, 1 incident)"
    assert said[1].startswith("from 1970-01-01 00:00:00Z to 1970-01-01 00:00:03Z, head ")
    assert said[-1].strip() == f"soundpost journal export {path} --json > journal.jsonl"


def test_a_broken_journal_is_named_with_its_first_broken_row(path, capsys):
    with sqlite3.connect(path) as db:
        db.executescript("drop trigger row_keeps; update row set body = x'00' where number = 2")
    db.close()

    assert main(["journal", "verify", str(path), "--json"]) == 1
    assert capsys.readouterr().err == f"soundpost journal: {path}: row 2 is not what was written there\n"


def test_show_leaves_the_frames_out_and_export_does_not(path, capsys):
    assert main(["journal", "show", str(path), "--json"]) == 0
    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert main(["journal", "export", str(path), "--json"]) == 0
    exported = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert [row["kind"] for row in shown] == ["config", "incident"]
    assert (exported[1]["node"], exported[1]["boot"], exported[1]["sequence"], exported[1]["frame"]) == (
        "n1",
        5,
        6,
        "0102",
    )
    assert shown[1]["body"]["incident"] == "x"


def test_a_table_is_for_people(path, capsys):
    assert main(["journal", "export", str(path)]) == 0
    assert "1970-01-01 00:00:02Z  frame     n1 boot 5 sequence 6, 2 bytes" in capsys.readouterr().out


def test_a_file_that_is_no_journal_is_one_line(tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("hello" * 500)
    for name, says in (("notes.txt", "is not a journal, or is damaged"), ("none", "no such journal")):
        assert main(["journal", "verify", str(tmp_path / name)]) == 1
        told = capsys.readouterr().err
        assert says in told
        assert len(told.splitlines()) == 1


FOLLOW = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from soundpost.__main__ import main
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
sys.exit(main(["journal", "follow", *sys.argv[2:]]))
"""


@pytest.fixture
async def many(tmp_path):
    """A journal of 2000 rows."""
    journal = Journal(tmp_path / "many.journal")
    await journal.append([Row("effect", i, b"{}") for i in range(2000)])
    journal.close()
    return tmp_path / "many.journal"


def test_a_follower_whose_disk_is_all_but_full_has_every_row_once(many, tmp_path):
    command = (sys.executable, "-c", FOLLOW, "24000", many, "--from=1", "--cursor", tmp_path / "cursor", "--json")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as follower:
        numbers = [json.loads(follower.stdout.readline() or "0")["row"] for _ in range(2000)]
        follower.terminate()
        complaints = follower.stderr.read()

    assert numbers == list(range(1, 2001))
    assert complaints == ""


def test_a_follower_whose_disk_takes_nothing_ends_in_one_line_that_names_the_cursor(many, tmp_path):
    command = [sys.executable, "-c", FOLLOW, "1000", many, "--from=1", "--cursor", tmp_path / "cursor"]
    Follower(many, tmp_path / "cursor").close()
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)

    assert ran.returncode == 1
    assert ran.stderr.startswith(f"soundpost journal: {tmp_path / 'cursor'}: ")
    assert len(ran.stderr.splitlines()) == 1
