"""A zone's own table is refused where no shot in the zone can bring a lamp or a camera to act."""

import pytest

from gateway.assembly.zone_reach import check_zones
from gateway.reaction.conditions import Change, Part, Region
from gateway.reaction.lamp_policy import LampRules
from gateway.reaction.policy import Rules
from gateway.reaction.zones import Zone
from gateway.street import Lamp, Mount

ACTS = Part(Change(min_grade="A"))
SQUARE = ((0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (0.0, 100.0), (0.0, 0.0))
STREET = Zone("main street", lines=(((50.0, -1000.0), (50.0, 1000.0)),), within_m=10.0)
ASIDE = Zone("side street", lines=(((-1000.0, -250.0), (1000.0, -250.0)),), within_m=10.0)


def rules(act, *streets, within_m=0.0, part=ACTS, lines=False):
    zone = (
        Zone("school", lines=(SQUARE,), within_m=within_m)
        if lines
        else Zone("school", areas=((SQUARE,),), within_m=within_m)
    )
    return Rules(
        lights=LampRules(radius_m=120.0, street_radius_m=300.0, streets=streets),
        zones=(Region("school", zone, {act: part}),),
    )


def lamp(east_m, north_m):
    return Lamp("l1", (east_m, north_m, 8.0))


@pytest.mark.parametrize(
    ("given", "at"),
    [
        (rules("lights"), (50.0, 50.0)),
        (rules("lights"), (50.0, -119.0)),
        (rules("lights", within_m=20.0), (50.0, -139.0)),
        (rules("lights", within_m=20.0, lines=True), (50.0, -139.0)),
        (rules("lights", STREET), (50.0, -250.0)),
        (rules("lights", part=Part(Change(act=False))), (50.0, 9000.0)),
        (rules("announce"), (50.0, 9000.0)),
    ],
)
def test_a_zone_is_good_from_which_a_shot_lights_a_lamp(given, at):
    check_zones(given, [lamp(*at)], [])

    assert given.zones


@pytest.mark.parametrize(
    ("given", "at", "says"),
    [
        (rules("lights"), (50.0, -121.0), "within 120 m; the nearest stands 121 m off"),
        (rules("lights", within_m=20.0), (50.0, -141.0), "the nearest stands 121 m off"),
        (rules("lights", STREET), (50.0, -335.0), "nor along a street within 300 m; the nearest stands 335 m off"),
        (rules("lights", ASIDE), (50.0, -250.0), "the nearest stands 250 m off"),
        (rules("lights", STREET), (200.0, -250.0), "the nearest stands 269 m off"),
    ],
)
def test_a_zone_is_refused_from_which_no_shot_lights_one_also_along_a_street_that_is_not_the_zones(given, at, says):
    with pytest.raises(ValueError, match=r"^policy\.zone school: has a lights table, and no lamp in it or ") as told:
        check_zones(given, [lamp(*at)], [])

    assert says in str(told.value)


def test_a_zone_with_a_cameras_table_is_refused_where_no_camera_sees_so_far():
    check_zones(rules("cameras"), [], [Mount("c1", (50.0, -149.0, 8.0)), Mount("c2", (50.0, 9000.0, 8.0))])
    with pytest.raises(
        ValueError, match="has a cameras table, and no camera sees so far as that; the nearest stands 151 m"
    ):
        check_zones(rules("cameras"), [], [Mount("c1", (50.0, -151.0, 8.0))])
    with pytest.raises(ValueError, match="there are none"):
        check_zones(rules("cameras"), [], [])


def test_an_outline_is_walked_in_steps_of_which_none_is_longer():
    points = list(Zone("a", lines=(((0.0, 0.0), (25.0, 0.0)),)).outline_m(10.0))

    assert [round(east_m, 1) for east_m, _ in points] == [0.0, 8.3, 16.7, 25.0]
