"""Bars of residuals: as long as they are late, late to the right, every name escaped."""

import xml.etree.ElementTree as ET

import pytest

from gateway.pictures.residuals import residual_bars


def bars(figure):
    return [
        (float(bar.get("x")), float(bar.get("width")))
        for bar in ET.fromstring(figure).iter()
        if bar.tag.endswith("rect")
    ]


def test_a_late_arrival_points_right_of_an_early_one_and_is_as_long_as_it_is_late():
    (late_x, late_width), (early_x, early_width) = bars(residual_bars(["a", "b"], [4000, -2000]))

    assert late_width == pytest.approx(2 * early_width, rel=0.01)
    assert early_x + early_width == pytest.approx(late_x, abs=0.02)


def test_residuals_of_nothing_are_no_picture_of_trouble():
    assert [width for _, width in bars(residual_bars(["a", "b"], [0, 20]))] == pytest.approx([0.5, 1.9], abs=0.3)


def test_names_are_escaped_and_must_be_as_many_as_residuals():
    assert "<script" not in residual_bars(['<script>"'], [1])
    with pytest.raises(ValueError, match="2 names for 1 residuals"):
        residual_bars(["a", "b"], [1])
    with pytest.raises(ValueError, match="at least one"):
        residual_bars([], [])
