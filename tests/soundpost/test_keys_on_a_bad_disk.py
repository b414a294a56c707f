"""Keys on a disk that is full: whole or not at all, and what an earlier run left empty is named."""

import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest

from firmware.linux.config import read_key
from soundpost.__main__ import main


def make(folder, *nodes, limit_bytes=None, verb="make"):
    """`soundpost keys` in a process whose files may grow no larger: to it a full disk."""
    program = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit_bytes}, {limit_bytes}));"
        "from soundpost.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )
    arguments = [sys.executable, "-c", program, "keys", verb, *nodes, "--out", str(folder)]
    return subprocess.run(arguments, check=False, capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize(("limit_bytes", "nodes"), [(0, ["n1"]), (40, ["n1"]), (100, ["n1", "n2"])])
def test_a_full_disk_leaves_no_key_behind_and_the_next_run_makes_them(tmp_path, limit_bytes, nodes):
    told = make(tmp_path, *nodes, limit_bytes=limit_bytes)
    left = list(tmp_path.iterdir())
    again = main(["keys", "make", *nodes, "--out", str(tmp_path)])

    assert told.returncode == 1
    assert "nothing was written" in told.stderr
    assert str(tmp_path) in told.stderr
    assert len(told.stderr.splitlines()) == 1
    assert left == []
    assert again == 0
    assert len(read_key(tmp_path / "n1.key")) == 32


def test_a_key_that_an_earlier_run_left_empty_is_named_as_empty(tmp_path, capsys):
    (tmp_path / "n1.key").touch()

    assert main(["keys", "make", "n1", "--out", str(tmp_path)]) == 1
    assert f"{tmp_path / 'n1.key'}: is empty" in capsys.readouterr().err
    assert main(["keys", "list", str(tmp_path / "n1.key")]) == 1
    assert f"{tmp_path / 'n1.key'}: is empty" in capsys.readouterr().err
    assert not (tmp_path / "keys.toml").exists()


def test_the_parts_of_a_run_that_was_killed_are_in_nobodys_way(tmp_path):
    (tmp_path / "n1.key.part").write_text("half a k")

    assert main(["keys", "make", "n1", "--out", str(tmp_path)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["keys.toml", "n1.key"]


@pytest.mark.parametrize(("verb", "nodes"), [("add", ["n3"]), ("rotate", ["n1"]), ("remove", ["n1"])])
@pytest.mark.parametrize("limit_bytes", [0, 70])
def test_a_full_disk_changes_no_key(tmp_path, verb, nodes, limit_bytes):
    assert main(["keys", "make", "n1", "n2", "--out", str(tmp_path)]) == 0
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    told = make(tmp_path, *nodes, limit_bytes=limit_bytes, verb=verb)

    assert told.returncode == 1
    assert "nothing was written" in told.stderr
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_table_that_is_a_link_to_another_file_system_is_rotated_there(tmp_path):
    assert main(["keys", "make", "n1", "--out", str(tmp_path)]) == 0
    with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
        table = pathlib.Path(elsewhere) / "street.toml"
        shutil.move(tmp_path / "keys.toml", table)
        (tmp_path / "keys.toml").symlink_to(table)
        status = main(["keys", "rotate", "n1", "--out", str(tmp_path)])
        texts = table.read_text(), (tmp_path / "n1.key").read_text()
        left = sorted(path.name for path in (*table.parent.iterdir(), *tmp_path.iterdir()))

    assert status == 0
    assert texts[1].strip() in texts[0]
    assert left == ["keys.toml", "n1.key", "street.toml"]


@pytest.mark.parametrize(("verb", "nodes"), [("add", ["n3", "n4"]), ("rotate", ["n1", "n2"])])
@pytest.mark.parametrize("n_renamed", [0, 1, 2, 3, 4, 5])  # of five: the list is renamed before, between, and after
def test_a_file_that_cannot_get_its_name_takes_back_those_before_it(
    tmp_path, monkeypatch, capsys, verb, nodes, n_renamed
):
    assert main(["keys", "make", "n1", "n2", "--out", str(tmp_path)]) == 0
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    rename, to_come = pathlib.Path.rename, [True] * n_renamed + [False]

    def refuse_one(path, target):
        if to_come and not to_come.pop(0):
            raise OSError(16, "Device or resource busy")
        return rename(path, target)

    monkeypatch.setattr(pathlib.Path, "rename", refuse_one)
    status = main(["keys", verb, *nodes, "--out", str(tmp_path)])

    assert status == 1
    assert "busy; nothing was written" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
