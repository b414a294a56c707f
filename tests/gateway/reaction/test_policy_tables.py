"""[policy] as it is written: an old one means what it meant, and what makes no sense is one line that says where."""

import json
import pathlib
import tomllib

import pytest

from dsp.geodesy import Site
from gateway.assembly.gateway import build_core, build_policy, build_rules
from gateway.config import read_config
from gateway.intake.gate import Gate
from gateway.intake.seen import Seen
from gateway.reaction.conditions import ActRules, Change, Part
from gateway.reaction.policy import Rules
from gateway.reaction.policy_tables import PolicyTable

ROOT = pathlib.Path(__file__).parents[3]
SITE = Site(38.9, -77.0, 20.0)
BASE = """
journal = "street.journal"
keys_file = "keys.toml"
site = { lat_deg = 38.9, lon_deg = -77.0, h_m = 20 }
pole = [{ node = "n1", xyz_m = [0, 0, 6] }, { node = "n2", xyz_m = [50, 0, 6] },
        { node = "n3", xyz_m = [50, 50, 6] }, { node = "n4", xyz_m = [0, 50, 6] }]
serial = [{ port = "/dev/ttyS0" }]
[[lamp_bank]]
url = "tcp://127.0.0.1:5020"
lamps = [{ name = "l1", channel = 0, xyz_m = [0, 0, 8] }, { name = "l2", channel = 1, xyz_m = [200, 0, 8] }]
"""
PERMIT = '[[policy.quiet]]\nname = "permit 113"\nfrom = 2026-07-04T20:30:00-04:00\nuntil = 2026-07-04T22:30:00-04:00\n'
AT = "at = { xyz_m = [0, 0, 0], radius_m = 80 }\n"


def line(name, *points_m):
    positions = [list(SITE.to_geodetic(e, n, 0.0)[1::-1]) for e, n in points_m]
    return {
        "type": "Feature",
        "properties": {"name": name},
        "geometry": {"type": "LineString", "coordinates": positions},
    }


@pytest.fixture
def read(tmp_path):
    """Reads a gateway.toml with this policy; streets.geojson lies beside it: Elm Street has lamps, Far Street none."""

    def read(policy):
        for file, features in (
            ("elm.geojson", [line("Elm Street", (-50, 0), (250, 0))]),
            ("both.geojson", [line("Elm Street", (-50, 0), (250, 0)), line("Far Street", (0, 90), (250, 90))]),
        ):
            (tmp_path / file).write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        (tmp_path / "gateway.toml").write_text(BASE + policy)
        return read_config(tmp_path / "gateway.toml")

    return read


def rules(read, tmp_path, policy):
    return build_rules(read(policy), tmp_path)


def test_a_policy_of_before_means_what_it_meant(read, tmp_path):
    shown = tomllib.loads((ROOT / "docs/gateway.toml").read_text())["policy"]
    old = {"min_grade": "B", "radius_m": 90.0, "hold_s": 60.0}

    assert rules(read, tmp_path, "") == Rules() == PolicyTable().rules()
    assert (
        PolicyTable.model_validate({"lights": old}).rules().lights
        == rules(read, tmp_path, '[policy.lights]\nmin_grade = "B"\nradius_m = 90.0\nhold_s = 60.0\n').lights
    )
    assert (
        PolicyTable.model_validate({**shown, "cameras": {"min_grade": "C", "min_p_gunshot": 0.15}}).rules() == Rules()
    )


def test_hours_zones_events_and_streets_are_taken_as_they_are_written(read, tmp_path):
    found = rules(
        read,
        tmp_path,
        '[policy.lights]\nstreets = "elm.geojson"\nstreet_width_m = 30\n[policy.lights.night]\nmin_grade = "B"\n'
        "[policy.cameras]\nmost_per_h = 6\n[policy.clips.day]\nact = false\n"
        '[[policy.zone]]\nname = "Elm"\nfile = "elm.geojson"\nwithin_m = 40\n'
        "[policy.zone.announce]\nmin_p_gunshot = 0.3\n"
        f"[policy.zone.announce.day]\nmin_grade = 'A'\n{PERMIT}{AT}cameras = {{ act = false }}\n",
    )
    zone, event = found.zones[0], found.quiet[0]

    assert [street.name for street in found.lights.streets] == ["Elm Street"]
    assert found.lights.streets[0].within_m == 15
    assert found.lights.night == Change(min_grade="B")
    assert (found.cameras.most_per_h, found.clips.day) == (6, Change(act=False))
    assert rules(read, tmp_path, f"{PERMIT}{AT}clips = {{ act = false }}\n").clips == ActRules()
    assert zone.parts == {"announce": Part(Change(min_p_gunshot=0.3), Change(min_grade="A"))}
    assert zone.zone.holds((100, 39, 0)) and not zone.zone.holds((100, 41, 0))
    assert (event.from_us, event.until_us - event.from_us) == (1_783_211_400_000_000, 7_200_000_000)
    assert event.zone.holds((79, 0, 0)) and not event.zone.holds((81, 0, 0))


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ("[policy.announce]\nmost_per_h = 3\n", "policy.announce.most_per_h: unknown key"),
        ("[policy.lights]\nmost_per_h = 0\n", "policy.lights.most_per_h: "),
        ("[policy.lights.nigth]\n", "policy.lights.nigth: unknown key (did you mean night?)"),
        ('[policy.lights.night]\nmin_grade = "D"\n', "policy.lights.night.min_grade: "),
        (PERMIT, "policy.quiet 1: give file (GeoJSON), or at"),
        (PERMIT + AT + 'file = "elm.geojson"\n', "give file (GeoJSON), or at"),
        (PERMIT.replace("-04:00", "") + AT, "policy.quiet 1.from: Input should have timezone info"),
        (PERMIT.replace("T22", "T19") + AT, "until must be later than from, by 31 days at most"),
        (PERMIT.replace("until = 2026", "until = 2027") + AT, "until must be later than from, by 31 days at most"),
        (PERMIT + AT + "lights = { act = false }\n", "policy.quiet 1.lights: unknown key"),
        (PERMIT + AT + PERMIT + AT, "quiet 'permit 113' stands there twice"),
        ('[[policy.zone]]\nname = "a\\u001bb"\nfile = "elm.geojson"\n', "policy.zone 1.name: "),
    ],
)
def test_what_makes_no_sense_is_one_line_that_says_where(read, policy, says):
    with pytest.raises(ValueError) as refused:
        read(policy)

    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        (
            '[policy.lights]\nstreets = "both.geojson"\n',
            "policy.lights.streets: Far Street has no lamp; the nearest stands 90 m off",
        ),
        ('[policy.lights]\nstreets = "none.geojson"\n', "none.geojson is not there"),
        ('[policy.lights]\nstreets = "gateway.toml"\n', "gateway.toml: is not JSON"),
        (
            '[[policy.zone]]\nname = "Elm"\nfile = "elm.geojson"\n',
            "policy.zone Elm: elm.geojson has lines only; say within_m",
        ),
        (PERMIT + 'file = "elm.geojson"\n', "policy.quiet permit 113: elm.geojson has lines only; say within_m"),
        (PERMIT + AT.replace("[0, 0, 0]", "[90000, 0, 0]"), "policy.quiet permit 113: stands 90 km from the site"),
    ],
)
def test_a_place_that_cannot_be_used_is_named(read, tmp_path, policy, says):
    config = read(policy)
    with pytest.raises(ValueError) as refused:
        build_policy(config, tmp_path)

    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_core_is_not_built_of_a_policy_whose_files_nobody_read(read):
    with pytest.raises(ValueError, match="nobody says where its files lie"):
        build_core(read('[policy.lights]\nstreets = "elm.geojson"\n'), Gate({}, Seen(), 1))


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ("level_pct = 0", "policy.lights.level_pct: Input should be greater than or equal to 1"),
        ("level_pct = 20", "policy.lights: rest_level_pct 30: must be 0 to level_pct, 20"),
        ("street_radius_m = 200.0", "policy.lights: street_radius_m: without streets = FILE it stands for nothing"),
        ("street_width_m = 20.0", "policy.lights: street_width_m: without streets = FILE it stands for nothing"),
    ],
)
def test_lights_that_could_come_to_nothing_are_one_line(read, policy, says):
    with pytest.raises(ValueError, match=r"gateway\.toml: ") as told:
        read(f"[policy.lights]\n{policy}\n")

    assert says in str(told.value)
    assert "\n" not in str(told.value)
