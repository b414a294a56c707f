"""What went wrong, moment by moment, ready to be drawn: rounds missed and rounds never fired, and who heard what.

Misses and false fixes near each other in time and place share one map: they mostly have one cause.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.incident import Round
from gateway.pictures.street_map import FixSpot, Spot, Street
from simulators.locating.cases import START_US
from simulators.locating.live_tests import Played, fired_us, reporters
from simulators.locating.locate_figures import rounds_found
from simulators.locating.running import Outcome
from simulators.recordings.recording import Recording
from simulators.street.pulses import Pulse, Shot

AT_ONCE_US = 100_000  # a fix this near in time to a round of the live fire is that round
TOGETHER_US, TOGETHER_M = 1_000_000, 400.0
DRAWN_M = 450.0  # poles and shots within this of a moment's middle are drawn
NAMED = 30  # of more poles the map shows no names

EastNorth = tuple[float, float]
Poles = Mapping[str, tuple[float, float, float]]


@dataclass(frozen=True, slots=True)
class Moment:
    """One map: what it is called, a line for each thing wrong, and what to draw."""

    title: str
    lines: tuple[str, ...]
    street: Street


@dataclass(frozen=True, slots=True)
class _Wrong:
    """A round missed (`shot`, its number) or one never fired (`ghost`)."""

    t_us: int
    en_m: EastNorth
    shot: int | None = None
    ghost: Round | None = None


def moments_of(outcome: Outcome) -> list[Moment]:
    """The moments of one synthetic night; none where all was right."""
    matching, shots = outcome.matching, outcome.night.shots
    number = {shot: index for index, shot in enumerate(shots)}
    wrongs = [_Wrong(shot.t_us, shot.xyz_m[:2], shot=number[shot]) for shot in matching.missed]
    wrongs += [_Wrong(ghost.fix.t_us, ghost.fix.xyz_m[:2], ghost=ghost) for ghost in matching.false]
    return [_moment(outcome, together) for together in _together(sorted(wrongs, key=lambda each: each.t_us))]


def moment_of_test(played: Played) -> Moment | None:
    """The map of a live-fire test; None where all was right. Nobody knows when its rounds were fired, only where."""
    recording, (found, false) = played.playback.recording, rounds_found(played)
    n_missed = played.reckoning.n_fired - len(found)
    if not n_missed and not false:
        return None
    truth = recording.truths[0]
    reported = {arrival.node: arrival.xyz_m for arrival in played.playback.arrivals}
    poles = _near({track.node: track.xyz_m for track in recording.tracks} | reported, truth.xyz_m[:2], 2 * DRAWN_M)
    missed_us = _missed_us(recording, found) if n_missed else []
    heard = {node for emitted_us in missed_us for node in reporters(played, emitted_us)}
    heard |= {arrival.node for ghost in false for arrival in ghost.arrivals}
    spot = Spot("fired", truth.xyz_m[:2])
    street = _street(poles, heard, [spot] * bool(found), [spot] * bool(n_missed), found, false)
    lines = [f"{played.reckoning.n_fired} fired, {len(found)} found, {n_missed} missed, {len(false)} false"]
    lines += [
        f"missed: when its blast came by, {len(reporters(played, each))} of {len(poles)} poles reported something"
        for each in missed_us
    ]
    lines += [
        f"{name}: {_grade(ghost)}, {math.dist(ghost.fix.xyz_m[:2], truth.xyz_m[:2]):.0f} m off, "
        f"{_nearest_s(ghost, found)}"
        for name, ghost in _named(false)
    ]
    return Moment(f"{played.position} {recording.source}, from {played.origin}", tuple(lines), street)


def _missed_us(recording: Recording, found: Sequence[Round]) -> list[float]:
    """When the rounds were fired of which no fix was found, as far as the incumbent's groups tell."""
    placed_us = [placed.fix.t_us for placed in found]
    return [each for each in fired_us(recording) if all(abs(each - t_us) > AT_ONCE_US for t_us in placed_us)]


def _together(wrongs: Iterable[_Wrong]) -> list[list[_Wrong]]:
    groups: list[list[_Wrong]] = []
    for wrong in wrongs:
        near = (
            group
            for group in groups
            if wrong.t_us - group[-1].t_us <= TOGETHER_US and math.dist(wrong.en_m, group[0].en_m) <= TOGETHER_M
        )
        group = next(near, None)
        if group is None:
            groups.append([wrong])
        else:
            group.append(wrong)
    return groups


def _moment(outcome: Outcome, wrongs: Sequence[_Wrong]) -> Moment:
    night, first_us, last_us = outcome.night, wrongs[0].t_us - TOGETHER_US, wrongs[-1].t_us + TOGETHER_US
    middle_m = wrongs[0].en_m
    missed = [wrong.shot for wrong in wrongs if wrong.shot is not None]
    false = [wrong.ghost for wrong in wrongs if wrong.ghost is not None]
    pairs = [
        (shot, placed)
        for shot, placed in outcome.matching.pairs
        if first_us <= shot.t_us <= last_us and math.dist(shot.xyz_m[:2], middle_m) <= DRAWN_M
    ]
    heard = {pulse.arrival.node for pulse in night.pulses if pulse.shot in missed and pulse.direct}
    heard |= {arrival.node for ghost in false for arrival in ghost.arrivals}
    street = _street(
        _near(night.poles, middle_m, DRAWN_M),
        heard,
        [_spot(night.shots, shot) for shot, _ in pairs],
        [_spot(night.shots, night.shots[index]) for index in missed],
        [placed for _, placed in pairs],
        false,
    )
    lines = [*(_missed_words(outcome, index) for index in missed), *_false_words(outcome, false)]
    return Moment(f"draw {outcome.number}, {_clock(wrongs[0].t_us)}", tuple(lines), street)


def _street(
    poles: Poles,
    heard: set[str],
    truths: Sequence[Spot],
    missed: Sequence[Spot],
    found: Sequence[Round],
    false: Sequence[Round],
) -> Street:
    spots = {node: Spot(node if len(poles) <= NAMED else "", xyz_m[:2]) for node, xyz_m in poles.items()}
    return Street(
        poles=[spot for node, spot in spots.items() if node in heard],
        quiet=[spot for node, spot in spots.items() if node not in heard],
        truths=truths,
        missed=missed,
        fixes=[FixSpot("", placed.fix.xyz_m[:2], placed.fix.cov_m2) for placed in found],
        ghosts=[FixSpot(name, ghost.fix.xyz_m[:2], ghost.fix.cov_m2) for name, ghost in _named(false)],
        rests=[(ghost.fix.xyz_m[:2], arrival.xyz_m[:2]) for ghost in false for arrival in ghost.arrivals],
    )


def _missed_words(outcome: Outcome, index: int) -> str:
    heard = [pulse for pulse in outcome.night.pulses if pulse.shot == index]
    n_direct, shot = sum(pulse.direct for pulse in heard), outcome.night.shots[index]
    return (
        f"round {index + 1} missed: fired {_clock(shot.t_us)}; {n_direct} poles reported it straight, "
        f"{len(heard) - n_direct} reports late or echoes"
    )


def _false_words(outcome: Outcome, false: Sequence[Round]) -> Iterator[str]:
    causes = {pulse.arrival: pulse for pulse in outcome.night.pulses}
    for name, ghost in _named(false):
        kinds = Counter(_cause(causes.get(arrival)) for arrival in ghost.arrivals)
        told = ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items()))
        yield f"{name}: {_grade(ghost)}, fired {_clock(ghost.fix.t_us)}{_beside(outcome, ghost)}; rests on {told}"


def _beside(outcome: Outcome, ghost: Round) -> str:
    """How far from the nearest round in time, if one was fired within a quarter of a second."""
    shots = [shot for shot in outcome.night.shots if abs(shot.t_us - ghost.fix.t_us) <= TOGETHER_US // 4]
    if not shots:
        return ""
    nearest = min(shots, key=lambda shot: math.dist(shot.xyz_m[:2], ghost.fix.xyz_m[:2]))
    off_m, off_us = math.dist(nearest.xyz_m[:2], ghost.fix.xyz_m[:2]), ghost.fix.t_us - nearest.t_us
    number = outcome.night.shots.index(nearest) + 1
    return f", {off_m:.0f} m and {off_us / 1000:+.0f} ms from round {number}"


def _cause(pulse: Pulse | None) -> str:
    if pulse is None or pulse.shot is None:
        return "clutter"
    return f"straight from round {pulse.shot + 1}" if pulse.direct else f"late or echo of round {pulse.shot + 1}"


def _named(false: Sequence[Round]) -> Iterator[tuple[str, Round]]:
    return ((f"false {letter}", ghost) for letter, ghost in zip(_letters(), false, strict=False))


def _letters() -> Iterator[str]:
    number = 0
    while True:
        yield chr(ord("a") + number % 26) + (str(number // 26) if number >= 26 else "")
        number += 1


def _grade(placed: Round) -> str:
    return f"grade {placed.grade} of {len(placed.arrivals)} poles, rms {placed.fix.rms_us / 1000:.1f} ms"


def _nearest_s(ghost: Round, found: Sequence[Round]) -> str:
    if not found:
        return "no round found beside it"
    late_s = min(((ghost.fix.t_us - each.fix.t_us) / 1e6 for each in found), key=abs)
    return f"{late_s:+.3f} s from the nearest round found"


def _spot(shots: Sequence[Shot], shot: Shot) -> Spot:
    return Spot(str(shots.index(shot) + 1), shot.xyz_m[:2])


def _near(poles: Poles, en_m: EastNorth, within_m: float) -> Poles:
    return {node: xyz_m for node, xyz_m in poles.items() if math.dist(xyz_m[:2], en_m) <= within_m}


def _clock(t_us: int) -> str:
    return f"{(t_us - START_US) / 1e6:.3f} s"
