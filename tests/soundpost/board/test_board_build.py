"""`soundpost board build` and `flash` as a technician calls them: a release within its budget, and what is refused."""

import hashlib

import pytest

from firmware.workshop import release
from firmware.workshop.stock import UF2_MAGIC
from soundpost import keys
from soundpost.__main__ import main

UF2 = UF2_MAGIC + bytes(20) + 0xE48BFF59.to_bytes(4, "little") + bytes(480)


@pytest.fixture
def fleet(tmp_path):
    """The file of an update key."""
    keys.make_keys(["fleet"], tmp_path)
    return tmp_path / "fleet.key"


def build(fleet, *more):
    out = fleet.parent / "release"
    return main(["board", "build", "--chip", "rp2350", "--update-key", str(fleet), "--out", str(out), *more]), out


def test_a_release_is_one_file_within_its_budget_sealed_with_the_fleets_key(fleet, capsys):
    status, out = build(fleet, "--sequence", "7")
    said = capsys.readouterr().out
    key = fleet.read_text().strip()
    read = release.read(out.read_bytes(), "r", bytes.fromhex(key))

    assert status == 0
    assert "of 120000 bytes" in said
    assert key not in said
    assert (read.chip, read.architecture, read.manifest.sequence) == ("rp2350", "armv7emsp", 7)
    assert "firmware/board/check.mpy" in read.contents


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--sequence", "0"], "--sequence 0: must be 1 to 4294967295"),
        (["--sequence", "7", "--min-version", "-1"], "--min-version -1: must be 0 to"),
        (["--sequence", "7", "--architecture", "xtensawin"], "rp2350 has armv7emsp or rv32imc"),
    ],
)
def test_a_release_that_cannot_be_is_one_line_and_no_file(fleet, capsys, more, says):
    status, out = build(fleet, *more)
    err = capsys.readouterr().err

    assert (status, says in err, err.count("\n"), out.exists()) == (1, True, 1, False)


def flash(folder, *more):
    return main(["board", "flash", "--images", str(folder / "images.toml"), *more])


def test_an_rp2350s_image_is_copied_once_its_hash_is_right(tmp_path, capsys):
    (tmp_path / "pico.uf2").write_bytes(UF2)
    pinned = hashlib.sha256(UF2).hexdigest()
    (tmp_path / "images.toml").write_text(f'[rp2350]\npath = "pico.uf2"\nsha256 = "{pinned}"\n')
    drive = tmp_path / "drive"
    drive.mkdir()
    (drive / "INFO_UF2.TXT").write_text("Board-ID: RP2350\n")

    assert flash(tmp_path, "--chip", "rp2350", "--drive", str(drive)) == 0
    assert (drive / "pico.uf2").read_bytes() == UF2
    assert flash(tmp_path, "--chip", "rp2350", "--port", "/dev/ttyX") == 1
    assert "an rp2350 over --drive" in capsys.readouterr().err
    (tmp_path / "pico.uf2").write_bytes(UF2 + b"x")
    (drive / "pico.uf2").unlink()
    assert flash(tmp_path, "--chip", "rp2350", "--drive", str(drive)) == 1
    assert "wrong image hash" in capsys.readouterr().err
    assert not (drive / "pico.uf2").exists()


@pytest.mark.parametrize("verb", ["build", "flash", "provision", "check", "logs"])
def test_every_verb_has_help_with_an_example(verb, capsys):
    with pytest.raises(SystemExit) as end:
        main(["board", verb, "--help"])

    assert end.value.code == 0
    assert f"example:\n  soundpost board {verb} " in capsys.readouterr().out
