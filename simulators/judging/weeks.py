"""Weeks of a street in which nobody fires: what its poles hear, and what they learn of it.

Impulses come as they please (a Poisson process of bouts of each kind, at the rate of the hour; a bout is of one place
and lasts BOUT_US), somewhere among the poles or MARGIN_M about them. What reaches a pole is as in
simulators/judging/nights.py: less for distance, excess and shadows, heard from SNR_DB over its noise on, and taken for
what the same sound is taken for elsewhere, normal scores that are correlated by ALIKE between poles and by SAME in a
bout. Each pole learns as firmware/linux/rarity.py does, an hour at once, and that answers. What is taken for less than
the lowest class of scores that has an edge is left out: nobody asks how rare that is.
"""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from firmware.linux.rarity import DAY_US, EDGES, FADE, HOUR_US, HOURS, MAGIC, ONE, SCORES, SPAN_US, Rarity
from simulators.judging.everyday import Half, Impulse, Kind
from simulators.judging.nights import ALIKE, EXCESS_DB_PER_M, NOISE_DB, SAME, SHADOW_DB, SNR_DB
from simulators.street.pulses import street

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

N_POLES = 6
QUARTER_US = DAY_US // HOURS
BOUT_US = 1_800_000_000
MARGIN_M, UP_M = 50.0, 1.5
THUNDER, HIGH_M = "thunder", 300.0  # at least
UNLIKE = 1.0  # sigma of the logarithm of how often things sound, between streets; chosen


@dataclass(frozen=True, slots=True)
class Street:
    """poles_m : (P, 3). noise_db : (P,). often : of each kind, against what is usual; 0 where a street has none."""

    poles_m: Floats
    noise_db: Floats
    often: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """Of n impulses: when, and what each pole takes it for, permille, -1 where it hears nothing: (n,) and (n, P)."""

    t_us: Ints
    permille: Ints


@dataclass(frozen=True, slots=True)
class Learnt:
    """Of one pole at the beginning of each quarter of a day (n, SCORES), by class of scores: the mean seconds between
    two sounds so gun-like at that hour, and the same as the wire has it."""

    between_s: Floats
    code: Ints


def street_of(rng: Generator, kinds: Sequence[Kind]) -> Street:
    """Some street where these things sound."""
    poles_m = street(rng, N_POLES)
    noise_db = rng.normal(*NOISE_DB) + rng.normal(0, 2, N_POLES)
    often = np.exp(rng.normal(-(UNLIKE**2) / 2, UNLIKE, len(kinds)))
    there = [rng.random() < kind.share if isinstance(kind, Impulse) else True for kind in kinds]
    return Street(poles_m, noise_db, tuple(float(each) for each in often * there))


def live_through(
    rng: Generator, there: Street, kinds: Sequence[Kind], half: Half, days: int, moved: float = 0.0
) -> Heard:
    """So many days from a midnight on. moved : what the log odds of everything are moved by."""
    parts = [_of_kind(rng, there, kinds[i], i, half, days, moved) for i in range(len(kinds))]
    t_us, permille = (np.concatenate([part[turn] for part in parts]) for turn in range(2))
    heard = (permille >= 0).any(axis=1)
    order = np.argsort(t_us[heard], kind="stable")
    return Heard(t_us[heard][order], permille[heard][order])


def _of_kind(
    rng: Generator, there: Street, kind: Kind, which: int, half: Half, days: int, moved: float
) -> tuple[Ints, Ints]:
    """(n,) and (n, P): times, not in order, and permilles."""
    known, per_h = half.log_odds[which] + moved, half.per_h[which] * there.often[which]
    if isinstance(kind, Impulse):
        t_us, bout = _bouts(rng, per_h, kind, days)
        return t_us, permille_of(_from_the_street(rng, there, kind, known, bout))
    told = known[permille_of(known) >= EDGES[0]]
    per_h = min(per_h * len(told) / max(len(known), 1), kind.lasts * HOUR_US / SPAN_US)  # more would count once a span
    n = rng.poisson(per_h * 24 * days * N_POLES)
    permille = np.full((n, N_POLES), -1, np.int64)
    if n:
        permille[np.arange(n), rng.integers(N_POLES, size=n)] = permille_of(rng.choice(told, n))
    return rng.integers(days * DAY_US, size=n), permille


def permille_of(log_odds: Floats) -> Ints:
    """As the wire has it; -1 for nan."""
    return np.where(np.isfinite(log_odds), np.round(1000 * expit(np.nan_to_num(log_odds))), -1).astype(np.int64)


def learn(before: Heard, after: Heard, days: tuple[int, int]) -> list[Learnt]:
    """What each pole knows in the days that follow the first ones: it learns all the while. Both begin at 0."""
    end_us = days[0] * DAY_US
    t_us, permille = np.concatenate([before.t_us, after.t_us + end_us]), np.vstack([before.permille, after.permille])
    return [_learn(t_us, permille[:, pole], days) for pole in range(N_POLES)]


def class_of(permille: Ints) -> Ints:
    """The class of scores, as Rarity has them."""
    return np.searchsorted(EDGES, permille, side="right")


def quarter_of(t_us: Ints) -> Ints:
    """Which quarter of a day, from the first on."""
    return t_us // QUARTER_US


def _bouts(rng: Generator, per_h: float, kind: Impulse, days: int) -> tuple[Ints, Ints]:
    """(n,) times, and which bout each is of."""
    n_each = rng.poisson(per_h / kind.bout * np.array(kind.hours) * QUARTER_US / HOUR_US * days)
    quarter = np.repeat(np.arange(HOURS), n_each)
    begin_us = rng.integers(days, size=len(quarter)) * DAY_US + quarter * QUARTER_US
    begin_us += rng.integers(QUARTER_US, size=len(quarter))
    bout = np.repeat(np.arange(len(quarter)), 1 + rng.poisson(kind.bout - 1, len(quarter)))
    t_us = begin_us[bout] + (rng.integers(BOUT_US, size=len(bout)) if kind.bout > 1 else 0)
    return np.minimum(t_us, days * DAY_US - 1), bout


def _from_the_street(rng: Generator, there: Street, kind: Impulse, known: Floats, bout: Ints) -> Floats:
    """(n, P) log odds at each pole, nan where it is not heard. bout : (n,) which one each is of, from 0 on."""
    n_bouts, poles_m = int(bout.max(initial=-1)) + 1, there.poles_m
    low, high = poles_m[:, :2].min(axis=0) - MARGIN_M, poles_m[:, :2].max(axis=0) + MARGIN_M
    up_m = HIGH_M if kind.sound == THUNDER else UP_M
    places_m = np.column_stack([rng.uniform(low, high, (n_bouts, 2)), np.full(n_bouts, up_m)])
    off_m = np.maximum(np.linalg.norm(places_m[:, None] - poles_m, axis=2), 1.0)
    loss_db = 20 * np.log10(off_m) + EXCESS_DB_PER_M * off_m + rng.normal(0, SHADOW_DB, off_m.shape)
    at_pole_db = rng.normal(*kind.level_db, (n_bouts, 1)) - loss_db
    own = rng.normal(size=len(bout))
    score = math.sqrt(SAME) * rng.normal(size=n_bouts)[bout] + math.sqrt(1 - SAME) * own
    told = alike(rng, score, known, N_POLES)
    return np.where((at_pole_db - there.noise_db)[bout] >= SNR_DB, told, np.nan)


def alike(rng: Generator, score: Floats, known: Floats, n_poles: int) -> Floats:
    """(n, P) what poles take sounds of these normal scores (n,) for: quantiles of what is known of such sounds, which
    is sorted."""
    own = np.sqrt(ALIKE) * score[:, None] + np.sqrt(1 - ALIKE) * rng.normal(size=(len(score), n_poles))
    return np.asarray(np.interp(ndtr(own), np.linspace(0, 1, len(known)), known), float)


def _learn(t_us: Ints, permille: Ints, days: tuple[int, int]) -> Learnt:
    n_hours, told = sum(days) * DAY_US // HOUR_US, []
    came = _by_hour(t_us, permille, n_hours)
    listened, counts = np.zeros(HOURS, np.int64), np.zeros((HOURS, SCORES), np.int64)
    for hour in range(n_hours):
        at_us = hour * HOUR_US
        if at_us % QUARTER_US == 0 and at_us >= days[0] * DAY_US:
            told.append(_table(state_of(listened, counts), at_us))
        quarter = at_us % DAY_US // QUARTER_US
        listened[quarter] += HOUR_US // SPAN_US * ONE
        counts[quarter] += came[hour] * ONE
        listened -= listened * FADE >> 16
        counts -= counts * FADE >> 16
    return Learnt(np.array([between_s for between_s, _ in told]), np.array([code for _, code in told], np.int64))


def _by_hour(t_us: Ints, permille: Ints, n_hours: int) -> Ints:
    """(n_hours, SCORES) in how many spans a pole hears something of each class at most."""
    here = permille >= 0
    spans, first = np.unique(t_us[here] // SPAN_US, return_index=True)
    most = np.maximum.reduceat(permille[here], first) if len(first) else permille[:0]
    which = spans * SPAN_US // HOUR_US * SCORES + class_of(most)
    return np.bincount(which, minlength=n_hours * SCORES).reshape(n_hours, SCORES).astype(np.int64)


def state_of(listened: Ints, counts: Ints) -> bytes:
    """What a Rarity that has heard so much would keep. listened : (HOURS,), counts : (HOURS, SCORES), as it has
    them."""
    numbers = (*listened.tolist(), *counts.ravel().tolist())
    told = MAGIC + struct.pack(f"<{len(numbers)}I", *numbers)
    return told + struct.pack("<I", crc32(told))


def _table(state: bytes, at_us: int) -> tuple[list[float], list[int]]:
    rarity, lowest = Rarity(state), (0, *EDGES)
    return [rarity.ms_between(each, at_us) / 1000 for each in lowest], [rarity.code(each, at_us) for each in lowest]
