"""The lines of the locator's table on one sound whose arrivals are given: how well `dsp/placing/multilaterate.py`
places it.

Live fire: the incumbent's own groups, one pulse a sensor, of each group six and four sensors at random, PICKS times.
What cannot be placed comes back with a reason and counts as not placed. Where a position's groups all came from one
place, the median distance to their median tells how well a place is repeated.

Synthetic: a street of 25 poles a shot (`simulators/street/pulses.py`), the source anywhere among them, arrivals known
to be one a pole. Clean: all poles hear it, nothing late. Late: 20 % missed, 20 % late by 5 to 100 ms. A liar: seven to
ten poles of a clean street, the clock of one of them wrong by 30 ms to 10 s, to either side, log-uniform. The bound is
Cramer and Rao's with the height known and the emission time not, root of the sum of both variances. DEVELOPMENT draws
are for choosing anything; SCORED ones are only counted.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from dsp.air import Air
from dsp.placing.fix import CHI2_2DOF, Fix, NoFix
from dsp.placing.multilaterate import LEAST_NODES, multilaterate
from gateway.incident import Arrival
from gateway.placing.acoustics import Acoustics
from simulators.locating.cases import SCORED
from simulators.recordings.livefire import read_test
from simulators.recordings.recording import Recording
from simulators.street.pulses import CLEAN, Faults, Shot, pulses, shots_within, street
from simulators.training.scoreboard import Figure

Floats = NDArray[np.float64]

AIR, HEARING_M, T_US = Air(), Acoustics().hearing_m, 1_800_000_000_000_000
PICKS, SIX, FOUR = 5, 6, 4
NEAR_M, FAR_M = 15.0, 25.0
SURVEY_M = 2.5  # one sigma of where the live fire was fired (data/README.md)
DRAWS, SIGMA_US = 10_000, 1_000
LATE_DRAWS, LIES = 2_000, 2_000
LATE = replace(CLEAN, p_missed=0.2, sure_m=250.0, never_m=500.0, p_late=0.2)
LIARS, LIE_S = (7, 10), (0.030, 10.0)


@dataclass(frozen=True, slots=True)
class Placed:
    """One sound placed. off_m (2,) from where it was, nan where there was no fix. cov_m2 : (2, 2). bound_m : Cramer and
    Rao's. took_s : processor time. liar : whether the one that lied was named."""

    off_m: Floats
    cov_m2: Floats
    bound_m: float = 0.0
    took_s: float = 0.0
    liar: bool = False

    @property
    def error_m(self) -> float:
        """Distance to the truth, nan where there was no fix."""
        return float(np.hypot(*self.off_m))

    def inside(self, survey_m: float = 0.0) -> bool:
        """Whether the 90 % ellipse holds the truth, itself known to survey_m."""
        cov = self.cov_m2 + survey_m**2 * np.eye(2)
        return float(self.off_m @ np.linalg.solve(cov, self.off_m)) <= CHI2_2DOF[0.90]


def fix_figures(livefire: Path) -> list[Figure]:
    """All of it. Raises OSError or ValueError naming what is unreadable."""
    return [*_live(livefire), *_clean(clean(DRAWS)), *_late(late(LATE_DRAWS)), *_lying(lying(LIES))]


def clean(n: int, use: int = SCORED) -> list[Placed]:
    """Shots that all poles hear with a timing sigma of 1 ms, nothing late."""
    return [_shot(np.random.default_rng([use, 1, draw]), CLEAN) for draw in range(n)]


def late(n: int, use: int = SCORED) -> list[Placed]:
    """The same, 20 % missed and 20 % late."""
    return [_shot(np.random.default_rng([use, 2, draw]), LATE) for draw in range(n)]


def lying(n: int, use: int = SCORED) -> list[Placed]:
    """Seven to ten arrivals, one of them off a clock that is wrong."""
    return [_lie(np.random.default_rng([use, 3, draw])) for draw in range(n)]


def picked(tests: Sequence[Recording], n_sensors: int | None, use: int = SCORED) -> list[Placed]:
    """The incumbent's groups, of each so many sensors at random; None: all of them, once."""
    rng = np.random.default_rng([use, 4, n_sensors or 0])
    placed = []
    for test, heard in ((each, group) for each in tests for group in _groups(each)):
        if n_sensors is None:
            placed.append(_place(heard, test.air, test.truths[0].xyz_m))
        elif len(heard) >= n_sensors:
            for _ in range(PICKS):
                some = [heard[index] for index in rng.permutation(len(heard))[:n_sensors]]
                placed.append(_place(some, test.air, test.truths[0].xyz_m))
    return placed


def read_positions(livefire: Path) -> dict[str, list[Recording]]:
    """Tests by firing position. Raises OSError or ValueError naming what is missing."""
    positions = sorted(path for path in livefire.iterdir() if path.is_dir())
    tests = {path.name: [read_test(test) for test in sorted(path.iterdir()) if test.is_dir()] for path in positions}
    if not any(tests.values()):
        raise ValueError(f"{livefire}: holds no live-fire tests")
    return tests


def _groups(test: Recording) -> Iterator[list[Arrival]]:
    """Each round's arrivals, the first of each sensor; of four sensors or more."""
    for group in test.groups:
        first: dict[str, Arrival] = {}
        for arrival in sorted((test.pulses[index] for index in group), key=lambda each: each.t_us):
            first.setdefault(arrival.node, arrival)
        if len(first) >= LEAST_NODES:
            yield list(first.values())


def _shot(rng: Generator, faults: Faults) -> Placed:
    poles_m = street(rng)
    shot = shots_within(rng, poles_m, [T_US])[0]
    heard = [pulse.arrival for pulse in pulses(rng, poles_m, [shot], AIR, faults)]
    return _place(heard, AIR, shot.xyz_m)


def _lie(rng: Generator) -> Placed:
    poles_m = street(rng)
    shot = shots_within(rng, poles_m, [T_US])[0]
    nearest = _nearest(poles_m, shot, int(rng.integers(LIARS[0], LIARS[1] + 1)))
    heard = [pulse.arrival for pulse in pulses(rng, nearest, [shot], AIR, CLEAN)]
    lie_us = round(1e6 * np.exp(rng.uniform(*np.log(LIE_S))) * rng.choice([-1, 1]))
    liar = int(rng.integers(len(heard)))
    heard[liar] = replace(heard[liar], t_us=heard[liar].t_us + lie_us)
    return _place(heard, AIR, shot.xyz_m, liar)


def _nearest(poles_m: Floats, shot: Shot, n: int) -> Floats:
    return poles_m[np.argsort(np.linalg.norm(poles_m - np.array(shot.xyz_m), axis=1))[:n]]


def _place(heard: Sequence[Arrival], air: Air, xyz_m: tuple[float, float, float], liar: int | None = None) -> Placed:
    places_m = np.array([each.xyz_m for each in heard]).reshape(-1, 3)
    t_us, sigma_us = [each.t_us for each in heard], [each.sigma_us for each in heard]
    began_s = time.thread_time()
    fix = multilaterate(places_m, t_us, sigma_us, air, HEARING_M)
    took_s = time.thread_time() - began_s
    if isinstance(fix, NoFix):
        return Placed(np.full(2, np.nan), np.eye(2), took_s=took_s)
    return Placed(_off_m(fix, xyz_m), fix.cov_m2, _bound_m(places_m, xyz_m), took_s, liar in fix.liars)


def _off_m(fix: Fix, xyz_m: tuple[float, float, float]) -> Floats:
    return np.subtract(fix.xyz_m[:2], xyz_m[:2])


def _bound_m(places_m: Floats, xyz_m: tuple[float, float, float]) -> float:
    along = places_m - np.array(xyz_m)
    along = (along / np.linalg.norm(along, axis=1)[:, None])[:, :2]
    along = along - along.mean(axis=0)
    return float(SIGMA_US / 1e6 * AIR.speed_mps * np.sqrt(np.trace(np.linalg.inv(along.T @ along))))


def _live(livefire: Path) -> Iterator[Figure]:
    positions = read_positions(livefire)
    tests = [test for each in positions.values() for test in each]
    six, four = picked(tests, SIX), picked(tests, FOUR)
    near = np.mean([each.error_m <= NEAR_M for each in six])
    told = f"{near:.2%} of {len(six)} ({len(six) - len(_fixes(six))} refused)"
    yield Figure("live fire, groups given: 6 random sensors within 15 m", told, ">= 99.5 %", bool(near >= 0.995))
    answered, near = len(_fixes(four)) / len(four), np.mean([each.error_m <= NEAR_M for each in _fixes(four)])
    told = f"{near:.1%} of the {answered:.1%} answered of {len(four)}"
    ok = bool(near >= 0.95 and answered >= 0.80)
    yield Figure("the same, 4 random sensors, of those answered", told, ">= 95 % of >= 80 %", ok)
    all_of = {name: _fixes(picked(of, None)) for name, of in positions.items()}
    yield _repeated(list(all_of.values()))
    everything = [each for placed in all_of.values() for each in placed]
    for what, placed in (("all sensors", everything), ("6 sensors", six), ("4 sensors", four)):
        yield _covered(f"live fire, groups given, {what}, survey error added", placed, SURVEY_M)


def _repeated(positions: Sequence[Sequence[Placed]]) -> Figure:
    """Distances to the median of each position, their median over all."""
    off_m = [np.array([each.off_m for each in placed]) for placed in positions]
    apart_m = np.concatenate([np.hypot(*(off - np.median(off, axis=0)).T) for off in off_m])
    repeat_m = float(np.median(apart_m))
    told = f"{repeat_m:.2f} m ({len(apart_m)} rounds)"
    what = "live fire, groups given: median distance to the position's median"
    return Figure(what, told, "<= 0.5 m", repeat_m <= 0.5)


def _clean(placed: Sequence[Placed]) -> Iterator[Figure]:
    fixes = _fixes(placed)
    ratio = float(np.sqrt(np.sum([each.error_m**2 for each in fixes]) / np.sum([each.bound_m**2 for each in fixes])))
    astray = len(placed) - len(fixes) + sum(each.error_m > FAR_M for each in fixes)
    what = f"synthetic clean, 25 poles, 1 ms: RMSE / CRLB; refused or over 25 m off in {len(placed)}"
    yield Figure(what, f"{ratio:.3f}; {astray}", "<= 1.03; 0", ratio <= 1.03 and not astray)
    yield _covered("synthetic clean, 1 ms", placed)


def _late(placed: Sequence[Placed]) -> Iterator[Figure]:
    errors_m = [each.error_m for each in _fixes(placed)]
    median_m, p95_m = np.percentile(errors_m, (50, 95))
    took_ms = 1e3 * float(np.median([each.took_s for each in placed]))
    n_refused = len(placed) - len(errors_m)
    told = f"{median_m:.3f} / {p95_m:.3f} m at {took_ms:.2f} ms ({n_refused} of {len(placed)} refused)"
    ok = bool(median_m <= 0.20 and p95_m <= 0.60 and took_ms <= 1.0)
    yield Figure("synthetic, 20 % late, 1 ms: median / p95 at a solve", told, "<= 0.20 / 0.60 m at <= 1 ms", ok)
    yield _covered("synthetic, 20 % late, 1 ms", placed)


def _lying(placed: Sequence[Placed]) -> Iterator[Figure]:
    fixes = _fixes(placed)
    astray, named = (float(np.mean(of)) for of in ([p.error_m > FAR_M for p in fixes], [p.liar for p in fixes]))
    told = f"{astray:.2%}; {named:.1%} of {len(fixes)} answered of {len(placed)}"
    ok = astray <= 0.01 and named >= 0.95
    yield Figure("one liar of 7 to 10 poles: answered over 25 m off; liar named", told, "<= 1 %; >= 95 %", ok)
    yield _covered("synthetic, one liar", placed)


def _covered(what: str, placed: Sequence[Placed], survey_m: float = 0.0) -> Figure:
    inside = [each.inside(survey_m) for each in _fixes(placed)]
    share = float(np.mean(inside))
    return Figure(f"90 % ellipse covers: {what}", f"{share:.1%} of {len(inside)}", "87 to 93 %", 0.87 <= share <= 0.93)


def _fixes(placed: Sequence[Placed]) -> list[Placed]:
    return [each for each in placed if np.isfinite(each.off_m).all()]
