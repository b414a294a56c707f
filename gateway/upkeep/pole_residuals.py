"""What one pole was off by, shot by shot, and what that says is wrong with it. Pure.

One entry for each place that shots came from (cells of CELL_M), the newest: what stands in the way of one path is no
fault of the pole, and twenty shots from one doorway are one piece of evidence. Over n >= LEAST_PLACES entries two
explanations are fitted, robustly, late paths being what they are:

    clock      late_i = b                  the same from every side
    position   late_i = u_i . d / c        a pole that stands d off its survey is late where it stands farther off

u_i being the direction from the shot to the pole. The one that leaves less unexplained is named, if it is LEAST_SIGMAS
from nothing, large enough to matter, and explains most entries as well as the other poles' are explained. Shots that
all came from one side cannot tell the two apart, and the words say so. Loudness is compared with what the other poles
heard, spherical spreading taken off.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gateway.upkeep.robust_line import Line, fit

Floats = NDArray[np.float64]
Cell = tuple[int, int]

LEAST_PLACES, MOST_PLACES = 12, 32  # entries: to say anything, and kept
SURE_PLACES = 20  # entries for what needs more: to choose between two explanations that do as well, or to blame scatter
FORGET_US = 60 * 86_400_000_000  # entries older than two months are let go
LEAST_SIGMAS = 6.0
LEAST_CLOCK_S, LEAST_OFF_M, LEAST_DB = 0.002, 1.5, 10.0  # less changes no fix by more than a street does
LEAST_SCALE_S, LEAST_SCALE_DB = 3e-4, 1.0  # values that agree better do so by chance
SOUND_MPS = 340.0  # turns metres into seconds; a few per cent of an offset do not matter
LEAST_SHARE = 0.65  # of the entries must be as the explanation has them, to what is usual; the rest are late paths
QUIET_S, QUIET = 0.001, 1.2  # lateness whose median is smaller, or so many times the usual scatter, holds no such fault
EARLY = (10, 40)  # percentiles: of normal values 1.03 sigma apart, and not yet touched by late paths
ONE_SIDE = 0.35  # RMS spread of the directions, along the line on which they spread least
TWO_NATS = 2.0  # what an explanation must leave less than the other to be named alone

CLOCK, POSITION, LOUDNESS, SCATTER, DEAF = "clock", "position", "loudness", "scatter", "deaf"
TIMING = (CLOCK, POSITION)
WINDS = ("east", "north-east", "north", "north-west", "west", "south-west", "south", "south-east")

ONE_SIDE_WORDS = "; all shots came from one side, so it may be clock or survey place"


@dataclass(frozen=True, slots=True)
class Entry:
    """late_s, sigma_s : the arrival against the fit without this pole. toward : unit vector over ground from the shot
    to the pole. loud_db : over what the others heard, None where that is not known."""

    late_s: float
    sigma_s: float
    toward: tuple[float, float]
    loud_db: float | None
    at_us: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong (one of the words above), how large (s, m, dB), how many sigma from nothing, and in plain words."""

    kind: str
    size: float
    sigmas: float
    why: str


@dataclass(slots=True)
class Page:
    """deaf_nats : the sum that tells a deaf microphone. missed : places of the shots it missed since it last heard one.
    alarms : what is raised, and how large it was. scatter_s : one sigma of its times, late paths left
    out; None while that is not known."""

    entries: dict[Cell, Entry] = field(default_factory=dict)
    deaf_nats: float = 0.0
    missed: set[Cell] = field(default_factory=set)
    alarms: dict[str, float] = field(default_factory=dict)
    scatter_s: float | None = None

    def write(self, cell: Cell, entry: Entry) -> None:
        """Enter the newest shot from a place."""
        self.entries.pop(cell, None)
        self.entries[cell] = entry
        old = [key for key, each in self.entries.items() if each.at_us < entry.at_us - FORGET_US]
        for key in {*old, *list(self.entries)[:-MOST_PLACES]}:
            del self.entries[key]
        late_s = [each.late_s for each in self.entries.values()]
        low_s, high_s = np.percentile(late_s, EARLY)
        self.scatter_s = max(float(high_s - low_s) / 1.03, LEAST_SCALE_S) if len(late_s) >= LEAST_PLACES else None

    def newest(self, n: int) -> list[Entry]:
        """At most so many entries."""
        return list(self.entries.values())[-n:]

    def keep_newest(self) -> None:
        """Forget what was before: an alarm that is over is not raised again by its past."""
        self.entries = dict(list(self.entries.items())[-LEAST_PLACES:])


def timing(entries: Sequence[Entry], usual_s: float) -> Finding | None:
    """Clock or survey place, where either is to blame. usual_s : how the other poles' times scatter."""
    if np.median([abs(entry.late_s) for entry in entries]) < max(QUIET_S, QUIET * usual_s):
        return None  # six sigma could not be reached
    both, clock, position = _both(entries), _clock(entries), _position(entries)
    left = clock.loss(both.scale) - position.loss(both.scale) - 1  # a place takes one number more
    finding = _clock_finding(clock) if left <= 0 else _position_finding(position)
    share = (clock if left <= 0 else position).share(usual_s)
    if finding is None or finding.sigmas < LEAST_SIGMAS or share < LEAST_SHARE:
        return None
    if abs(left) < TWO_NATS and len(entries) < SURE_PLACES:
        return None
    if abs(left) < TWO_NATS and _from_one_side(entries):
        finding = Finding(finding.kind, finding.size, finding.sigmas, finding.why + ONE_SIDE_WORDS)
    return finding


def loudness(entries: Sequence[Entry]) -> Finding | None:
    """Louder or quieter than the others, always."""
    told_db = [entry.loud_db for entry in entries if entry.loud_db is not None]
    level = _level(entries) if told_db and abs(np.median(told_db)) > LEAST_DB / 2 else None
    if level is None:
        return None
    db = float(level.coefficients[0])
    if abs(db) < LEAST_DB or level.sigmas < LEAST_SIGMAS:
        return None
    words = f"it hears {abs(db):.0f} dB {'less' if db < 0 else 'more'} than the other poles do"
    return Finding(LOUDNESS, abs(db), level.sigmas, f"{words}: the microphone is blocked, damaged or set up wrongly")


def left_of(kind: str, entries: Sequence[Entry]) -> float:
    """How large a clock, position or loudness fault still is in these entries (s, m, dB)."""
    if kind == CLOCK:
        return abs(float(_clock(entries).coefficients[0]))
    if kind == POSITION:
        return float(np.hypot(*_position(entries).coefficients))
    level = _level(entries)
    return math.inf if level is None else abs(float(level.coefficients[0]))


def _clock_finding(line: Line) -> Finding | None:
    late_s = float(line.coefficients[0])
    if abs(late_s) < LEAST_CLOCK_S:
        return None
    words = f"it reports {abs(late_s) * 1e3:.1f} ms {'late' if late_s > 0 else 'early'} from every side"
    return Finding(CLOCK, abs(late_s), line.sigmas, f"{words}: its clock is off by that")


def _position_finding(line: Line) -> Finding | None:
    east_m, north_m = (float(value) for value in line.coefficients)
    off_m = math.hypot(east_m, north_m)
    if off_m < LEAST_OFF_M:
        return None
    wind = WINDS[round(math.degrees(math.atan2(north_m, east_m)) / 45) % 8]
    return Finding(POSITION, off_m, line.sigmas, f"it stands {off_m:.1f} m {wind} of where the survey has it")


def _late(entries: Sequence[Entry]) -> tuple[Floats, Floats]:
    """Lateness in s, and sigmas over their median: what the scatter is in is seconds."""
    sigma_s = np.array([entry.sigma_s for entry in entries])
    return np.array([entry.late_s for entry in entries]), sigma_s / float(np.median(sigma_s))


def _clock(entries: Sequence[Entry]) -> Line:
    return fit(np.ones((len(entries), 1)), *_late(entries), LEAST_SCALE_S)


def _position(entries: Sequence[Entry]) -> Line:
    return fit(_toward(entries) / SOUND_MPS, *_late(entries), LEAST_SCALE_S)


def _both(entries: Sequence[Entry]) -> Line:
    toward = _toward(entries) / SOUND_MPS
    return fit(np.column_stack([np.ones(len(entries)), toward]), *_late(entries), LEAST_SCALE_S)


def _level(entries: Sequence[Entry]) -> Line | None:
    loud_db = np.array([entry.loud_db for entry in entries if entry.loud_db is not None])
    if len(loud_db) < LEAST_PLACES:
        return None
    return fit(np.ones((len(loud_db), 1)), loud_db, np.ones(len(loud_db)), LEAST_SCALE_DB)


def _toward(entries: Sequence[Entry]) -> Floats:
    return np.array([entry.toward for entry in entries])


def _from_one_side(entries: Sequence[Entry]) -> bool:
    toward = _toward(entries)
    spread = np.linalg.svd(toward - toward.mean(axis=0), compute_uv=False)[-1] / math.sqrt(len(entries))
    return bool(spread < ONE_SIDE)
