"""What speaks for a shot at a place and a time: the arrivals that fit, how well, how loud, and who stayed silent.

The score of a hypothesis (place, emission time) is a log-likelihood ratio, in nats, of the arrivals under "a shot was
fired there" against "clutter and echoes only":

    sum over poles that heard it  [ ln f(residual) - ln(clutter(SNR)) + ln P(heard) + ln g(level) + direct ]
  + sum over poles that did not   [ ln (1 - P(heard)) ]

clutter is the rate of impulses of other causes that the pole was measured to have of late (gateway/placing/clutter.py).

f      time: how first arrivals spread about the straight path (dsp/placing/lateness.py).
g      level: source level is the median of level + 20 log10(distance) + excess loss over the poles that heard it;
       streets shadow and focus by several decibels, so this is a wide normal, cut off at three sigma.
heard  P rises with how far the expected level stands over the pole's noise.
direct a first arrival comes after silence: an arrival shortly behind another one on the same pole, a louder one above
       all, is more likely its echo, and is worth less.

The sums run over the NEAR poles nearest to the place: what speaks for or against a shot is heard there first. Where
nodes do not report levels, the terms that need them are left out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dsp.air import Air, travel_s
from dsp.placing.lateness import PATH, Path, log_density
from gateway.incident import Arrival
from gateway.placing.acoustics import Acoustics
from gateway.placing.poles import Poles

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NEAR = 48
HEARD = (0.05, 0.85)  # nobody hears everything, nor nothing
DEAF_S = (0.060, 0.020)  # a pole that reports another sound this much before, or after, may have missed it for that
DEAF_NATS = -0.5
NOISE_DB = 50.0  # taken where nobody told: a quiet street at night (live fire: 45 to 65 dB SPL)
LEAST_SPL_DB = 20.0  # as gateway/judging/source_level.py has it
RARE_DB = (12.0, 8.0)  # clutter is as frequent as `clutter_per_s` at this SNR, and e times rarer for this much more
ECHO_DB = (-14.0, 1.0)  # what came before is this much louder: surely no cause of an echo ... as likely as can be
ECHO_FADES_DB = 12.0  # and counts for this much less by the end of `echo_us`
LEAST_POLES = 4
QUIETER = 0.9  # of the poles near: those that tell how much clutter there is
SIGMA_S = (1e-6, 10.0)  # stated sigmas are held to this


@dataclass(frozen=True, slots=True)
class Weighed:
    """k hypotheses weighed: scores (k,) in nats, -inf under four poles; the poles near each (k, K); of each of these
    the arrival that fits, or -1 (k, K), how late it is in seconds (k, K), and what it adds to the score (k, K)."""

    score: Floats
    poles: Ints
    match: Ints
    late_s: Floats
    gain: Floats


class Evidence:
    """A batch of arrivals against the poles, ready to weigh hypotheses. `arrivals` : in order of pole and time.

    clutter_per_s : (P,) what each pole was measured to hear of other impulses; none is taken to hear less than
    `acoustics.clutter_per_s`. until_us : a pole that is to hear it only later is not silent yet.
    """

    def __init__(
        self,
        arrivals: Sequence[Arrival],
        poles: Poles,
        air: Air,
        acoustics: Acoustics,
        clutter_per_s: ArrayLike = 0.0,
        until_us: float = np.inf,
    ) -> None:
        self.arrivals = sorted(arrivals, key=lambda a: (poles.number[a.node], a.t_us))
        self.poles, self.air, self.acoustics = poles, air, acoustics
        self.pole = np.array([poles.number[a.node] for a in self.arrivals], np.int64)
        self.t_us = np.array([a.t_us for a in self.arrivals], np.int64)
        self.zero_us = int(self.t_us.min()) if len(self.t_us) else 0
        self.t_s = (self.t_us - self.zero_us) / 1e6
        self._until_s = (until_us - self.zero_us) / 1e6
        self.sigma_s = np.clip(np.array([a.sigma_us / 1e6 for a in self.arrivals]), *SIGMA_S)
        self.level_db = _levels(self.arrivals)
        self.snr_db = np.array([np.nan if a.snr_db is None else a.snr_db for a in self.arrivals], float)
        self.row = self._row()
        self.table = self._table()
        self._noise_db = self._noise()
        self._heard_db = self._least_heard()
        self.direct = self._direct()
        weaker = (np.nan_to_num(self.snr_db, nan=RARE_DB[0]) - RARE_DB[0]) / RARE_DB[1]
        measured = np.broadcast_to(np.asarray(clutter_per_s, float), len(poles.names))
        self._clutter_per_s = np.maximum(measured, acoustics.clutter_per_s)
        self.worth = self.direct + np.clip(weaker, -1.5, 0.0) - np.log(self._clutter_per_s)[self.pole]

    def weigh(
        self, place_m: Floats, emitted_s: Floats, cost: Floats, path: Path = PATH, blur_s: float = 0.0
    ) -> Weighed:
        """Weigh shots fired at places (k, 3) at times (k,).

        cost : (n,) nats that each arrival costs: 0 where it is free, what it is worth to the round that has it now,
        infinite where it is not to be had. path : how arrivals may be late, for each hypothesis (fields (k,)) or for
        all. blur_s : one sigma of how far off the hypotheses themselves may be.
        """
        poles = self.poles.near(place_m, NEAR)
        paths = self.poles.xyz_m[poles] - place_m[:, None]
        distance_m = np.sqrt(np.maximum(np.einsum("kpi,kpi->kp", paths, paths), 1.0))
        due_s = emitted_s[:, None] + travel_s(self.air, paths)
        match, late_s, nats, deaf = self._best_of_each_pole(poles, due_s, cost, path, blur_s)
        match[distance_m > self.acoustics.hearing_m] = -1
        heard, silent = self._loudness_nats(poles, match, distance_m)
        silent = np.where(deaf, np.maximum(silent, DEAF_NATS), np.where(due_s <= self._until_s, silent, 0.0))
        gain = np.where(match >= 0, nats + heard - silent, 0.0)
        there = gain > 0
        match, gain = np.where(there, match, -1), np.where(there, gain, 0.0)
        score = np.where(there.sum(axis=1) >= LEAST_POLES, (gain + silent).sum(axis=1), -np.inf)
        return Weighed(score, poles, match, late_s, gain)

    def chance_nats(self, place_m: Floats) -> float:
        """What a round at a place (3,) must score more than on a street with little clutter, for what the poles near
        make by chance: nothing where they hear no more than is taken for granted, `acoustics.crowd_nats` at most. The
        loudest tenth of the poles, one at least, is not asked: who floods with a stolen key must not hide what the
        others heard."""
        rates = np.sort(self._clutter_per_s[self.poles.near_one(place_m, NEAR)])
        rates = rates[: max(int(QUIETER * len(rates)), 1)]
        usual = self.acoustics.clutter_per_s
        return self.acoustics.crowd_nats * (1 - usual / max(float(np.mean(rates)), usual)) if len(rates) else 0.0

    def near(self, place_m: Floats) -> Ints:
        """Numbers of the arrivals of the poles near a place (3,)."""
        rows = self.table[self.row[self.poles.near_one(place_m, NEAR)]]
        return np.asarray(rows[rows >= 0])

    def too_far(self, place_m: Floats) -> Bools:
        """(n,) arrivals of poles that are not among the NEAR ones of a place (3,), though they may hear it."""
        off_m = self.poles.xyz_m[self.pole, :2] - place_m[:2]
        heard = np.einsum("ni,ni->n", off_m, off_m) <= self.acoustics.hearing_m**2
        asked = np.zeros(len(self.poles.names), bool)
        asked[self.poles.near_one(place_m, NEAR)] = True
        return np.asarray(heard & ~asked[self.pole])

    def emitted_s(self, place_m: Floats, which: Ints) -> Floats:
        """(m,) when these arrivals were emitted, had they come straight from this place (3,)."""
        return np.asarray(self.t_s[which] - travel_s(self.air, self.poles.xyz_m[self.pole[which]] - place_m))

    def expected_to_hear(self, place_m: Floats, emitted_s: float, weighed: Weighed, one: int) -> Floats:
        """(K,) probability that each pole near hears what these arrivals say was fired; 1/2 where levels are untold, 0
        where it is to hear it only later."""
        poles, match = weighed.poles[one : one + 1], weighed.match[one : one + 1]
        paths_m = self.poles.xyz_m[poles] - place_m
        heard = self._heard(poles, match, np.maximum(np.linalg.norm(paths_m, axis=-1), 1.0))[0]
        return np.asarray(np.where(emitted_s + travel_s(self.air, paths_m) <= self._until_s, heard, 0.0)[0])

    def _row(self) -> Ints:
        """(P,) row of each pole in the table; the last row, which is empty, for those that are silent."""
        row = np.full(len(self.poles.names), -1, np.int64)
        told = np.unique(self.pole)
        row[told] = np.arange(len(told))
        return row

    def _table(self) -> Ints:
        """(poles that told + 1, A) numbers of the arrivals of a pole in order of time, then -1."""
        starts = np.flatnonzero(np.diff(self.pole, prepend=-1))
        counts = np.diff(starts, append=len(self.pole))
        table = np.full((len(starts) + 1, max(counts, default=1)), -1, np.int64)
        rank = np.arange(len(self.pole)) - np.repeat(starts, counts)
        table[np.repeat(np.arange(len(starts)), counts), rank] = np.arange(len(self.pole))
        return table

    def _best_of_each_pole(
        self, poles: Ints, due_s: Floats, cost: Floats, path: Path, blur_s: float
    ) -> tuple[Ints, Floats, Floats, Bools]:
        """Per hypothesis and pole near (k, K): the arrival that fits best (-1: none), how late it is, its nats, and
        whether the pole was busy with any sound at the time."""
        if not len(self.arrivals):
            shape = poles.shape
            return np.full(shape, -1), np.zeros(shape), np.full(shape, -np.inf), np.zeros(shape, bool)
        slots = self.table[self.row[poles]]
        late_s = self.t_s[slots] - due_s[..., None]
        early_s, latest_s = self.acoustics.early_us / 1e6, self.acoustics.latest_us / 1e6
        may = (
            (slots >= 0)
            & np.isfinite(cost)[slots]
            & (late_s > -early_s - 2 * blur_s)
            & (late_s < latest_s + 2 * blur_s)
        )
        which = np.nonzero(may)
        nats = np.full(slots.shape, -np.inf)
        at, late = slots[which], late_s[which]
        each = path.of(which[0]) if np.ndim(path.straight_s) else path
        nats[which] = log_density(late, np.hypot(self.sigma_s[at], blur_s), each) + self.worth[at] - cost[at]
        best = nats.argmax(axis=-1)[..., None]
        most = np.take_along_axis(nats, best, -1)[..., 0]
        match = np.where(np.isfinite(most), np.take_along_axis(slots, best, -1)[..., 0], -1)
        before_s, after_s = DEAF_S
        deaf = np.any((slots >= 0) & (late_s > -before_s) & (late_s < after_s), axis=-1)
        return match, np.take_along_axis(late_s, best, -1)[..., 0], most, deaf

    def _loudness_nats(self, poles: Ints, match: Ints, distance_m: Floats) -> tuple[Floats, Floats]:
        """(k, K) what each pole's level says, had it heard; and what its silence says, had it not."""
        heard, off_db = self._heard(poles, match, distance_m)
        level = 0.5 - 0.5 * np.clip(off_db / self.acoustics.level_sigma_db, -3, 3) ** 2
        level = np.where(np.isfinite(level), level, 0.0)
        return np.log(heard) + level, np.log(1 - heard)

    def _heard(self, poles: Ints, match: Ints, distance_m: Floats) -> tuple[Floats, Floats]:
        """(k, K) probability of being heard, and matched level over the expected one in dB (nan where unknown)."""
        acoustics = self.acoustics
        loss_db = 20 * np.log10(distance_m) + acoustics.excess_db_per_m * distance_m
        level_db = self.level_db[match] if len(self.level_db) else np.full(match.shape, np.nan)
        source_db = np.where(match >= 0, level_db + loss_db, np.nan)
        median_db = _median_of_known(source_db)[:, None]
        over_db = median_db - loss_db - self._noise_db[poles]
        low, high = HEARD
        rising = 1 / (1 + np.exp(-np.clip((over_db - self._heard_db) / acoustics.heard_spread_db, -30, 30)))
        heard = np.where(distance_m <= acoustics.hearing_m, low + (high - low) * rising, low)
        return np.where(np.isfinite(heard), heard, 0.5), source_db - median_db

    def _noise(self) -> Floats:
        """(P,) dB: level minus SNR of what each pole reported, the median of all poles for those that did not."""
        noise_db = np.full(len(self.poles.names), np.nan)
        told_db = _median_of_known(_padded(self.level_db - self.snr_db, self.table[:-1]))
        noise_db[np.unique(self.pole)] = told_db
        usual_db = float(np.nanmedian(noise_db)) if np.isfinite(noise_db).any() else NOISE_DB
        return np.where(np.isfinite(noise_db), noise_db, usual_db)

    def _least_heard(self) -> float:
        """Decibels over noise at which these nodes' detectors start to report: the lowest tenth of what they did."""
        told = self.snr_db[np.isfinite(self.snr_db)]
        return min(float(np.percentile(told, 10)), self.acoustics.heard_db) if len(told) else self.acoustics.heard_db

    def _direct(self) -> Floats:
        """(n,) nats that an arrival loses for coming close behind another one of its pole, most behind a louder one.

        A street may throw an echo that is louder than what came straight, round a corner: so a weaker one before
        speaks against an arrival, too.
        """
        within_s, (unlike_db, alike_db) = self.acoustics.echo_us / 1e6, ECHO_DB
        most_db = np.full(len(self.arrivals), -np.inf)
        for back in range(1, self.table.shape[1]):
            later = np.flatnonzero(self.pole[back:] == self.pole[:-back]) + back
            behind_s = self.t_s[later] - self.t_s[later - back]
            louder_db = np.nan_to_num(self.level_db[later - back] - self.level_db[later])
            louder_db = louder_db - ECHO_FADES_DB * behind_s / within_s
            most_db[later] = np.fmax(
                most_db[later], np.where((behind_s > 0) & (behind_s < within_s), louder_db, -np.inf)
            )
        return np.asarray(-self.acoustics.echo_nats * np.clip((most_db - unlike_db) / (alike_db - unlike_db), 0, 1))


def _levels(arrivals: Iterable[Arrival]) -> Floats:
    """Each level, dB, nan where unknown: so is a level in dB of full scale where others tell dB SPL."""
    level_db = np.array([np.nan if a.level_db is None else a.level_db for a in arrivals], float)
    is_spl = level_db >= LEAST_SPL_DB
    return np.where(is_spl, level_db, np.nan) if is_spl.any() else level_db


def _padded(values: Floats, table: Ints) -> Floats:
    """Values (n,) laid out as the table, nan where it has none."""
    return np.where(table >= 0, values[table], np.nan) if len(values) else np.full(table.shape, np.nan)


def _median_of_known(values: Floats) -> Floats:
    """(k,) median of each row (k, K) without its nans; nan where a row holds nothing else."""
    in_order = np.sort(values, axis=1)  # nans last
    n = np.maximum(np.isfinite(in_order).sum(axis=1), 1)
    row = np.arange(len(values))
    return np.asarray((in_order[row, (n - 1) // 2] + in_order[row, n // 2]) / 2)
