"""Surveys as spreadsheets and people make them: what is borne is said, what is wrong is told by row, all at once, and
nothing is written."""

import json
import os
import pathlib
import pty
import pwd
import subprocess
import sys

import pytest

from gateway.config import read_config
from soundpost.__main__ import main
from soundpost.broker.authority import hosts_of

HEAD = "pole,lat,lon,height,node"
ROWS = [
    "P1,38.90010,-77.00050,6.5,n1",
    "P2,38.90012,-76.99990,6.5,n2",
    "P3,38.90011,-76.99930,6.5,n3",
    "P4,38.90009,-76.99870,6.5,n4",
    "P5,38.90060,-77.00052,6.5,n5",
    "P6,38.90061,-76.99991,6.5,n6",
]
USER = ("--broker-user", "root") if os.geteuid() == 0 else ()


@pytest.fixture
def init(tmp_path, capsys):
    """Runs it on the lines of a survey: (exit status, standard output, standard error)."""

    def run(lines, *more, content=None, name="survey.csv"):
        survey = tmp_path / name
        survey.write_bytes("\n".join(lines).encode() if content is None else content)
        status = main(["init", str(survey), "--out", str(tmp_path / "street"), "--host", "10.0.0.1", *USER, *more])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def test_a_plain_survey_makes_a_folder_and_says_what_to_do_next(init, tmp_path):
    status, out, err = init([HEAD, *ROWS])

    assert (status, err) == (0, "")
    assert "6 poles, 6 nodes (0 boards), 0 lamps, 0 cameras. Next:" in out
    assert "in the sea" not in out
    assert (tmp_path / "street/gateway.toml").is_file()
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "street").rglob("*") if path.is_file()} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "street").rglob("*") if path.is_dir()} == {0o700}


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("P1,38.90062,-76.99930,6.5,n7", "rows 2 and 8: pole P1 stands there 2 times"),
        ("P7,38.90062,-76.99930,6.5,n1", "rows 2 and 8: node n1 stands there 2 times"),
        ("P7,-76.99930,38.90062,6.5,n7", "row 8: latitude and longitude are swapped: swap the two cells"),
        ("P7,38.90062,76.99930,6.5,n7", "row 8: the sign of its longitude is wrong"),
        ("P7,-38.90062,-76.99930,6.5,n7", "row 8: the sign of its latitude is wrong"),
        ("P7,0,0,6.5,n7", "row 8: stands at 0, 0, in the sea off Africa: its place was not measured"),
        ("P7,38.90062,-70.99930,6.5,n7", "row 8: stands 519 km from the others, in the sea or in another town"),
        (
            "P7,38.91562,-76.99930,6.5,n7",
            "row 8: stands 1667 m from the next pole, P6; no pole hears a shot over 900 m",
        ),
        ("P7,38.90061,-76.99991,6.5,n7", "rows 7 and 8: poles P6 and P7 stand at one place"),
        (
            "P7,38.90062,-76.99930,26,n7",
            "a height of 26 m must be 2 to 15 m over the ground; in feet it would be 7.9 m",
        ),
        (
            "P7,38.90062,-76.99930,125,n7",
            "a height of 125 m must be 2 to 15 m over the ground (the ground's own height",
        ),
        ("P7,38.90062,-76.99930,,n7", "row 8: has no height; measure it, or take the row out"),
        ("P7,,-76.99930,6.5,n7", "row 8: has no lat; measure it, or take the row out"),
        ("P7,38°54'02\",-76.99930,6.5,n7", "is no number (write degrees with decimals, as 38.90012)"),
        ("P7,38.90062,-276.99930,6.5,n7", "row 8: lon -276.99930 must be -180 to 180"),
        (",38.90062,-76.99930,6.5,n7", "row 8: has no pole; give it a name, or take the row out"),
        ("PL 7/b,38.90062,-76.99930,6.5,n7", "write PL-7-b"),
        ("P7,38.90062,-76.99930,6.5,gateway", "row 8: a node cannot be called gateway"),
        (
            "P7,38,90062,-76,99930,6,5,n7",
            "row 8: has 8 cells, and there are 5 columns; decimal commas? part the columns",
        ),
    ],
)
def test_a_row_that_is_wrong_is_one_line_with_its_number_and_what_to_do(init, tmp_path, row, says):
    status, out, err = init([HEAD, *ROWS, row])

    assert (status, out) == (1, "")
    assert says in err
    assert err.splitlines()[-1] == "nothing was written"
    assert len(err.splitlines()) == 2
    assert list(tmp_path.iterdir()) == [tmp_path / "survey.csv"]


@pytest.mark.parametrize(
    ("head", "row", "says"),
    [
        ("bank,channel", "tcp://10.0.0.5:502,", "a lamp needs bank and channel, both"),
        ("bank,channel", "10.0.0.5,0", "bank '10.0.0.5' must be a url as tcp://10.0.0.5:502"),
        ("bank,channel", "tcp://10.0.0.5:502,one", "channel 'one' must be a number, 0 to 65535"),
        ("bank,channel", "tcp://10.0.0.5:502,3+3", "channel 3 of tcp://10.0.0.5:502 stands there 2 times"),
        ("camera,bearing", "10.0.0.9,", "camera '10.0.0.9' must be http://HOST or https://HOST"),
        ("camera,bearing", "'http://a\"\\nx = 1'", "must be http://HOST or https://HOST"),
        ("camera,camera_user", 'http://10.0.0.9,"a""b"', "camera_user 'a\"b' must be at most 64 letters"),
        ("camera,bearing", "http://10.0.0.9,east", "bearing 'east' is no number"),
        ("hardware,x1", "arduino,", "hardware 'arduino' must be one of linux, esp32s3, rp2350"),
    ],
)
def test_lamps_cameras_and_nodes_that_cannot_be_are_named(init, head, row, says):
    status, _, err = init([f"{HEAD},{head}", *(f"{each},," for each in ROWS), f"P7,38.90062,-76.99930,6.5,n7,{row}"])

    assert status == 1
    assert says in err


def test_all_faults_of_a_file_come_at_once(init):
    _, _, err = init(
        [HEAD, *ROWS, "P1,38.9006,-76.9993,6.5,n7", "P8,0,0,6.5,n8", "P9,38.9012,-76.9993,90,n9", "P10,x,y,,"]
    )

    assert [line.split("survey.csv: ")[-1].split(":")[0] for line in err.splitlines()] == [
        *("rows 2 and 8", "row 9", "row 10", "row 11", "row 11", "row 11", "nothing was written"),
    ]


def test_a_file_with_swapped_headings_is_told_by_where_no_town_is(init):
    berlin = [f"P{n},{13.3770 + n * 0.0005:.4f},52.5160,6.5,n{n}" for n in range(6)]
    status, _, err = init([HEAD, *berlin])

    assert status == 1
    assert "latitude and longitude look swapped" in err
    assert "swapped it is Berlin" in err
    assert init(["pole,lon,lat,height,node", *berlin])[0] == 0


def test_latitudes_that_no_town_has_are_swapped(init):
    _, _, err = init(["pole,lon,lat,height,node", *ROWS])

    assert "rows 2, 3, 4, 5, 6 and 7: latitude and longitude look swapped: latitude -77.000 is next to a pole" in err


def test_heights_in_feet_are_found_and_taken_when_they_are_said_to_be(init, tmp_path):
    rows = [row.replace(",6.5,", ",21,") for row in ROWS]
    status, _, err = init([HEAD, *rows])
    told = init([HEAD, *rows], "--feet")

    assert status == 1
    assert "heights of 21 to 21 look like feet (6.4 to 6.4 m); give --feet, or call the column height_ft" in err
    assert told[0] == 0
    assert "h_m = 6.4\n" in (tmp_path / "street/gateway.toml").read_text()


@pytest.mark.parametrize("head", ["pole,lat,lon,height_ft,node", HEAD])
def test_feet_may_stand_in_the_heading_or_in_the_cell(init, tmp_path, head):
    unit = "" if "_ft" in head else " ft"
    assert init([head, *(row.replace(",6.5,", f",21{unit},") for row in ROWS)])[0] == 0
    assert "h_m = 6.4\n" in (tmp_path / "street/gateway.toml").read_text()


def test_what_a_german_spreadsheet_writes_is_taken_and_said(init, tmp_path):
    lines = [HEAD, *ROWS[:3], "", *ROWS[3:], ""]
    text = "\r\n".join(line.replace(",", ";").replace(".", ",") for line in lines)
    status, out, _ = init([], content=b"\xef\xbb\xbf" + text.encode())

    assert status == 0
    assert "survey.csv: begins with a mark (BOM)" in out
    assert "survey.csv: its columns are parted by semicolons; read so, nothing to do" in out
    assert "survey.csv: rows 2, 3, 4, 6, 7 and 8: has decimal commas" in out
    assert "survey.csv: row 5: is empty; left out, nothing to do" in out
    assert "lat_deg = 38.90012\n" in (tmp_path / "street/gateway.toml").read_text()


def test_a_row_by_which_excel_says_what_parts_the_columns_is_borne_and_rows_keep_their_numbers(init):
    lines = ["sep=;", *(line.replace(",", ";") for line in [HEAD, *ROWS])]
    status, out, _ = init(lines)
    again = init([*lines, "P7;0;0;6.5;n7"])

    assert status == 0
    assert "row 1: says itself how its columns are parted (sep=), as Excel writes it" in out
    assert "row 9: stands at 0, 0" in again[2]


@pytest.mark.parametrize("text", [HEAD, f"{HEAD}\n\n", '{"type": "FeatureCollection", "features": []}'])
def test_a_survey_without_a_pole_is_one_line(init, tmp_path, text):
    status, _, err = init([text])

    assert (status, err.count("\n")) == (1, 1)
    assert "has no pole in it" in err
    assert not (tmp_path / "street").exists()


def test_a_street_with_no_town_near_is_asked_about_for_it_may_lie_in_the_sea(init):
    status, out, _ = init([HEAD, *(row.replace(",-77.", ",-35.").replace(",-76.", ",-34.") for row in ROWS)])

    assert status == 0
    assert "the nearest town known here: in the sea? latitude and longitude swapped? look at the map" in out


def test_headings_have_many_names_and_what_is_not_used_is_said(init):
    lines = ["Pole ID,Latitude,Longitude,Height (m),Owner", *(row.rsplit(",", 1)[0] + ",city" for row in ROWS)]
    lines[0] = lines[0].replace("Height (m)", "height_m")
    status, out, _ = init(lines)

    assert status == 0
    assert "columns that are not used: Owner" in out
    assert "6 nodes" in out  # without a column node, each pole has one of its own name


def test_a_missing_column_is_named_with_what_may_have_been_meant(init):
    status, _, err = init(["pole,lat,lonn,height,node", *ROWS])

    assert status == 1
    assert "row 1: no column lon; lonn (did you mean lon?); columns are pole, lat, lon" in err


def test_geojson_says_the_same(init, tmp_path):
    features = []
    for row in ROWS:
        pole, lat, lon, height, node = row.split(",")
        point = {"type": "Point", "coordinates": [float(lon), float(lat)]}
        properties = {
            "pole": pole,
            "height": float(height),
            "node": node,
            "bank": "tcp://10.0.0.5:502",
            "channel": pole[1:],
        }
        features.append({"type": "Feature", "geometry": point, "properties": properties})
    text = json.dumps({"type": "FeatureCollection", "features": features})
    status, out, _ = init([text], name="survey.geojson")

    assert status == 0
    assert "6 lamps" in out
    assert init([HEAD, *ROWS], "--yes")[1].count("lamp P1: goes") == 1  # poles are the same, lamps are not
    assert (
        init(['{"type": "FeatureCollection", "features": [7]}'], name="s.geojson")[2].count("row 1: is no point") == 1
    )


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty; the first row names the columns"),
        (b"\xff\xfe\x00\x00", "survey.csv: "),
        (
            "pole,lat,lon,height\nM\u00fcller,1,2,3".encode("latin-1"),
            "row 2: is not UTF-8 text; save it as `CSV UTF-8`",
        ),
        (b'{"type": "Point"}', "is no GeoJSON survey"),
        (b"{", "is not JSON"),
    ],
)
def test_what_is_no_survey_is_one_line(init, tmp_path, content, says):
    status, _, err = init([], content=content)

    assert status == 1
    assert says in err
    assert "Traceback" not in err
    assert not (tmp_path / "street").exists()


def test_few_nodes_are_said(init):
    assert "3 poles; a place needs at least 4" in init([HEAD, *ROWS[:3]])[2]
    assert (
        "3 poles have a node; a place needs at least 4: fill in" in init([HEAD, *ROWS[:3], "P9,38.90062,-77.0,6.5,"])[2]
    )


def test_a_folder_that_it_did_not_make_is_left_alone(init, tmp_path):
    (tmp_path / "street").mkdir()
    (tmp_path / "street/notes.txt").write_text("mine")
    status, _, err = init([HEAD, *ROWS])

    assert (status, err.count("\n")) == (1, 1)
    assert "is there already, and soundpost init did not make it" in err
    assert [path.name for path in (tmp_path / "street").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--port", "70000"), "--port 70000: must be 1 to 65535"),
        (("--psk-port", "8883"), "--psk-port 8883: is --port, too"),
        (("--wifi", "street"), "give --wifi and --wifi-password-file together"),
    ],
)
def test_options_that_cannot_be_are_named(init, tmp_path, options, says):
    assert says in init([HEAD, *ROWS], *options)[2]
    assert not (tmp_path / "street").exists()


def test_a_disk_that_is_full_leaves_nothing(init, tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    status, _, err = init([HEAD, *ROWS])

    assert (status, "No space left on device" in err) == (1, True)
    assert list(tmp_path.iterdir()) == [tmp_path / "survey.csv"]


def test_by_hand_it_asks_and_scripted_it_names_the_option(tmp_path):
    (tmp_path / "survey.csv").write_text("\n".join([HEAD, *ROWS]))
    command = [sys.executable, "-m", "soundpost", "init", "survey.csv", *USER]
    environment = {**os.environ, "PYTHONPATH": str(pathlib.Path(__file__).parents[2])}
    kinds = {"cwd": tmp_path, "env": environment, "capture_output": True, "text": True, "timeout": 60}
    scripted = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, **kinds)
    ours, theirs = pty.openpty()
    os.write(ours, b"elm-street\n10.0.0.1\n")
    by_hand = subprocess.run(command, check=False, stdin=theirs, **kinds)
    os.close(ours)
    os.close(theirs)

    assert (scripted.returncode, scripted.stderr) == (
        1,
        "soundpost init: give --out: folder of the street, where it will stay\n",
    )
    assert by_hand.returncode == 0
    assert "this machine, as nodes call it" in by_hand.stdout
    assert 'host = "10.0.0.1"' in (tmp_path / "elm-street/nodes/n1/node.toml").read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_gateway_that_runs_as_a_service_can_read_what_is_its_own_and_no_more(init, tmp_path):
    cameras = "http://10.0.0.9"
    state = tmp_path / "state"
    state.mkdir()
    status, _, err = init(
        [f"{HEAD},camera,bearing", f"{ROWS[0]},{cameras},90", *(f"{row},," for row in ROWS[1:])],
        *("--gateway-user", "nobody", "--state", str(state)),
    )
    street, nobody = tmp_path / "street", pwd.getpwnam("nobody").pw_uid
    given = {str(path.relative_to(street)) for path in street.rglob("*") if path.stat().st_uid == nobody}

    assert (status, err) == (0, "")
    assert given == {"gateway.toml", "keys/keys.toml", "tls/ca.pem", "tls/gateway.key", "tls/gateway.pem"}
    assert {name for name in ("", "keys", "tls", "nodes") if (street / name).stat().st_mode & 0o777 == 0o711} == {
        *("", "keys", "tls")
    }
    assert read_config(street / "gateway.toml").journal == f"{state}/street.journal"


def test_a_folder_for_a_gateway_elsewhere_names_the_place_where_that_one_may_write(init, monkeypatch, tmp_path):
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    status, _, err = init([HEAD, *ROWS], "--state", "/not/on/this/machine")
    _, _, refused = init([HEAD, *ROWS], "--out", str(tmp_path / "other"), "--state", "not/on/this/machine")

    assert (status, err) == (0, "")
    assert read_config(tmp_path / "street/gateway.toml").journal == "/not/on/this/machine/street.journal"
    assert "--state not/on/this/machine: must be a folder that is there" in refused


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize(
    ("option", "says"),
    [
        (("--gateway-user", "nobody-at-all"), "--gateway-user nobody-at-all: there is no such user"),
        (("--state", "/nowhere/at/all"), "--state /nowhere/at/all: must be a folder that is there"),
    ],
)
def test_a_service_that_cannot_run_is_said_and_nothing_is_written(init, tmp_path, option, says):
    status, _, err = init([HEAD, *ROWS], *option)

    assert (status, says in err, (tmp_path / "street").exists()) == (1, True, False)


def test_a_broker_elsewhere_is_called_by_its_name_which_stands_in_its_certificate(init, tmp_path):
    status, _, err = init([HEAD, *ROWS], "--broker-at", "broker")
    refused = init([HEAD, *ROWS], "--broker-at", "broker")
    street = tmp_path / "street"

    assert (status, err) == (0, "")
    assert read_config(street / "gateway.toml").mqtt.host == "broker"
    assert hosts_of((street / "authority/broker.pem").read_text()) == ["10.0.0.1", "broker", "localhost", "127.0.0.1"]
    assert "--broker-at: is for a new folder" in refused[2]


def test_a_broker_without_a_name_is_refused(init, tmp_path):
    status, _, err = init([HEAD, *ROWS], "--broker-at", "no name")

    assert (status, err.count("\n"), (tmp_path / "street").exists()) == (1, 1, False)
    assert "--broker-at no name: " in err
