"""The picture of the house is that of its walls."""

import tomllib

from simulators.pages.rooms import PICTURE, WALLS, by_wing, drawing, targets


def test_the_picture_is_drawn_from_the_walls_of_today():
    assert PICTURE.read_text() == drawing(tomllib.loads(WALLS.read_text())["may"]), "python -m simulators.pages.rooms"


def test_a_row_points_at_what_it_may_import_of_other_rows():
    may = {"a": ["b/*"], "a/x": ["a/x", "b", "b/y/one.py"], "b": [], "b/y": [], "b/z": ["b/*"]}

    assert targets("a", may) == {"b"}
    assert targets("a/x", may) == {"b", "b/y", "b/z"}
    assert targets("b/z", may) == {"b"}


def test_a_file_within_a_wing_is_drawn_as_its_wing():
    may = {"a": [], "a/x": ["b"], "a/x/one.py": ["b/y"], "b": [], "b/y": []}

    assert by_wing(may) == {"a": [], "a/x": ["b", "b/y"], "b": [], "b/y": []}
