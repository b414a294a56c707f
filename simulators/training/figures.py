"""The classifier's figures of the issue's table, of onsets that were judged by models which never heard their fold."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from dsp.hearing.classify import LIKELY
from simulators.training.ambience import ambience_figures
from simulators.training.clip_figures import clip_figures
from simulators.training.clips import APART, POSITIONS, Clip
from simulators.training.examples import GUNSHOT, OTHER, UNKNOWN
from simulators.training.folds import Judged
from simulators.training.scoreboard import Figure

N_BINS = 10
MOST_ESC10, MOST_NEGATIVES, MOST_FALSE_PER_H, MOST_ECE = 4, 4, 6.0, 0.03


def classifier_figures(clips: Sequence[Clip], judged: Sequence[Judged]) -> list[Figure]:
    """The lines of the table that are about p_gunshot."""
    return [
        *_ffsl(clips, judged),
        _false_clips(judged, "esc10", "esc10 called gunshot, clips", MOST_ESC10),
        _false_clips(judged, "freesound negatives", "freesound negatives called gunshot, clips", MOST_NEGATIVES),
        *_quiet(clips, judged),
        *ambience_figures(clips, judged),
        *_calibration(judged),
        *_recalls(judged),
        *clip_figures(judged),
    ]


def ece(judged: Sequence[Judged], look: str = "p") -> float:
    """Expected calibration error: over N_BINS equal bins of p, |mean p - share of gunshots|, weighed by count. look :
    the field of Judged."""
    p, truth = known(judged, look)
    place = np.minimum((p * N_BINS).astype(int), N_BINS - 1)
    gaps = (abs(float((p - truth)[place == index].sum())) for index in range(N_BINS))
    return sum(gaps) / max(len(p), 1)


def known(judged: Sequence[Judged], look: str = "p") -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """p and truth (1 gunshot, 0 other) of every onset whose truth is known: both (n,)."""
    kept = [each for each in judged if each.example.truth != UNKNOWN and np.isfinite(getattr(each, look))]
    return np.array([getattr(each, look) for each in kept]), np.array([each.example.truth for each in kept], float)


def wrong(judged: Sequence[Judged]) -> list[str]:
    """`group: clip (p)` of every clip of which an onset was called what it is not; live fire by its test and sensor."""
    worst: dict[str, tuple[float, float]] = {}
    for each in judged:
        error = abs(each.p - each.example.truth)
        name = f"{each.example.group}: {each.example.name}"
        if each.example.truth != UNKNOWN and called(each) != (each.example.truth == GUNSHOT):
            worst[name] = max(worst.get(name, (0.0, 0.0)), (error, each.p))
    return [f"{name} ({p:.2f})" for name, (_, p) in sorted(worst.items())]


def called(judged: Judged) -> bool:
    """Whether it is called a gunshot."""
    return judged.p >= LIKELY


def _ffsl(clips: Sequence[Clip], judged: Sequence[Judged]) -> Iterator[Figure]:
    n_clips = sum(clip.group == "ffsl gunshots" for clip in clips)
    shots = [each for each in judged if each.example.group == "ffsl gunshots" and each.example.truth == GUNSHOT]
    n_called = sum(map(called, shots))
    yield Figure("ffsl gunshots heard", f"{len(shots)} of {n_clips}", f"{n_clips}", len(shots) == n_clips)
    yield Figure("ffsl gunshots called gunshot", f"{n_called} of {n_clips}", f"{n_clips}", n_called == n_clips)


def _false_clips(judged: Sequence[Judged], group: str, what: str, most: int) -> Figure:
    false = {
        each.example.name
        for each in judged
        if each.example.group.startswith(group) and each.example.truth == OTHER and called(each)
    }
    return Figure(what, str(len(false)), f"<= {most}", len(false) <= most)


def _quiet(clips: Sequence[Clip], judged: Sequence[Judged]) -> Iterator[Figure]:
    live = [clip for clip in clips if clip.group.startswith(POSITIONS)]
    hours = sum(clip.quiet_s() for clip in live) / 3600
    spans = [each for each in judged if each.example.group.startswith(POSITIONS) and each.example.truth == OTHER]
    false = sum(map(called, spans))
    rate = false / hours if hours else 0.0
    told = f"{rate:.1f} ({false} of {len(spans)} onsets in {hours * 60:.1f} min)"
    yield Figure(
        "gun-free live fire, false gunshots an hour", told, f"<= {MOST_FALSE_PER_H:g}", rate <= MOST_FALSE_PER_H
    )


def _calibration(judged: Sequence[Judged]) -> Iterator[Figure]:
    for look, words in (("p", ""), ("first", ", first look"), ("with_ear", ", with the wide ear")):
        if known(judged, look)[0].size:
            error = ece(judged, look)
            yield Figure(f"expected calibration error{words}", f"{error:.3f}", f"<= {MOST_ECE:g}", error <= MOST_ECE)


def _recalls(judged: Sequence[Judged]) -> Iterator[Figure]:
    """Of the gunshots that were heard; and what is scored apart."""
    groups = sorted({e.example.group for e in judged if e.example.truth == GUNSHOT and "ffsl" not in e.example.group})
    for group in groups:
        shots = [each for each in judged if each.example.group == group and each.example.truth == GUNSHOT]
        yield Figure(f"{group}: heard gunshots called gunshot", f"{sum(map(called, shots))} of {len(shots)}")
    for word in APART:
        names = {each.example.name for each in judged if word in each.example.name}
        false = {each.example.name for each in judged if word in each.example.name and called(each)}
        yield Figure(f"{word.removesuffix('s')}s called gunshot, clips", f"{len(false)} of {len(names)}")
