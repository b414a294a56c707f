"""The board's line beside the other voices: the same figures, in few lines, of what a board hears in the recordings."""

from collections.abc import Iterator, Sequence

import numpy as np

from dsp.hearing.classify import LIKELY
from simulators.training.clip_figures import auc, is_impulsive, largest_of_clips, share
from simulators.training.clips import MORE, NEGATIVES, POSITIONS
from simulators.training.examples import GUNSHOT, OTHER
from simulators.training.figures import ece
from simulators.training.folds import Judged
from simulators.training.scoreboard import Figure

KINDS = ("esc10", NEGATIVES, MORE)


def board_figures(judged: Sequence[Judged], strange: Sequence[Judged]) -> list[Figure]:
    """judged : by lines that never heard the part. strange : the live fire by a line that never heard any."""
    found = [*_of_clips(judged), *_of_live(judged, strange)]
    return [*found, Figure("board: expected calibration error", f"{ece(judged):.3f}")] if found else []


def _of_clips(judged: Sequence[Judged]) -> Iterator[Figure]:
    most = largest_of_clips(judged, lambda each: each.p)
    guns = np.array([p for (_, _, truth), p in most.items() if truth == GUNSHOT])
    others = {(group, name): p for (group, name, truth), p in most.items() if truth == OTHER}
    near = np.array([p for (group, _), p in others.items() if is_impulsive(group)])
    if not len(guns) or not len(near):
        return
    every = np.array([*others.values()])
    areas = f"{auc(guns, every):.3f}; {auc(guns, near):.3f}"
    yield Figure("board: clips, area under the curve; against impulsive ones", areas)
    for false in (0.01, 0.05):
        yield Figure(f"board: clips, recall at {false:.0%} false", share(guns > float(np.quantile(every, 1 - false))))
    yield Figure("board: clips, gunshots called gunshot", share(guns >= LIKELY))
    told = [[p >= LIKELY for (group, _), p in others.items() if group.startswith(kind)] for kind in KINDS]
    said = ", ".join(f"{kind} {sum(some)} of {len(some)}" for kind, some in zip(KINDS, told, strict=True))
    yield Figure("board: other clips called gunshot", said)


def _of_live(judged: Sequence[Judged], strange: Sequence[Judged]) -> Iterator[Figure]:
    shots = [e for e in judged if e.example.fold.startswith(POSITIONS) and e.example.truth == GUNSHOT]
    for fold in sorted({each.example.fold for each in shots}):
        own = [each.p >= LIKELY for each in shots if each.example.fold == fold]
        yield Figure(f"board: {fold}, heard gunshots called gunshot", f"{sum(own)} of {len(own)}")
    far = [each.p >= LIKELY for each in strange if each.example.truth == GUNSHOT]
    if far:
        yield Figure("board: all live fire left out, onsets called gunshot", share(np.array(far)))
