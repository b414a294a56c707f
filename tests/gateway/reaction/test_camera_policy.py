"""Which cameras turn to a shot: who sees it, from which sides, how wide, what they follow and when they go back."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.geodesy import Site, bearing
from dsp.placing.fix import Fix
from gateway.incident import Round
from gateway.reaction.camera_policy import CameraPolicy, CameraRules, Target, followed
from gateway.reaction.walls import Wall, Walls, read_walls
from gateway.street import Mount, upright

T_US = 1_763_000_000_000_000
S = 1_000_000
VIEW = ((0.0, 60.0), (1.0, 3.0))
WEST, EAST = Mount("west", (-40, 0, 5), view=VIEW), Mount("east", (30, 0, 5), view=VIEW)
NORTH, SOUTH = Mount("north", (0, 60, 5), view=VIEW), Mount("south", (0, -70, 5), view=VIEW)


def target(e=0.0, n=0.0, var_m2=4.0):
    return Target((e, n, 0.0), np.eye(2) * var_m2)


def cameras(*mounts, walls=(), **rules):
    return CameraPolicy(mounts, rules=CameraRules(**rules), walls=Walls(walls))


def names(orders):
    """Who leads, and who is asked otherwise."""
    found = []
    for lead in orders:
        found.append([])
        order = lead
        while order is not None:
            found[-1].append(order.camera)
            order = order.otherwise
    return found


def shot(e, n=0.0, t_s=0.0, grade="A", var_m2=4.0, withdrawn=False):
    fix = Fix((e, n, 0.0), T_US + round(t_s * S), np.eye(2) * var_m2, np.zeros(6), 100.0)
    return Round(fix, (), grade, 0.9, withdrawn=withdrawn)


def test_two_cameras_turn_from_two_sides_and_the_rest_stand_in():
    orders = cameras(WEST, EAST, NORTH, SOUTH).aim("i", target(), T_US, T_US + S)

    assert names(orders) == [["east", "north", "south"], ["west", "north", "south"]]


def test_a_second_camera_on_the_same_side_only_stands_in():
    orders = cameras(EAST, Mount("beside", (40, 5, 5)), SOUTH).aim("i", target(), T_US, T_US + S)

    assert names(orders) == [["east", "beside"], ["south", "beside"]]


def test_so_many_turn_as_the_rules_say():
    assert names(cameras(WEST, EAST, at_once=1).aim("i", target(), T_US, 0)) == [["east", "west"]]
    assert len(cameras(WEST, EAST, NORTH, SOUTH, at_once=4).aim("i", target(), T_US, 0)) == 4


def test_a_camera_behind_a_wall_is_left_alone():
    walls = [Wall(((20.0, -50.0), (20.0, 50.0)))]

    assert names(cameras(WEST, EAST, walls=walls).aim("i", target(), T_US, 0)) == [["west"]]
    assert cameras(EAST, walls=walls).aim("i", target(), T_US, 0) == []
    assert not cameras(EAST, walls=walls).sees(target()) and cameras(WEST, walls=walls).sees(target())


def test_a_wall_hides_only_what_is_lower_than_its_top():
    def asked(height_m):
        return bool(cameras(EAST, walls=[Wall(((20.0, -50.0), (20.0, 50.0)), height_m)]).aim("i", target(), T_US, 0))

    line_m = 5 - (5 - 1.5) * 10 / 30  # where the line of sight crosses, from 5 m down to a chest 30 m away

    assert asked(line_m - 0.5)
    assert not asked(line_m + 0.5)


def test_a_camera_on_a_houses_wall_looks_out_of_it():
    house = [Wall(((29.5, -10.0), (29.5, 10.0), (45.0, 10.0), (45.0, -10.0), (29.5, -10.0)))]

    assert cameras(EAST, walls=house).aim("i", target(), T_US, 0)
    assert not cameras(Mount("inside", (35, 0, 5)), walls=house).aim("i", target(), T_US, 0)


def test_where_no_camera_sees_most_of_the_ellipse_those_turn_that_see_some():
    walls = [Wall(((20.0, -0.5), (20.0, 50.0)))]  # hides all but the southern part
    wide = target(var_m2=36.0)

    assert names(cameras(EAST, walls=walls).aim("i", wide, T_US, 0)) == [["east"]]
    assert names(cameras(EAST, SOUTH, walls=walls).aim("i", wide, T_US, 0)) == [["south"]]


def test_of_two_incidents_the_newer_gets_free_cameras_and_leaves_the_other_one_where_it_can():
    street = cameras(WEST, EAST, NORTH)
    assert names(street.aim("one", target(), T_US, 0)) == [["east", "north"], ["west", "north"]]

    assert names(street.aim("two", target(5, 5), T_US, 0)) == [["north", "east", "west"]]
    assert names(street.aim("three", target(6, 0), T_US, 0))[0][0] in ("east", "west")  # `one` has two, `two` has one


def test_where_nobody_else_sees_the_place_the_newer_incident_has_the_camera():
    street = cameras(EAST)
    street.aim("one", target(), T_US, 0)

    assert names(street.aim("two", target(0, 20), T_US, 0)) == [["east"]]


@given(st.floats(-100, 100), st.floats(-100, 100), st.floats(0.1, 900), st.floats(0.1, 900), st.floats(0, math.pi))
def test_the_picture_holds_the_whole_ellipse(e, n, var_a, var_b, turn):
    turned = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    there = Target((e, n, 0.0), turned @ np.diag((var_a, var_b)) @ turned.T)
    mount = Mount("m", (0, 130, 6), range_m=400)
    (order,) = cameras(mount, at_once=1).aim("i", there, T_US, 0)

    for rim in there.rim_m():
        azimuth_deg, elevation_deg, _ = bearing(mount.xyz_m, (*rim, 0.0))
        off_deg = abs((azimuth_deg - order.azimuth_deg + 180) % 360 - 180) * math.cos(math.radians(elevation_deg))
        assert off_deg <= order.width_deg / 2
        assert abs(elevation_deg - order.elevation_deg) <= order.width_deg / mount.aspect / 2
    assert order.width_deg >= 3


def test_cameras_follow_the_newest_round_unless_a_better_known_one_is_within_its_ellipse():
    known, near, gone = shot(0, var_m2=1.0), shot(5, t_s=1, var_m2=9.0), shot(30, t_s=2, var_m2=9.0)

    assert followed([known, near]).xyz_m == known.fix.xyz_m
    assert followed([known, near, gone]).xyz_m == gone.fix.xyz_m
    assert followed([known, shot(90, t_s=3, withdrawn=True)]).xyz_m == known.fix.xyz_m
    assert followed([shot(90, withdrawn=True)]).xyz_m == (90, 0.0, 0.0)


def test_a_place_known_less_well_makes_the_picture_wider_and_one_known_much_better_narrower():
    street = cameras(NORTH)
    widths = []
    for var_m2 in (4.0, 5.0, 25.0, 20.0, 1.0):
        widths += [order.width_deg for order in street.aim("i", target(var_m2=var_m2), T_US, 0)]

    assert len(widths) == 3
    assert widths[1] > widths[0] > widths[2]


def test_cameras_go_back_when_nothing_new_was_heard_for_long_enough():
    street = cameras(WEST, EAST, NORTH, home_s=60)
    street.aim("i", target(), T_US, T_US + 30 * S)
    street.aim("i", target(0.1), T_US + 20 * S, T_US + 50 * S)  # too near to turn again; they stay for it

    assert street.tick(T_US + 79 * S) == []
    home = street.tick(T_US + 80 * S)
    assert [(each.camera, each.home, each.incident) for each in home] == [
        ("east", True, "i"), ("north", True, "i"), ("west", True, "i"),
    ]  # fmt: skip
    assert all(each.expires_us == T_US + 140 * S for each in home)
    assert street.tick(T_US + 500 * S) == []
    assert street.aim("i", target(), T_US + 81 * S, 0)


def test_a_camera_that_two_incidents_asked_for_goes_back_after_the_later():
    street = cameras(EAST, home_s=60)
    street.aim("one", target(), T_US, 0)
    street.aim("two", target(0, 20), T_US + 30 * S, 0)

    assert street.tick(T_US + 61 * S) == []
    assert [each.incident for each in street.tick(T_US + 91 * S)] == ["two"]


def test_with_no_time_set_they_stay_and_a_forgotten_incident_holds_no_camera():
    street = cameras(EAST, SOUTH, home_s=0)
    street.aim("one", target(), T_US, 0)
    assert street.tick(T_US + 10_000 * S) == []
    street.forget("one")

    assert names(street.aim("two", target(0, 1), T_US, 0)) == [["east"], ["south"]]


def test_a_step_of_the_clock_changes_nothing_of_how_long_they_stay():
    street = cameras(EAST, home_s=60)
    street.aim("i", target(), T_US, 0)
    street.shift(3600 * S)

    assert street.tick(T_US + 3659 * S) == []
    assert street.tick(T_US + 3660 * S)


# --- the mount


@pytest.mark.parametrize(("width_deg", "zoom"), [(100, 0.0), (60, 0.0), (3, 1.0), (1, 1.0), (math.sqrt(60 * 3), 0.5)])
def test_zoom_is_the_most_that_is_wide_enough(width_deg, zoom):
    assert WEST.zoom(width_deg) == pytest.approx(zoom)


def test_a_mount_whose_view_is_not_known_is_not_told_to_zoom():
    assert Mount("m", (0, 0, 5)).zoom(10) is None
    assert Mount("m", (0, 0, 5), view=((0.2, 30.0),)).zoom(10) == 0.2


@given(st.floats(1.0, 120.0))
def test_the_picture_at_that_zoom_is_wide_enough(width_deg):
    mount = Mount("m", (0, 0, 5), view=((0.0, 60.0), (0.4, 25.0), (1.0, 2.0)))
    zooms, logs = [zoom for zoom, _ in mount.view], [math.log(width) for _, width in mount.view]

    assert math.exp(np.interp(mount.zoom(width_deg), zooms, logs)) >= min(width_deg, 60.0) - 1e-6 or width_deg < 2.0


def test_a_leaning_mount_sees_what_is_above_its_lean_higher_and_what_is_behind_lower():
    assert upright(90, 0, 2, 90) == pytest.approx((90, 2))
    assert upright(270, 0, 2, 90) == pytest.approx((270, -2))
    assert upright(0, 0, 2, 90) == pytest.approx((0, 0))
    assert upright(0, 40, 2, 90)[0] == pytest.approx(
        360 - math.degrees(math.atan(math.tan(math.radians(40)) * math.sin(math.radians(2)))), abs=1e-6
    )


@given(st.floats(0, 359), st.floats(-80, 80), st.floats(0, 10), st.floats(0, 359))
def test_setting_a_mount_upright_and_leaning_it_back_changes_nothing(azimuth, elevation, lean, lean_to):
    there = upright(azimuth, elevation, lean, lean_to)

    back = upright(*there, -lean, lean_to)
    assert back[1] == pytest.approx(elevation, abs=1e-6)
    assert math.cos(math.radians(back[0] - azimuth)) == pytest.approx(1, abs=1e-9)


# --- walls as GeoJSON

SITE = Site(38.9, -77.0, 20.0)


def point(e, n):
    lat_deg, lon_deg, _ = SITE.to_geodetic(e, n, 0)
    return [lon_deg, lat_deg]


def test_walls_are_read_in_metres_with_their_heights():
    ring = [point(0, 0), point(10, 0), point(10, 10), point(0, 0)]
    document = {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": {"height_m": 6}, "geometry": {"type": "Polygon", "coordinates": [ring]}},
            {"type": "Feature", "properties": None, "geometry": {"type": "LineString", "coordinates": ring[:2]}},
            {
                "type": "Feature",
                "properties": {},
                "geometry": {"type": "MultiPolygon", "coordinates": [[ring], [ring]]},
            },
            {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": point(5, 5)}},
            {"type": "Feature", "properties": {}, "geometry": None},
            {"type": "GeometryCollection", "geometries": [{"type": "MultiLineString", "coordinates": [ring]}]},
        ],
    }
    walls = read_walls(document, SITE)

    assert [(len(each.en_m), each.height_m) for each in walls] == [(4, 6.0), (2, None), *[(4, None)] * 3]
    assert np.allclose(walls[0].en_m, [(0, 0), (10, 0), (10, 10), (0, 0)], atol=0.01)


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([1, 2], "is not GeoJSON: an object with a `type` is missing"),
        ({"type": 5}, "is not GeoJSON: an object with a `type` is missing"),
        ({"type": "Topology"}, "no type is called 'Topology'"),
        ({"type": "FeatureCollection"}, "a FeatureCollection has a list of `features`"),
        ({"type": "LineString", "coordinates": [[0, 0]]}, "a line has 2 to 200000 points"),
        ({"type": "Polygon", "coordinates": [[0, 0], [1, 1]]}, r"a point is \[longitude, latitude\]"),
        ({"type": "MultiPolygon", "coordinates": [5]}, "its coordinates lie in too few lists"),
        ({"type": "LineString", "coordinates": [[0, 0], ["x", 1]]}, r"a point is \[longitude, latitude\]"),
        ({"type": "LineString", "coordinates": [[0, 0], [float("nan"), 1]]}, r"a point is \[longitude, latitude\]"),
        ({"type": "LineString", "coordinates": [[38, -77], [38, -97]]}, "latitude -97: must be"),
        (
            {"type": "LineString", "coordinates": [[38.9, -77], [38.9, -77.1]]},
            r"\d+ km from the site; must be 0 to 30 km",
        ),
        ({"type": "FeatureCollection", "features": []}, "holds no line and no polygon"),
        (
            {
                "type": "Feature",
                "properties": {"height_m": "6 m"},
                "geometry": {"type": "LineString", "coordinates": [[0, 0], [0, 1]]},
            },
            "a height_m must be a number above 0 to 1000",
        ),
    ],
)
def test_what_is_not_geojson_is_named(document, says):
    with pytest.raises(ValueError, match=says):
        read_walls(document, SITE)


def test_collections_within_collections_end_somewhere():
    document = {"type": "LineString", "coordinates": [[0, 0], [0, 1]]}
    for _ in range(500):
        document = {"type": "GeometryCollection", "geometries": [document]}

    with pytest.raises(ValueError, match="is not GeoJSON"):
        read_walls(document, SITE)
