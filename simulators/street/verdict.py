"""What was placed against what was fired: which round is which, what was missed, and what was never fired."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.incident import IS_GUNSHOT, Round
from simulators.recordings.recording import Truth

WITHIN_M = 25.0  # the field's own yardstick (notes/field.md 1.1)
WITHIN_US = 250_000


@dataclass(frozen=True, slots=True)
class Fired:
    """One round of a truth."""

    xyz_m: tuple[float, float, float]
    t_us: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """placed : (fired, round placed), in order of firing. missed : fired, never placed.

    false : placed as a gunshot, never fired. others : placed, and rightly said to be some other sound.
    """

    placed: tuple[tuple[Fired, Round], ...]
    missed: tuple[Fired, ...]
    false: tuple[Round, ...]
    others: tuple[Round, ...]


def fired(truths: Sequence[Truth]) -> list[Fired]:
    """Every round of truths that tell their times, in order of firing."""
    return sorted((Fired(truth.xyz_m, t_us) for truth in truths for t_us in truth.t_us), key=lambda each: each.t_us)


def is_gunshot(placed: Round) -> bool:
    """Whether policy calls it one. What nobody classified counts as one."""
    return placed.p_gunshot is None or placed.p_gunshot >= IS_GUNSHOT


def error_m(shot: Fired, placed: Round) -> float:
    """How far the fix is from where the round was fired, over ground."""
    return math.dist(shot.xyz_m[:2], placed.fix.xyz_m[:2])


def judge(truths: Sequence[Truth], rounds: Sequence[Round]) -> Verdict:
    """Match rounds with truths, one to one, nearest pairs first, within WITHIN_M and WITHIN_US."""
    shots, left = fired(truths), list(rounds)
    pairs = sorted(
        (
            (error_m(shot, placed), i, j)
            for i, shot in enumerate(shots)
            for j, placed in enumerate(left)
            if _near(shot, placed)
        ),
    )
    match: dict[int, int] = {}
    for _, i, j in pairs:
        if i not in match and j not in match.values():
            match[i] = j
    unmatched = [placed for j, placed in enumerate(left) if j not in match.values()]
    return Verdict(
        placed=tuple((shots[i], left[match[i]]) for i in sorted(match)),
        missed=tuple(shot for i, shot in enumerate(shots) if i not in match),
        false=tuple(placed for placed in unmatched if is_gunshot(placed)),
        others=tuple(placed for placed in unmatched if not is_gunshot(placed)),
    )


def _near(shot: Fired, placed: Round) -> bool:
    return error_m(shot, placed) <= WITHIN_M and abs(placed.fix.t_us - shot.t_us) <= WITHIN_US
