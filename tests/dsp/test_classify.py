"""The probability that an impulse is a gunshot, and the trees that it comes of."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp import gunshot_model
from dsp.classify import INPUTS, inputs, kind_of, p_gunshot
from dsp.features import describe
from dsp.trees import Model, Tree

STEP = Tree((0,), (1.5,), (-2.0, 3.0))
NUMBER = st.floats(-1e9, 1e9)


def test_a_tree_goes_left_up_to_its_threshold_and_right_above():
    model = Model(0.5, 1.0, 0.0, (STEP, STEP))

    assert [model.score(np.array([x])) for x in (1.5, 1.6)] == [-3.5, 6.5]


def test_a_deeper_tree_asks_the_child_that_it_went_to():
    tree = Tree((0, 1, 1), (0.0, 1.0, 2.0), (1.0, 2.0, 3.0, 4.0))
    model = Model(0.0, 1.0, 0.0, (tree,))

    assert [model.score(np.array(x)) for x in ([-1, 0], [-1, 1.5], [1, 1.5], [1, 3.0])] == [1, 2, 3, 4]


@given(st.lists(NUMBER, min_size=len(INPUTS), max_size=len(INPUTS)))
def test_p_is_a_probability_whatever_the_features(row):
    assert 0 <= gunshot_model.MODEL.p(np.array(row)) <= 1


@given(st.floats(-50, 50), st.floats(-50, 50))
def test_calibration_keeps_the_order_of_scores(one, other):
    slope, offset = gunshot_model.MODEL.slope, gunshot_model.MODEL.offset
    low, high = (Model(score, slope, offset, (Tree((0,), (0.0,), (0.0, 0.0)),)) for score in sorted((one, other)))

    assert slope > 0
    assert low.p(np.zeros(1)) <= high.p(np.zeros(1))


def test_every_question_of_the_model_is_about_an_input_that_there_is():
    assert all(0 <= column < len(INPUTS) for tree in gunshot_model.MODEL.trees for column in tree.columns)
    assert len(inputs(describe(np.zeros(4800), 2400, 48_000))) == len(INPUTS)


@pytest.mark.parametrize(("p", "kind"), [(0.49, "other"), (0.5, "blast")])
def test_what_is_no_gunshot_is_other(p, kind):
    features = describe(np.zeros(4800), 2400, 48_000)

    assert kind_of(features, p) == kind
    assert 0 <= p_gunshot(features) <= 1
