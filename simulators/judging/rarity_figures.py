"""What rarity is worth: shots laid into weeks of streets that have none, called with and without what is rare there.

The bar of issue 13: at one false a week and pole, more of them with than without, and by how much. Live fire is laid
into streets of clips, the clips' gunshots into streets with the ambience of the live fire. docs/explanation/rarity.md
says what is assumed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gateway.incident import IS_GUNSHOT, MAY_BE_GUNSHOT
from gateway.judging.rarity import LEAST_POLES
from simulators.judging.everyday import (
    CLIPS_AMBIENCE,
    FOREST,
    LIVE_QUIET,
    STREET,
    Kind,
    Source,
    log_odds_of,
    sources,
)
from simulators.judging.live_rounds import LIVE, judged_by_strangers
from simulators.judging.rare_streets import (
    ALONE,
    BOTH,
    RARE,
    ROUND_DAYS,
    SCORE_DAYS,
    SEED,
    Scored,
    Shots,
    Task,
    at_many_poles,
    scored,
)
from simulators.judging.recalls import Marks, Recall, interval, recall
from simulators.judging.weeks import N_POLES
from simulators.recordings.parallel import in_turn
from simulators.recordings.progress import watched
from simulators.training.clip_figures import rounds_of
from simulators.training.clips import Clip, read_clips
from simulators.training.examples import GUNSHOT, grown, listen_all, recorded
from simulators.training.folds import Judged
from simulators.training.scoreboard import Figure

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

N_STREETS = 20
NEW_CITY, LOUD_CITY, DULL, DIFFER = -4.0, 2.0, -7.0, 2.0  # log odds; chosen, the first by issue 13
LIVE_FIRE, CLIPS = "live fire", "clips' gunshots"
BY = {ALONE: "by p", BOTH: "by p and rarity", RARE: "by rarity"}
WITHOUT, WITH = 0, 1
MUCH = 1.5  # false calls, for each that is borne
WEEKS, WEEKS_OF_ROUNDS = SCORE_DAYS / 7, ROUND_DAYS / 7


@dataclass(frozen=True, slots=True)
class Place:
    """moved, differs, stays : as Task has them. strange : it goes by thresholds of the place where all is as
    trained."""

    name: str
    forest: bool = False
    moved: float = 0.0
    differs: float = 0.0
    stays: bool = False
    strange: bool = True


TRAINED = Place("streets as trained", strange=False)
PLACES = (
    TRAINED,
    Place("streets that stay as they are", stays=True, strange=False),
    Place("streets that differ", differs=DIFFER, strange=False),
    Place(f"a new city ({NEW_CITY:+g})", moved=NEW_CITY),
    Place(f"a city that bangs ({LOUD_CITY:+g})", moved=LOUD_CITY),
    Place(f"a forest ({DULL:+g})", forest=True, moved=DULL),
)


def score_rarity(folder: Path, n_streets: int = N_STREETS) -> list[Figure]:
    """The table. Raises OSError or ValueError naming what is not there or cannot be read; takes as long as training
    does, each part left out."""
    clips = read_clips(folder)
    examples = listen_all(recorded(clips), "listening to what was recorded")
    examples += listen_all(grown(clips), "listening to what is made of it")
    return rarity_figures(clips, judged_by_strangers(examples), n_streets)


def rarity_figures(clips: Sequence[Clip], judged: Sequence[Judged], n_streets: int = N_STREETS) -> list[Figure]:
    """judged : every recorded onset, by voices that never heard its part. The wide ear's word counts where there is
    one. ValueError where no gunshot of either kind, or too little else, was heard."""
    told = [each if np.isnan(each.with_ear) else replace(each, p=each.with_ear) for each in judged]
    if len({each.example.group.startswith(LIVE) for each in told if each.example.truth == GUNSHOT}) < 2:
        raise ValueError("gunshots of live fire and of clips must be heard in it: at least one is not there")
    known, figures = sources(clips, told), list[Figure]()
    for shots, ambience in ((_live(clips, told), CLIPS_AMBIENCE), (_of_clips(told), LIVE_QUIET)):
        lived = {place: _lived(place, shots, ambience, known, n_streets) for place in PLACES}
        for place, here in lived.items():
            figures += _of_place(f"{shots.name}, {place.name}", here, lived[TRAINED] if place.strange else here)
    return figures


@dataclass(frozen=True, slots=True)
class Lived:
    """The streets of a place, and the shots that were laid into each."""

    streets: tuple[Scored, ...]
    shots: Shots

    def of_poles(self, by: int) -> Marks:
        """By one of BY. A week of each pole bears a false one."""
        others = tuple(each.others[:, by] for each in self.streets)
        return Marks(others, np.stack([each.shots[:, by] for each in self.streets]), self.shots.of, WEEKS * N_POLES)

    def of_rounds(self, which: int) -> Marks:
        """By the third look WITHOUT rarity or WITH it. A week of each street bears a false one."""
        others = tuple(each.other_rounds[:, which] for each in self.streets)
        shots = np.stack([each.shot_rounds[:, which] for each in self.streets])
        return Marks(others, shots, self.shots.of_round, WEEKS_OF_ROUNDS)


def _lived(place: Place, shots: Shots, ambience: tuple[Kind, ...], known: Sequence[Source], n_streets: int) -> Lived:
    kinds = FOREST if place.forest else (*STREET, *ambience)
    here = tuple(each for each in known if any(each.group in kind.groups for kind in kinds))
    tasks = [Task(kinds, here, shots, place.moved, place.differs, place.stays, seed) for seed in range(n_streets)]
    streets = watched(in_turn(scored, tasks), len(tasks), f"{shots.name}, {place.name}")
    return Lived(tuple(streets), shots)


def _live(clips: Sequence[Clip], judged: Sequence[Judged]) -> Shots:
    """Of the live fire every onset counts, and each round by its own microphones."""
    mine = [each for each in judged if each.example.group.startswith(LIVE) and each.example.truth == GUNSHOT]
    tests = [f"{each.example.group} {each.example.name.split()[0]}" for each in mine]
    many = {key: ps for key, ps in rounds_of(clips, mine).items() if len(ps) >= LEAST_POLES}
    rounds = tuple(np.array([log_odds_of(p) for p in ps]) for ps in many.values())
    number = {test: i for i, test in enumerate(sorted(set(tests)))}
    of_round = np.array([number[f"{group} {test}"] for group, test, _ in many], np.int64)
    log_odds = np.array([log_odds_of(each.p) for each in mine])
    return Shots(LIVE_FIRE, log_odds, np.array([number[test] for test in tests], np.int64), rounds, of_round)


def _of_clips(judged: Sequence[Judged]) -> Shots:
    """A clip counts by its largest p; what six poles would take it for is drawn."""
    largest: dict[tuple[str, str], float] = {}
    for each in judged:
        key = each.example.group, each.example.name
        if each.example.truth == GUNSHOT and not each.example.group.startswith(LIVE):
            largest[key] = max(largest.get(key, 0.0), each.p)
    log_odds, of = np.array([log_odds_of(p) for p in largest.values()]), np.arange(len(largest))
    return Shots(CLIPS, log_odds, of, tuple(at_many_poles(np.random.default_rng(SEED), log_odds)), of)


def _of_place(what: str, lived: Lived, learnt: Lived) -> Iterator[Figure]:
    """What a pole calls, then what the third look makes of what four poles or more heard, without levels. learnt : the
    place that thresholds are from: there they let one false a week and pole, or street, pass."""
    poles = {by: recall(lived.of_poles(by), learnt.of_poles(by)) for by in BY}
    for by, told in poles.items():
        yield Figure(f"{what}, a pole {BY[by]}", _words(told, lived is learnt, "a week and pole"))
    yield from _gain(f"{what}, a pole: with less without", poles[ALONE], poles[BOTH])
    rounds = {which: recall(lived.of_rounds(which), learnt.of_rounds(which)) for which in (WITHOUT, WITH)}
    for which, words in ((WITHOUT, "without"), (WITH, "with")):
        share = _words(rounds[which], lived is learnt, "a week")
        yield Figure(f"{what}, a round {words}", "; ".join([share, *_called(lived.of_rounds(which))]))
    yield from _gain(f"{what}, a round: with less without", rounds[WITHOUT], rounds[WITH])


def _words(told: Recall, at_home: bool, per: str) -> str:
    words = f"{told.share:.2f} {interval(told.drawn)}"
    return words if at_home else f"{words} at {told.false:.2g} false {per}"


def _gain(what: str, without: Recall, with_it: Recall) -> Iterator[Figure]:
    """Where p alone floods nobody: what it finds in a flood is no match."""
    if without.false <= max(MUCH, with_it.false):
        gain = with_it.share - without.share
        yield Figure(what, f"{gain:+.2f} {interval(with_it.drawn - without.drawn, '+')}", "> 0", gain > 0)


def _called(rounds: Marks) -> Iterator[str]:
    """By the words of the third look."""
    false, weeks = np.concatenate(rounds.others), WEEKS_OF_ROUNDS * len(rounds.others)
    for kind, least in (("gunshot", IS_GUNSHOT), ("possible or gunshot", MAY_BE_GUNSHOT)):
        share, a_week = float((rounds.shots >= least).mean()), float((false >= least).sum()) / weeks
        yield f"{kind} {share:.2f}, {a_week:.2g} false a week"
