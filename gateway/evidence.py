"""What speaks for a shot at a place and a time: the arrivals that fit, how well, how loud, and who stayed silent.

The score of a hypothesis (place, emission time) is a log-likelihood ratio, in nats, of the arrivals under "a shot was
fired there" against "clutter and echoes only":

    sum over poles that heard it  [ ln f(residual) - ln(clutter(SNR)) + ln P(heard) + ln g(level) + direct ]
  + sum over poles that did not   [ ln (1 - P(heard)) ]

f      time: a normal core, and an exponential tail to the late side, since what is not a straight path can only come
       later (notes/localisation.md, idea 7; spreads from its 7.6 ms RMS at the true positions of the live fire).
g      level: source level is the median of level + 20 log10(distance) + excess loss over the poles that heard it;
       streets shadow and focus by several decibels, so this is a wide normal, cut off at three sigma.
heard  P rises with how far the expected level stands over the pole's noise.
direct a first arrival comes after silence: an arrival shortly behind another one on the same pole, a louder one above
       all, is more likely its echo, and is worth less.

Where nodes do not report levels, the terms that need them are left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.air import Air, travel_s
from gateway.acoustics import Acoustics
from gateway.incident import Arrival

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Place = tuple[float, float, float]


HEARD = (0.05, 0.95)  # nobody hears everything, nor nothing
NOISE_DB = 50.0  # taken where nobody told: a quiet street at night (live fire: 45 to 65 dB SPL)
RARE_DB = (12.0, 8.0)  # clutter is as frequent as `clutter_per_s` at this SNR, and e times rarer for this much more
ECHO_DB = (-14.0, 1.0)  # what came before is this much louder: surely no cause of an echo ... as likely as can be
ECHO_FADES_DB = 12.0  # and counts for this much less by the end of `echo_us`
LEAST_POLES = 4


@dataclass(frozen=True, slots=True)
class Weighed:
    """Scores (k,) in nats, -inf under four poles, and per hypothesis and pole the arrival that fits, or -1: (k, P)."""

    score: Floats
    match: Ints


class Evidence:
    """A batch of arrivals against the poles, ready to weigh hypotheses.

    arrivals are taken in the order given (callers sort them); `free` in the calls below says which may be used.
    poles : every pole that is listening, by name; those that no arrival came from count by their silence.
    """

    def __init__(self, arrivals: Sequence[Arrival], poles: Mapping[str, Place], air: Air, acoustics: Acoustics) -> None:
        names = sorted(poles)
        index = {name: i for i, name in enumerate(names)}
        order = sorted(range(len(arrivals)), key=lambda i: (index[arrivals[i].node], arrivals[i].t_us))
        self.arrivals = [arrivals[i] for i in order]
        self.air, self.acoustics = air, acoustics
        self.poles_m = np.array([poles[name] for name in names], float).reshape(-1, 3)
        self.pole = np.array([index[a.node] for a in self.arrivals], np.int64)
        self.zero_us = min((a.t_us for a in self.arrivals), default=0)
        self.t_s = np.array([(a.t_us - self.zero_us) / 1e6 for a in self.arrivals])
        self.sigma_s = np.array(
            [np.hypot(min(a.sigma_us, 10**7), acoustics.path_sigma_us) / 1e6 for a in self.arrivals]
        )
        self.level_db = np.array([np.nan if a.level_db is None else a.level_db for a in self.arrivals], float)
        self._snr_db = np.array([np.nan if a.snr_db is None else a.snr_db for a in self.arrivals], float)
        self._noise_db = self._noise()
        self._heard_db = self._least_heard()
        self.direct = self._direct()
        weaker = (np.nan_to_num(self._snr_db, nan=RARE_DB[0]) - RARE_DB[0]) / RARE_DB[1]
        self.worth = self.direct + np.clip(weaker, -1.5, 0.0)
        self._starts = np.flatnonzero(np.diff(self.pole, prepend=-1))

    def weigh(self, place_m: Floats, emitted_s: Floats, free: Bools, blur_s: float = 0.0) -> Weighed:
        """Weigh shots fired at places (k, 3), or one place (3,), at times (k,), with the arrivals (n,) that are free.

        blur_s : one sigma of how far off the hypotheses themselves may be.
        """
        paths = self.poles_m - np.atleast_2d(place_m)[:, None]
        distance_m = np.maximum(np.linalg.norm(paths, axis=-1), 1.0)
        late_s = self.t_s - emitted_s[:, None] - travel_s(self.air, paths)[:, self.pole]
        may = free & (distance_m <= self.acoustics.hearing_m)[:, self.pole]
        match, best = self._best_of_each_pole(np.where(may, self._time_nats(late_s, blur_s) + self.worth, -np.inf))
        score = np.where(match >= 0, best - np.log(self.acoustics.clutter_per_s), 0.0).sum(axis=1)
        score += self._loudness_nats(match, distance_m)
        return Weighed(np.where((match >= 0).sum(axis=1) >= LEAST_POLES, score, -np.inf), match)

    def emitted_s(self, place_m: Floats) -> Floats:
        """(n,) when each arrival was emitted, had it come straight from this place."""
        return np.asarray(self.t_s - travel_s(self.air, self.poles_m - place_m)[self.pole])

    def expected_to_hear(self, place_m: Floats, match: Ints) -> Floats:
        """(P,) probability that each pole hears what these arrivals say was fired; 1/2 where levels are unknown."""
        distance_m = np.maximum(np.linalg.norm(self.poles_m - place_m, axis=1), 1.0)
        return np.asarray(self._heard(match[None], distance_m)[0][0])

    def _time_nats(self, late_s: Floats, blur_s: float) -> Floats:
        acoustics = self.acoustics
        sigma_s, tail_s = np.hypot(self.sigma_s, blur_s), acoustics.late_us / 1e6
        core = np.exp(-0.5 * (late_s / sigma_s) ** 2) / (sigma_s * np.sqrt(2 * np.pi))
        tail = np.where(late_s > 0, np.exp(-np.maximum(late_s, 0) / tail_s) / tail_s, 0.0)
        nats = np.log((1 - acoustics.late_share) * core + acoustics.late_share * tail + 1e-6)
        possible = (late_s > -acoustics.early_us / 1e6 - 2 * blur_s) & (late_s < acoustics.latest_us / 1e6 + 2 * blur_s)
        return np.where(possible, nats, -np.inf)

    def _best_of_each_pole(self, fits: Floats) -> tuple[Ints, Floats]:
        """Per hypothesis and pole: the best arrival (-1: none) and its nats."""
        n_poles = len(self.poles_m)
        match = np.full((len(fits), n_poles), -1, np.int64)
        best = np.full((len(fits), n_poles), -np.inf)
        heard = self.pole[self._starts]
        best[:, heard] = np.maximum.reduceat(fits, self._starts, axis=1)
        top = np.where(fits == best[:, self.pole], np.arange(fits.shape[1]), fits.shape[1])
        match[:, heard] = np.minimum.reduceat(top, self._starts, axis=1)
        match[~np.isfinite(best)] = -1
        return match, best

    def _loudness_nats(self, match: Ints, distance_m: Floats) -> Floats:
        """(k,) what levels, and the silence of others, say."""
        heard, off_db = self._heard(match, distance_m)
        level = 0.5 - 0.5 * np.clip(off_db / self.acoustics.level_sigma_db, -3, 3) ** 2
        level = np.where(np.isfinite(level), level, 0.0)
        return np.asarray(np.where(match >= 0, np.log(heard) + level, np.log(1 - heard)).sum(axis=1))

    def _heard(self, match: Ints, distance_m: Floats) -> tuple[Floats, Floats]:
        """(k, P) probability of being heard, and matched level over the expected one in dB (nan where unknown)."""
        acoustics = self.acoustics
        loss_db = 20 * np.log10(distance_m) + acoustics.excess_db_per_m * distance_m
        source_db = np.where(match >= 0, self.level_db[match] + loss_db, np.nan)
        median_db = _median_of_known(source_db)[:, None]
        over_db = median_db - loss_db - self._noise_db
        low, high = HEARD
        rising = 1 / (1 + np.exp(-np.clip((over_db - self._heard_db) / acoustics.heard_spread_db, -30, 30)))
        heard = np.where(distance_m <= acoustics.hearing_m, low + (high - low) * rising, low)
        return np.where(np.isfinite(heard), heard, 0.5), source_db - median_db

    def _noise(self) -> Floats:
        """(P,) dB: level minus SNR of what each pole reported, the median of all poles for those that did not."""
        noise_db = np.full(len(self.poles_m), np.nan)
        for pole in np.unique(self.pole):
            of_pole = (self.level_db - self._snr_db)[self.pole == pole]
            if np.isfinite(of_pole).any():
                noise_db[pole] = np.nanmedian(of_pole)
        usual_db = float(np.nanmedian(noise_db)) if np.isfinite(noise_db).any() else NOISE_DB
        return np.where(np.isfinite(noise_db), noise_db, usual_db)

    def _least_heard(self) -> float:
        """Decibels over noise at which these nodes' detectors start to report: the lowest tenth of what they did."""
        told = self._snr_db[np.isfinite(self._snr_db)]
        return min(float(np.percentile(told, 10)), self.acoustics.heard_db) if len(told) else self.acoustics.heard_db

    def _direct(self) -> Floats:
        """(n,) nats that an arrival loses for coming close behind another one of its pole, most behind a louder one.

        A street may throw an echo that is louder than what came straight, round a corner: so a weaker one before
        speaks against an arrival, too.
        """
        direct = np.zeros(len(self.arrivals))
        within_s, (unlike_db, alike_db) = self.acoustics.echo_us / 1e6, ECHO_DB
        for pole in np.unique(self.pole):
            own = np.flatnonzero(self.pole == pole)
            behind_s = self.t_s[own][:, None] - self.t_s[own]
            louder_db = self.level_db[own] - self.level_db[own][:, None] - ECHO_FADES_DB * behind_s / within_s
            before = (behind_s > 0) & (behind_s < within_s)
            most_db = np.where(before, np.nan_to_num(louder_db, nan=0.0), -np.inf).max(axis=1)
            direct[own] = -self.acoustics.echo_nats * np.clip((most_db - unlike_db) / (alike_db - unlike_db), 0, 1)
        return direct


def _median_of_known(values: Floats) -> Floats:
    """(k,) median of each row (k, P) without its nans; nan where a row holds nothing else."""
    in_order = np.sort(values, axis=1)  # nans last
    n = np.maximum(np.isfinite(in_order).sum(axis=1), 1)
    row = np.arange(len(values))
    return np.asarray((in_order[row, (n - 1) // 2] + in_order[row, n // 2]) / 2)
