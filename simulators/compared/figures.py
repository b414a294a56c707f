"""How well peers tell gunshots: the very clips and onsets that our own figures are of, counted the same way.

They never heard any of it, and nothing is left out for them. Of a clip the largest score of its windows counts; of an
onset of the live fire the largest of the windows that hold it. Their scores are no probabilities, so they are counted
at 0.1, too.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from simulators.compared.asking import Asked, ask_all
from simulators.compared.installed import PLACE, installed
from simulators.compared.peer import Heard
from simulators.training.clip_figures import largest_of_clips, live_figures, of_clips, share
from simulators.training.clips import POSITIONS, Clip
from simulators.training.examples import GUNSHOT, OTHER, Example
from simulators.training.folds import Judged
from simulators.training.scoreboard import Figure

FAINT = 0.1


def peer_figures(
    clips: Sequence[Clip], examples: Sequence[Example], kept: Path | None = None, place: Path = PLACE
) -> list[Figure]:
    """Of each peer, and a line of each that is not here. examples : the onsets that our detector hears. kept, raises :
    as ask_all."""
    own = [each for each in examples if not each.made]
    with installed(place) as here:
        found = list(here.missing)
        for peer in here.peers:
            said = ask_all(peer, [Asked(clip.path, clip.bare) for clip in clips], kept)
            found += _of_peer(peer.name, clips, said, own)
        return found


def _of_peer(name: str, clips: Sequence[Clip], said: Sequence[Heard], own: Sequence[Example]) -> Iterator[Figure]:
    judged = _judged(clips, said, own)
    yield from of_clips(judged, name, lambda each: each.p)
    largest = largest_of_clips(judged, lambda each: each.p)
    for words, truth in (("gunshots", GUNSHOT), ("others", OTHER)):
        found = np.array([p for key, p in largest.items() if key[2] == truth])
        if len(found):
            yield Figure(f"clips, {name}: {words} at {FAINT}", share(found >= FAINT))
    yield from live_figures(clips, judged, f"live fire, {name}")
    live = [e.p for e in judged if e.example.group.startswith(POSITIONS) and e.example.truth == GUNSHOT]
    if live:
        yield Figure(f"live fire, {name}: onsets at {FAINT}", share(np.array(live) >= FAINT))
    yield from _files(name, clips, said)


def _judged(clips: Sequence[Clip], said: Sequence[Heard], own: Sequence[Example]) -> list[Judged]:
    """Each of our onsets with what the peer says there."""
    known: dict[tuple[str, str], list[Heard]] = defaultdict(list)
    for clip, heard in zip(clips, said, strict=True):
        known[clip.group, clip.name].append(heard)
    return [Judged(each, _p(each, known[each.group, each.name])) for each in own]


def _p(example: Example, heard: Sequence[Heard]) -> float:
    if example.group.startswith(POSITIONS):
        return max(each.at(example.onset_s) for each in heard)
    return max(each.largest for each in heard)


def _files(name: str, clips: Sequence[Clip], said: Sequence[Heard]) -> Iterator[Figure]:
    """Of the street microphones' files in which a shot is, position by position."""
    shot = [(clip.group, each.largest) for clip, each in zip(clips, said, strict=True) if clip.shots_s]
    for group in sorted({group for group, _ in shot}):
        found = np.array([p for where, p in shot if where == group])
        yield Figure(f"{group}, {name}: files with a shot at {FAINT}", share(found >= FAINT))
