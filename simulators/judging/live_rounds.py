"""The live fire's rounds as the street places them from sound, each pole's p from a model that never heard the firing
position: what the third look is fitted to and scored on.

The shipped voices have heard all of it, so their own p are of no use here. Those of `simulators/training/jury.py` are
put in their place, onset by onset; where nets cannot be trained anew (no torch), the trees' of `folds.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from dsp.air import Air
from gateway.incident import Round
from simulators.recordings.parallel import in_turn
from simulators.recordings.playback import AUDIO, play
from simulators.recordings.progress import watched
from simulators.recordings.reckoning import FOUND, judged
from simulators.recordings.recording import Recording
from simulators.recordings.score import Test, read_tests
from simulators.training.clips import read_clips
from simulators.training.examples import Example, grown, listen_all, recorded
from simulators.training.folds import Judged, left_out
from simulators.training.jury import judged_left_out, said_left_out
from simulators.training.net_lessons import lessons

Onset = tuple[str, int]  # of which clip ("test node"), and when, microseconds after its start
SAME_US = 200
LIVE = "FP"  # how the live fire's folds begin


@dataclass(frozen=True, slots=True)
class LiveRound:
    """A round of a firing position that was placed. air : at the time."""

    position: str
    source: str
    placed: Round
    air: Air


def live_rounds(folder: Path) -> list[LiveRound]:
    """Every round that is found, in order. folder : of recordings. Raises as reading them does; takes a quarter of an
    hour, as each fold is trained without."""
    clips = read_clips(folder)
    examples = listen_all(recorded(clips), "listening to what was recorded")
    examples += listen_all(grown(clips), "listening to what is made of it")
    p_of = {
        (f"{each.example.fold} {each.example.name}", round(each.example.onset_s * 1e6)): each.p
        for each in judged_by_strangers(examples)
        if each.example.fold.startswith(LIVE)
    }
    tests = read_tests(folder / "livefire", AUDIO)
    placed = watched(in_turn(_placed, tests), len(tests), "placing")
    return [scored(each, p_of, recording) for rounds, recording in placed for each in rounds]


def judged_by_strangers(examples: Sequence[Example]) -> list[Judged]:
    """Every recorded onset, by voices that never heard its part."""
    if find_spec("torch") is None:
        return left_out(examples)
    return judged_left_out(examples, said_left_out(examples, lessons(examples)))


def _placed(test: Test) -> tuple[list[LiveRound], Recording]:
    found = [each.placed for each in judged(test.recording, play(test.recording).rounds) if each.verdict == FOUND]
    return [LiveRound(test.position, test.recording.source, one, test.recording.air) for one in found], test.recording


def scored(each: LiveRound, p_of: Mapping[Onset, float], recording: Recording) -> LiveRound:
    """With the p of another model in the place of its own. KeyError where that model never heard an onset."""
    start_us = {track.node: track.start_us for track in recording.tracks}
    arrivals = tuple(
        replace(one, p_gunshot=_p(f"{each.position} {each.source} {one.node}", one.t_us - start_us[one.node], p_of))
        for one in each.placed.arrivals
    )
    return replace(each, placed=replace(each.placed, arrivals=arrivals))


def _p(clip: str, at_us: int, p_of: Mapping[Onset, float]) -> float:
    """The p of the onset nearest in time. KeyError where there is none within SAME_US."""
    near = sorted(range(at_us - SAME_US, at_us + SAME_US + 1), key=lambda t_us: abs(t_us - at_us))
    there = next((t_us for t_us in near if (clip, t_us) in p_of), at_us)
    return p_of[clip, there]
