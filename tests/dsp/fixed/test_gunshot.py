"""A board's idea of a gunshot: within its range, the same on both interpreters, and surer with greater log odds."""

import ast

import numpy as np

from dsp.fixed.gunshot import LIKELY, ONE, inputs, permille, permille_of
from dsp.fixed.gunshot_line import MIDDLES, SPREADS, SQUARES, WEIGHTS
from simulators.emulators import unix_port

N = 30
NOTHING = (0,) * N
JUDGE = """
import sys
from dsp.fixed.gunshot import permille
print([permille(each) for each in eval(open(sys.argv[1]).read())])
"""


def impulses(n):
    """Shapes of all kinds, the first of them nothing, the greatest and the least that a field of the wire
    holds, and the likeliest to be a gunshot."""
    rng = np.random.default_rng(11)
    times = rng.integers(0, 200_000, (n, 3))
    counts = rng.integers(0, 8_000, (n, 2))
    levels = rng.integers(-6_000, 6_000, (n, N - 5))
    drawn = [tuple(row) for row in np.hstack([times, counts, levels]).tolist()]
    ends = [(size,) * N for size in (0, 1 << 31, -(1 << 31))]
    return [*ends, likeliest(), *drawn]


def likeliest():
    """Of each number the best within three spreads."""
    u = np.linspace(-3, 3, 61)
    best = [
        int(m + s * u[np.argmax(w * u + q * u**2)])
        for m, s, w, q in zip(MIDDLES, SPREADS, WEIGHTS, SQUARES, strict=True)
    ]
    return (*(round(2 ** (x / 1024)) for x in best[:5]), *best[5:])


def logistic(bias):
    """What a line says that has nothing but a bias."""
    return permille_of(inputs(NOTHING), MIDDLES, SPREADS, NOTHING, NOTHING, bias)


def test_a_line_has_a_number_for_each_of_a_shapes():
    assert len(MIDDLES) == len(SPREADS) == len(WEIGHTS) == len(SQUARES) == len(inputs(NOTHING)) == N
    assert min(SPREADS) > 0


def test_whatever_the_shape_it_is_a_permille():
    said = [permille(each) for each in impulses(500)]

    assert all(type(p) is int and 0 <= p <= 1000 for p in said)
    assert min(said) < LIKELY <= max(said)


def test_micropython_says_the_same(micropython, tmp_path):
    (tmp_path / "impulses.txt").write_text(repr(impulses(500)))
    said = ast.literal_eval(unix_port.run(micropython, JUDGE, (tmp_path / "impulses.txt",)))

    assert said == [permille(each) for each in impulses(500)]


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

    shape = (1, 1, 1, 1, 1)
    assert permille((*shape, *edge[5:])) == permille((*shape, *beyond[5:]))
