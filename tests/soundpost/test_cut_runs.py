"""A run that is killed at any step, by power or by hand: the next one finds all of it or nothing, and ends it."""

import itertools
import os
import shutil
import tomllib

import pytest

from soundpost.__main__ import main

HEAD = "pole,lat,lon,height,node,hardware\n"
ROWS = [f"P{n},{38.9001 + 0.0005 * (n // 3):.4f},{-77.0005 + 0.0006 * (n % 3):.4f},6.5,n{n},linux\n" for n in range(7)]
USER = ("--broker-user", "root") if os.geteuid() == 0 else ()
STEPS = ("rename", "unlink", "mkdir", "rmdir")


class Killed(BaseException):
    """From the step at which it is raised on, nothing is done any more: as after kill -9."""


@pytest.fixture(autouse=True)
def swift(monkeypatch):
    """Nothing here is about the disk itself."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def killed_at(number, monkeypatch, arguments):
    """Run it; whether it came to that step. Steps are counted over all that changes a folder's names."""
    count = itertools.count(1)

    def until(step):
        def counted(*args, **options):
            if next(count) >= number:
                raise Killed
            return step(*args, **options)

        return counted

    with monkeypatch.context() as patched:
        for name in STEPS:
            patched.setattr(os, name, until(getattr(os, name)))
        try:
            main(arguments)
        except Killed:
            return True
    return False


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def made(at):
    (at / "survey.csv").write_text(HEAD + "".join(ROWS[:5]))
    assert main(["init", str(at / "survey.csv"), "--out", str(at / "base"), "--host", "10.0.0.1", *USER]) == 0
    return at / "base"


def each_kill(base, monkeypatch, arguments, stride):
    """The folder after a kill at each step in turn, or every so many."""
    folder = base.with_name("street")
    for number in itertools.count(1, stride):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(base, folder)
        if not killed_at(number, monkeypatch, arguments):
            assert number > 20
            return
        yield number, folder


def test_a_changed_survey_that_was_cut_anywhere_is_whole_after_the_next_run(tmp_path, monkeypatch, capsys):
    base = made(tmp_path)
    changed = tmp_path / "changed.csv"
    changed.write_text(HEAD + "".join([*ROWS[:3], ROWS[4], ROWS[5], ROWS[6]]))
    arguments = ["init", str(changed), "--out", str(tmp_path / "street"), "--yes"]
    shutil.copytree(base, tmp_path / "street")
    assert main(arguments) == 0
    due = set(files(tmp_path / "street"))
    nodes = {f"n{n}" for n in (0, 1, 2, 4, 5, 6)}

    for number, folder in each_kill(base, monkeypatch, arguments, 3):
        assert main(arguments) == 0, (number, capsys.readouterr().err)
        now = files(folder)
        assert set(now) == due, number
        assert not (folder / "nodes/n3").exists(), number
        keys = tomllib.loads(now["keys/keys.toml"].decode())
        assert keys == {node: now[f"keys/{node}.key"].decode().strip() for node in nodes}, number
        assert all(now[f"nodes/{node}/{node}.key"] == now[f"keys/{node}.key"] for node in nodes), number
        poles = [each["node"] for each in tomllib.loads(now["gateway.toml"].decode())["pole"]]
        assert sorted(poles) == sorted(nodes), number
        assert {line.split()[1] for line in now["broker/acl"].decode().splitlines() if "user n" in line} == nodes, (
            number
        )
        assert {path.stem for path in (folder / "authority").glob("n*.pem")} == nodes, number


@pytest.mark.parametrize("verb", ["rotate", "remove", "add"])
def test_a_change_of_keys_that_was_cut_anywhere_is_whole_or_undone(tmp_path, monkeypatch, capsys, verb):
    base = made(tmp_path)
    before, street = files(base), tmp_path / "street"
    node = "n9" if verb == "add" else "n1"
    for number, folder in each_kill(base, monkeypatch, ["keys", verb, node, "--out", str(street / "keys")], 5):
        capsys.readouterr()
        assert main(["keys", "rotate", "n2", "--out", str(street / "keys")]) == 0, number
        undone = "all of it was undone" in capsys.readouterr().err
        now = files(folder)
        assert not [name for name in now if name.endswith((".part", ".before")) or ".change" in name], number
        mine = {name for name in {*now, *before} if f"{node}." in name or f"nodes/{node}/" in name}
        changed = {name for name in mine if now.get(name) != before.get(name)}
        is_key_changed = tomllib.loads(now["keys/keys.toml"].decode()).get(node) != tomllib.loads(
            before["keys/keys.toml"].decode()
        ).get(node)
        assert is_key_changed == bool(changed), number
        assert not (undone and changed), number
        if verb == "rotate":
            assert (f"keys/{node}.key" in changed) == (f"nodes/{node}/{node}.tls.key" in changed), number
            assert now[f"nodes/{node}/{node}.key"] == now[f"keys/{node}.key"], number


def test_an_interrupted_change_is_undone_at_once(tmp_path, monkeypatch):
    assert main(["keys", "make", "n1", "n2", "--out", str(tmp_path)]) == 0
    before, rename, count = files(tmp_path), os.rename, itertools.count(1)

    def interrupted(*args, **options):
        if next(count) == 4:
            raise KeyboardInterrupt
        return rename(*args, **options)

    monkeypatch.setattr(os, "rename", interrupted)

    assert main(["keys", "rotate", "n1", "n2", "--out", str(tmp_path)]) == 130
    assert files(tmp_path) == before


def test_a_list_of_a_cut_run_that_is_damaged_or_leads_elsewhere_touches_nothing(tmp_path, capsys):
    keys = tmp_path / "keys"
    assert main(["keys", "make", "n1", "--out", str(keys)]) == 0
    (tmp_path / "mine").write_text("mine")
    for text in ("{", "[]", '{"other": [], "new": ["../mine"], "gone": [], "folders": []}'):
        (keys / ".change.undo").write_text(text)
        assert main(["keys", "rotate", "n1", "--out", str(keys)]) == 1
        assert f"{keys / '.change.undo'}: is damaged" in capsys.readouterr().err
    assert (tmp_path / "mine").read_text() == "mine"


def test_a_copy_that_lay_beside_is_never_put_back_over_a_file_that_has_not_gone(tmp_path, monkeypatch):
    assert main(["keys", "make", "n1", "n2", "--out", str(tmp_path)]) == 0
    before, rename = files(tmp_path), os.rename
    (tmp_path / "n1.key.before").write_text("stale")

    def refused(source, target, **options):
        if str(source).endswith("n1.key"):
            raise OSError(5, "Input/output error")
        return rename(source, target, **options)

    monkeypatch.setattr(os, "rename", refused)

    assert main(["keys", "remove", "n1", "--out", str(tmp_path)]) == 1
    assert files(tmp_path) == before


def test_a_change_of_keys_alone_that_is_undone_is_said(tmp_path, monkeypatch, capsys):
    assert main(["keys", "make", "n1", "n2", "--out", str(tmp_path)]) == 0
    (tmp_path / ".change.undo").write_text('{"other": [], "new": [], "gone": [], "folders": []}')

    assert main(["keys", "rotate", "n1", "--out", str(tmp_path)]) == 0
    assert f"{tmp_path}: an earlier change was cut short; all of it was undone\n" in capsys.readouterr().err
