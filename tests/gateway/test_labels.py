"""Names on a map: none on another, none outside."""

import re

from hypothesis import given
from hypothesis import strategies as st

from gateway.pictures.labels import HEIGHT, LETTER, Label, placed

POINTS = st.tuples(st.floats(0, 640), st.floats(0, 700))


def boxes(drawn):
    for each in drawn:
        x, y = (float(re.search(rf' {key}="([^"]*)"', each)[1]) for key in "xy")
        anchor, words = re.search(r'text-anchor="(\w+)"', each)[1], re.search(r">([^<]*)<", each)[1]
        wide = LETTER * len(words)
        left = x - {"start": 0, "middle": wide / 2, "end": wide}[anchor]
        yield left, y - HEIGHT + 4, left + wide, y + 4


@given(st.lists(POINTS, max_size=40))
def test_no_name_lies_on_another_or_outside_the_picture(points):
    drawn = placed([Label(f"BNQ-{i:04d}", at, "halo") for i, at in enumerate(points)], 640, 700)
    found = list(boxes(drawn))

    for i, (left, top, right, bottom) in enumerate(found):
        assert left >= -0.01
        assert right <= 640.01
        assert top >= -0.01
        assert bottom <= 700.01
        for other in found[:i]:
            assert (
                right <= other[0] + 0.01
                or other[2] <= left + 0.01
                or bottom <= other[1] + 0.01
                or other[3] <= top + 0.01
            )


def test_a_lone_name_stands_beside_what_it_names():
    (drawn,) = placed([Label("P1", (300, 300), "halo")], 640, 700)

    assert ">P1<" in drawn
    assert next(boxes([drawn]))[0] == 308
