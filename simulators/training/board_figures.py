"""The board's line beside the other voices: the same figures, in few lines, of what a board hears in the recordings."""

from collections.abc import Iterator, Sequence

import numpy as np

from dsp.hearing.classify import LIKELY
from simulators.training.clip_figures import largest_of_clips, of_clips, share
from simulators.training.clips import MORE, NEGATIVES, POSITIONS
from simulators.training.examples import GUNSHOT, OTHER
from simulators.training.figures import ece
from simulators.training.folds import Judged
from simulators.training.scoreboard import Figure

KINDS = ("esc10", NEGATIVES, MORE)


def board_figures(judged: Sequence[Judged], strange: Sequence[Judged]) -> list[Figure]:
    """judged : by lines that never heard the part. strange : the live fire by a line that never heard any."""
    clips = [*of_clips(judged, "board", lambda each: each.p)]
    found = [*clips, *(_others(judged) if clips else ()), *_of_live(judged, strange)]
    return [*found, Figure("board: expected calibration error", f"{ece(judged):.3f}")] if found else []


def _others(judged: Sequence[Judged]) -> Iterator[Figure]:
    most = largest_of_clips(judged, lambda each: each.p)
    others = [(group, p) for (group, _, truth), p in most.items() if truth == OTHER]
    told = [[p >= LIKELY for group, p in others if group.startswith(kind)] for kind in KINDS]
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
