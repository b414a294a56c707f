"""What a board hears, and what its line learns from: the integer detector's onsets, under MicroPython, in the
recordings, in the same impulses heard elsewhere as the nets learn from, and in a quarter of the rendered scenes.

All at RATE_HZ. An Example's row holds the numbers that the line is about (dsp/fixed/gunshot.py). What a board does not
hear teaches it nothing.
"""

import sys
import tempfile
from array import array
from collections.abc import Iterator, Sequence
from math import gcd
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from dsp.fixed.detector import Onset
from dsp.fixed.gunshot import inputs
from dsp.hearing.fixed_reference import words_of
from simulators.emulators import unix_port
from simulators.recordings.parallel import in_turn
from simulators.recordings.progress import watched
from simulators.training.clips import Clip
from simulators.training.examples import (
    GUNSHOT,
    LEAD_S,
    OTHER,
    RENDERED,
    RENDERED_NEAR_S,
    SCENES,
    SEED,
    UNKNOWN,
    Example,
    led,
    truth_of,
)
from simulators.training.heard_elsewhere import CUT_HZ
from simulators.training.heard_elsewhere import LEAD_S as CUT_LEAD_S
from simulators.training.net_lessons import Sound, sounds_of

Sounds = list[NDArray[np.float32]]
Item = TypeVar("Item")
Called = tuple[str, str, str]
"""Group, fold and name."""

MICROPYTHON = Path(sys.executable).parent / "micropython"
RATE_HZ = 16_000
AT_ONCE, CUTS_AT_ONCE = 20, 25  # clips or scenes a task; impulses, which are heard up to 80 times
NEEDED_S = 0.220  # of a cut: what the detector looks at
NEAR_S = 0.012
LOUD = 0.5  # what a cut swings to, of full scale
SCENES_LEFT = 4  # one scene of so many


def heard_by_board(clips: Sequence[Clip]) -> list[Example]:
    """The onsets of the clips as they are. Raises as reading them does."""
    tasks = _batches(clips, AT_ONCE)
    return _all(in_turn(_recorded, tasks), len(tasks), "listening as a board does")


def board_lessons(examples: Sequence[Example]) -> list[Example]:
    """Of what was recorded, heard elsewhere, and of scenes. examples : with their cuts."""
    tasks = _batches(sounds_of(examples), CUTS_AT_ONCE)
    scenes = [(scene, turn) for scene in SCENES for turn in range(SCENES[scene][0] // SCENES_LEFT)]
    views = _batches(scenes, AT_ONCE)
    return [
        *_all(in_turn(_elsewhere, tasks), len(tasks), "hearing each impulse elsewhere as a board does"),
        *_all(in_turn(_scenes, views), len(views), "hearing scenes as a board does"),
    ]


def hear(sounds: Sounds) -> list[list[Onset]]:
    """The onsets of each of some sounds at RATE_HZ, full scale +-1. RuntimeError without MicroPython."""
    words = [array("i", words_of(sound).tobytes()) for sound in sounds]
    with tempfile.TemporaryDirectory() as folder:
        return unix_port.onsets_of_each(str(MICROPYTHON), Path(folder), words, RATE_HZ)


def example_of(onset: Onset, called: Called, made: bool, onset_s: float, truth: int) -> Example:
    """An onset with its numbers."""
    row = np.array(inputs(onset.shape), float)
    return Example(*called, made, onset_s, float(onset.sigma_us), onset.level_cdb / 100, truth, row)


def _all(found: Iterator[list[Example]], n: int, words: str) -> list[Example]:
    return [example for some in watched(found, n, words) for example in some]


def _batches(items: Sequence[Item], n: int) -> list[tuple[Item, ...]]:
    return [tuple(items[first : first + n]) for first in range(0, len(items), n)]


def _at_rate(samples: NDArray[np.floating], rate_hz: int) -> NDArray[np.float32]:
    both = gcd(rate_hz, RATE_HZ)
    return np.asarray(signal.resample_poly(samples.astype(float), RATE_HZ // both, rate_hz // both), np.float32)


def _recorded(clips: tuple[Clip, ...]) -> list[Example]:
    sounds = []
    for clip in clips:
        samples, rate_hz = clip.read()
        samples = led(np.random.default_rng(SEED), samples, rate_hz) if clip.bare else samples
        sounds.append(_at_rate(samples, rate_hz))
    examples = []
    for clip, onsets in zip(clips, hear(sounds), strict=True):
        times_s = [onset.sample / RATE_HZ - (LEAD_S if clip.bare else 0.0) for onset in onsets]
        truths = truth_of(clip, times_s, [onset.level_cdb for onset in onsets])
        called = (clip.group, clip.fold, clip.name)
        examples += [example_of(o, called, False, *known) for o, *known in zip(onsets, times_s, truths, strict=True)]
    return examples


def _elsewhere(sounds: tuple[Sound, ...]) -> list[Example]:
    turns = [(sound.example, heard) for sound in sounds for heard in sound.heard()]
    cuts = [heard[: round(NEEDED_S * CUT_HZ)] for _, heard in turns]
    whole = [_at_rate(cut * LOUD / max(float(np.abs(cut).max()), 1e-12), CUT_HZ) for cut in cuts]
    examples = []
    for (example, _), onsets in zip(turns, hear(whole), strict=True):
        near = [onset for onset in onsets if abs(onset.sample / RATE_HZ - CUT_LEAD_S) < NEAR_S]
        called = (example.group, example.fold, example.name)
        examples += [example_of(o, called, True, o.sample / RATE_HZ, example.truth) for o in near[:1]]
    return examples


def _scenes(scenes: tuple[tuple[str, int], ...]) -> list[Example]:
    sounds, dues_s = [], []
    for scene, turn in scenes:
        rng = np.random.default_rng((SEED, 1_000_000 + turn, list(SCENES).index(scene)))
        samples, rate_hz, due_s = SCENES[scene][1](rng)
        sounds.append(_at_rate(samples, rate_hz))
        dues_s.append(due_s)
    examples = []
    for (scene, turn), due_s, onsets in zip(scenes, dues_s, hear(sounds), strict=True):
        called = (f"{RENDERED} {scene}", RENDERED, f"{scene} {turn}")
        for onset in onsets:
            direct = abs(onset.sample / RATE_HZ - due_s) <= RENDERED_NEAR_S
            truth = OTHER if SCENES[scene][2] == OTHER else GUNSHOT if direct else UNKNOWN
            examples.append(example_of(onset, called, True, onset.sample / RATE_HZ, truth))
    return examples
