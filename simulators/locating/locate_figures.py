"""The lines of the locator's table that association answers for: the live fire, synthetic nights, speed, clutter.

Every share is printed with its count. The live fire's times of firing are unknown, so a round within 25 m of where one
was fired is taken as it (`simulators/recordings/reckoning.py`); on synthetic nights place and time must both be right
(`simulators/locating/matching.py`). Ellipses on the live fire are widened by the survey's own 2.5 m (data/README.md).
"""

from collections.abc import Iterator, Sequence

import numpy as np

from dsp.placing.fix import CHI2_2DOF
from gateway.incident import Round
from simulators.locating.cases import AIR, ASSOCIATION, CASES, CLUTTER, TOWNS, Case
from simulators.locating.live_tests import Played
from simulators.locating.matching import covered, precision, recall
from simulators.locating.running import Outcome
from simulators.recordings.playback import AUDIO, ORIGINS, PULSES
from simulators.recordings.reckoning import Reckoning, together
from simulators.training.scoreboard import Figure

SURVEY_M = 2.5
COVERED_BAR, COVERED = "87 to 93 %", (0.87, 0.93)
BARS = {"burst": (0.98, 0.98), "two-shooters": (0.98, 0.99), "1000-poles": (0.98, 0.99)}
MOST_FALSE = (0, 1)
"""In an hour of each kind of clutter."""
BEST = {"10-a-minute": "0.94 / 0.98", "100-a-minute": "0.97 / 1.00", "two-shots": "0.975 / 1.00"}
"""PyOcto's recall and precision where the issue sets no bar (notes/localisation.md, "Association")."""
FAST, FLAT = 20.0, 1.25
HEARING_M = (
    900.0  # no pole is taken to hear farther: the live fire's pulses end below 800 m (dsp/placing/multilaterate.py)
)


def live_figures(played: Sequence[Played]) -> list[Figure]:
    """Live fire, from pulses and from audio."""
    pulses, audio = (together([p.reckoning for p in played if p.origin == origin]) for origin in (PULSES, AUDIO))
    n_covered, n_grouped = (
        sum(count) for count in zip(*((p.n_covered, p.n_grouped) for p in played if p.origin == AUDIO), strict=True)
    )
    found = audio.within(15)
    return [
        _share("live fire from pulses: rounds within 25 m", pulses.within(25), pulses.n_fired, 0.99),
        *_counts("live fire from pulses", pulses, 0.02, 0.95),
        _share("live fire from audio: rounds within 15 m", found, audio.n_fired, 0.88),
        _share("the same, of those that four microphones cover", found, n_covered),
        _share("rounds that the incumbent grouped from four that we have sound of", n_grouped, audio.n_fired),
        _share("live fire from audio: rounds within 25 m", audio.within(25), audio.n_fired),
        *_counts("live fire from audio", audio, 0.03, 0.80),
    ]


def association_figures(outcomes: Sequence[Outcome]) -> list[Figure]:
    """Synthetic nights: what was found, how fast, and what clutter makes of itself."""
    clutter = (_clutter(case, most, outcomes) for case, most in zip(CLUTTER, MOST_FALSE, strict=True))
    return [*(_found(case, _of(case, outcomes)) for case in ASSOCIATION), *_speeds(outcomes), *clutter]


def coverage_figures(played: Sequence[Played], outcomes: Sequence[Outcome]) -> list[Figure]:
    """How often the 90 % ellipse of a round that was found holds the truth."""
    synthetic = {
        case.what: [covered(*pair) for each in _of(case, outcomes) for pair in each.matching.pairs]
        for case in ASSOCIATION
    }
    live = {
        f"live fire from {origin}, survey error added": [
            inside for each in played if each.origin == origin for inside in _covered_live(each)
        ]
        for origin in ORIGINS
    }
    return [_coverage(what, inside) for what, inside in {**synthetic, **live}.items()]


def rounds_found(played: Played) -> tuple[list[Round], list[Round]]:
    """(found, false) of a live-fire test: as many as were fired, the nearest first, if they are within 25 m."""
    truth = played.playback.recording.truths[0]
    apart_m = {id(each): _off_m(each, truth.xyz_m) for each in played.playback.rounds}
    nearest = sorted(played.playback.rounds, key=lambda each: apart_m[id(each)])
    n_found = len(played.reckoning.found)
    return nearest[:n_found], nearest[n_found:]


def _off_m(placed: Round, xyz_m: tuple[float, float, float]) -> float:
    return float(np.linalg.norm(np.subtract(placed.fix.xyz_m[:2], xyz_m[:2])))


def _covered_live(played: Played) -> Iterator[bool]:
    place_m = played.playback.recording.truths[0].xyz_m
    for placed in rounds_found(played)[0]:
        off_m = np.subtract(placed.fix.xyz_m[:2], place_m[:2])
        cov_m2 = placed.fix.cov_m2 + SURVEY_M**2 * np.eye(2)
        yield float(off_m @ np.linalg.solve(cov_m2, off_m)) <= CHI2_2DOF[0.90]


def _of(case: Case, outcomes: Sequence[Outcome]) -> list[Outcome]:
    return [each for each in outcomes if each.case == case.name]


def _share(what: str, n: int, of: int, bar: float | None = None) -> Figure:
    share = n / of if of else 0.0
    told = f"{share:.3f} ({n} of {of})"
    return Figure(what, told) if bar is None else Figure(what, told, f">= {bar:.2f}", share >= bar)


def _counts(of: str, reckoning: Reckoning, most_false: float, least_exact: float) -> Iterator[Figure]:
    false = reckoning.n_false / max(reckoning.n_fired, 1)
    told = f"{false:.3f} ({reckoning.n_false} at {reckoning.n_fired} rounds)"
    yield Figure(f"{of}: false fixes a round", told, f"<= {most_false:.2f}", false <= most_false)
    yield _share(f"{of}: tests with the exact count", reckoning.n_exact, reckoning.n_tests, least_exact)


def _found(case: Case, outcomes: Sequence[Outcome]) -> Figure:
    matchings = [each.matching for each in outcomes]
    found, right = recall(matchings), precision(matchings)
    n_shots, n_false = sum(len(each.night.shots) for each in outcomes), sum(len(each.false) for each in matchings)
    told = f"{found:.3f} / {right:.3f} ({n_shots} rounds, {n_false} false)"
    what = f"{case.what}: recall / precision"
    if case.name not in BARS:
        return Figure(what, told, f"best today {BEST[case.name]}")
    least_found, least_right = BARS[case.name]
    ok = found >= least_found and right >= least_right
    return Figure(what, told, f">= {least_found:.2f} / {least_right:.2f}", ok)


def _speeds(outcomes: Sequence[Outcome]) -> Iterator[Figure]:
    busy = _of(CASES["1000-poles"], outcomes)
    speed = sum(each.night.seconds for each in busy) / sum(each.run.cpu_s for each in busy)
    yield Figure("the same: times real time on one core", f"{speed:.1f} x", f">= {FAST:.0f} x", speed >= FAST)
    costs_us = [cost_us(_of(case, outcomes)) for case in TOWNS]
    sizes = " / ".join(f"{case.n_poles}" for case in TOWNS)
    told = " / ".join(f"{each:.0f}" for each in costs_us) + " us"
    flat = max(costs_us) <= FLAT * costs_us[0]
    yield Figure(f"cost an arrival, {sizes} poles in towns of 25", told, f"flat: <= {FLAT} x the first", flat)
    longest_s = max(each.run.longest_s for each in outcomes)
    yield Figure("longest call of the associator on any night", f"{longest_s * 1000:.0f} ms")
    wait_s = max((wait for each in outcomes for wait in _waits_s(each)), default=0.0)
    yield Figure(
        "longest wait behind the last direct arrival that can have come", f"{wait_s:.2f} s", "<= 1 s", wait_s <= 1
    )


def cost_us(outcomes: Sequence[Outcome]) -> float:
    """Processor time an arrival."""
    return sum(each.run.cpu_s for each in outcomes) * 1e6 / sum(len(each.night.pulses) for each in outcomes)


def _waits_s(outcome: Outcome) -> Iterator[float]:
    """From when the farthest pole within hearing can have heard each round found to when it was decided."""
    poles_m = np.array(list(outcome.night.poles.values()))
    for each in outcome.run.decided:
        if isinstance(each.decision, Round):
            fix = each.decision.fix
            apart_m = np.linalg.norm(poles_m - np.array(fix.xyz_m), axis=1)
            last_s = float(apart_m[apart_m <= HEARING_M].max(initial=0.0)) / AIR.speed_mps
            yield (each.at_us - fix.t_us) / 1e6 - last_s


def _clutter(case: Case, most: int, outcomes: Sequence[Outcome]) -> Figure:
    nights = _of(case, outcomes)
    n_false, hours = sum(len(each.run.rounds) for each in nights), sum(each.night.seconds for each in nights) / 3600
    told = f"{n_false} in {hours:.1f} h ({sum(len(each.night.pulses) for each in nights)} impulses)"
    return Figure(f"{case.what}: fixes", told, str(most), n_false <= most)


def _coverage(what: str, inside: Sequence[bool]) -> Figure:
    share = float(np.mean(inside)) if inside else float("nan")
    low, high = COVERED
    return Figure(f"90 % ellipse covers: {what}", f"{share:.1%} of {len(inside)}", COVERED_BAR, low <= share <= high)
