"""The pictures of report pages: well-formed SVG, every name escaped, marks where they belong."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.pictures import street_map, svg, timeline, waveforms

HOSTILE = '<script>"&'
COV_M2 = np.array([[0.04, 0.01], [0.01, 0.02]])


def parsed(figure):
    return ET.fromstring(figure)


def marks(figure, class_):
    return [each for each in parsed(figure).iter() if each.get("class") == class_]


def a_street(name="P1"):
    return street_map.Street(
        poles=[street_map.Spot(name, (0, 0)), street_map.Spot("P2", (60, 0)), street_map.Spot("P3", (60, 40))],
        fixes=[street_map.FixSpot("1", (20, 10), COV_M2), street_map.FixSpot("2", (20.1, 10), COV_M2)],
        truths=[street_map.Spot("1", (20, 10))],
        walls=[((0, -5), (60, -5))],
        lamps=[street_map.LampSpot((0, 0), True), street_map.LampSpot((60, 0), False)],
        views=[street_map.View("C1", (60, 40), 233.0, 50)],
    )


def test_a_map_shows_each_thing_once_and_names_that_would_overlap_are_joined():
    figure = street_map.street_map(a_street())

    assert [len(marks(figure, name)) for name in ("ellipse", "lit", "unlit", "wall", "view")] == [3, 2, 2, 2, 2]
    assert "1, 2" in [text.text for text in marks(figure, "bold halo")]


@pytest.mark.parametrize(
    "draw",
    [
        lambda: street_map.street_map(a_street(HOSTILE)),
        lambda: street_map.close_up(HOSTILE, (0, 0), street_map.FixSpot("1", (0.2, 0.1), COV_M2)),
        lambda: waveforms.waveforms([waveforms.Trace(HOSTILE, 0, 100, np.ones(50, np.float32))], 0, 1, HOSTILE),
        lambda: timeline.timeline([timeline.Lane(HOSTILE, "fix", [timeline.Moment(0.5, HOSTILE)])], 0, 1, HOSTILE),
    ],
)
def test_no_name_becomes_markup_and_the_picture_is_well_formed(draw):
    figure = draw()

    assert "<script" not in figure
    assert any(HOSTILE in (each.text or "") for each in parsed(figure).iter())


def test_an_onset_stands_where_its_time_is_and_one_outside_the_window_is_left_out():
    trace = waveforms.Trace("P1", 0.0, 1000, np.zeros(1000, np.float32), onsets_s=[0.25, 0.75, 3.0])
    flags = marks(waveforms.waveforms([trace], 0, 1, "s"), "onset")
    first, second = (float(re.match(r"M([\d.]+) ", each.get("d"))[1]) for each in flags[:2])

    assert len(flags) == 2 + 1  # and its legend's
    assert (second - first) == pytest.approx((waveforms.WIDTH - waveforms.LEFT - waveforms.RIGHT) / 2, abs=0.2)


def test_a_single_loud_sample_is_never_lost_in_the_envelope():
    samples = np.zeros(48_000, np.float32)
    samples[31_415], samples[27_182] = 1.0, -0.5
    least, most = waveforms.envelope(samples, 800)

    assert (len(least), least.min(), most.max()) == (800, -0.5, 1.0)


def test_a_trace_that_has_no_sound_in_the_window_is_an_empty_row():
    late = waveforms.Trace("P1", 100.0, 1000, np.ones(10, np.float32))

    assert marks(waveforms.waveforms([late], 0, 1, "s"), "wave")[1:] == []


def test_a_map_without_poles_and_a_range_without_length_are_refused():
    with pytest.raises(ValueError, match="at least one pole"):
        street_map.street_map(street_map.Street(poles=[]))
    with pytest.raises(ValueError, match="must have a length"):
        timeline.timeline([], 1, 1, "s")


def test_the_north_of_a_map_is_up_and_a_metre_is_as_long_either_way():
    dots = marks(street_map.street_map(a_street()), "pole")[:3]
    (x1, y1), (x2, y2), (_, y3) = ((float(dot.get("cx")), float(dot.get("cy"))) for dot in dots)

    assert y1 == y2 > y3
    assert (x2 - x1) / 60 == pytest.approx((y2 - y3) / 40, rel=1e-3)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_even_within_the_range_and_neither_few_nor_many(low, length):
    found = svg.ticks(low, low + length)

    assert 2 <= len(found) <= 8
    assert all(low - 1e-6 * length <= tick <= low + length * (1 + 1e-6) for tick in found)


def test_a_page_that_carries_these_pictures_asks_nobody_for_anything():
    figure = street_map.street_map(a_street()) + svg.STYLE

    assert re.findall(r"(?:src|href|url|@import)", figure) == []
