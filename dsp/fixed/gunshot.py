"""How likely an impulse is a gunshot, as a board can tell: a logistic line over thirty numbers and their squares.

With x the numbers of dsp/fixed/shape.py, the first five as logarithms, and u = (x - middle) / spread, held within 3,
the log odds are BIAS + sum(WEIGHT u + SQUARE u^2). All in integers, in units of 1/ONE. It is
far simpler than the Linux node's voices (dsp/hearing/judge.py), and hears no more of a sound than its loudness over
time and a coarse spectrum. A hint, not a verdict: the gateway counts agreeing poles. How good it is stands beside the
others' figures in docs/explanation/model-card.md; a hundred boosted trees or 24 hidden units over such numbers were
hardly better.
"""

from dsp.fixed.gunshot_line import BIAS, MIDDLES, SPREADS, SQUARES, WEIGHTS
from dsp.fixed.levels import log2

ONE = 1024
N_LOGARITHMS, LEAST = 5, 60
MOST = 3 * ONE
LIKELY = 500  # permille
_LOGISTIC = (500, 622, 731, 818, 881, 924, 953, 971, 982, 989, 993, 996, 998, 998, 999, 999, 1000)  # at 0, 0.5 ... 8


def permille(shape: "tuple[int, ...]") -> int:
    """Of an onset's shape: 0 to 1000."""
    return permille_of(inputs(shape), MIDDLES, SPREADS, WEIGHTS, SQUARES, BIAS)


def permille_of(
    numbers: "list[int]",
    middles: "tuple[int, ...]",
    spreads: "tuple[int, ...]",
    weights: "tuple[int, ...]",
    squares: "tuple[int, ...]",
    bias: int,
) -> int:
    """Of what `inputs` says, by any line."""
    log_odds = bias
    for i, x in enumerate(numbers):
        u = max(-MOST, min(MOST, (x - middles[i]) * ONE // spreads[i]))
        log_odds += weights[i] * u // ONE + squares[i] * u // ONE * u // ONE
    return _logistic(log_odds)


def inputs(shape: "tuple[int, ...]") -> "list[int]":
    """What the line is about: logarithms of times, counts and frequency in 1/1024 of a doubling; the rest as it is."""
    return [log2(max(x, LEAST)) if i < N_LOGARITHMS else x for i, x in enumerate(shape)]


def _logistic(log_odds: int) -> int:
    """By straight lines between the table's points."""
    size = min(abs(log_odds), 8 * ONE - 1)
    at, part = divmod(size, ONE // 2)
    value = _LOGISTIC[at] + (_LOGISTIC[at + 1] - _LOGISTIC[at]) * part // (ONE // 2)
    return value if log_odds >= 0 else 1000 - value
