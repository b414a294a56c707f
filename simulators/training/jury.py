"""What the voices together say of each onset when none of them has heard its part.

Trees, nets and the wide ear's head learn from everything but one part, and score it; the lines that make one log odds
of theirs are fitted to the scores of the other parts. A part is a firing position, or some sources and some of the
everyday sounds: what was cut from one recording, or made by one recordist, is never parted.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from dsp.hearing.patch import LOOKS_MS
from dsp.hearing.verdict import is_near
from simulators.recordings.parallel import in_turn
from simulators.recordings.progress import watched
from simulators.training.clips import POSITIONS
from simulators.training.ear_head import head_scores
from simulators.training.examples import RENDERED, UNKNOWN, Example
from simulators.training.folds import Judged, Table, table, tree_scores
from simulators.training.kept_said import KEPT, keep_said, name_of, read_said
from simulators.training.net_lessons import Lesson, kind_of, weights

Floats = NDArray[np.float64]

PARTS = {
    "ffsl gunshots": "1", "esc10 fold 1": "1", "esc10 fold 2": "1",
    "freesound negatives fold 1": "1", "freesound negatives fold 2": "1",
    "more antum": "2", "esc10 fold 3": "2", "esc10 fold 4": "2",
    "freesound negatives fold 3": "2", "freesound negatives fold 4": "2",
    "more others": "3", "more cc-sounds": "3", "freesound gunshots": "3",
    "esc10 fold 5": "3", "freesound negatives fold 5": "3",
}  # fmt: skip
"""Fold -> part; a firing position is a part of its own."""
LIVE = "live fire"  # all positions
OTHERS = 8.0  # what all other clips together count where the lines are fitted, against all gunshots
RIDGE = 1e-4


@dataclass(frozen=True, slots=True)
class Said:
    """Of n onsets, by voices that never heard their part: log odds of the trees (n,), of the nets (n, looks), of the
    head on the wide ear (n,), nan where there is no ear."""

    trees: Floats
    nets: Floats
    ear: Floats


@dataclass(frozen=True, slots=True)
class _Task:
    of_trees: Table
    patches: NDArray[np.float16]
    truth: Floats
    weight: Floats
    asked: NDArray[np.float16]


def said_left_out(examples: Sequence[Example], lessons: Sequence[Lesson], with_live: bool = True) -> Said:
    """Of every example that was recorded. with_live : False for all live fire as one part, scored alone, the others
    nan."""
    own, scenes = recorded(examples), [each for each in examples if each.fold == RENDERED]
    parts = np.array([part_of(each.fold) for each in own])
    names = sorted(set(parts)) if with_live else [LIVE]
    tasks = [_task(examples, lessons, name) for name in names]
    found = list(watched(in_turn(_listen_without, tasks), len(tasks), "leaving out one part after the other"))
    trees, nets, ear = np.full(len(own), np.nan), np.full((len(own), len(LOOKS_MS)), np.nan), np.full(len(own), np.nan)
    for name, (by_trees, by_nets) in zip(names, found, strict=True):
        here = np.array([_is_of(each.fold, name) for each in own])
        trees[here], nets[here] = by_trees, by_nets
        learnt, asked = ([e for e, one in zip(own, some, strict=True) if one] for some in (~here, here))
        ear[here] = head_scores([*learnt, *scenes], asked)
    return Said(trees, nets, ear)


def judged_left_out(examples: Sequence[Example], said: Said) -> list[Judged]:
    """Every recorded example judged by lines that were fitted without its part."""
    own = recorded(examples)
    parts = np.array([part_of(each.fold) for each in own])
    first, last, near = (np.full(len(own), np.nan) for _ in range(3))
    for name in sorted(set(parts)):
        here = parts == name
        lines, near_line = fit_lines(own, said, ~here)
        first[here], last[here] = (_along(said, lines[look], look)[here] for look in (0, -1))
        near[here] = _with_ear(own, said, last, near_line)[here]
    numbers = (special.expit(each).tolist() for each in (last, first, near))
    return [Judged(example, *p) for example, *p in zip(own, *numbers, strict=True)]


def judged_of_live(examples: Sequence[Example], without: Said, others: Said) -> list[Judged]:
    """The live fire by voices that never heard any, and by lines of the other recordings. without : what those say of
    it. others : what voices say of the others, each part left out."""
    own = recorded(examples)
    is_live = np.array([_is_of(each.fold, LIVE) for each in own])
    lines, _ = fit_lines(own, others, ~is_live)
    p = special.expit(_along(without, lines[-1], -1))
    return [Judged(each, float(value)) for each, value, one in zip(own, p, is_live, strict=True) if one]


def fit_lines(own: Sequence[Example], said: Said, some: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """The lines at each look (looks, 3), and the near one (4,), of the onsets that are known among some."""
    some = some & np.array([each.truth != UNKNOWN and not each.again for each in own])
    truth, weight = np.array([each.truth for each in own]), fairly(own, some)
    lines = [
        fit_line(np.stack([said.trees, said.nets[:, look]], 1)[some], truth[some], weight[some])
        for look in range(len(LOOKS_MS))
    ]
    close = some & near_ones(own)
    if not np.isfinite(said.ear[close]).all():
        return np.stack(lines), np.zeros(4)
    columns = np.stack([said.trees, said.nets[:, -1], said.ear], 1)
    return np.stack(lines), fit_line(columns[close], truth[close], weight[close])


def fit_line(columns: Floats, truth: NDArray[np.int64], weight: Floats) -> Floats:
    """(k + 1,) what each column (n, k) of log odds counts, none under nothing, and what is added: those that make the
    truth likeliest (Platt's line with more than one score; from general knowledge)."""

    def surprise(line: Floats) -> float:
        log_odds = columns @ line[:-1] + line[-1]
        return float(weight @ (np.logaddexp(0, log_odds) - truth * log_odds) + RIDGE * line[:-1] @ line[:-1])

    k = columns.shape[1]
    found = optimize.minimize(surprise, np.zeros(k + 1), method="L-BFGS-B", bounds=[(0, None)] * k + [(None, None)])
    return np.asarray(np.round(found.x, 5))


def fairly(own: Sequence[Example], some: NDArray[np.bool_]) -> Floats:
    """(n,) what each onset counts: the clips' gunshots as much as the live fire's, OTHERS times as much all others, of
    which each clip counts the same. So a city that shoots little is not told by a test range."""
    kinds = np.array([kind_of(each) for each in own])
    clips = np.array([f"{each.group} {each.name}" for each in own])
    weight = np.zeros(len(own))
    for kind in ("clip", "live"):
        here = some & (kinds == kind)
        weight[here] = 0.5 / max(here.sum(), 1)
    others = np.flatnonzero(some & (kinds == "other"))
    _, which, counts = np.unique(clips[others], return_inverse=True, return_counts=True)
    weight[others] = OTHERS / max(len(counts), 1) / counts[which]
    return weight


def recorded(examples: Sequence[Example]) -> list[Example]:
    """Those that were recorded."""
    return [each for each in examples if not each.made]


def near_ones(own: Sequence[Example]) -> NDArray[np.bool_]:
    """(n,) whether each came from near, as the judge says."""
    return np.array([is_near(each.patch.astype(np.float32)) for each in own])


def part_of(fold: str) -> str:
    """A fold's part."""
    return PARTS.get(fold, fold)


def _is_of(fold: str, name: str) -> bool:
    return fold.startswith(POSITIONS) if name == LIVE else part_of(fold) == name


def _along(said: Said, line: Floats, look: int) -> Floats:
    return np.asarray(line[0] * said.trees + line[1] * said.nets[:, look] + line[2])


def _with_ear(own: Sequence[Example], said: Said, last: Floats, line: Floats) -> Floats:
    """(n,) log odds with the wide ear, which is asked about near sounds alone; nan without one."""
    near = line[0] * said.trees + line[1] * said.nets[:, -1] + line[2] * said.ear + line[3]
    return np.where(np.isfinite(said.ear), np.where(near_ones(own), near, last), np.nan)


def _task(examples: Sequence[Example], lessons: Sequence[Lesson], name: str) -> _Task:
    rest = [e for e in examples if not _is_of(e.fold, name) and e.lesson != UNKNOWN]
    own = [e for e in recorded(examples) if _is_of(e.fold, name)]
    learnt = [each for each in lessons if not _is_of(each.fold, name)]
    return _Task(
        Table(*table(rest), np.stack([e.row for e in own])),
        np.stack([each.patch for each in learnt]),
        np.array([each.truth for each in learnt], float),
        weights(learnt),
        np.stack([e.patch for e in own]),
    )


def _listen_without(task: _Task) -> tuple[Floats, Floats]:
    """What was said before of the same task is not reckoned again."""
    from simulators.training.nets import nets_scores, train_nets  # noqa: PLC0415  (torch, which only this needs)

    place = KEPT / f"{name_of((*astuple(task.of_trees), task.patches, task.truth, task.weight, task.asked))}.npz"
    if (kept := read_said(place)) is not None:
        return kept
    nets = train_nets(task.patches, task.truth, task.weight)
    said = tree_scores(task.of_trees), nets_scores(nets, task.asked)
    with contextlib.suppress(OSError):  # where it cannot be kept it is reckoned again another time
        keep_said(place, said)
    return said
