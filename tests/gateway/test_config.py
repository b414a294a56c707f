"""gateway.toml: a good one is understood, a bad one is refused in one line that says where and why."""

import pathlib
import re

import pytest

from gateway.config import read_config
from gateway.intake.keyring import read_keys, read_secret

PRESET = '{ token = "1", pan_deg = 0, tilt_deg = 0 }'
GOOD = """
journal = "street.journal"
keys_file = "keys.toml"
site = { lat_deg = 38.9, lon_deg = -77.0, h_m = 20 }
air = { temperature_c = 12, wind_mps = 3, wind_from_deg = 270 }

[[pole]]
node = "n1"
xyz_m = [0, 0, 6]
[[pole]]
node = "n2"
xyz_m = [50, 0, 6.5]
offset_us = 120
[[pole]]
node = "n3"
xyz_m = [50, 50, 6]
[[pole]]
node = "n4"
lat_deg = 38.9005
lon_deg = -77.0
h_m = 26

[policy]
incident_gap_s = 20
[policy.lights]
min_grade = "B"
hold_s = 60
[policy.announce]
min_grade = "C"

[[lamp_bank]]
url = "tcp://127.0.0.1:5020"
lamps = [{ name = "l1", channel = 0, xyz_m = [0, 0, 8] }, { name = "l2", channel = 1, xyz_m = [50, 0, 8] }]

[[camera]]
name = "c1"
url = "http://10.0.0.9:80"
user = "op"
password_file = "camera.password"
xyz_m = [25, -10, 5]
bearing_deg = 90

[[serial]]
port = "/dev/ttyUSB0"

[mqtt]
host = "localhost"
port = 1883
"""


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "gateway.toml"
        path.write_text(text)
        return path

    return write


def test_a_good_config_is_understood(write):
    config = read_config(write(GOOD))

    assert list(config.poles()) == ["n1", "n2", "n3", "n4"]
    assert config.poles()["n2"].offset_us == 120
    assert config.poles()["n4"].xyz_m == pytest.approx((0, 55.5, 6), abs=0.1)
    assert config.policy.rules().lights.min_grade == "B"
    assert config.policy.rules().cameras.min_grade == "C"
    assert config.air.air().wind_en_mps == pytest.approx((3, 0), abs=1e-9)
    assert [lamp.name for lamp in config.lamps()] == ["l1", "l2"]
    assert config.mounts()[0].bearing_deg == 90
    assert config.serial[0].baud == 115_200
    assert not config.mqtt.with_tls


def test_the_example_in_docs_is_a_good_config():
    config = read_config(pathlib.Path(__file__).parents[2] / "docs" / "gateway.toml")

    assert len(config.poles()) == 4
    assert config.mqtt.with_tls


BAD = [
    ('journal = "street.journal"', "", "journal: is missing"),
    ("hold_s = 60", "hold_secs = 60", r"policy\.lights\.hold_secs: unknown key"),
    ("hold_s = 60", "hold_s = 0.1", r"policy\.lights\.hold_s: .*greater than or equal to 1"),
    ("hold_s = 60", "hold_s = nan", r"policy\.lights\.hold_s: "),
    ("hold_s = 60", "hold_s = '60'", r"policy\.lights\.hold_s: .*valid number"),
    ("hold_s = 60", "hold_s = 2026-01-01", r"policy\.lights\.hold_s: "),
    ('min_grade = "B"', 'min_grade = "D"', r"policy\.lights\.min_grade: .*\[ABC\]"),
    ('min_grade = "B"', "min_poles = 2", r"policy\.lights\.min_poles: .*3 or 4"),
    ('min_grade = "B"', 'min_grade = "B"\nmin_poles = 3', r"policy: .*min_poles = 3 .*min_grade"),
    ('min_grade = "B"', "soon = 20", r"policy\.lights\.soon: "),
    ("lat_deg = 38.9,", "lat_deg = 138.9,", r"site\.lat_deg: .*less than or equal to 90"),
    ("temperature_c = 12", "temperature_c = 120", r"air\.temperature_c: .*60"),
    ("xyz_m = [50, 0, 6.5]", "xyz_m = [50, 0]", r"pole 2( \(\w+\))?\.xyz_m"),
    ("xyz_m = [50, 0, 6.5]", "xyz_m = [50, 0, inf]", r"pole 2( \(\w+\))?\.xyz_m 3( \(\w+\))?"),
    ("xyz_m = [50, 0, 6.5]", "xyz_m = [0.2, 0, 6.2]", r"nodes n1 and n2 stand less than 0\.5 m apart"),
    ("xyz_m = [50, 0, 6.5]", "xyz_m = [50, 0, 6.5]\nh_m = 3", r"pole 2( \(\w+\))?: give xyz_m"),
    ("lon_deg = -77.0\nh_m = 26", "lon_deg = -77.0", r"pole 4( \(\w+\))?: give xyz_m"),
    ('node = "n2"', 'node = "n1"', "node n1 stands there twice"),
    ('node = "n2"', 'node = "a/+"', r"pole 2( \(\w+\))?\.node: "),
    ('name = "l2"', 'name = "l1"', "lamp name l1 stands there twice"),
    ("channel = 1,", "channel = 1.5,", r"lamp_bank 1( \(\w+\))?\.lamps 2( \(\w+\))?\.channel: "),
    ("tcp://127.0.0.1:5020", "tcp://op:hunter2@10.0.0.5", r"lamp_bank 1( \(\w+\))?\.url: .*without a user or password"),
    ("http://10.0.0.9:80", "http://op:hunter2@10.0.0.9", r"camera 1( \(\w+\))?\.url: "),
    (
        "bearing_deg = 90",
        "pan_deg = [90, -90]",
        r"camera 1( \(\w+\))?: pan_deg must be \[lowest, highest\] within -360",
    ),
    ("port = 1883", "port = 70000", r"mqtt\.port: .*65535"),
    ("incident_gap_s = 20", "incident_gap_s = ", r"at line"),
]


@pytest.mark.parametrize(("old", "new", "says"), BAD)
def test_a_bad_config_is_refused_in_one_line(write, old, new, says):
    assert old in GOOD
    path = write(GOOD.replace(old, new, 1))
    with pytest.raises(ValueError, match=says) as caught:
        read_config(path)

    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_three_poles_are_too_few(write):
    head, _, rest = GOOD.partition('[[pole]]\nnode = "n4"')
    with pytest.raises(ValueError, match="3 poles; a place needs at least 4"):
        read_config(write(head + rest[rest.index("[policy]") :]))


def test_a_gateway_needs_a_way_to_its_nodes(write):
    with pytest.raises(ValueError, match=r"give \[\[serial\]\] or \[mqtt\]"):
        read_config(write(GOOD[: GOOD.index("[[serial]]")]))


def test_a_config_that_is_no_text_or_not_there_is_named(tmp_path):
    (tmp_path / "gateway.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"gateway\.toml: is not UTF-8 text"):
        read_config(tmp_path / "gateway.toml")
    with pytest.raises(FileNotFoundError):
        read_config(tmp_path / "none.toml")


@pytest.fixture
def keys_file(tmp_path):
    def write(text, mode=0o600):
        path = tmp_path / "keys.toml"
        path.write_text(text)
        path.chmod(mode)
        return path

    return write


KEY = "5e" * 32


def test_keys_are_read(keys_file):
    assert read_keys(keys_file(f'n1 = "{KEY}"\n"n.2" = "{KEY}"')) == {
        "n1": b"\x5e" * 32,
        "n.2": b"\x5e" * 32,
    }


@pytest.mark.parametrize(
    ("text", "mode", "says"),
    [
        (f'n1 = "{KEY}"', 0o644, "mode 0644 lets others read it; must be 0600"),
        (f'n1 = "{KEY}5"', 0o600, "n1: a key is 64 hexadecimal digits"),
        (f"[n1]\nkey = '{KEY}'", 0o600, "n1: a key is 64 hexadecimal digits"),
        (f'"n 1" = "{KEY}"', 0o600, "a node's name has 1 to 32"),
        (f"n1 = {KEY}", 0o600, "keys.toml: "),
    ],
)
def test_bad_keys_are_refused_without_showing_them(keys_file, text, mode, says):
    with pytest.raises(ValueError, match=says) as caught:
        read_keys(keys_file(text, mode))

    assert KEY[:8] not in str(caught.value)


def test_a_password_file_is_one_private_line(keys_file):
    assert read_secret(keys_file("pass word\n")) == "pass word"
    for text, mode in (("a\nb\n", 0o600), ("", 0o600), ("secret", 0o640)):
        with pytest.raises(ValueError, match=r"keys\.toml: ") as caught:
            read_secret(keys_file(text, mode))
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "place",
    [
        "lat_deg = -77.0\nlon_deg = 38.9",  # swapped
        "lat_deg = 38.9005\nlon_deg = 77.0",  # a sign left out
        "lat_deg = 39.9005\nlon_deg = -77.0",  # a degree, 111 km
        "lat_deg = 39.5\nlon_deg = -77.0",  # 66 km
    ],
)
def test_a_pole_that_cannot_be_of_the_site_is_refused_by_name(tmp_path, place):
    path = tmp_path / "gateway.toml"
    path.write_text(GOOD.replace("lat_deg = 38.9005\nlon_deg = -77.0", place))
    with pytest.raises(ValueError, match=r"pole n4: stands \d+ km from the site; must be 0 to 30 km away"):
        read_config(path)


@pytest.mark.parametrize(
    ("what", "old"), [("pole n4", "h_m = 26"), ("lamp l2", "[50, 0, 8]"), ("camera c1", "[25, -10, 5]")]
)
def test_what_hangs_far_below_the_site_is_refused_by_name(tmp_path, what, old):
    path = tmp_path / "gateway.toml"
    path.write_text(GOOD.replace(old, "h_m = -125" if old.startswith("h_m") else "[50, 10, -145]"))
    with pytest.raises(ValueError, match=rf"{what}: stands -145 m above the site; must be -10\d to 10\d m there"):
        read_config(path)


def test_a_street_up_a_hill_is_of_its_site(tmp_path):
    path = tmp_path / "gateway.toml"
    path.write_text(GOOD.replace("lat_deg = 38.9005\nlon_deg = -77.0\nh_m = 26", "xyz_m = [3000, 0, 280]"))
    assert read_config(path).poles()["n4"].xyz_m == (3000, 0, 280)


# --- cameras and walls


def test_what_a_survey_found_and_the_view_are_the_mounts(write):
    more = "tilt_zero_deg = -1.5\nlean_deg = 2\nlean_to_deg = 45\nview_deg = [[0, 60], [1.0, 2.5]]"
    (mount,) = read_config(write(GOOD.replace("bearing_deg = 90", f"bearing_deg = 90\n{more}"))).mounts()

    assert (mount.tilt_zero_deg, mount.lean_deg, mount.lean_to_deg) == (-1.5, 2, 45)
    assert (mount.zoom(60), mount.zoom(2.5)) == (0, 1)


@pytest.mark.parametrize(
    ("camera", "says"),
    [
        ("view_deg = [[0, 2.5], [1.0, 60]]", r"camera 1 \(c1\): view_deg must be"),
        ("view_deg = [[0, 60], [0, 30]]", r"camera 1 \(c1\): view_deg must be"),
        ("view_deg = [[0, 60]]", r"camera 1 \(c1\): view_deg must be two entries or more"),
        ("view_deg = [[0, 600]]", r"camera 1 \(c1\)\.view_deg 1 2: "),
        ("lean_deg = 40", r"camera 1 \(c1\)\.lean_deg: .*20"),
        ("preset = [{ token = '1', pan_deg = 0 }]", r"camera 1 \(c1\)\.preset 1\.tilt_deg: is missing"),
        ("home_deg = [0, 100]", r"camera 1 \(c1\)\.home_deg 2: "),
    ],
)
def test_what_makes_no_sense_of_a_camera_is_one_line(write, camera, says):
    with pytest.raises(ValueError, match=says):
        read_config(write(GOOD.replace("bearing_deg = 90", camera)))


@pytest.mark.parametrize("up", ["0", "-5"])
def test_a_camera_below_the_ground_is_named(write, up):
    with pytest.raises(
        ValueError, match=r"camera c1: stands -?\d\.0 m above the site, which is below the ground there"
    ):
        read_config(write(GOOD.replace("[25, -10, 5]", f"[25, -10, {up}]")))


def test_a_lamp_below_the_ground_is_named(write):
    with pytest.raises(ValueError, match=r"lamp l2: stands -50\.0 m above the site, which is below the ground there"):
        read_config(write(GOOD.replace("channel = 1, xyz_m = [50, 0, 8]", "channel = 1, xyz_m = [50, 0, -50]")))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "bearing_deg = 90",
            "pan_deg = [-170, 170]\nhome_deg = [175, 0]",
            "home_deg: pan 175 must be -170 to 170, as pan",
        ),
        ("bearing_deg = 90", "home_deg = [0, 80]", "home_deg: tilt 80 must be -90 to 30, as tilt_deg has it"),
        ("bearing_deg = 90", f"preset = [{PRESET}, {PRESET}]", "preset: token '1' stands there twice"),
        ('"http://10.0.0.9:80"', '"http://10.0.0.9:99999"', r"camera 1 \(c1\)\.url: .*PORT 1 to 65535"),
        ('"http://10.0.0.9:80"', '"http://:80"', r"camera 1 \(c1\)\.url: .*must be http://HOST:PORT"),
        ("lamps = [", "answer_s = 5\nfail_s = 2\nlamps = [", "lamp_bank 1: answer_s 5: must be below fail_s, 2 s"),
        (
            'host = "localhost"',
            'host = "10.0.0.2"\npassword_file = "p"',
            "mqtt: tls: a password goes over TLS only, but to",
        ),
        ("hold_s = 60", "min_poles = 4\nact = false", "policy: lights: min_poles says when lamps come up"),
    ],
)
def test_what_can_never_work_is_one_line(write, old, new, says):
    with pytest.raises(ValueError, match=says) as told:
        read_config(write(GOOD.replace(old, new)))

    assert "\n" not in str(told.value)


def test_a_bank_whose_lamp_is_wrong_is_not_told_to_have_none(write):
    one = re.sub(r"lamps = \[.*\]", 'lamps = [{ name = "l1", channel = -1, xyz_m = [0, 0, 8] }]', GOOD)
    with pytest.raises(ValueError, match=r"lamps 1 \(l1\)\.channel: .*legal: 0 to 65535") as told:
        read_config(write(one))

    assert "at least 1 item" not in str(told.value)


def test_a_key_is_named_as_it_stands_in_the_file(write):
    with pytest.raises(ValueError, match=r"policy\.quiet 1 \(q\)\.frm: unknown key \(did you mean from\?\)"):
        read_config(write(GOOD + '[[policy.quiet]]\nname = "q"\nfrm = 2026-07-04T20:30:00-04:00\n'))


def test_a_camera_on_a_slope_may_be_lower_than_the_site_as_its_poles_are(write):
    slope = GOOD.replace("[0, 0, 6]", "[0, 0, -8]").replace("[50, 0, 6.5]", "[50, 0, -9]")

    assert read_config(write(slope.replace("[25, -10, 5]", "[25, -10, -10]"))).mounts()
    with pytest.raises(ValueError, match=r"must be above -20\.0 m"):
        read_config(write(slope.replace("[25, -10, 5]", "[10, -10, -21]")))


WALLS = '{"type": "LineString", "coordinates": [[-77.0, 38.9], [-77.0, 38.901]]}'


def test_walls_are_read_beside_the_config(write, tmp_path):
    (tmp_path / "walls.geojson").write_text(WALLS)
    config = read_config(write('walls = "walls.geojson"' + GOOD))

    (wall,) = config.the_walls()
    assert wall.en_m[1] == pytest.approx((0, 111), abs=0.1)
    assert "111" in config.model_dump_json()  # what was in force, for the journal's fingerprint


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", r"walls\.geojson: is not GeoJSON \(Expecting property name"),
        ("<kml/>", r"walls\.geojson: is not GeoJSON \(Expecting value"),
        ('{"type": "Topology"}', r"walls\.geojson: is not GeoJSON: no type is called 'Topology'"),
        (
            WALLS.replace("[-77.0, 38.9]", "[38.9, -977.0]"),
            r"walls\.geojson: a point at longitude 38\.9, latitude -977",
        ),
        ("[" * 100_000, r"walls\.geojson: "),
        (WALLS.replace("38.901", "1e999"), r"walls\.geojson: is not GeoJSON: a point is"),
        ("\udcff", r"walls\.geojson: is not UTF-8 text"),
    ],
)
def test_a_file_of_walls_that_is_not_geojson_is_one_line(write, tmp_path, text, says):
    (tmp_path / "walls.geojson").write_bytes(text.encode("utf-8", "surrogateescape"))

    with pytest.raises(ValueError, match=rf"gateway\.toml: walls: .*{says}") as told:
        read_config(write('walls = "walls.geojson"' + GOOD))
    assert "\n" not in str(told.value)


def test_a_file_of_walls_that_is_not_there_is_named(write):
    with pytest.raises(OSError, match=r"none\.geojson"):
        read_config(write('walls = "none.geojson"' + GOOD))


def test_walls_of_a_config_without_a_good_site_are_not_the_fault(write, tmp_path):
    (tmp_path / "walls.geojson").write_text(WALLS)

    with pytest.raises(ValueError, match=r"site\.lat_deg: .*90"):
        read_config(write('walls = "walls.geojson"' + GOOD.replace("lat_deg = 38.9,", "lat_deg = 138.9,")))
