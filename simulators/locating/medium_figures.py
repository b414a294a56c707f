"""The medium's lines of the locator's table: shots placed with the air as told, and with the air as learnt on the way.

Synthetic: 25 poles, 20 % missed, a shot a minute at random places, told nothing but an air that is 10 C or 5 m/s off
(notes/localisation.md). Each shot is placed with what the shots before it have taught, never with its own word. Live
fire: each position's tests in order, the incumbent's own groups given, the weather of each as a report. Each position
is one place with an origin of its own, and from one place alone nothing is learnt (`dsp/placing/medium.py`): there the
lines show that it does no harm. Seeds are used for nothing else.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dsp.air import Air, wind_from
from dsp.placing.fix import Fix
from dsp.placing.medium import PATH_SIGMA_US, Medium
from dsp.placing.multilaterate import LEAST_NODES, multilaterate
from gateway.incident import Arrival
from simulators.recordings.livefire import read_test
from simulators.recordings.recording import Recording
from simulators.street.pulses import CLEAN, Faults, pulses, shots_within, street
from simulators.training.scoreboard import Figure

Floats = NDArray[np.float64]

SEED, DRAWS, SHOTS = 20_181_218, 12, 30
START_US, MINUTE_US = 1_800_000_000_000_000, 60_000_000
LEARNT = 10  # shots after which the medium is taken as learnt; figures are over those that follow
BAR_M = 0.10
CLEAR = replace(CLEAN, sigma_us=100, p_missed=0.2, sure_m=250.0, never_m=500.0)
LATE = replace(CLEAR, sigma_us=1_000, p_late=0.2)
TOLD = Air(20.0)


@dataclass(frozen=True, slots=True)
class Weather:
    """What is told, what is true in each draw, and how arrivals are spoilt."""

    what: str
    wind_mps: float
    degrees_c: float
    faults: Faults
    bar_m: float | None = None


WEATHERS = (
    Weather("medium, 10 C off, 0.1 ms", 0.0, 10.0, CLEAR, BAR_M),
    Weather("medium, 5 m/s wind untold, 0.1 ms", 5.0, 0.0, CLEAR, BAR_M),
    Weather("medium, both, 0.1 ms", 5.0, 10.0, CLEAR),
    Weather("medium, told rightly, 0.1 ms", 0.0, 0.0, CLEAR),
    Weather("medium, both, 20 % late, 1 ms", 5.0, 10.0, LATE),
    Weather("medium, told rightly, 20 % late, 1 ms", 0.0, 0.0, LATE),
)


def medium_figures(livefire: Path | None) -> list[Figure]:
    """All of it; without a live-fire folder the synthetic ones alone. Raises OSError or ValueError naming what is
    unreadable."""
    figures = [figure for weather in WEATHERS for figure in _synthetic(weather)]
    return figures if livefire is None else [*figures, *_live(livefire)]


def _synthetic(weather: Weather) -> Iterator[Figure]:
    errors_m = {learn: np.array([_night(weather, draw, learn) for draw in range(DRAWS)]) for learn in (False, True)}
    without, after = (float(np.nanmedian(errors_m[learn][:, LEARNT:])) for learn in (False, True))
    p95 = float(np.nanpercentile(errors_m[True][:, LEARNT:], 95))
    bar = "" if weather.bar_m is None else f"<= {weather.bar_m:.2f} m"
    told = f"{after:.3f} m (p95 {p95:.2f}; without {without:.2f})"
    yield Figure(
        f"{weather.what}: median, shots {LEARNT + 1} to {SHOTS}",
        told,
        bar,
        after <= weather.bar_m if weather.bar_m else None,
    )
    by_shot = np.nanmedian(errors_m[True], axis=0)
    steps = "  ".join(f"{n}: {by_shot[n - 1]:.2f}" for n in (1, 2, 3, 5, 8, 12, 20, 30))
    yield Figure(f"{weather.what}: median by number of the shot, m", steps)


def _night(weather: Weather, draw: int, learn: bool) -> Floats:
    """(SHOTS,) m off; nan where there was no fix."""
    rng = np.random.default_rng([SEED, draw])
    sign, azimuth_deg = (-1) ** draw, float(rng.uniform(0, 360))
    true = Air(TOLD.temperature_c + sign * weather.degrees_c, 50.0, wind_from(weather.wind_mps, azimuth_deg))
    poles_m, medium, errors_m = street(rng), Medium(TOLD), []
    for shot in shots_within(rng, poles_m, [START_US + index * MINUTE_US for index in range(SHOTS)]):
        heard = [pulse.arrival for pulse in pulses(rng, poles_m, [shot], true, weather.faults)]
        sigma_us = float(weather.faults.sigma_us)
        fix = _place(heard, medium.air(shot.t_us) if learn else TOLD, sigma_us)
        errors_m.append(math.nan if fix is None else math.dist(fix.xyz_m[:2], shot.xyz_m[:2]))
        if learn and fix is not None:
            _teach(medium, heard, fix)
    return np.array(errors_m)


def _live(livefire: Path) -> Iterator[Figure]:
    """Raises ValueError where there is no test, OSError where there is no folder."""
    positions = sorted(path for path in livefire.iterdir() if path.is_dir())
    placed = {path.name: [_position(path, learn) for learn in (False, True)] for path in positions}
    if not placed:
        raise ValueError(f"{livefire}: holds no live-fire tests")
    for name, (without, learnt) in placed.items():
        told = f"{_error(learnt)} (without {_error(without)}), {len(learnt)} rounds"
        yield Figure(f"medium, live fire {name}: median error, p95, repeat, m", told)
    for what, of, slack in (("median error of all", _median_m, 0.005), ("repeat, mean of positions", _repeat_m, 0.005)):
        before, after = (of([pair[learn] for pair in placed.values()]) for learn in (0, 1))
        told = f"{after:.2f} m (without {before:.2f})"
        yield Figure(f"medium, live fire: {what}", told, "no loss", after <= before + slack)


def _position(folder: Path, learn: bool) -> Floats:
    """(rounds, 4): off the survey east and north, off the position's median east and north, m."""
    tests = [read_test(path) for path in sorted(folder.iterdir()) if path.is_dir()]
    tests.sort(key=lambda test: min(pulse.t_us for pulse in test.pulses))
    medium = Medium(tests[0].air)
    off_m, places_m = [], []
    for before, test in zip([None, *tests], tests, strict=False):
        if before is None or before.air != test.air:
            medium.report(test.air, min(pulse.t_us for pulse in test.pulses))
        for fix in _placed(test, medium, learn):
            places_m.append(fix.xyz_m[:2])
            off_m.append(np.subtract(fix.xyz_m[:2], test.truths[0].xyz_m[:2]))
    return np.column_stack([off_m, np.subtract(places_m, np.median(places_m, axis=0))])


def _placed(test: Recording, medium: Medium, learn: bool) -> Iterator[Fix]:
    for group in test.groups:
        heard = [test.pulses[index] for index in group]
        if len({arrival.node for arrival in heard}) < LEAST_NODES:
            continue
        air = medium.air(min(arrival.t_us for arrival in heard)) if learn else test.air
        fix = _place(heard, air, PATH_SIGMA_US)
        if fix is not None:
            yield fix
            if learn:
                _teach(medium, heard, fix)


def _place(heard: Sequence[Arrival], air: Air, sigma_us: float) -> Fix | None:
    fix = multilaterate([each.xyz_m for each in heard], [each.t_us for each in heard], sigma_us, air)
    return fix if isinstance(fix, Fix) else None


def _teach(medium: Medium, heard: Sequence[Arrival], fix: Fix) -> None:
    medium.feed(
        [each.xyz_m for each in heard], [each.t_us for each in heard], [each.sigma_us for each in heard], fix.xyz_m
    )


def _error(rows: Floats) -> str:
    off_m = np.hypot(rows[:, 0], rows[:, 1])
    return f"{np.median(off_m):.2f} {np.percentile(off_m, 95):.2f} {_repeat_m([rows]):.2f}"


def _median_m(positions: Sequence[Floats]) -> float:
    return float(np.median(np.concatenate([np.hypot(rows[:, 0], rows[:, 1]) for rows in positions])))


def _repeat_m(positions: Sequence[Floats]) -> float:
    return float(np.mean([np.median(np.hypot(rows[:, 2], rows[:, 3])) for rows in positions]))
