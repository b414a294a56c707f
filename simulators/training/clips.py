"""The recordings that the classifier learns from and is scored on (data/README.md), and what each onset in them is.

Labels. Live fire: an onset within NEAR_S of a pulse that the incumbent grouped to a round (nlos-tuples) is a gunshot;
one before the first such pulse of any sensor of the test, less BEFORE_FIRST_S, is other; what follows is echo and
reverberation and has no label. Clips of one gunshot: the strongest onset is it, the others have no label. Everyday
sounds: every onset is other. Bullets that fly by, ricochets, explosions and fireworks have no label.

A `fold` is what is left out together: a firing position, a library of gunshots, a fifth of the everyday sounds. ESC's
own five folds (the first digit of a clip's name) never part what was cut from one recording; the freesound negatives
are one recording each. Of clips/more a source is left out with all whose recordists it shares.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hw.linux.audio_file import read_audio
from simulators.recordings.livefire import is_test, read_test
from simulators.recordings.recording import Track

POSITIONS = "FP"
NEAR_S = 0.030
BEFORE_FIRST_S = 0.050
APART = ("ricochet", "explosion", "fireworks")
MORE = "more"
FOLDS = {
    "ffsl-more": "ffsl gunshots",
    "cc-sounds": "more cc-sounds",
    "antum-mod-sounds": "more antum",
    "inspectorj-distant": "more antum",
    "netfox": "more antum",
}
"""Source of clips/more -> the fold of whose recordists it has some; the small ones are one."""
LASTING = ("ambience", "ambience_city", "rain", "thunder_rain", "train", "aircraft", "helicopter", "engine", "fire")
"""Classes that begin in the midst of their sound; the others were cut to begin on it."""
FLY_BY = "fly"
NEGATIVES = "freesound negatives"


@dataclass(frozen=True, slots=True)
class Clip:
    """One channel of sound and what is known of it. Times are seconds after its first sample.

    shots_s : when a gunshot's direct sound comes, and shots_snr_db its SNR where others measured it. other_until_s :
    onsets before are no gunshots. rounds : of each shot, the number of its round in its
    test. strongest : the strongest onset is a gunshot. near_s : how near an onset must be.
    bare : it begins on its sound, and is to be heard behind a moment of quiet.
    """

    group: str
    fold: str
    name: str
    path: Path
    shots_s: tuple[float, ...] = ()
    shots_snr_db: tuple[float, ...] = ()
    other_until_s: float = 0.0
    strongest: bool = False
    near_s: float = NEAR_S
    rounds: tuple[int, ...] = ()
    bare: bool = False

    def read(self) -> tuple[NDArray[np.float32], int]:
        """(n,) samples of the first channel, full scale +-1, and their rate. Raises as `read_audio` does."""
        samples, rate_hz = read_audio(self.path)
        return np.ascontiguousarray(samples[:, 0]), rate_hz

    def quiet_s(self) -> float:
        """Seconds of sound, digital silence left out, before `other_until_s`."""
        samples, rate_hz = self.read()
        until = len(samples) if np.isinf(self.other_until_s) else round(self.other_until_s * rate_hz)
        return float(np.count_nonzero(samples[:until])) / rate_hz


def read_clips(folder: Path) -> list[Clip]:
    """Every clip of the data folder. OSError or ValueError names what is not there or not as it should be."""
    (folder / "livefire").stat()
    (folder / "clips").stat()
    tests = sorted(path for path in (folder / "livefire").rglob("*") if path.is_dir() and is_test(path))
    more = _more(folder / "clips" / MORE) if (folder / "clips" / MORE).is_dir() else ()
    return [*(clip for test in tests for clip in _of_test(test)), *_of_library(folder / "clips"), *more]


def _of_test(folder: Path) -> Iterator[Clip]:
    recording = read_test(folder)
    direct = {index: number for number, group in enumerate(recording.groups) for index in group}
    pulses = [recording.pulses[index] for index in sorted(direct)]
    if not pulses:
        return
    first_us = min(pulse.t_us for pulse in pulses)
    for track in recording.tracks:
        here = [recording.pulses[index] for index in sorted(direct) if recording.pulses[index].node == track.node]
        rounds = [direct[index] for index in sorted(direct) if recording.pulses[index].node == track.node]
        assert track.path is not None
        yield Clip(
            group=folder.parent.name,
            fold=folder.parent.name,
            name=f"{folder.name} {track.node}",
            path=track.path,
            shots_s=tuple(_after_s(pulse.t_us, track) for pulse in here),
            shots_snr_db=tuple(pulse.snr_db or 0.0 for pulse in here),
            rounds=tuple(rounds),
            other_until_s=max(_after_s(first_us, track) - BEFORE_FIRST_S, 0.0),
        )


def _after_s(t_us: int, track: Track) -> float:
    return (t_us - track.start_us) / 1e6


def _of_library(folder: Path) -> Iterator[Clip]:
    paths = (path for path in sorted(folder.rglob("*.ogg")) if path.relative_to(folder).parts[0] != MORE)
    for index, path in enumerate(paths):
        where = path.relative_to(folder).parts
        if where[0] == "gunshots":
            group = f"{where[1]} gunshots"
            yield Clip(group, group, path.stem, path, strongest=FLY_BY not in path.stem)
        elif where[1] == "esc10":
            group = f"esc10 {where[2][6:].lower()}"
            yield Clip(group, f"esc10 fold {path.stem[0]}", path.stem, path, other_until_s=np.inf)
        else:
            until_s = 0.0 if any(word in path.stem for word in APART) else np.inf
            yield Clip(NEGATIVES, f"{NEGATIVES} fold {index % 5 + 1}", path.stem, path, other_until_s=until_s)


def _more(folder: Path) -> Iterator[Clip]:
    """What manifest.csv of clips/more lists."""
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in sorted(rows, key=lambda row: row["path"]):
        kind, path = row["class"], folder / row["path"]
        is_gun = kind == "gunshot"
        other_until_s = 0.0 if is_gun or kind in APART else np.inf
        fold = FOLDS.get(row["source"], "more others")
        bare = kind not in LASTING
        yield Clip(f"{MORE} {kind}", fold, path.stem, path, other_until_s=other_until_s, strongest=is_gun, bare=bare)
