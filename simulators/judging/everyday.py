"""What poles hear by day and by night that is no gun: how often, when, how loud, and what a detector that never heard
it makes of it.

Two kinds of things. An Impulse is made somewhere in the street, and each pole that is near enough hears it (levels of
simulators/judging/sounds.py). What is Lasting (rain, engines, the street itself) each pole hears for itself: onsets of
its recordings, as many an hour as these have. A street has recordings of LEAST_H or more of each.

No survey of how often a street bangs is known to us: rates, hours and shares are CHOSEN, for a street of six poles in
which people live. Streets differ (simulators/judging/weeks.py), so what is measured on many of them hangs less on any
one number. Some minutes of ambience do not tell what comes once a week: that much is left to the impulses.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import special

from simulators.judging.sounds import SOUNDS
from simulators.training.clips import Clip
from simulators.training.examples import OTHER
from simulators.training.folds import Judged

Floats = NDArray[np.float64]

LEAST_P = 5e-4  # what a permille of 0 stands for
LEVEL_DB = {sound.name: sound.level_db for sound in SOUNDS}
LEAST_H = 1 / 60  # chosen
EVEN, BY_DAY, AT_WORK, OUT = (1.0, 1.0, 1.0, 1.0), (0.3, 1.2, 1.4, 1.1), (0.0, 2.0, 2.0, 0.0), (0.4, 1.0, 1.0, 1.6)
"""How much of a rate there is from 0 to 6, 6 to 12, 12 to 18 and 18 to 24 h."""


@dataclass(frozen=True, slots=True)
class Impulse:
    """sound : of SOUNDS, whose level it has. groups : the recordings of it. per_h : in a street and hour, over the day.
    share : of streets that have it at all. bout : so many come together, from one place, the mean."""

    sound: str
    groups: tuple[str, ...]
    per_h: float
    hours: tuple[float, float, float, float] = BY_DAY
    share: float = 1.0
    bout: float = 1.0

    @property
    def level_db(self) -> tuple[float, float]:
        """Mean and sigma at 1 m."""
        return LEVEL_DB[self.sound]


@dataclass(frozen=True, slots=True)
class Lasting:
    """lasts : the share of time."""

    groups: tuple[str, ...]
    lasts: float


Kind = Impulse | Lasting

STREET: tuple[Kind, ...] = (
    Impulse("car door", ("more car_door",), 4.0, OUT),
    Impulse("door slam", ("more door",), 2.0),
    Impulse("dog", ("more dog", "esc10 dog bark"), 3.0, OUT, bout=5.0),
    Impulse("sneeze, shout", ("esc10 person sneeze", "esc10 baby cry", "more clapping"), 2.0, OUT),
    Impulse("impact on metal", ("more impact_metal", "more dumpster", "more bell"), 1.0),
    Impulse("impact on wood", ("more impact_wood",), 1.0),
    Impulse("impact on stone", ("more impact_stone", "more footsteps"), 0.3),
    Impulse("glass", ("more glass",), 0.1, OUT),
    Impulse("hammer", ("more hammer", "more tools"), 0.2),
    Impulse("balloon, bag", ("more impact_other", "more balloon_pop"), 0.05, OUT),
    Impulse("backfire", ("more impact_other", "freesound negatives"), 0.05, OUT),
    Impulse("hammering", ("more tools", "more hammer"), 20.0, AT_WORK, 0.25, bout=20.0),
    Impulse("breaker", ("more jackhammer",), 5.0, AT_WORK, 0.1, bout=20.0),
    Impulse("thunder", ("more thunder", "more thunder_rain"), 0.06, EVEN, bout=20.0),
)
CLIPS_AMBIENCE: tuple[Kind, ...] = (
    Lasting(("more ambience", "more ambience_city"), 1.0),
    Lasting(("more engine",), 0.2),
    Lasting(("more rain", "esc10 rain"), 0.08),
    Lasting(("more aircraft", "more helicopter", "esc10 helicopter"), 0.03),
    Lasting(("more train",), 0.02),
)
LIVE_QUIET: tuple[Kind, ...] = (Lasting(("FP1", "FP2", "FP5", "FP7"), 1.0),)
FOREST: tuple[Kind, ...] = (
    Impulse("dog", ("more dog", "esc10 dog bark"), 0.3, bout=5.0),
    Impulse("impact on wood", ("more impact_wood",), 1.0, EVEN),
    Impulse("impact on stone", ("more impact_stone",), 0.1),
    Impulse("thunder", ("more thunder", "more thunder_rain"), 0.06, EVEN, bout=20.0),
    Lasting(("more ambience",), 1.0),
    Lasting(("esc10 sea waves", "esc10 fire crackling"), 0.1),  # for wind in leaves, and twigs
    Lasting(("more rain", "esc10 rain"), 0.08),
    Lasting(("more aircraft", "more helicopter", "esc10 helicopter"), 0.03),
)


PLACES = (STREET, CLIPS_AMBIENCE, LIVE_QUIET, FOREST)


@dataclass(frozen=True, slots=True)
class Source:
    """A recording. log_odds : (n,) of its onsets that are no gunshots, by voices that never heard its part. hours : of
    sound without a gun."""

    group: str
    fold: str
    log_odds: Floats
    hours: float


@dataclass(frozen=True, slots=True)
class Half:
    """Of each kind that a place has: what this half of the recordings is taken for, sorted; and how many an hour."""

    log_odds: tuple[Floats, ...]
    per_h: tuple[float, ...]


def sources(clips: Sequence[Clip], judged: Iterable[Judged]) -> list[Source]:
    """Every recording of a group that some place has."""
    onsets: dict[tuple[str, str], list[float]] = defaultdict(list)
    for each in judged:
        if each.example.truth == OTHER:
            onsets[each.example.group, each.example.name].append(log_odds_of(each.p))
    used = {group for place in PLACES for kind in place for group in kind.groups}
    return [
        Source(clip.group, clip.fold, np.array(onsets[clip.group, clip.name]), clip.quiet_s() / 3600)
        for clip in clips
        if clip.group in used
    ]


def log_odds_of(p: float) -> float:
    """Of a probability, as near to 0 or 1 as the wire's permille can tell."""
    return float(special.logit(min(max(p, LEAST_P), 1 - LEAST_P)))


def halves(rng: Generator, known: Sequence[Source], kinds: Sequence[Kind]) -> tuple[Half, Half]:
    """The recordings parted in two, by what is left out together; where all of a kind are of one such part, one by one.
    Nothing that is in one half is in the other. ValueError for a kind of which no two recordings are heard."""
    folds = sorted({each.fold for each in known})
    first = {folds[i] for i in rng.permutation(len(folds))[: len(folds) // 2]}
    parted = [_parted(rng, [each for each in known if each.group in kind.groups], first) for kind in kinds]
    one, other = (
        [_of_kind(rng, kind, both[turn]) for kind, both in zip(kinds, parted, strict=True)] for turn in range(2)
    )
    return _half(one), _half(other)


def _half(of_kinds: Sequence[tuple[Floats, float]]) -> Half:
    return Half(tuple(log_odds for log_odds, _ in of_kinds), tuple(per_h for _, per_h in of_kinds))


def _parted(rng: Generator, some: Sequence[Source], first: set[str]) -> tuple[list[Source], list[Source]]:
    """Something is heard in each."""
    heard = [each for each in some if len(each.log_odds)]
    if len(heard) < 2:
        raise ValueError(f"of {sorted({each.group for each in some})} fewer than two recordings are heard")
    if len({each.fold in first for each in heard}) == 2:
        return [each for each in some if each.fold in first], [each for each in some if each.fold not in first]
    silent = [each for each in some if not len(each.log_odds)]
    one, other = ([some[i] for i in rng.permutation(len(some))] for some in (heard, silent))
    mixed = [*one, *other]
    return mixed[::2], mixed[1::2]


def _of_kind(rng: Generator, kind: Kind, some: Sequence[Source]) -> tuple[Floats, float]:
    """Log odds, sorted, and how many an hour. Of an impulse the likeliest onset of each recording counts."""
    if isinstance(kind, Impulse):
        return np.sort([each.log_odds.max() for each in some if len(each.log_odds)]), kind.per_h
    taken: list[Source] = []
    for i in rng.permutation(len(some)):
        if sum(each.hours for each in taken) < LEAST_H:
            taken.append(some[i])
    hours = sum(each.hours for each in taken)
    log_odds = np.sort(np.concatenate([each.log_odds for each in taken]))
    return log_odds, kind.lasts * len(log_odds) / hours if hours else 0.0
