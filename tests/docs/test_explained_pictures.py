"""The pictures of docs/pictures are those that their program draws today."""

import xml.etree.ElementTree as ET

import pytest

from simulators.explaining.__main__ import FOLDER, PICTURES
from simulators.explaining.running import BOX_W, BOXES, PANELS
from simulators.explaining.waiting import moments
from simulators.explaining.worked import DOCS, LATE, arrivals


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_what_is_drawn_today(name):
    assert (FOLDER / name).read_text() == PICTURES[name](), "python -m simulators.explaining"


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_says_what_it_is_and_fetches_nothing(name):
    root = ET.fromstring(PICTURES[name]())
    spoken = root.findtext("{http://www.w3.org/2000/svg}title")

    assert spoken
    assert not any("href" in key or "url(" in value for each in root.iter() for key, value in each.items())


def test_each_part_of_a_running_street_stands_within_a_panel_and_on_no_other():
    for box in BOXES:
        assert any(x <= box.x and box.x + BOX_W <= x + wide for _, x, wide in PANELS), box.name
        for other in BOXES:
            apart = box.x + BOX_W <= other.x or box.y + box.height <= other.y
            assert box is other or apart or other.x + BOX_W <= box.x or other.y + other.height <= box.y


def test_lamps_hear_of_the_example_before_people_do_and_the_page_says_when():
    soon_us, decided_us = moments(arrivals())
    page = (DOCS / "explanation" / "soon.md").read_text()

    assert soon_us < decided_us
    assert f"by {soon_us / 1e6:.2f} s" in page
    assert f"at {decided_us / 1e6:.2f} s" in page


def test_a_shot_that_five_poles_heard_has_no_such_moments():
    with pytest.raises(ValueError, match="never decided"):
        moments([each for each in arrivals() if each.node not in (LATE, "n1", "n8")])
