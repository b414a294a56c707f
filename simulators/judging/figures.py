"""What the third look made of nights without a gun, in figures against the bars of issue 13."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from simulators.judging.nights import Called, Night, night
from simulators.judging.sounds import FIREWORKS, SOUNDS, Sound
from simulators.recordings.parallel import in_turn
from simulators.recordings.progress import watched
from simulators.training.scoreboard import Figure

N_NIGHTS = 2000
FALSE_BAR, FIREWORKS_BAR = 0.001, 0.10
BINS = 10
GUNSHOT, POSSIBLE = "gunshot", "possible gunshot"


def score_nights(n_nights: int = N_NIGHTS) -> list[Figure]:
    """Live through so many nights, and reckon."""
    from_seed = watched(in_turn(night, range(n_nights)), n_nights, "living through nights")
    return figures(list(from_seed))


def figures(nights: Sequence[Night]) -> list[Figure]:
    """The table: a line for each sound, then what there is a bar for."""
    made = Counter(each.sound.name for one in nights for each in one.sounded)
    called = [each for one in nights for each in one.called]
    rows = [_of_sound(sound, made[sound.name], called) for sound in SOUNDS if made[sound.name]]
    others = [each for each in called if each.sounded.sound.comes != FIREWORKS]
    shown = [each for each in called if each.sounded.sound.comes == FIREWORKS]
    n_ghosts = sum(one.n_ghosts for one in nights)
    return [
        *rows,
        Figure("placed, and made by nothing", f"{n_ghosts} in {len(nights)} nights"),
        _share("placed, no fireworks: called gunshot", others, (GUNSHOT,), FALSE_BAR),
        _share("the same: called possible", others, (POSSIBLE,), None),
        _share("fireworks: called gunshot", shown, (GUNSHOT,), FIREWORKS_BAR),
        _share("the same: called possible or fireworks", shown, (POSSIBLE, FIREWORKS), None),
    ]


def calibration_error(shots_p: Sequence[float], others_p: Sequence[float]) -> float:
    """Expected calibration error: over BINS bins of p, how far the share of shots in it is from its mean p, weighted by
    how much is in it. The two sides count alike, however many there are of each."""
    p = np.array([*shots_p, *others_p])
    truth = np.concatenate([np.ones(len(shots_p)), np.zeros(len(others_p))])
    weight = np.concatenate([np.full(len(side), 0.5 / max(len(side), 1)) for side in (shots_p, others_p)])
    which = np.minimum((p * BINS).astype(int), BINS - 1)
    off = np.bincount(which, weight * (truth - p), minlength=BINS)
    return float(np.abs(off).sum() / weight.sum())


def _of_sound(sound: Sound, n_made: int, called: Sequence[Called]) -> Figure:
    kinds = Counter(each.placed.kind for each in called if each.sounded.sound == sound)
    told = ", ".join(f"{n} {kind}" for kind, n in kinds.most_common())
    return Figure(f"{sound.name}, {sound.level_db[0]:.0f} dB", f"{n_made} made, {kinds.total()} placed: {told or '-'}")


def _share(what: str, called: Sequence[Called], kinds: Sequence[str], bar: float | None) -> Figure:
    n = sum(each.placed.kind in kinds for each in called)
    share = n / len(called) if called else 0.0
    told = f"{share:.2%} ({n} of {len(called)})"
    return Figure(what, told) if bar is None else Figure(what, told, f"<= {bar:.1%}", share <= bar)
