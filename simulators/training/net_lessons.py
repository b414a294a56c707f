"""What the nets learn from: impulses as they were recorded, the same heard elsewhere and from afar, and rendered
scenes. Shots from far off in a town are rendered for the nets alone."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.hearing.patch import patch
from simulators.recordings.parallel import in_turn
from simulators.recordings.progress import watched
from simulators.training.clips import LASTING, MORE, POSITIONS
from simulators.training.examples import (
    GUNSHOT,
    OTHER,
    RENDERED,
    RENDERED_NEAR_S,
    SEED,
    UNKNOWN,
    Example,
    hear_all,
)
from simulators.training.far_shots import far_shot
from simulators.training.heard_elsewhere import CUT_HZ, LEAD, heard_elsewhere, heard_from_afar

TIMES = {"clip": 80, "live": 5, "other": 3}
"""How often each recorded gunshot of a clip, of the live fire, and each other impulse is heard elsewhere; and as often
from afar."""
N_FAR = 2500  # shots rendered from afar
FAR = f"{RENDERED} far"
LIVE_SHARE = 0.45  # of what is drawn of gunshots
RENDERED_SHARE = 0.19  # of all that is drawn
SCENE_SHARES = {f"{RENDERED} shot": 0.19, f"{RENDERED} near": 0.19, f"{RENDERED} clutter": 0.095, FAR: 0.525}
N_NOISES = 6
Way = Callable[[np.random.Generator, NDArray[np.float64], NDArray[np.float64] | None], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Lesson:
    """A patch (FRAMES, BANDS), what it is (GUNSHOT or OTHER), and whose it is."""

    group: str
    fold: str
    name: str
    truth: int
    patch: NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Sound:
    """A recorded impulse to be heard elsewhere, so many times, over one of these noises."""

    example: Example
    times: int
    noises: tuple[NDArray[np.float16], ...]
    seed: int

    def heard(self, ways: Sequence[Way] = (heard_elsewhere,)) -> Iterator[NDArray[np.float64]]:
        """(SPAN,) each time by each of these ways."""
        for turn in range(self.times):
            rng = np.random.default_rng((SEED, self.seed, turn))
            noise = None
            if self.noises and rng.random() < 0.5:
                noise = self.noises[rng.integers(len(self.noises))].astype(float)
            for way in ways:
                yield way(rng, self.example.cut.astype(float), noise)


def lessons(examples: Sequence[Example]) -> list[Lesson]:
    """Of all examples."""
    plain = [_lesson(e, e.patch) for e in _known(examples) if not e.made or e.fold == RENDERED]
    sounds = sounds_of(examples)
    heard = watched(in_turn(_elsewhere, sounds), len(sounds), "hearing each impulse elsewhere")
    far = watched(in_turn(_from_afar, range(N_FAR)), N_FAR, "rendering shots from afar")
    return [*plain, *(lesson for some in (*heard, *far) for lesson in some)]


def sounds_of(examples: Sequence[Example]) -> list[Sound]:
    """Every known impulse that was recorded. The noise that it is laid over is of another fold."""
    known = _known(examples)
    rng = np.random.default_rng(SEED)
    lasting = [e for e in known if not e.made and e.truth == OTHER and is_lasting(e.group)]
    sounds = []
    for seed, example in enumerate(e for e in known if not e.made):
        noises = [one for one in rng.permutation(len(lasting))[: 2 * N_NOISES] if lasting[one].fold != example.fold]
        cuts = tuple(lasting[one].cut for one in noises[:N_NOISES])
        sounds.append(Sound(example, TIMES[kind_of(example)], cuts, seed))
    return sounds


def kind_of(example: Example | Lesson) -> str:
    """`clip` or `live` for gunshots, `other`."""
    if example.truth != GUNSHOT:
        return "other"
    return "live" if example.group.startswith(POSITIONS) else "clip"


def is_lasting(group: str) -> bool:
    """Whether a group's sounds last: ambience that others may be laid over."""
    words = group.removeprefix(f"{MORE} ").removeprefix("esc10 ").split()
    return any(word in (*LASTING, "waves", "helicopter") for word in words)


def weights(known: Sequence[Lesson | Example]) -> NDArray[np.float64]:
    """(n,) how often each is drawn: gunshots and others alike; a group of others by the root of how many
    clips it has."""
    groups, truths = np.array([each.group for each in known]), np.array([each.truth for each in known])
    kinds = np.array([kind_of(each) for each in known])
    is_scene = np.array([each.fold == RENDERED for each in known])
    weight = np.zeros(len(known))
    for kind, share in (("clip", 1 - LIVE_SHARE), ("live", LIVE_SHARE)):
        some = (kinds == kind) & ~is_scene
        weight[some] = share / max(some.sum(), 1)
    for group in np.unique(groups[(truths == OTHER) & ~is_scene]):
        some = (groups == group) & (truths == OTHER)
        n_clips = len({each.name for each, one in zip(known, some, strict=True) if one})
        weight[some] = np.sqrt(n_clips) / some.sum()
    for truth in (GUNSHOT, OTHER):
        some = (truths == truth) & ~is_scene
        weight[some] *= (1 - RENDERED_SHARE) / 2 / max(float(weight[some].sum()), 1e-12)
    for group, share in SCENE_SHARES.items():
        some = groups == group
        weight[some] = RENDERED_SHARE * share / max(some.sum(), 1)
    return weight


def _known(examples: Sequence[Example]) -> list[Example]:
    return [e for e in examples if e.truth != UNKNOWN and not e.again]


def _elsewhere(sound: Sound) -> list[Lesson]:
    ways = (heard_elsewhere, heard_from_afar)
    return [_lesson(sound.example, patch(heard, LEAD, CUT_HZ).astype(np.float16)) for heard in sound.heard(ways)]


def _from_afar(seed: int) -> list[Lesson]:
    """One shot, where it is heard at all."""
    samples, rate_hz, due_s = far_shot(np.random.default_rng((SEED, N_FAR, seed)))
    onsets = [each for each in hear_all(samples, rate_hz) if abs(each.sample / rate_hz - due_s) <= RENDERED_NEAR_S]
    seen = [patch(samples, int(each.sample), rate_hz).astype(np.float16) for each in onsets[:1]]
    return [Lesson(FAR, RENDERED, f"far {seed}", GUNSHOT, one) for one in seen]


def _lesson(example: Example, seen: NDArray[np.float16]) -> Lesson:
    return Lesson(example.group, example.fold, example.name, example.truth, seen)
