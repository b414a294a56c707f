"""`soundpost keys` makes keys that both ends read, private from the first instant; it never shows or overwrites one."""

import os

import pytest

from firmware.linux.config import read_key
from gateway.intake.keyring import read_keys
from soundpost.__main__ import main


def test_both_ends_read_the_same_keys_and_no_two_nodes_share_one(tmp_path):
    assert main(["keys", "make", "n1", "n2.west", "--out", str(tmp_path / "keys")]) == 0
    table = read_keys(tmp_path / "keys" / "keys.toml")

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


@pytest.mark.parametrize(
    "names", [["n 1"], ["a/b"], ["../up"], ["n" * 33], [""], ["n1", "n1"], ["det/#"], ["n1", "Gateway"]]
)
def test_a_name_that_cannot_be_is_refused_and_nothing_written(tmp_path, capsys, names):
    assert main(["keys", "make", *names, "--out", str(tmp_path / "keys")]) == 1
    assert not (tmp_path / "keys").exists()
    assert capsys.readouterr().err.startswith("soundpost keys: node ")


@pytest.mark.parametrize("text", ["what is this", 'n1 = "abc"', "n1 = 5", "\x00\xff"])
def test_a_file_that_holds_no_keys_is_one_line(tmp_path, capsys, text):
    (tmp_path / "keys.toml").write_text(text)

    assert main(["keys", "list", str(tmp_path / "keys.toml")]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def keys(verb, *nodes, folder):
    return main(["keys", verb, *nodes, "--out", str(folder)])


@pytest.fixture
def folder(tmp_path, capsys):
    """A folder with keys for n1 and n2."""
    keys("make", "n1", "n2", folder=tmp_path)
    capsys.readouterr()
    return tmp_path


def test_a_node_that_is_added_gets_a_key_and_the_others_keep_theirs(folder):
    before = read_keys(folder / "keys.toml")

    assert keys("add", "n3", folder=folder) == 0
    assert read_keys(folder / "keys.toml") == {**before, "n3": read_key(folder / "n3.key")}


def test_a_key_that_is_rotated_is_another_one_at_both_ends(folder):
    before = read_keys(folder / "keys.toml")
    (folder / "n1.key").unlink()  # it was moved to its pole

    assert keys("rotate", "n1", folder=folder) == 0
    assert read_keys(folder / "keys.toml") == {"n2": before["n2"], "n1": read_key(folder / "n1.key")}
    assert read_key(folder / "n1.key") != before["n1"]
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


@pytest.mark.parametrize("as_before", [False, True])
def test_a_table_whose_last_node_was_removed_is_one_of_none_that_can_be_added_to(folder, capsys, as_before):
    nodes = list(read_keys(folder / "keys.toml"))
    assert keys("remove", *nodes, folder=folder) == 0
    if as_before:
        (folder / "keys.toml").write_text("")
    else:
        assert keys("make", "n9", folder=folder) == 1
        assert "is there already; `soundpost keys add`" in capsys.readouterr().err

    assert read_keys(folder / "keys.toml") == {}
    assert keys("add", "n9", folder=folder) == 0
    assert read_keys(folder / "keys.toml") == {"n9": read_key(folder / "n9.key")}


def test_a_node_that_is_removed_leaves_no_key_behind(folder):
    assert keys("remove", "n1", folder=folder) == 0
    assert list(read_keys(folder / "keys.toml")) == ["n2"]
    assert sorted(path.name for path in folder.iterdir()) == ["keys.toml", "n2.key"]


@pytest.mark.parametrize(
    ("verb", "nodes", "says"),
    [
        ("add", ["n3", "n2"], "keys.toml: n2 has a key already; `soundpost keys rotate`"),
        ("rotate", ["n1", "nn2"], "keys.toml: nn2 has no key here; is n2 meant?"),
        ("remove", ["n1", "x"], "keys.toml: x has no key here"),
        ("make", ["n3"], "keys.toml: is there already; `soundpost keys add`"),
        ("rotate", ["n1", "n1"], "node n1: named twice"),
        ("add", ["../n3"], "node '../n3': a name has"),
    ],
)
def test_what_cannot_be_changed_is_refused_and_everything_stays(folder, capsys, verb, nodes, says):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    assert keys(verb, *nodes, folder=folder) == 1
    assert says in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_what_people_wrote_beside_the_keys_stays(folder):
    table = folder / "keys.toml"
    key = read_key(folder / "n2.key").hex()
    table.write_text(f"\ufeff# High Street\r\nn1 = '{'ab' * 32}' # north\r\n\r\nn2 = \"{key}\"  # south", "utf-8")

    assert keys("rotate", "n1", folder=folder) == 0
    assert table.read_text().splitlines()[:3] == ["# High Street", "", f'n2 = "{key}"  # south']
    assert read_keys(table)["n1"] == read_key(folder / "n1.key")


def test_a_table_written_in_a_way_of_its_own_is_left_to_who_wrote_it(folder, capsys):
    text = f'"\\u006E1" = "{"ab" * 32}"\n'  # n1, as TOML has it
    (folder / "keys.toml").write_text(text)

    assert keys("rotate", "n1", folder=folder) == 1
    assert "change it by hand" in capsys.readouterr().err
    assert (folder / "keys.toml").read_text() == text


def test_a_table_that_is_linked_stays_a_link_and_keeps_its_owner(folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / "keys.toml").rename(elsewhere / "keys.toml")
    (folder / "keys.toml").symlink_to(elsewhere / "keys.toml")
    if os.geteuid() == 0:
        os.chown(elsewhere / "keys.toml", 1234, 1234)

    assert keys("rotate", "n1", folder=folder) == 0
    assert (folder / "keys.toml").is_symlink()
    assert (elsewhere / "keys.toml").stat().st_uid == (1234 if os.geteuid() == 0 else os.geteuid())
    assert read_keys(folder / "keys.toml")["n1"] == read_key(folder / "n1.key")
