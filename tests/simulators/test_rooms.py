"""The picture of the house is that of its walls."""

import tomllib

from simulators.pages.rooms import PICTURE, WALLS, drawing, targets


def test_the_picture_is_drawn_from_the_walls_of_today():
    assert PICTURE.read_text() == drawing(tomllib.loads(WALLS.read_text())["may"]), "python -m simulators.pages.rooms"


def test_a_row_points_at_what_it_may_import_of_other_rows():
    may = {"a": ["b/*"], "a/x": ["a/x", "b", "b/y/one.py"], "b": [], "b/y": [], "b/z": ["b/*"]}

    assert targets("a", may) == {"b"}
    assert targets("a/x", may) == {"b", "b/y", "b/z"}
    assert targets("b/z", may) == {"b"}
