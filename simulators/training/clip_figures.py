"""How well gunshots of clips are told from everyday sounds, and the live fire's rounds, by voices that never
heard them.

A clip counts by its largest p. Impulsive are the classes that a gunshot is taken for: doors, impacts, tools, gun
handling, fire, thunder. Explosions, fireworks and ricochets are scored apart.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from dsp.hearing.classify import LIKELY
from simulators.training.clips import APART, MORE, NEGATIVES, POSITIONS, Clip
from simulators.training.examples import GUNSHOT, OTHER
from simulators.training.folds import Judged
from simulators.training.scoreboard import Figure

Floats = NDArray[np.float64]
Pick = Callable[[Judged], float]

IMPULSIVE = (
    "door", "car_door", "dumpster", "hammer", "impact_metal", "impact_other", "impact_stone", "impact_wood", "glass",
    "tools", "jackhammer", "gun_handling", "fire", "thunder", "thunder_rain", "balloon_pop", "clapping",
)  # fmt: skip
CRACKLING = "esc10 fire crackling"
BARS = {"alone": (0.93, 0.80, 0.88), "with the wide ear": (0.96, 0.88, 0.92)}
"""AUC, recall at 5 % false, AUC against impulsive ones."""
NO_BARS = (None, None, None)
MOST_STRANGERS = 0.04
LEAST_RECALL = 0.95
MANY = 4  # microphones of a round


def clip_figures(judged: Sequence[Judged]) -> Iterator[Figure]:
    """Of the nets and trees, and with the wide ear where it was there."""
    yield from of_clips(judged, "alone", lambda each: each.p)
    if any(np.isfinite(each.with_ear) for each in judged):
        yield from of_clips(judged, "with the wide ear", lambda each: each.with_ear)


def live_figures(clips: Sequence[Clip], judged: Sequence[Judged], words: str) -> Iterator[Figure]:
    """Of all live fire together. words : what was left out."""
    shots = [each for each in judged if each.example.group.startswith(POSITIONS) and each.example.truth == GUNSHOT]
    if not shots:
        return
    yield Figure(f"{words}: onsets called gunshot", share(np.array([each.p >= LIKELY for each in shots])))
    rounds = [ps for ps in rounds_of(clips, shots).values() if len(ps) >= MANY]
    below = sum(float(np.median(ps)) < LIKELY for ps in rounds)
    yield Figure(
        f"{words}: rounds of {MANY} or more microphones below 0.5 by their median", f"{below} of {len(rounds)}"
    )


def auc(guns: Floats, others: Floats) -> float:
    """The area under the curve: how often a gunshot has the larger p, ties half."""
    return float(np.mean((guns[:, None] > others) + 0.5 * (guns[:, None] == others)))


def share(these: NDArray[np.bool_]) -> str:
    """So many of how many, with the interval that holds the true share at 95 % (Wilson, J. Am. Stat. Assoc. 22, 209,
    1927, as scipy.stats.binomtest has it)."""
    found = stats.binomtest(int(these.sum()), len(these)).proportion_ci(method="wilson")
    return f"{these.mean():.2f} ({found.low:.2f} to {found.high:.2f}), {int(these.sum())} of {len(these)}"


def of_clips(judged: Sequence[Judged], whose: str, pick: Pick) -> Iterator[Figure]:
    """Of one who says p; whose : of BARS, or somebody who has none."""
    largest = largest_of_clips(judged, pick)
    guns = np.array([p for (_, _, truth), p in largest.items() if truth == GUNSHOT])
    others = {key: p for key, p in largest.items() if key[2] == OTHER}
    every = np.array([*others.values()])
    near = np.array([p for (group, _, _), p in others.items() if is_impulsive(group)])
    if not len(guns) or not len(near):
        return
    least_auc, least_recall, least_near = BARS.get(whose, NO_BARS)
    what = f"clips, {whose}"
    yield _at_least(f"{what}: area under the curve", auc(guns, every), least_auc)
    yield _at_least(f"{what}: the same against impulsive ones", auc(guns, near), least_near)
    yield recall_at(what, guns, every, 0.01)
    yield recall_at(what, guns, every, 0.05, least_recall)
    yield Figure(f"{what}: gunshots called gunshot", share(guns >= LIKELY))
    strange = np.array([p for (group, _, _), p in others.items() if group.startswith(f"{MORE} ")])
    if len(strange):
        ok = bool((strange >= LIKELY).mean() <= MOST_STRANGERS)
        figure = Figure(f"{what}: clips/more called gunshot", share(strange >= LIKELY))
        yield replace(figure, bar=f"<= {MOST_STRANGERS:g}", ok=ok) if whose in BARS else figure


def recall_at(what: str, guns: Floats, others: Floats, false: float, bar: float | None = None) -> Figure:
    """How many gunshots have a larger p than all but this share of the others. It goes by whole others: what lies
    between two of them nobody knows. Where not even one makes the share there are too few, and none may pass."""
    most = int(false * len(others))
    found = guns > np.sort(others)[len(others) - 1 - most]
    few = "" if most else f"; too few others: none of {len(others)} may pass"
    ok = None if bar is None else bool(found.mean() >= bar)
    words = f"{what}: recall at {false:.0%} false"
    return Figure(words, share(found) + few, "" if bar is None else f">= {bar:g}", ok)


def _at_least(what: str, found: float, bar: float | None) -> Figure:
    return Figure(what, f"{found:.3f}") if bar is None else Figure(what, f"{found:.3f}", f">= {bar:g}", found >= bar)


def largest_of_clips(judged: Sequence[Judged], pick: Pick) -> dict[tuple[str, str, int], float]:
    """By group, clip and truth, of what is known and no live fire."""
    largest: dict[tuple[str, str, int], float] = {}
    for each in judged:
        group, name, truth = each.example.group, each.example.name, each.example.truth
        apart = any(word in group or word in name for word in APART)
        if truth in (GUNSHOT, OTHER) and not group.startswith(POSITIONS) and not apart:
            largest[group, name, truth] = max(largest.get((group, name, truth), 0.0), pick(each))
    return largest


def is_impulsive(group: str) -> bool:
    """Whether a gunshot may be taken for this group's sounds, and they for it."""
    return group in (CRACKLING, NEGATIVES) or group.removeprefix(f"{MORE} ") in IMPULSIVE


def rounds_of(clips: Sequence[Clip], shots: Sequence[Judged]) -> dict[tuple[str, str, int], list[float]]:
    """p of each microphone of a round, by position, test and round."""
    known = {(clip.group, clip.name): clip for clip in clips}
    rounds: dict[tuple[str, str, int], list[float]] = defaultdict(list)
    for each in shots:
        clip = known[each.example.group, each.example.name]
        nearest = int(np.argmin([abs(each.example.onset_s - shot_s) for shot_s in clip.shots_s]))
        rounds[clip.group, clip.name.split()[0], clip.rounds[nearest]].append(each.p)
    return rounds
