"""ROC, calibration and its error against values worked out by hand."""

import itertools
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.pictures.curves import calibration, roc
from simulators.training.examples import GUNSHOT, OTHER, UNKNOWN, Example
from simulators.training.figures import ece, known
from simulators.training.folds import Judged


def judged(p, truth):
    return Judged(Example("g", "f", "n", False, 0.0, 1.0, 0.0, truth, np.zeros(1)), p)


def ends(picture):
    """Of the dashed line of what chance would do: where (0, 0) and (1, 1) lie."""
    (line,) = (each for each in ElementTree.fromstring(picture).iter() if each.get("class") == "expected")
    pairs = re.findall(r"([\d.]+) ([\d.]+)", line.get("d"))
    return [tuple(map(float, pair)) for pair in (pairs[0], pairs[-1])]


def unit(picture):
    """From the picture's coordinates to 0..1."""
    (x0, y0), (x1, y1) = ends(picture)
    return lambda x, y: (round((float(x) - x0) / (x1 - x0), 2), round((float(y) - y0) / (y1 - y0), 2))


def points(p, truth):
    """Of the ROC, whose axis of others is logarithmic and begins at 0.001, which stands for 0."""
    picture = roc(np.array(p, float), np.array(truth, float))
    path = next(each.get("d") for each in ElementTree.fromstring(picture).iter() if each.get("class") == "curve")
    (x0, y0), (x1, y1) = ends(picture)
    pairs = [tuple(map(float, pair)) for pair in re.findall(r"([\d.]+) ([\d.]+)", path)]
    others = [0.0 if x <= x0 else 10 ** (3 * (x - x0) / (x1 - x0) - 3) for x, _ in pairs]
    return [(round(other, 2), round((y - y0) / (y1 - y0), 2)) for other, (_, y) in zip(others, pairs, strict=True)]


def dots(p, truth):
    picture = calibration(np.array(p, float), np.array(truth, float))
    circles = [each for each in ElementTree.fromstring(picture).iter() if each.tag.endswith("circle")]
    return [unit(picture)(each.get("cx"), each.get("cy")) for each in circles], [float(c.get("r")) for c in circles]


def test_the_roc_steps_up_at_a_gunshot_and_right_at_another_sound():
    assert points([0.9, 0.8, 0.3, 0.1], [1, 0, 1, 0]) == [(0, 0), (0, 0.5), (0.5, 0.5), (0.5, 1), (1, 1)]


def test_sounds_of_equal_p_are_one_step_of_the_roc_in_whatever_order():
    assert points([0.5, 0.5, 0.5, 0.1], [1, 0, 1, 0]) == [(0, 0), (0.5, 1), (1, 1)]
    assert points([0.1, 0.5, 0.5, 0.5], [0, 0, 1, 1]) == [(0, 0), (0.5, 1), (1, 1)]


def test_curves_of_nothing_are_empty_pictures():
    assert dots([], []) == ([], [])
    assert "ROC" in roc(np.array([]), np.array([]))


@given(st.lists(st.tuples(st.integers(0, 10), st.booleans()), min_size=1, max_size=30))
def test_the_roc_only_ever_rises_and_nothing_but_the_order_of_p_matters(pairs):
    p, truth = zip(*pairs, strict=True)
    found = points([value / 10 for value in p], truth)

    assert found == sorted(found) == points([value / 20 + 0.1 for value in p], truth)
    assert all(later[1] >= earlier[1] for earlier, later in itertools.pairwise(found))


def test_calibration_has_a_dot_a_bin_at_its_mean_p_and_its_share_of_gunshots():
    places, radii = dots([0.02, 0.06, 0.45, 0.95, 0.97, 0.99, 1.0], [0, 0, 1, 1, 1, 0, 1])

    assert places == [(0.04, 0), (0.45, 1), (0.98, 0.75)]
    assert radii[2] > radii[0] > radii[1]


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ([(0.95, GUNSHOT), (0.95, OTHER), (0.15, OTHER), (0.15, OTHER), (0.15, GUNSHOT)], (0.9 + 0.55) / 5),
        ([(1.0, GUNSHOT), (0.0, OTHER)], 0.0),
        ([(0.2, OTHER), (0.29, GUNSHOT)], 0.51 / 2),
        ([(0.9, UNKNOWN)], 0.0),
        ([], 0.0),
    ],
)
def test_calibration_error_is_the_gap_of_each_bin_weighed_by_its_count(said, error):
    assert ece([judged(*each) for each in said]) == pytest.approx(error)


def test_what_is_unknown_is_not_scored():
    p, truth = known([judged(0.3, UNKNOWN), judged(0.4, OTHER), judged(0.6, GUNSHOT)])

    assert p.tolist() == [0.4, 0.6]
    assert truth.tolist() == [0.0, 1.0]
