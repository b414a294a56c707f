"""Streets and areas from GeoJSON: what is in them, and what is refused in one line."""

import json
import math
import os
import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.geodesy import Site
from gateway.reaction.geojson import MOST_POINTS, read_zones
from gateway.reaction.region_tables import Ground, geojson_text
from gateway.reaction.walls import MOST_POINTS as MOST_WALL_POINTS
from gateway.reaction.walls import read_walls
from gateway.reaction.zones import Zone, disc

SITE = Site(38.9, -77.0, 20.0)


def degrees(*points_m):
    """Positions of points that lie so many metres east and north."""
    return [list(SITE.to_geodetic(e, n, 0.0)[1::-1]) for e, n in points_m]


def text(*features):
    return json.dumps({"type": "FeatureCollection", "features": list(features)})


def feature(kind, coordinates, name=None):
    properties = {} if name is None else {"name": name}
    return {"type": "Feature", "properties": properties, "geometry": {"type": kind, "coordinates": coordinates}}


SQUARE = degrees((0, 0), (100, 0), (100, 100), (0, 100), (0, 0))
HOLE = degrees((40, 40), (60, 40), (60, 60), (40, 60), (40, 40))


def test_a_line_is_as_wide_as_it_is_said_to_be():
    (elm,) = read_zones(text(feature("LineString", degrees((0, 0), (100, 0)), "Elm Street")), SITE, 12.0)

    assert elm.name == "Elm Street"
    assert [elm.holds((50, n, 0)) for n in (0, 11.9, -11.9, 12.1)] == [True, True, True, False]
    assert [elm.holds((e, 0, 0)) for e in (-11.9, -12.1, 111.9, 112.1)] == [True, False, True, False]


def test_a_polygon_has_its_holes_left_out():
    (park,) = read_zones(text(feature("Polygon", [SQUARE, HOLE])), SITE, 0.0)

    assert park.name == "1"
    assert [park.holds((e, 50, 0)) for e in (-1, 1, 39, 50, 61, 99, 101)] == [
        False,
        True,
        True,
        False,
        True,
        True,
        False,
    ]


def test_features_of_one_name_are_one_zone_and_many_of_either_are_taken():
    ways = [feature("LineString", degrees((e, 0), (e + 10, 0)), "Elm") for e in (0, 500)]
    (elm,) = read_zones(text(*ways), SITE, 5.0)
    (lines,) = read_zones(
        text(feature("MultiLineString", [degrees((0, 0), (9, 0)), degrees((500, 0), (510, 0))])), SITE, 5
    )
    (areas,) = read_zones(
        text(feature("MultiPolygon", [[SQUARE], [degrees((500, 0), (510, 0), (510, 9), (500, 0))]])), SITE, 5
    )

    assert elm.holds((505, 0, 0)) and lines.holds((505, 0, 0)) and areas.holds((507, 2, 0))
    assert not elm.holds((250, 0, 0))


@pytest.mark.parametrize(
    ("given_text", "says"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "is no GeoJSON"),
        ('{"type": "Topology"}', "is no GeoJSON"),
        ('{"type": "FeatureCollection", "features": [1]}', "is no GeoJSON"),
        (text(), "holds no feature"),
        (text(feature("Point", [-77, 38.9])), "feature 1 (1): is Point; must be one of LineString"),
        (text({"type": "Feature", "geometry": None}), "feature 1 (1): is without a geometry"),
        (text(feature("LineString", [[-77, 38.9]])), "a line needs 2 positions or more"),
        (text(feature("Polygon", [SQUARE[:3]])), "a ring needs 4 positions or more"),
        (text(feature("Polygon", [SQUARE[:4]])), "a ring must end where it begins"),
        (text(feature("Polygon", [])), "has no coordinates"),
        (text(feature("LineString", [[38.9, -77.0], [38.9, -77.1]])), "GeoJSON has the longitude first"),
        (text(feature("LineString", [[-77, 138.9], [0, 0]])), "must be [longitude, latitude]"),
        (text(feature("LineString", [["-77", 38], [0, 0]])), "must be [longitude, latitude]"),
        (text(feature("LineString", [[True, 38], [0, 0]])), "must be [longitude, latitude]"),
        (text(feature("LineString", SQUARE, "a\x1b[2J")), "its name must be"),
        (text(feature("LineString", SQUARE * (MOST_POINTS // 4))), f"more than {MOST_POINTS} positions"),
    ],
)
def test_what_cannot_be_meant_is_refused(given_text, says):
    with pytest.raises(ValueError) as refused:
        read_zones(given_text, SITE, 5.0)

    assert says in str(refused.value)
    assert "\x1b" not in str(refused.value)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=5), lambda x: st.lists(x, max_size=4)))
def test_any_coordinates_are_taken_or_refused_with_words(coordinates):
    for kind in ("LineString", "MultiLineString", "Polygon", "MultiPolygon"):
        try:
            zones = read_zones(text(feature(kind, coordinates)), SITE, 5.0)
        except ValueError as error:
            assert str(error)
        else:
            assert all(math.isfinite(value) for zone in zones for line in zone.lines for p in line for value in p)


@given(st.floats(-500, 500), st.floats(-500, 500), st.floats(0, 360), st.floats(-200, 200), st.floats(-200, 200))
def test_turning_and_moving_a_zone_with_a_place_changes_nothing(e, n, turn_deg, by_e, by_n):
    ring = ((0, 0), (300, 20), (250, 200), (120, 90), (0, 0))
    turn = math.radians(turn_deg)

    def moved(point):
        x, y = point
        return x * math.cos(turn) - y * math.sin(turn) + by_e, x * math.sin(turn) + y * math.cos(turn) + by_n

    plain = Zone("a", areas=((ring,),), within_m=7.0)
    other = Zone("a", areas=((tuple(map(moved, ring)),),), within_m=7.0)
    if abs(plain.away_m((e, n, 0)) - 7.0) > 1e-6:
        assert plain.holds((e, n, 0)) == other.holds((*moved((e, n)), 0))


def test_a_disc_is_what_lies_within_its_radius():
    assert disc("d", (10, 0, 5), 20.0).holds((30, 0, 100))
    assert not disc("d", (10, 0, 5), 20.0).holds((30.1, 0, 5))


HUGE = int("1" + "0" * 400)


@pytest.mark.parametrize("first", [[HUGE, 38.9], [-77.0, -HUGE], [math.nan, 38.9], [True, 38.9]])
def test_a_number_that_no_float_holds_is_no_place(first):
    line = {"type": "LineString", "coordinates": [first, [-77.0, 38.9]]}
    site = Site(38.9, -77.0, 0.0)

    with pytest.raises(ValueError, match=r"a position must be \[longitude, latitude\] within -180 to 180"):
        read_zones(json.dumps(line), site, 10.0)
    with pytest.raises(ValueError, match=r"a point (at longitude|is \[longitude, latitude\])") as told:
        read_walls(line, site)
    assert len(str(told.value)) < 120


def test_walls_are_bounded_in_all():
    line = {"type": "LineString", "coordinates": [[-77.0, 38.9], [-77.0, 38.901]] * 500}
    many = {"type": "GeometryCollection", "geometries": [line] * (MOST_WALL_POINTS // 1000 + 1)}

    with pytest.raises(ValueError, match="holds more than 200000 points"):
        read_walls(many, Site(38.9, -77.0, 0.0))


def test_what_is_no_regular_file_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (pathlib.Path("/dev/zero"), tmp_path, tmp_path / "pipe"):
        with pytest.raises(ValueError, match="is no regular file"):
            geojson_text(path)
        with pytest.raises(ValueError, match="is no regular file"):
            Ground(tmp_path, Site(38.9, -77.0, 0.0)).zones("policy.lights.streets", str(path), 10.0)
