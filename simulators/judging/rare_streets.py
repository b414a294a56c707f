"""Streets in which shots are laid into what is usual there: what a pole, and the third look, make of both, by p alone
and with what is rare there.

For LEARN_DAYS a street sounds like one half of the recordings, in the SCORE_DAYS that follow like the other half: as
if it had changed overnight. The poles learn all the while, as they do; each sound is weighed by what was learnt before
its quarter of a day. Every shot is laid once into every street, at some time and some pole, and is not learnt.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from scipy.special import logit, ndtri

from dsp.placing.fix import Fix
from gateway.incident import Arrival, Round
from gateway.judging.agreement import agreement
from gateway.judging.rarity import LEAST_POLES, rare
from gateway.judging.third_look import Facts, third_look
from gateway.judging.weights import WEIGHTS
from simulators.judging.everyday import LEAST_P, Kind, Source, halves
from simulators.judging.weeks import (
    N_POLES,
    Floats,
    Heard,
    Ints,
    Learnt,
    alike,
    class_of,
    learn,
    live_through,
    permille_of,
    quarter_of,
    street_of,
)
from simulators.recordings.background import TRUST

SEED = 20261129
LEARN_DAYS, SCORE_DAYS, ROUND_DAYS = 28, 14, 7
KEPT = 20_000
"""Of a street's false calls those that are most like a gunshot: where more of them pass a bar they are told as so many,
1667 a week and pole. Where one false call a week is asked for that is far off."""
DAY_US = 86_400_000_000
OFF_M = 100.0  # of every pole of a round: what is near weighs more, and nobody knows here who is
ALONE, BOTH, RARE = range(3)
"""What a pole goes by: p; p and rarity as `detect --background` has them; rarity, and p among equals."""


@dataclass(frozen=True, slots=True)
class Shots:
    """Gunshots by voices that never heard their part. log_odds : (n,) of every onset, of : (n,) which test or clip it
    is of. rounds : log odds at each pole, of those that enough poles heard: a street has N_POLES, and of a round that
    more heard (none of the live fire's did) it takes the first; of_round : which test or clip."""

    name: str
    log_odds: Floats
    of: Ints
    rounds: tuple[Floats, ...]
    of_round: Ints


@dataclass(frozen=True, slots=True)
class Task:
    """One street of a place. moved : what everything is moved by there, log odds; differs : the sigma of that between
    streets. stays : it goes on to sound like the half of the recordings that it was learnt from."""

    kinds: tuple[Kind, ...]
    sources: tuple[Source, ...]
    shots: Shots
    moved: float
    differs: float
    stays: bool
    seed: int


@dataclass(frozen=True, slots=True)
class Scored:
    """By what a pole may go by: others (m, 3), each column sorted, of all that poles heard in SCORE_DAYS, and shots
    (n, 3). By the third look's p, without rarity and with it: other_rounds (k, 2) of the first ROUND_DAYS, and
    shot_rounds (r, 2)."""

    others: Floats
    shots: Floats
    other_rounds: Floats
    shot_rounds: Floats


def scored(task: Task) -> Scored:
    """A street, learnt and lived in."""
    rng = np.random.default_rng((SEED, task.seed))
    there = street_of(rng, task.kinds)
    first, second = halves(rng, task.sources, task.kinds)
    moved = task.moved + task.differs * float(rng.normal())
    before = live_through(rng, there, task.kinds, first, LEARN_DAYS, moved)
    others = live_through(rng, there, task.kinds, first if task.stays else second, SCORE_DAYS, moved)
    poles = learn(before, others, (LEARN_DAYS, SCORE_DAYS))
    heard = [_by_pole(poles[i], others.t_us, others.permille[:, i]) for i in range(N_POLES)]
    shots, rounds = task.shots, _rounds(rng, task.shots, moved)
    return Scored(
        np.sort(np.concatenate(heard), axis=0)[-KEPT:],
        _laid_in(rng, poles, permille_of(shots.log_odds + moved)),
        _by_third_look(poles, _of_many(others)),
        _by_third_look(poles, rounds),
    )


def _by_pole(pole: Learnt, t_us: Ints, permille: Ints) -> Floats:
    """(m, 3) of what this pole hears."""
    here = permille >= 0
    return _marks(pole, quarter_of(t_us[here]), permille[here])


def _marks(pole: Learnt, quarter: Ints, permille: Ints) -> Floats:
    p = np.clip(permille / 1000, LEAST_P, 1 - LEAST_P)
    log_odds = logit(p)
    rarity = np.log(pole.between_s[quarter, class_of(permille)])
    return np.column_stack([log_odds, TRUST * log_odds + rarity, rarity + 1e-3 * log_odds])


def _laid_in(rng: Generator, poles: Sequence[Learnt], permille: Ints) -> Floats:
    which, quarter = rng.integers(len(poles), size=len(permille)), rng.integers(4 * SCORE_DAYS, size=len(permille))
    told = np.empty((len(permille), 3))
    for i, pole in enumerate(poles):
        told[which == i] = _marks(pole, quarter[which == i], permille[which == i])
    return told


def _of_many(heard: Heard) -> Heard:
    """What enough poles hear for a round."""
    many = ((heard.permille >= 0).sum(axis=1) >= LEAST_POLES) & (heard.t_us < ROUND_DAYS * DAY_US)
    return Heard(heard.t_us[many], heard.permille[many])


def _rounds(rng: Generator, shots: Shots, moved: float) -> Heard:
    """Each round at some poles, at some hour."""
    log_odds = np.full((len(shots.rounds), N_POLES), np.nan)
    for i, heard in enumerate(shots.rounds):
        log_odds[i, rng.permutation(N_POLES)[: len(heard)]] = heard[:N_POLES] + moved
    return Heard(rng.integers(SCORE_DAYS * DAY_US, size=len(log_odds)), permille_of(log_odds))


def at_many_poles(rng: Generator, log_odds: Floats) -> list[Floats]:
    """What six poles take each of these sounds for, of which one recording each is known."""
    rank = (np.argsort(np.argsort(log_odds)) + 0.5) / len(log_odds)
    return list(alike(rng, ndtri(rank), np.sort(log_odds), N_POLES))


def _by_third_look(poles: Sequence[Learnt], heard: Heard) -> Floats:
    """(k, 2) p of each round, without rarity and with it; levels are not known."""
    quarter, kind = quarter_of(heard.t_us), class_of(heard.permille)
    codes = np.stack([pole.code[quarter, kind[:, i]] for i, pole in enumerate(poles)], axis=1)
    told = [_third(permille, code) for permille, code in zip(heard.permille, codes, strict=True)]
    return np.reshape(told, (len(told), 2))


def _third(permille: Ints, codes: Ints) -> tuple[float, float]:
    turn = 2 * np.pi / N_POLES
    arrivals = tuple(
        Arrival(
            str(i),
            (float(OFF_M * np.cos(i * turn)), float(OFF_M * np.sin(i * turn)), 0.0),
            0,
            1,
            p_gunshot=float(permille[i]) / 1000,
            rarity=int(codes[i]),
        )
        for i in np.flatnonzero(permille >= 0)
    )
    shot = Round(Fix((0.0, 0.0, 0.0), 0, np.eye(2), np.zeros(len(arrivals)), 0.0), arrivals, "C")
    agreed = agreement(shot)
    without, with_it = (third_look(Facts(agreed, rare=each), WEIGHTS) for each in (None, rare(arrivals)))
    return without.p_gunshot or 0.0, with_it.p_gunshot or 0.0
