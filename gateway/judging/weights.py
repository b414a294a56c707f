"""The third look's weights: written by `python -m simulators.judging.fit DATA`, which says how they came about."""

from gateway.judging.third_look import Weights

WEIGHTS = Weights(bias=-0.979, agreement=1.109, loudness=1.683)
