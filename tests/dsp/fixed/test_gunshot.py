"""A board's idea of a gunshot: within its range, the same on both interpreters, and surer with greater log odds."""

import ast

import numpy as np

from dsp.fixed.gunshot import LIKELY, ONE, inputs, permille, permille_of
from dsp.fixed.gunshot_line import MIDDLES, SPREADS, SQUARES, WEIGHTS
from simulators.emulators import unix_port

NOTHING = (0,) * len(MIDDLES)
JUDGE = """
import sys
from dsp.fixed.gunshot import permille
print([permille(shape) for shape in eval(open(sys.argv[1]).read())])
"""


def shapes(n):
    """Shapes of all kinds, the first of them the least and the greatest that a field of the wire holds."""
    rng = np.random.default_rng(11)
    times = rng.integers(0, 200_000, (n, 3))
    counts = rng.integers(0, 8_000, (n, 2))
    levels = rng.integers(-6_000, 6_000, (n, 4))
    drawn = [tuple(row) for row in np.hstack([times, counts, levels]).tolist()]
    return [NOTHING, (1 << 31,) * 9, (-(1 << 31),) * 9, *drawn]


def logistic(bias):
    """What a line says that has nothing but a bias."""
    return permille_of(NOTHING, MIDDLES, SPREADS, NOTHING, NOTHING, bias)


def test_a_line_has_a_number_for_each_of_a_shapes():
    assert len(MIDDLES) == len(SPREADS) == len(WEIGHTS) == len(SQUARES) == len(inputs(NOTHING)) == 9
    assert min(SPREADS) > 0


def test_whatever_the_shape_it_is_a_permille():
    said = [permille(shape) for shape in shapes(500)]

    assert all(type(p) is int and 0 <= p <= 1000 for p in said)
    assert min(said) < LIKELY <= max(said)


def test_micropython_says_the_same(micropython, tmp_path):
    (tmp_path / "shapes.txt").write_text(repr(shapes(500)))
    said = ast.literal_eval(unix_port.run(micropython, JUDGE, (tmp_path / "shapes.txt",)))

    assert said == [permille(shape) for shape in shapes(500)]


def test_greater_log_odds_are_never_less_likely_and_within_a_hundredth_of_the_logistic():
    biases = range(-10 * ONE, 10 * ONE, 7)
    said = [logistic(bias) for bias in biases]
    exact = 1000 / (1 + np.exp(-np.array(biases) / ONE))

    assert said == sorted(said)
    assert np.abs(np.array(said) - exact).max() < 10
    assert logistic(0) == LIKELY
    assert all(logistic(bias) + logistic(-bias) == 1000 for bias in biases)


def test_what_is_far_out_counts_as_three_spreads():
    edge, beyond = (tuple(m + k * s for m, s in zip(MIDDLES, SPREADS, strict=True)) for k in (3, 9))

    assert permille((1, 1, 1, 1, 1, *edge[5:])) == permille((1, 1, 1, 1, 1, *beyond[5:]))
