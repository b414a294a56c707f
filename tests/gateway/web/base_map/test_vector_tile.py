"""Tiles, read back by a reader of its own that follows the specification word by word."""

import itertools

import numpy as np
import pytest
import shapely

from gateway.web.base_map.mercator import Bounds, tiles_within, to_square
from gateway.web.base_map.sea import sea
from gateway.web.base_map.vector_tile import Feature, encoded


def varints(data):
    values, value, shift = [], 0, 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            values.append(value)
            value, shift = 0, 0
    return values


def fields(data):
    """(number, value) of a message."""
    found, at = [], 0
    while at < len(data):
        told, taken = [], 0
        for _ in range(2):
            value, shift = 0, 0
            while True:
                byte = data[at]
                at += 1
                value |= (byte & 0x7F) << shift
                shift += 7
                if not byte & 0x80:
                    break
            told.append(value)
        key, value = told
        if key & 7 == 2:
            found.append((key >> 3, data[at : at + value]))
            at += value
        else:
            found.append((key >> 3, value))
        taken += 1
    return found


def rings(commands):
    x = y = 0
    paths, index = [], 0
    while index < len(commands):
        command, count = commands[index] & 7, commands[index] >> 3
        index += 1
        if command == 7:
            paths[-1].append(paths[-1][0])
            continue
        for _ in range(count):
            dx, dy = ((value >> 1) ^ -(value & 1) for value in commands[index : index + 2])
            x, y, index = x + dx, y + dy, index + 2
            if command == 1:
                paths.append([])
            paths[-1].append((x, y))
    return paths


def read(tile):
    layers = {}
    for _, body in fields(tile):
        parts = fields(body)
        name = next(value for key, value in parts if key == 1).decode()
        keys = [value.decode() for key, value in parts if key == 3]
        values = [fields(value)[0][1].decode() for key, value in parts if key == 4]
        assert [value for key, value in parts if key == 15] == [2]
        for key, value in parts:
            if key == 2:
                told = dict(fields(value))
                tags = varints(told[2])
                named = {keys[k]: values[v] for k, v in zip(tags[::2], tags[1::2], strict=True)}
                layers.setdefault(name, []).append((told[3], named, rings(varints(told[4]))))
    return layers


def area(ring):
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in itertools.pairwise(ring)) / 2


def test_a_street_comes_back_with_its_name_and_its_bends():
    tile = encoded(
        {"road": [Feature(shapely.LineString([(0, 0), (10, 20), (10, 20.2), (4096, 5)]), "minor", "Main Street")]}
    )

    assert read(tile) == {"road": [(2, {"kind": "minor", "name": "Main Street"}, [[(0, 0), (10, 20), (4096, 5)]])]}


@pytest.mark.parametrize("turned", [False, True])
def test_an_outer_ring_has_a_positive_area_and_a_hole_a_negative(turned):
    outer, hole = [(0, 0), (100, 0), (100, 100), (0, 100)], [(20, 20), (40, 20), (40, 40)]
    house = shapely.Polygon(outer[::-1] if turned else outer, [hole if turned else hole[::-1]])
    [(kind, named, found)] = read(encoded({"building": [Feature(house, "building", "")]}))["building"]

    assert (kind, named) == (3, {"kind": "building"})
    assert [area(ring) for ring in found] == [10_000, -200]


def test_what_is_too_small_to_be_seen_is_left_out():
    speck = shapely.Polygon([(1, 1), (1.2, 1), (1.2, 1.2)])

    assert encoded({"building": [Feature(speck, "building", "")], "road": []}) == b""


def test_a_polygon_too_small_takes_its_hole_with_it_and_nothing_else():
    speck = shapely.Polygon([(1, 1), (1.4, 1), (1.4, 1.4), (1, 1.4)])
    both = shapely.MultiPolygon([speck, shapely.box(10, 10, 20, 20)])
    [(_, _, found)] = read(encoded({"park": [Feature(both, "park", "")]}))["park"]

    assert [area(ring) for ring in found] == [100]


def test_the_square_has_greenwich_and_the_equator_in_its_middle():
    corners = to_square(np.array([[0.0, 0.0], [-180.0, 85.0511287798066], [180.0, -85.0511287798066]]))

    assert corners == pytest.approx(np.array([[0.5, 0.5], [0.0, 0.0], [1.0, 1.0]]), abs=1e-9)


def test_a_box_of_the_whole_world_has_four_tiles_at_zoom_one():
    assert tiles_within(Bounds(-180, -85, 180, 85), 1) == [(0, 0), (0, 1), (1, 0), (1, 1)]


@pytest.mark.parametrize("edges", [(1, 0, 1, 1), (0, 2, 1, 1), (-181, 0, 1, 1), (0, 0, 1, 86), (float("nan"), 0, 1, 1)])
def test_bounds_that_are_none_are_refused(edges):
    with pytest.raises(ValueError, match="must be less than"):
        Bounds(*edges)


def test_the_sea_lies_to_the_right_of_the_coast():
    bounds = Bounds(0.0, 0.0, 1.0, 1.0)
    [east] = sea([shapely.LineString([(0.4, -0.1), (0.5, 0.5), (0.4, 1.1)])], bounds)

    assert east.contains(shapely.Point(0.9, 0.5))
    assert not east.contains(shapely.Point(0.1, 0.5))


def test_an_island_is_left_out_of_the_sea():
    island = shapely.LineString([(0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6), (0.4, 0.4)])
    [water] = sea([island], Bounds(0.0, 0.0, 1.0, 1.0))

    assert water.area == pytest.approx(0.96)


def test_where_no_coast_is_there_is_no_sea():
    assert sea([], Bounds(0.0, 0.0, 1.0, 1.0)) == []
