import math
import random

import pytest

from gateway.web.base_map.places import M_PER_DEG, House, Places, Stretch, places_beside, write_places

LAT, LON = 40.4406, -79.9959
EAST_M = M_PER_DEG * math.cos(math.radians(LAT))


def at(e_m, n_m):
    return LAT + n_m / M_PER_DEG, LON + e_m / EAST_M


def list_of(folder, houses=(), streets=()):
    path = folder / "city.places.sqlite"
    write_places(
        path,
        [House(*at(*where), words) for where, words in houses],
        [Stretch(at(*begins), at(*ends), name) for begins, ends, name in streets],
    )
    return Places(path)


def test_the_nearest_house_is_told(tmp_path):
    places = list_of(tmp_path, [((0, 20), "12 Main Street"), ((0, -4), "11 Main Street"), ((30, 0), "1 Side Lane")])

    assert places.nearest(LAT, LON) == "11 Main Street"


def test_one_farther_off_than_ten_metres_is_told_with_its_distance(tmp_path):
    places = list_of(tmp_path, [((30, 40), "12 Main Street")])

    assert places.nearest(LAT, LON) == "12 Main Street, 50 m"


def test_where_no_house_is_near_the_street_is_told(tmp_path):
    places = list_of(tmp_path, [((61, 0), "12 Main Street")], [((-100, 20), (100, 20), "Main Street")])

    assert places.nearest(LAT, LON) == "Main Street, 20 m"


def test_a_crossing_is_told_by_both_streets(tmp_path):
    streets = [
        ((-50, 3), (50, 3), "Main Street"),
        ((-5, -50), (-5, 50), "Side Lane"),
        ((-50, 3), (-9, 3), "Main Street"),
    ]

    assert list_of(tmp_path, (), streets).nearest(LAT, LON) == "Main Street / Side Lane"


def test_far_from_everything_nothing_is_told(tmp_path):
    places = list_of(tmp_path, [((500, 0), "12 Main Street")], [((-500, 200), (500, 200), "Main Street")])

    assert places.nearest(LAT, LON) == ""
    assert places.nearest(0.0, 179.999) == ""
    assert places.nearest(89.99, 0.0) == ""


def test_cells_hide_nobody(tmp_path):
    dice = random.Random(15)
    houses = [((dice.uniform(-400, 400), dice.uniform(-400, 400)), f"house {index}") for index in range(300)]
    places = list_of(tmp_path, houses)
    for _ in range(100):
        e_m, n_m = dice.uniform(-300, 300), dice.uniform(-300, 300)
        away_m, words = min((math.dist((e_m, n_m), where), words) for where, words in houses)
        told = places.nearest(*at(e_m, n_m))

        assert told.split(",")[0] == (words if away_m <= 60 else "")


def test_another_file_is_none_of_ours(tmp_path):
    (tmp_path / "text.sqlite").write_text("hello " * 1000)
    (tmp_path / "empty.sqlite").write_bytes(b"")

    for name in ("text.sqlite", "empty.sqlite"):
        with pytest.raises(ValueError, match=f"{name}: is no list of places"):
            Places(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        Places(tmp_path / "none.sqlite")


def test_a_list_that_is_spoiled_while_it_is_used_tells_nothing(tmp_path):
    places = list_of(tmp_path, [((0, 1), "12 Main Street")])
    (tmp_path / "city.places.sqlite").write_bytes(b"\xff" * 8192)

    assert places.nearest(LAT, LON) == ""


def test_it_stands_beside_its_map(tmp_path):
    assert places_beside(tmp_path / "city.pmtiles") == tmp_path / "city.places.sqlite"
