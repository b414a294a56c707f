"""The live fire, test by test: what was made of it, and of how many rounds our sound holds enough to be placed.

The set's sound is cut into spans, the rest is digital silence. So some rounds were heard by four microphones, or were
grouped by the incumbent from four pulses, that we have no sound of; the table says how many it is fair to ask for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dsp.air import travel_s
from gateway.incident import Arrival
from simulators.recordings.playback import ORIGINS, Playback, play
from simulators.recordings.reckoning import Reckoning, reckon
from simulators.recordings.recording import Recording, Track
from simulators.recordings.score import Test, read_tests
from simulators.recordings.silence import silences

ENOUGH = 4  # microphones without which nobody places anything
EARLY_US, LATE_US = (
    -40_000,
    100_000,
)  # of a report of the blast: the incumbent's groups hold to 40 ms; echoes come later


@dataclass(frozen=True, slots=True)
class Played:
    """A test replayed from its sound or its pulses (`origin`).

    n_grouped : rounds that the incumbent's own group holds four pulses of which our sound holds. n_covered : rounds
    whose blast came by four microphones while our sound runs.
    """

    position: str
    origin: str
    playback: Playback
    reckoning: Reckoning
    n_grouped: int
    n_covered: int


def read_livefire(livefire: Path) -> list[Test]:
    """Every test, from each origin. Raises OSError or ValueError naming what is missing."""
    tests = [test for origin in ORIGINS for test in read_tests(livefire, origin)]
    if not tests:
        raise ValueError(f"{livefire}: holds no live-fire tests; looked for folders of them such as FP1")
    return tests


def play_test(test: Test) -> Played:
    """Replay one test. Raises ValueError where nobody surveyed what was fired, and as `play` does."""
    playback = play(test.recording, test.origin)
    reckoning = reckon(test.recording, playback.rounds)
    if reckoning is None:
        raise ValueError(f"{test.recording.source}: no survey tells what was fired")
    n_grouped, n_covered = _within_sound(test.recording)
    return Played(test.position, test.origin, playback, reckoning, n_grouped, n_covered)


def fired_us(recording: Recording) -> list[float]:
    """When each round was fired, as far as the incumbent's group of it tells, in order. For scoring only."""
    return sorted(_fired_us(recording, [recording.pulses[index] for index in group]) for group in recording.groups)


def reporters(played: Played, emitted_us: float) -> list[str]:
    """Nodes with an arrival about when the blast of a round fired then, at the firing position, came by."""
    recording = played.playback.recording
    near = (
        arrival.node
        for arrival in played.playback.arrivals
        if EARLY_US <= arrival.t_us - _passing_us(recording, emitted_us, arrival.xyz_m) <= LATE_US
    )
    return sorted(set(near))


def _within_sound(recording: Recording) -> tuple[int, int]:
    """How many of the incumbent's groups, and of the rounds they stand for, four tracks hold."""
    tracks = {track.node: track for track in recording.tracks}
    silent = {node: silences(track) for node, track in tracks.items()}
    grouped = [
        {p.node for p in (recording.pulses[index] for index in group)
         if p.node in tracks and _sounds(tracks[p.node], p.t_us, silent[p.node])}
        for group in recording.groups
    ]  # fmt: skip
    covered = [
        [node for node, track in tracks.items()
         if _sounds(track, _passing_us(recording, emitted_us, track.xyz_m), silent[node])]
        for emitted_us in fired_us(recording)
    ]  # fmt: skip
    return sum(len(nodes) >= ENOUGH for nodes in grouped), sum(len(nodes) >= ENOUGH for nodes in covered)


def _fired_us(recording: Recording, group: Sequence[Arrival]) -> float:
    return float(np.median([pulse.t_us - _passing_us(recording, 0.0, pulse.xyz_m) for pulse in group]))


def _passing_us(recording: Recording, emitted_us: float, xyz_m: tuple[float, float, float]) -> float:
    """When a blast from the firing position comes by a place, straight."""
    path_m = np.subtract(xyz_m, recording.truths[0].xyz_m)
    return emitted_us + float(travel_s(recording.air, path_m)) * 1e6


def _sounds(track: Track, t_us: float, silent: Sequence[tuple[float, float]]) -> bool:
    after_s = (t_us - track.start_us) / 1e6
    return after_s < len(track.read()) / track.rate_hz and not any(start <= after_s < end for start, end in silent)
