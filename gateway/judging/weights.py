"""The third look's weights: written by `python -m simulators.judging.fit DATA`, which says how they came about."""

from gateway.judging.third_look import Weights

WEIGHTS = Weights(bias=-1.841, agreement=0.878, loudness=1.839)
