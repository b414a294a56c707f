"""How often lasting sounds without a gun are called a gunshot: rain, waves, engines, streets, all that there is of
it."""

from collections.abc import Iterator, Sequence

import numpy as np
from scipy import stats

from dsp.hearing.classify import LIKELY
from simulators.training.clips import POSITIONS, Clip
from simulators.training.examples import OTHER
from simulators.training.folds import Judged
from simulators.training.net_lessons import is_lasting
from simulators.training.scoreboard import Figure

LASTING_ESC = ("rain", "sea waves", "helicopter")


def ambience_figures(clips: Sequence[Clip], judged: Sequence[Judged]) -> Iterator[Figure]:
    """False gunshots a node and hour, with the interval that holds the true rate at 95 % (Poisson, by the chi-square
    distribution: Garwood 1936; from general knowledge), and in how many minutes."""
    groups = {clip.group for clip in clips if _is_ambience(clip.group)}
    hours = sum(clip.quiet_s() for clip in clips if clip.group in groups) / 3600
    if not hours:
        return
    here = [e for e in judged if e.example.group in groups and e.example.truth == OTHER]
    for words, picked in (("", [e.p for e in here]), (", with the wide ear", [e.with_ear for e in here])):
        if np.isfinite(picked).all():
            yield Figure(
                f"ambience{words}: false gunshots a node and hour", _rate(sum(p >= LIKELY for p in picked), hours)
            )


def _is_ambience(group: str) -> bool:
    return group.startswith(POSITIONS) or is_lasting(group) or group.removeprefix("esc10 ") in LASTING_ESC


def _rate(n: int, hours: float) -> str:
    low = float(stats.chi2.ppf(0.025, 2 * n)) / 2 if n else 0.0
    high = float(stats.chi2.ppf(0.975, 2 * n + 2)) / 2
    return f"{n / hours:.1f} ({low / hours:.1f} to {high / hours:.1f}; {n} in {60 * hours:.0f} min)"
