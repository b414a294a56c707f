"""The third look's weights: written by `python -m simulators.judging.fit DATA`, which says how they came about."""

from gateway.judging.third_look import Weights

WEIGHTS = Weights(bias=-1.087, agreement=1.082, loudness=1.625)
