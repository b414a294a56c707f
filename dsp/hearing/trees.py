"""Boosted trees as a table: a sum of small trees, and a straight line that makes log odds of the sum.

Each tree is a handful of questions "is this number greater than that?"; the answers lead to a leaf, the leaves of all
trees add up to a score. The line is Platt's calibration (from general knowledge): where its slope is above 0 it keeps
the order of scores.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MOST_LOG_ODDS = 30.0


def probability(log_odds: float) -> float:
    """0 to 1."""
    return 1 / (1 + math.exp(-max(-MOST_LOG_ODDS, min(MOST_LOG_ODDS, log_odds))))


@dataclass(frozen=True, slots=True)
class Tree:
    """A complete tree, its nodes in reading order: node k has its children at 2 k + 1 (not greater) and 2 k + 2.

    columns, thresholds : (2**depth - 1,) of the questions; leaves : (2**depth,) log odds.
    """

    columns: tuple[int, ...]
    thresholds: tuple[float, ...]
    leaves: tuple[float, ...]


@dataclass(frozen=True)
class Model:
    """Log odds = slope * (bias + sum of the trees' leaves) + offset. All trees are equally deep; slope > 0."""

    bias: float
    slope: float
    offset: float
    trees: tuple[Tree, ...]

    def score(self, row: Floats) -> float:
        """bias + leaves, before calibration. row : what the trees ask about."""
        columns, thresholds, leaves = self._tables
        n_trees, n_nodes = columns.shape
        tree, node = np.arange(n_trees), np.zeros(n_trees, np.int64)
        while node[0] < n_nodes:
            node = 2 * node + 1 + (row[columns[tree, node]] > thresholds[tree, node])
        return self.bias + float(leaves[tree, node - n_nodes].sum())

    def p(self, row: Floats) -> float:
        """Probability, 0 to 1."""
        return probability(self.slope * self.score(row) + self.offset)

    @cached_property
    def _tables(self) -> tuple[NDArray[np.int64], Floats, Floats]:
        return (
            np.array([tree.columns for tree in self.trees]),
            np.array([tree.thresholds for tree in self.trees]),
            np.array([tree.leaves for tree in self.trees]),
        )
