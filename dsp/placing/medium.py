"""The air over a street as a slow state: an effective temperature and a wind, learnt from many shots. Pure.

Freed for each shot by itself the medium makes real fixes worse (notes/localisation.md: repeat 0.95 m against 0.67);
ten degrees or 5 m/s that nobody told make them wrong by 2 m. So it is one state, a Kalman filter over

    (temperature C, wind east m/s, wind north m/s, what the boxes read too warm C)

Temperature is effective: that at which still air of the stated humidity has the speed that the shots show.

Time: each part returns to its home (the last weather said, or the prior) as an Ornstein-Uhlenbeck walk: after dt the
mean is home + a (mean - home), a = exp(-dt / HOURS), and the covariance a P a + (1 - a a) P0. So it never knows less
than the prior, and old shots are worth no more than the weather.

Thermometers: the median over poles reads temperature + box. A box in the sun or over its lamp reads high, and all
boxes do so together for hours: what they share is a state of its own, so a thousand readings are no surer than the box,
but changes are followed, and shots calibrate it. Weather: temperature and wind with a street's distance from a station.

Shots: `dsp/placing/sounding.py`, place and emission time projected out. What bends the paths from one place bends them
the same for every shot from there: the k-th shot from a place counts for

    share_k = (1 - rho) / ((1 - rho + k rho) (1 - rho + (k - 1) rho)),   rho = path^2 / (path^2 + clock^2)

of the first, the gain in information by a k-th measurement of which the part rho is common to all (variance of a mean
of equally correlated values, from general knowledge). Nothing is learnt before shots came from LEAST_PLACES places.

Doubt: each shot is also fitted with the learnt air and with the home air, both fixed. Nats by which home does better
are summed, never below zero (Page's cumulative sum, from general knowledge), at most SHOT_NATS for one shot; past
DOUBT_NATS the learnt state is thrown away for home. A shot that pulls the state beyond belief is not used, and adds to
the doubt. So a medium learnt wrongly is not worse than the weather for long, and no single shot decides.
"""

import math
from collections import Counter, deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dsp.air import Air
from dsp.placing.sounding import LEAST_SCALE_S, Heard, Sounding, heard, sound

Floats = NDArray[np.float64]

TEMPERATURE_SIGMA_C, WIND_SIGMA_MPS = 10.0, 4.0  # notes/localisation.md: priors of 6 m/s (10 C) and 4 m/s
PATH_SIGMA_US = 10_000.0  # as gateway/placing/acoustics.py has it; at the true positions of the live fire 7.6 ms RMS
PATH_DOF, PATH_MEMORY_DOF = 4.0, 400.0  # what that is worth against shots, and how many of theirs count (chosen)
BOX_C, BOX_SIGMA_C = 1.0, 3.0  # chosen: an electronics box on a lamp post, sun and lamp taken together
HOURS = np.array([48.0, 12.0, 12.0, 6.0])  # chosen: weather lasts days, wind half a day, the sun on a box hours
STATION_C, STATION_MPS = 2.0, 2.0  # a report against the street it is for (chosen: airport and city)
READING_SIGMA_C = 0.5  # of the median of the boxes, beside what their spread says (chosen)
LEAST_BOXES = 3
LEAST_PLACES = 3  # one place's paths look like an air of their own: nothing is learnt from it alone (chosen)
SAME_PLACE_M = 25.0  # chosen: shots nearer to each other go round the same corners
REMEMBERED_US = 12 * 3_600_000_000
PLACES = 256
BELIEF = 16.27  # chi-square with 3 degrees of freedom at 0.999
BOX_BELIEF = 10.83  # with 1
SHOT_NATS, REFUSED_NATS, DOUBT_NATS = 3.0, 2.0, 8.0  # chosen: three shots at least
NEAR = 0.05  # C and m/s: an air that differs less from home is not put to the test
TEMPERATURE_C, WIND_MPS = (-50.0, 55.0), 30.0  # what a street may have; outside, what said so is not used
FIXED = np.eye(3) * 1e-8


class Medium:
    """prior : the air that is believed at first, its humidity and pressure for good; sigmas say how far it may be off.

    `counts` : shots by what became of them (`used`, `waiting` for other
    places, `few` poles, `refused`), `resets`, `boxes_refused`. Times are int
    microseconds UTC; what comes out of order is taken as if it came now. Raises ValueError for a sigma not above zero.
    """

    def __init__(
        self,
        prior: Air,
        temperature_sigma_c: float = TEMPERATURE_SIGMA_C,
        wind_sigma_mps: float = WIND_SIGMA_MPS,
        path_sigma_us: float = PATH_SIGMA_US,
    ) -> None:
        if min(temperature_sigma_c, wind_sigma_mps, path_sigma_us) <= 0:
            raise ValueError("the sigmas of temperature, wind and path must be above zero")
        self.counts: Counter[str] = Counter()
        self._prior, self._path_us = prior, path_sigma_us
        self._path_var_s2, self._path_dof = (path_sigma_us / 1e6) ** 2, PATH_DOF
        self._home = _state(prior)
        self._wide = np.diag([temperature_sigma_c, wind_sigma_mps, wind_sigma_mps, BOX_SIGMA_C]) ** 2
        self._mean, self._cov = self._home.copy(), self._wide.copy()
        self._at_us: int | None = None
        self._places: deque[tuple[Floats, int]] = deque(maxlen=PLACES)
        self._doubt = 0.0
        self._waiting: list[tuple[Heard, Floats]] = []
        self._taught = False

    def begin(self, air: Air, at_us: int) -> None:
        """Go on from what an earlier run had learnt by then; how surely is not known any more."""
        self._mean, self._cov, self._at_us = _state(air), self._wide.copy(), at_us

    def air(self, now_us: int) -> Air:
        """The air that fixes should reckon with."""
        return _air(self._prior, self._ahead(now_us)[0])

    def cov(self, now_us: int) -> Floats:
        """(3, 3) covariance of temperature C and wind east and north m/s."""
        return self._ahead(now_us)[1][:3, :3]

    @property
    def path_us(self) -> float:
        """One sigma of what bends and corners do to the straight path, as far as shots have shown."""
        return math.sqrt(self._path_var_s2) * 1e6

    def read(self, boxes_c: Sequence[float], now_us: int) -> None:
        """What the poles' thermometers say, one reading a pole; fewer than LEAST_BOXES say nothing."""
        if len(boxes_c) < LEAST_BOXES:
            return
        self._go(now_us)
        middle_c = float(np.median(boxes_c))
        spread_c = 1.4826 * float(np.median(np.abs(np.asarray(boxes_c) - middle_c)))
        var_c2 = READING_SIGMA_C**2 + spread_c**2 / len(boxes_c)
        if not self._measure(np.array([[1.0, 0, 0, 1.0]]), np.array([middle_c]), np.array([[var_c2]]), BOX_BELIEF):
            self.counts["boxes_refused"] += 1

    def report(self, weather: Air, now_us: int) -> None:
        """A weather report, new: it is home from now on, and a measurement."""
        self._go(now_us)
        said = _state(weather)
        self._home[:3] = said[:3]
        var = np.diag([STATION_C, STATION_MPS, STATION_MPS]) ** 2
        if not self._measure(np.eye(3, 4), said[:3], var, math.inf):
            self._start_again()

    def feed(
        self, xyz_m: ArrayLike, t_us: ArrayLike, sigma_us: ArrayLike, place_m: ArrayLike, there: ArrayLike = True
    ) -> Sounding | None:
        """Learn from one placed shot. xyz_m (n, 3), t_us (n,) int, sigma_us (n,) of the clocks alone, place_m (2,) or
        (3,): where it was placed. there (n,): False for poles that are not to be believed.

        Gives the sounding against what was known before, also where it is not learnt from; None where too few poles
        heard it. ValueError for shapes that do not fit.
        """
        shot, place = heard(xyz_m, t_us, sigma_us, self.path_us, there), np.asarray(place_m, float)[:2]
        self._go(int(np.min(np.asarray(t_us, np.int64))))
        k = self._shots_from(place)
        share = self._share(shot, k)
        self._weigh_home(shot, place, share)
        sounding = self._sound(shot, place, share)
        if sounding is None:
            self.counts["few"] += 1
            return None
        assert self._at_us is not None
        self._places.append((place, self._at_us))
        if self._taught:
            self._learn(shot, sounding)
        else:
            self._wait(shot, place, k)
        return sounding

    def _sound(self, shot: Heard, place_m: Floats, share: float) -> Sounding | None:
        return sound(shot, place_m, _air(self._prior, self._mean), self._cov[:3, :3], share)

    def _wait(self, shot: Heard, place_m: Floats, k: int) -> None:
        """Keep the first shot of each place until there are enough places, then learn from them all."""
        if k == 1:
            self._waiting.append((shot, place_m))
        if len(self._waiting) < LEAST_PLACES:
            self.counts["waiting"] += 1
            return
        self._taught = True
        for held, where in self._waiting:
            sounding = self._sound(held, where, 1.0)
            if sounding is not None:
                self._learn(held, sounding)
        self._waiting.clear()

    def _learn(self, shot: Heard, sounding: Sounding) -> None:
        before, among = self._mean[:3], self._cov[:3, :3]
        pull = sounding.medium - before
        gain = np.linalg.solve(among, self._cov[:3]).T  # (4, 3): how all four follow the first three
        mean = self._mean + gain @ pull
        if float(pull @ np.linalg.solve(among, pull)) > BELIEF or not _earthly(mean):
            self.counts["refused"] += 1
            self._doubt_by(REFUSED_NATS)
            return
        self.counts["used"] += 1
        self._mean, self._cov = mean, _symmetric(self._cov - gain @ (among - sounding.cov) @ gain.T)
        self._learn_path(shot, sounding)

    def _learn_path(self, shot: Heard, sounding: Sounding) -> None:
        """How far paths are from straight ones, by what the fit leaves over: a mean of variances by their degrees of
        freedom, the last PATH_MEMORY_DOF of them."""
        trust, clock2 = sounding.trust, float(np.median(shot.clock_s)) ** 2
        dof = float(trust.sum()) - 3
        if dof < 1:
            return
        over_s2 = float(trust @ sounding.residuals_s**2) / dof - clock2
        known = min(self._path_dof, PATH_MEMORY_DOF)
        var = (known * self._path_var_s2 + dof * max(over_s2, LEAST_SCALE_S**2)) / (known + dof)
        self._path_var_s2, self._path_dof = var, known + dof

    def _weigh_home(self, shot: Heard, place_m: Floats, share: float) -> None:
        """Put the learnt air and the home air to the same test: this shot, before it is learnt from."""
        if np.abs(self._mean - self._home)[:3].max() < NEAR:
            self._doubt = 0.0
            return
        fits = [sound(shot, place_m, _air(self._prior, state), FIXED) for state in (self._mean, self._home)]
        learnt, home = fits
        if learnt is None or home is None:
            return
        scale_s = max(min(learnt.scale_s, home.scale_s), LEAST_SCALE_S)
        nats = [float(np.log1p((fit.residuals_s / scale_s) ** 2)[shot.there > 0].sum()) for fit in (learnt, home)]
        self._doubt_by(share * float(np.clip(nats[0] - nats[1], -SHOT_NATS, SHOT_NATS)))

    def _doubt_by(self, nats: float) -> None:
        self._doubt = max(0.0, self._doubt + nats)
        if self._doubt >= DOUBT_NATS:
            self._start_again()

    def _start_again(self) -> None:
        self.counts["resets"] += 1
        self._mean, self._cov, self._doubt = self._home.copy(), self._wide.copy(), 0.0
        self._places.clear()
        self._waiting.clear()
        self._taught = False

    def _shots_from(self, place_m: Floats) -> int:
        """How many shots from about this place there were of late, with this one."""
        assert self._at_us is not None
        since_us = self._at_us - REMEMBERED_US
        return 1 + sum(at_us > since_us and math.dist(place_m, old) < SAME_PLACE_M for old, at_us in self._places)

    def _share(self, shot: Heard, k: int) -> float:
        """What the k-th shot from a place is worth, of the first."""
        path2, clock2 = self._path_var_s2, float(np.median(shot.clock_s)) ** 2
        common = path2 / (path2 + clock2)
        own = 1 - common
        return own / ((own + k * common) * (own + (k - 1) * common))

    def _measure(self, rows: Floats, said: Floats, var: Floats, belief: float) -> bool:
        """Kalman's update by said = rows @ state; False, and nothing done, where it is beyond belief."""
        off = said - rows @ self._mean
        spread = rows @ self._cov @ rows.T + var
        gain = np.linalg.solve(spread, rows @ self._cov).T
        mean = self._mean + gain @ off
        if float(off @ np.linalg.solve(spread, off)) > belief or not _earthly(mean):
            return False
        self._mean, self._cov = mean, _symmetric(self._cov - gain @ spread @ gain.T)
        return True

    def shift(self, by_us: int) -> None:
        """The clock was set by so much: what was learnt is as old as it was."""
        self._at_us = None if self._at_us is None else self._at_us + by_us
        self._places = deque(((place, at_us + by_us) for place, at_us in self._places), maxlen=PLACES)

    def _go(self, now_us: int) -> None:
        """Let time pass up to now."""
        self._mean, self._cov = self._ahead(now_us)
        self._at_us = now_us if self._at_us is None else max(now_us, self._at_us)

    def _ahead(self, now_us: int) -> tuple[Floats, Floats]:
        """Mean and covariance at a time; those of now for one that has passed."""
        passed_us = max(0, now_us - self._at_us) if self._at_us is not None else 0
        keep = np.exp(-passed_us / 3.6e9 / HOURS)
        kept = np.outer(keep, keep)
        return self._home + keep * (self._mean - self._home), kept * self._cov + (1 - kept) * self._wide


def _state(air: Air) -> Floats:
    return np.array([air.temperature_c, *air.wind_en_mps, BOX_C])


def _air(prior: Air, state: Floats) -> Air:
    return Air(float(state[0]), prior.humidity_pct, (float(state[1]), float(state[2])), prior.pressure_pa)


def _earthly(state: Floats) -> bool:
    low, high = TEMPERATURE_C
    return bool(np.isfinite(state).all()) and low <= state[0] <= high and math.hypot(*state[1:3]) <= WIND_MPS


def _symmetric(cov: Floats) -> Floats:
    return np.asarray((cov + cov.T) / 2)
