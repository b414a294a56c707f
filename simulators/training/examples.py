"""Onsets with what they are known to be: of the recordings, of the recordings heard elsewhere, and of rendered scenes.

All go through the very detector that runs in the street.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

from dsp.hearing.detect import Detector
from dsp.hearing.ear_answers import answers
from dsp.hearing.onset import Onset
from dsp.hearing.patch import patch
from dsp.hearing.wide_ear import WideEar
from firmware.linux.ear_files import wide_ear
from simulators.recordings.parallel import in_turn
from simulators.recordings.progress import watched
from simulators.training.clips import MORE, Clip
from simulators.training.heard_elsewhere import LEAST, cut
from simulators.training.near_shots import near_shot
from simulators.training.renderings import clutter, elsewhere, shot

GUNSHOT, OTHER, UNKNOWN = 1, 0, -1
RENDERED = "rendered"  # fold of every scene, and the first word of its group
BLOCK_SAMPLES = 1 << 15
SEED = 20261122
RENDERED_NEAR_S = 0.020
LEAD_S = 1.0  # of faint noise before a clip that begins with its gunshot
SCENES = {"shot": (2500, shot, GUNSHOT), "near": (3000, near_shot, GUNSHOT), "clutter": (500, clutter, OTHER)}
"""How many of each are rendered, by what, and what their sound is."""
TIMES = {
    "ffsl gunshots": 30,
    "freesound gunshots": 30,
    "freesound negatives": 8,
    "FP": 1,
    "esc10": 4,
    "more": 0,
}
"""How often each recording is heard elsewhere, by how its group's name begins."""


def _nothing() -> NDArray[np.float16]:
    return np.zeros(0, np.float16)


def _no_answer() -> NDArray[np.float32]:
    return np.zeros(0, np.float32)


@dataclass(frozen=True, slots=True)
class Example:
    """An onset. truth : GUNSHOT, OTHER or UNKNOWN. made : rendered, not recorded. sigma_us as the detector says.

    again : told by its likeness to an earlier one, whose row this is: it teaches nothing new. patch : what the net
    sees, (FRAMES, BANDS). cut : the sound itself (heard_elsewhere.cut), of what is recorded and known. heard : the wide
    ear's answers (dsp/hearing/ear_answers.py) to what is recorded or rendered, where there is a
    wide ear.
    """

    group: str
    fold: str
    name: str
    made: bool
    onset_s: float
    sigma_us: float
    level_db: float
    truth: int
    row: NDArray[np.float64]
    again: bool = False
    patch: NDArray[np.float16] = field(default_factory=_nothing, repr=False)
    cut: NDArray[np.float16] = field(default_factory=_nothing, repr=False)
    heard: NDArray[np.float32] = field(default_factory=_no_answer, repr=False)

    @property
    def lesson(self) -> int:
        """What is to be learnt from it: its truth, UNKNOWN where there is nothing. From clips/more these trees learn
        nothing: with it, of the live fire whose position was left out FP2 fell from 138 to 125 of 156 heard shots that
        are called, FP5 from 105 to 92 of 125, for 13 to 8 % false clips of its own. It is what they never met."""
        return UNKNOWN if self.again or self.group.startswith(MORE) else self.truth


@dataclass(frozen=True, slots=True)
class Task:
    """A clip as it is (seed None) or heard elsewhere, or a scene of SCENES to be rendered."""

    clip: Clip | None
    scene: str
    seed: int | None


def recorded(clips: Sequence[Clip]) -> list[Task]:
    """Every clip as it is."""
    return [Task(clip, "", None) for clip in clips]


def grown(clips: Sequence[Clip]) -> list[Task]:
    """What is added for training, in an order that spreads the work."""
    tasks = [Task(clip, "", 100 * index + turn) for index, clip in enumerate(clips) for turn in range(_times(clip))]
    tasks += [Task(None, scene, 1_000_000 + turn) for scene in SCENES for turn in range(SCENES[scene][0])]
    return [tasks[index] for index in np.random.default_rng(SEED).permutation(len(tasks))]


def listen_all(tasks: Sequence[Task], words: str) -> list[Example]:
    """The examples of all tasks, in their order. Raises as reading the recordings does."""
    heard = watched(in_turn(listen, tasks), len(tasks), words)
    return [example for examples in heard for example in examples]


def listen(task: Task) -> list[Example]:
    """The examples of one task."""
    if task.clip is None:
        return _of_scene(task)
    samples, rate_hz = task.clip.read()
    lead_s = 0.0
    if task.seed is not None:
        rng = np.random.default_rng((SEED, task.seed))
        if task.clip.strongest or task.clip.bare:
            lead_s, samples = LEAD_S, led(rng, samples, rate_hz)
        samples, rate_hz = elsewhere(rng, samples, rate_hz)
    elif task.clip.bare:
        lead_s, samples = LEAD_S, led(np.random.default_rng(SEED), samples, rate_hz)
    onsets = list(hear_all(samples, rate_hz))
    truths = truth_of(task.clip, [onset.sample / rate_hz - lead_s for onset in onsets], [o.level_db for o in onsets])
    made = task.seed is not None
    return [
        _example(onset, samples, rate_hz, truth, (task.clip.group, task.clip.fold, task.clip.name), made)
        for onset, truth in zip(onsets, truths, strict=True)
    ]


def led(rng: np.random.Generator, samples: NDArray[np.float32], rate_hz: int) -> NDArray[np.float32]:
    """A sound behind LEAD_S of faint noise."""
    faint = rng.standard_normal(round(LEAD_S * rate_hz)) * 1e-4 * np.abs(samples).max()
    return np.concatenate([faint.astype(np.float32), samples])


def hear_all(samples: NDArray[np.float32], rate_hz: int) -> Iterator[Onset]:
    """The onsets of one channel."""
    detector = Detector(rate_hz)
    for first in range(0, len(samples), BLOCK_SAMPLES):
        yield from detector.feed(samples[first : first + BLOCK_SAMPLES])
    yield from detector.flush()


def truth_of(clip: Clip, times_s: Sequence[float], levels_db: Sequence[float]) -> list[int]:
    """What each onset of a clip is (simulators/training/clips.py, "Labels")."""
    truths = [OTHER if t_s < clip.other_until_s else UNKNOWN for t_s in times_s]
    for index, t_s in enumerate(times_s):
        if any(abs(t_s - shot_s) <= clip.near_s for shot_s in clip.shots_s):
            truths[index] = GUNSHOT
    if clip.strongest and times_s:
        truths[int(np.argmax(levels_db))] = GUNSHOT
    return truths


def _of_scene(task: Task) -> list[Example]:
    _, render, kind = SCENES[task.scene]
    samples, rate_hz, due_s = render(np.random.default_rng((SEED, task.seed or 0, list(SCENES).index(task.scene))))
    found = []
    for onset in hear_all(samples, rate_hz):
        direct = abs(onset.sample / rate_hz - due_s) <= RENDERED_NEAR_S
        truth = kind if direct or kind == OTHER else UNKNOWN
        called = (f"{RENDERED} {task.scene}", RENDERED, f"{task.scene} {task.seed}")
        found.append(_example(onset, samples, rate_hz, truth, called, True))
    return found


def _example(
    onset: Onset, samples: NDArray[np.float32], rate_hz: int, truth: int, called: tuple[str, str, str], made: bool
) -> Example:
    """called : its group, fold and name."""
    sound, seen, heard, ear = _nothing(), _nothing(), _no_answer(), _ear()
    if ear is not None and (not made or called[1] == RENDERED):
        heard = answers(ear, samples, int(onset.sample), rate_hz).astype(np.float32)
    if truth != UNKNOWN and not made:
        whole = cut(samples, onset.sample, rate_hz)
        sound = (whole / max(float(np.abs(whole).max()), LEAST)).astype(np.float16)
    if truth != UNKNOWN or not made:
        seen = patch(samples, int(onset.sample), rate_hz).astype(np.float16)
    return Example(
        *called,
        made,
        onset.sample / rate_hz,
        onset.sigma_us,
        onset.level_db,
        truth,
        onset.row,
        onset.again,
        patch=seen,
        cut=sound,
        heard=heard,
    )


@cache
def _ear() -> WideEar | None:
    return wide_ear()


def _times(clip: Clip) -> int:
    return next(n for start, n in TIMES.items() if clip.group.startswith(start))
