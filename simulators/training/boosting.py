"""Boosted trees for a yes or no: each tree is fitted to what the trees before it left unexplained.

Logistic loss, Newton steps (Friedman 2001 with the second-order leaves that are usual since; from general knowledge).
Values are sorted into bins once, so that the best cut of a node is a look at a histogram. Every tree is complete:
where nothing is gained by a cut, its threshold is infinite and all goes left. Each cut may be about some of the columns
only, drawn anew from a fixed seed, so that the trees do not all ask the same: the same rows give the same trees.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.hearing.trees import Tree

Floats = NDArray[np.float64]
N_BINS = 48
SEED = 20261125


@dataclass(frozen=True, slots=True)
class Recipe:
    """depth : cuts from root to leaf. rate : how much of each tree counts. ridge : curvature that every leaf is given
    beforehand. least : curvature that a leaf must have of its own. share : of the columns that a cut may be about."""

    n_trees: int = 400
    depth: int = 4
    rate: float = 0.05
    ridge: float = 2.0
    least: float = 4.0
    share: float = 0.3


def boost(rows: Floats, truth: Floats, weight: Floats, recipe: Recipe) -> tuple[float, tuple[Tree, ...]]:
    """Bias and trees whose sum is the log odds. rows : (n, d). truth : (n,) 0 or 1. weight : (n,).

    Raises ValueError where there are not both kinds.
    """
    share = float(weight @ truth / weight.sum())
    if not 0 < share < 1:
        raise ValueError("nothing to learn: examples of both kinds are needed")
    bias = float(np.log(share / (1 - share)))
    edges = _edges(rows)
    binned = np.stack([np.searchsorted(edge, column) for edge, column in zip(edges, rows.T, strict=True)], axis=1)
    score, trees, rng = np.full(len(rows), bias), [], np.random.default_rng(SEED)
    for _ in range(recipe.n_trees):
        p = 1 / (1 + np.exp(-score))
        asked = rng.random((2**recipe.depth - 1, rows.shape[1])).argsort(axis=1) < max(recipe.share * rows.shape[1], 1)
        tree, leaf_of = _grow(binned, edges, asked, weight * (truth - p), weight * p * (1 - p), recipe)
        trees.append(tree)
        score += np.asarray(tree.leaves)[leaf_of]
    return bias, tuple(trees)


def _edges(rows: Floats) -> list[Floats]:
    """Per column the thresholds that may be: rounded, so that they can be read. A value on one goes left."""
    quantiles = np.linspace(0, 1, N_BINS + 1)[1:-1]
    return [np.unique([float(f"{edge:.4g}") for edge in np.quantile(column, quantiles)]) for column in rows.T]


def _grow(
    binned: NDArray[np.int64],
    edges: list[Floats],
    asked: NDArray[np.bool_],
    gradient: Floats,
    curvature: Floats,
    recipe: Recipe,
) -> tuple[Tree, NDArray[np.int64]]:
    """One tree, and the leaf that each row falls into. asked : (n_nodes, d) the columns that a node may be about."""
    node = np.zeros(len(binned), np.int64)  # place of each row within its level
    columns: list[int] = []
    thresholds: list[float] = []
    for level in range(recipe.depth):
        sums = [_histogram(binned, node, 2**level, of) for of in (gradient, curvature)]
        cut_bins = np.empty(2**level, np.int64)
        level_columns = np.empty(2**level, np.int64)
        for place in range(2**level):
            may = asked[len(columns)]
            column, cut = _best_cut(sums[0][place], sums[1][place], may, edges, recipe)
            level_columns[place], cut_bins[place] = column, cut
            columns.append(column)
            thresholds.append(float(edges[column][cut]) if cut < len(edges[column]) else np.inf)
        right = binned[np.arange(len(binned)), level_columns[node]] > cut_bins[node]
        node = 2 * node + right
    n_leaves = 2**recipe.depth
    total = np.bincount(node, gradient, n_leaves) / (np.bincount(node, curvature, n_leaves) + recipe.ridge)
    leaves = tuple(round(float(recipe.rate * leaf), 5) for leaf in total)
    return Tree(tuple(columns), tuple(thresholds), leaves), node


def _histogram(binned: NDArray[np.int64], node: NDArray[np.int64], n_nodes: int, of: Floats) -> Floats:
    """(n_nodes, d, N_BINS) sums."""
    d = binned.shape[1]
    key = (node[:, None] * d + np.arange(d)) * N_BINS + binned
    sums = np.bincount(key.ravel(), np.repeat(of, d), n_nodes * d * N_BINS)
    return np.asarray(sums.reshape(n_nodes, d, N_BINS), float)


def _best_cut(
    gradient: Floats, curvature: Floats, may: NDArray[np.bool_], edges: list[Floats], recipe: Recipe
) -> tuple[int, int]:
    """Column, and the last bin that goes left; N_BINS where no cut gains anything.

    gradient, curvature : (d, N_BINS). may : (d,) the columns that it may be about.
    """
    left_g, left_h = np.cumsum(gradient, axis=1), np.cumsum(curvature, axis=1)
    all_g, all_h = left_g[:, -1:], left_h[:, -1:]
    right_g, right_h = all_g - left_g, all_h - left_h
    gain = (
        left_g**2 / (left_h + recipe.ridge) + right_g**2 / (right_h + recipe.ridge) - all_g**2 / (all_h + recipe.ridge)
    )
    legal = (left_h >= recipe.least) & (right_h >= recipe.least)
    legal &= may[:, None]
    legal &= np.arange(gradient.shape[1]) < np.array([len(edge) for edge in edges])[:, None]
    gain = np.where(legal, gain, 0.0)
    column, cut = np.unravel_index(int(np.argmax(gain)), gain.shape)
    return (int(column), int(cut)) if gain[column, cut] > 1e-9 else (0, gradient.shape[1])
