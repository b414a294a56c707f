"""`soundpost keys` makes keys that both ends read, private from the first instant; it never shows or overwrites one."""

import pytest

from firmware.config import read_key
from gateway.keyring import read_keys
from soundpost.__main__ import main


def test_both_ends_read_the_same_keys_and_no_two_nodes_share_one(tmp_path):
    assert main(["keys", "make", "n1", "n2.west", "--out", str(tmp_path / "keys")]) == 0
    table = read_keys(tmp_path / "keys" / "keys.toml", {})

    assert table == {node: read_key(tmp_path / "keys" / f"{node}.key") for node in ("n1", "n2.west")}
    assert table["n1"] != table["n2.west"]
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "keys").iterdir()} == {0o600}


def test_no_key_is_ever_printed(tmp_path, capsys):
    main(["keys", "make", "n1", "--out", str(tmp_path)])
    main(["keys", "make", "n1", "--out", str(tmp_path)])
    main(["keys", "list", str(tmp_path / "keys.toml")])
    main(["keys", "list", str(tmp_path / "n1.key")])
    said = capsys.readouterr()
    key = (tmp_path / "n1.key").read_text().strip()
    marks = [line.split() for line in said.out.splitlines()[1:]]

    assert key not in said.out + said.err
    assert marks[0] == marks[1]
    assert (marks[0][0], len(marks[0][1])) == ("n1", 8)


@pytest.mark.parametrize("there", ["keys.toml", "n2.key"])
def test_nothing_is_overwritten_and_nothing_half_written(tmp_path, capsys, there):
    (tmp_path / there).write_text("mine")

    assert main(["keys", "make", "n1", "n2", "--out", str(tmp_path)]) == 1
    assert f"{there}: is there already" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_text() == "mine"


@pytest.mark.parametrize("names", [["n 1"], ["a/b"], ["../up"], ["n" * 33], [""], ["n1", "n1"], ["det/#"]])
def test_a_name_that_cannot_be_is_refused_and_nothing_written(tmp_path, capsys, names):
    assert main(["keys", "make", *names, "--out", str(tmp_path / "keys")]) == 1
    assert not (tmp_path / "keys").exists()
    assert capsys.readouterr().err.startswith("soundpost keys: node ")


@pytest.mark.parametrize("text", ["what is this", 'n1 = "abc"', "n1 = 5", "\x00\xff"])
def test_a_file_that_holds_no_keys_is_one_line(tmp_path, capsys, text):
    (tmp_path / "keys.toml").write_text(text)

    assert main(["keys", "list", str(tmp_path / "keys.toml")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
