"""Any folder of classes of sounds, scored: how well the shipped voices tell its gunshots from the rest.

A class is a folder; those whose name begins with `gunshot` are gunshots. A file counts by its largest p, 0 where
nothing is heard in it. Nothing is trained: so it is no measure for recordings that the voices learnt from.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dsp.hearing.classify import LIKELY
from dsp.hearing.detect import Detector
from dsp.hearing.judge import Judge
from dsp.hearing.patient import Patient
from firmware.linux.voices import judge, voices
from hw.linux.audio_file import read_audio
from simulators.compared.asking import Asked, ask_all
from simulators.compared.figures import FAINT
from simulators.compared.installed import installed
from simulators.compared.peer import Heard
from simulators.recordings.parallel import in_turn
from simulators.recordings.progress import watched
from simulators.recordings.sources import is_sound
from simulators.training.clip_figures import auc, recall_at, share
from simulators.training.examples import LEAD_S, SEED, led
from simulators.training.scoreboard import Figure

GUNS = "gunshot"


@dataclass(frozen=True, slots=True)
class Sound:
    """A file of a class, and the largest p of what is heard in it: by all voices, and without the wide ear. at_s : when
    the former begins, None where nothing is heard."""

    path: Path
    kind: str
    p: float
    alone: float
    at_s: float | None

    @property
    def is_gun(self) -> bool:
        """Whether its class is one of gunshots."""
        return self.kind.startswith(GUNS)


def _refuse(error: Exception) -> None:
    raise error


def score_sounds(
    folder: Path, lead: bool = False, unheard: Callable[[Exception], None] = _refuse
) -> tuple[list[Figure], list[Sound]]:
    """The figures, and every sound that could be heard.

    lead : each is heard behind a second of faint noise, as it must be where it was cut to begin on its sound: the
    detector wants a moment of background. unheard : is told why a file cannot be heard; the others are then scored.
    Raises OSError or ValueError, naming what is not there, and what `unheard` raises."""
    folder.stat()
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and is_sound(path)]
    tasks = [(path, path.relative_to(folder).parts[0], lead) for path in paths if path.parent != folder]
    _check(folder, {kind for _, kind, _ in tasks})
    sounds = []
    for found in watched(in_turn(_heard, tasks), len(tasks), "listening"):
        if isinstance(found, Sound):
            sounds.append(found)
        else:
            unheard(found)
    _check(folder, {sound.kind for sound in sounds})
    return [*_figures(sounds), *_of_peers(sounds, lead)], sounds


def _check(folder: Path, kinds: set[str]) -> None:
    if not any(kind.startswith(GUNS) for kind in kinds) or all(kind.startswith(GUNS) for kind in kinds):
        raise ValueError(
            f"{folder}: there must be sounds in a folder whose name begins with {GUNS!r}, and in one of another name"
        )


def _heard(task: tuple[Path, str, bool]) -> Sound | OSError | ValueError:
    """Of a file that cannot be heard, why."""
    try:
        return _listen(task)
    except (OSError, ValueError) as error:
        return error


def _listen(task: tuple[Path, str, bool]) -> Sound:
    path, kind, lead = task
    samples, rate_hz = read_audio(path)
    sound, voices = samples[:, 0], judge()
    if lead:
        sound = led(np.random.default_rng(SEED), sound, rate_hz)
    p, at_s = _largest(sound, rate_hz, voices)
    alone = p if voices.ear is None else _largest(sound, rate_hz, Judge(voices.verdict))[0]
    return Sound(path, kind, p, alone, None if at_s is None else at_s - LEAD_S * lead)


def _largest(samples: NDArray[np.float32], rate_hz: int, voices: Judge) -> tuple[float, float | None]:
    patient = Patient(Detector(rate_hz, judge=voices))
    heard = patient.feed(samples) + patient.flush()
    if not heard:
        return 0.0, None
    most = max(heard, key=lambda onset: onset.p_gunshot)
    return most.p_gunshot, most.sample / rate_hz


def _figures(sounds: Sequence[Sound]) -> Iterator[Figure]:
    yield from _together(sounds, "nets and trees", lambda sound: sound.alone)
    for fault in voices()[1]:
        yield Figure("a voice is not heard", fault)
    if judge().ear is None:
        yield Figure("with the wide ear", "not heard: there is none here (make ear)")
    else:
        yield from _together(sounds, "with the wide ear", lambda sound: sound.p)
    for kind in sorted({sound.kind for sound in sounds}):
        called = np.array([sound.p >= LIKELY for sound in sounds if sound.kind == kind])
        yield Figure(f"{kind}: called gunshot", share(called))


def _of_peers(sounds: Sequence[Sound], lead: bool) -> list[Figure]:
    """What the peers that are here say of the same sounds, and a line of each that is not here."""
    with installed() as here:
        found = list(here.missing)
        for peer in here.peers:
            said = ask_all(peer, [Asked(sound.path, lead) for sound in sounds])
            found += _of_peer(peer.name, sounds, said)
        return found


def _of_peer(name: str, sounds: Sequence[Sound], said: Sequence[Heard]) -> Iterator[Figure]:
    largest = {sound.path: heard.largest for sound, heard in zip(sounds, said, strict=True)}
    yield from _together(sounds, name, lambda sound: largest[sound.path])
    for words, is_gun in (("gunshots", True), ("others", False)):
        p = np.array([largest[sound.path] for sound in sounds if sound.is_gun is is_gun])
        yield Figure(f"{name}: {words} at {FAINT}", share(p >= FAINT))


def _together(sounds: Sequence[Sound], whose: str, pick: Callable[[Sound], float]) -> Iterator[Figure]:
    guns = np.array([pick(sound) for sound in sounds if sound.is_gun])
    others = np.array([pick(sound) for sound in sounds if not sound.is_gun])
    yield Figure(f"{whose}: area under the curve", f"{auc(guns, others):.3f}")
    yield from (recall_at(whose, guns, others, false) for false in (0.01, 0.05))
    yield Figure(f"{whose}: gunshots called gunshot", share(guns >= LIKELY))
    yield Figure(f"{whose}: others called gunshot", share(others >= LIKELY))
