"""Surveys and options that would make a folder that nobody can use, and a run that is ended from outside."""

import os
import signal
import time

import pytest

from soundpost.__main__ import main
from soundpost.init import folder as street

HEAD = "pole,lat,lon,height,node,bank,channel,camera\n"
USER = ("--broker-user", "root") if os.geteuid() == 0 else ()


def rows(node="n0", bank="", channel="", camera=""):
    poles = [f"P{n},{38.9001 + 0.0005 * (n // 3):.4f},{-77.0005 + 0.0006 * (n % 3):.4f},6.5" for n in range(5)]
    return HEAD + f"{poles[0]},{node},{bank},{channel},{camera}\n" + "".join(f"{p},n{p[1]},,,\n" for p in poles[1:])


def init(at, text, *options):
    (at / "survey.csv").write_text(text)
    return main(
        ["init", str(at / "survey.csv"), "--out", str(at / "street"), *USER, *(options or ("--host", "10.0.0.1"))]
    )


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"bank": "tcp://10.0.0.5:99999", "channel": "1"}, "bank 'tcp://10.0.0.5:99999' must be"),
        ({"bank": "ftp://x", "channel": "1"}, "bank 'ftp://x' must be"),
        ({"camera": "http://["}, "camera 'http://[' must be"),
        ({"camera": "http://a\x1b[2J"}, "must be http"),
        ({"node": "-rf"}, "node '-rf': a name"),
    ],
)
def test_a_cell_that_a_gateway_would_refuse_is_told_with_its_row(tmp_path, capsys, cells, told):
    assert init(tmp_path, rows(**cells)) == 1
    err = capsys.readouterr().err
    assert "row 2: " in err
    assert told in err
    assert not (tmp_path / "street").exists()


@pytest.mark.parametrize("host", ["a" * 300, "0.0.0.0", "::", "-x"])
def test_a_host_that_no_node_can_call_is_refused(tmp_path, capsys, host):
    assert init(tmp_path, rows(), f"--host={host}") == 1
    assert f"--host {host}: must be" in capsys.readouterr().err


@pytest.mark.parametrize("cell", ["x" * 200_000, '"' + "x\n" * 100_000])
def test_a_cell_without_end_is_one_line_that_names_its_row(tmp_path, capsys, cell):
    assert init(tmp_path, rows() + cell) == 1
    err = capsys.readouterr().err
    assert f"{tmp_path / 'survey.csv'}: row 7: a cell has more than 131072 letters" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_ended_from_outside_leaves_no_keys(tmp_path, monkeypatch, number):
    before = signal.getsignal(number)

    def ended(*args):
        assert list(tmp_path.glob(".street-*"))
        os.kill(os.getpid(), number)
        time.sleep(0)  # the interpreter looks for signals here

    monkeypatch.setattr(street, "read_config", ended)

    assert init(tmp_path, rows()) == 130
    assert [path.name for path in tmp_path.iterdir()] == ["survey.csv"]
    assert signal.getsignal(number) == before


def test_what_a_killed_run_left_is_named(tmp_path, capsys):
    (tmp_path / ".street-ab12_xyz/new").mkdir(parents=True)
    (tmp_path / ".street-20250801").mkdir()

    assert init(tmp_path, rows()) == 0
    told = capsys.readouterr().err
    assert f"{tmp_path / '.street-ab12_xyz'}: left by a run that was killed, with keys in it" in told
    assert ".street-20250801" not in told


def test_a_full_disk_is_told_with_the_folder_that_was_asked_for(tmp_path, monkeypatch, capsys):
    def full(*args):
        raise OSError(28, "No space left on device; nothing was written", f"{tmp_path}/.street-abcd/new/keys/n1.key")

    monkeypatch.setattr(street, "write_private", full)

    assert init(tmp_path, rows()) == 1
    assert f"{tmp_path / 'street'}: No space left on device; nothing was written" in capsys.readouterr().err
