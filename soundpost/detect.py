"""soundpost detect: hear impulses in audio files, one line an onset."""

import argparse
import asyncio
import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from dsp.hearing.classify import kind_of
from dsp.hearing.detect import Detector
from dsp.hearing.onset import Onset
from dsp.hearing.patient import Patient
from dsp.hearing.zeros import Zeros
from firmware.linux.voices import judge, voices
from hw.linux.audio_file import AudioFile, Shape
from simulators.recordings.background import Background
from simulators.recordings.forensic import full_scale_of
from simulators.recordings.progress import watched
from simulators.recordings.sources import SOUND, is_sound
from soundpost.pictures import Pictures, add_picture_arguments
from soundpost.terminal import columns, complain, one_line, printable

HELP = (
    "Hear impulses in WAV, FLAC and OGG files, 8 to 96 kHz, any number of channels. A folder stands for\n"
    "every such file in it. onset_s counts from the file's first sample; runs of exact zeros are gaps,\n"
    "in which nothing is heard. Within 1.2 s of what may be a gunshot, what sounds like it again is told as\n"
    "the next round, though no level rises; its p(gunshot) is the first one's. p(gunshot) is of all that was\n"
    "heard within a second. --plot and --report need the extra [sim]. --background learns from recordings of\n"
    "a place without a gun (not those to be judged) how often it makes something so gun-like, rarity_per_h,\n"
    "and p(gunshot) takes that in: it then means the same at places that the detector was not trained for."
)
EXAMPLE = "soundpost detect clips/*.wav --json"
BLOCK_S = 1.0
FULL_SCALE_DB = (0.0, 250.0)
STDIN = Path("-")
DEAF = 0.9  # share of a file: if more was lost and nothing heard, it is said even where only onsets have lines

Line = dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", type=Path, nargs="+", metavar="FILE", help="audio file, or a folder of them; - is standard input"
    )
    parser.add_argument("--json", action="store_true", help="JSON lines instead of a table")
    parser.add_argument(
        "--full-scale-db",
        type=float,
        metavar="DB",
        help="dB SPL of full scale, to have levels in dB SPL; a file with an smj0 chunk tells its own",
    )
    parser.add_argument(
        "--background", type=Path, metavar="FOLDER", help="recordings of the place, without a gun: what is usual there"
    )
    add_picture_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """0; 1 where a file could not be heard, after all others were. A file's lines are printed together, or none."""
    full_scale_db = args.full_scale_db
    if full_scale_db is not None and not FULL_SCALE_DB[0] <= full_scale_db <= FULL_SCALE_DB[1]:
        raise ValueError(f"--full-scale-db {full_scale_db:g}: must be {FULL_SCALE_DB[0]:g} to {FULL_SCALE_DB[1]:g}")
    faults: list[str] = []
    place = None if args.background is None else learnt(args.background, full_scale_db, faults)
    paths = list(_files(args.files))
    pictures = Pictures(args.plot, args.report, len(paths))
    for fault in voices()[1]:
        complain("detect", ValueError(fault))
    for path in watched(paths, len(paths), "listening"):
        try:
            with _there(path) as there:
                heard = detect(there, full_scale_db, str(path))
                lines, notes = heard.lines(place), heard.notes(there)
                pictures.take(there, lines, str(path))
        except (OSError, ValueError) as error:
            complain("detect", error)
            faults.append(one_line(error))
        else:
            for note in notes:
                complain("detect", ValueError(note))
            _print(heard, lines, args.json)
    index = pictures.finish(", ".join(map(str, args.files)), faults)
    print(f"report: {index}" if index and not args.json else "", end="\n" if index and not args.json else "")
    return int(bool(faults))


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard in a file of this name, and how well it could be: seconds of it that were clipped and that were
    gaps, each the mean over its channels. is_spl : levels are dB SPL, not dBFS."""

    name: str
    is_spl: bool
    shape: Shape
    onsets: list[Onset]
    length_s: float
    clipped_s: float
    gap_s: float

    def lines(self, place: Background | None = None) -> list[Line]:
        """A record of each onset (DESIGN section 4). place : what is usual where it was heard."""
        return [_line(self, onset, place) for onset in self.onsets]

    def notes(self, path: Path) -> list[str]:
        """What is odd about the file that was read from `path`, a sentence each."""
        return [note.replace(str(path), self.name) for note in self.shape.notes]

    def lost(self) -> str:
        """How much was not heard as it was, in words, or nothing."""
        parts = ((self.clipped_s, "clipped"), (self.gap_s, "of gaps"))
        return "".join(f"; {seconds:.3g} s {words}" for seconds, words in parts if seconds)


def detect(path: Path, full_scale_db: float | None, name: str) -> Heard:
    """The onsets of one file, in order of time. full_scale_db : as the option. name : what the lines call it.

    Raises OSError or ValueError naming the file that cannot be heard, or the folder that holds none.
    """
    if path.is_dir():
        raise ValueError(f"{path}: no {', '.join(SOUND)} files in this folder")
    return asyncio.run(_hear(path, full_scale_db, name))


def learnt(folder: Path, full_scale_db: float | None, faults: list[str]) -> Background:
    """What all recordings in a folder say of their place. Those that cannot be heard are told of and join the faults.

    Raises as `detect` where there is no other; ValueError where they hold nothing."""
    place = Background()
    paths = list(_files([folder]))
    for path in watched(paths, len(paths), "learning"):
        try:
            heard = detect(path, full_scale_db, str(path))
        except (OSError, ValueError) as error:
            if len(paths) == 1:
                raise
            complain("detect", error)
            faults.append(one_line(error))
            continue
        sounds = ((each.sample / heard.shape.rate_hz, each.p_gunshot) for each in heard.onsets)
        place.learn(sounds, heard.length_s, heard.gap_s)
    if place.is_empty:
        raise ValueError(f"{folder}: no sound to learn from")
    return place


@contextmanager
def _there(path: Path) -> Iterator[Path]:
    """Where a file can be read from: standard input is put by first, since its header has to be looked at."""
    if path != STDIN:
        yield path
        return
    if sys.stdin is None:
        raise ValueError("-: standard input is closed")
    with NamedTemporaryFile(prefix="stdin-") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
        file.flush()
        try:
            yield Path(file.name)
        except (OSError, ValueError) as error:
            raise ValueError(one_line(error).replace(file.name, str(STDIN))) from error


def _files(named: list[Path]) -> Iterator[Path]:
    """Every file that is meant; a folder without any stands for itself, and its fault is told in its turn."""
    for path in named:
        below = path.rglob("*") if path.is_dir() else ()
        inside = sorted(file for file in below if is_sound(file) and file.is_file())
        yield from inside or [path]


async def _hear(path: Path, full_scale_db: float | None, name: str) -> Heard:
    """All onsets of a file, block by block so that its length is no matter."""
    audio = AudioFile(path, block_s=BLOCK_S)
    await audio.open()
    try:
        if full_scale_db is None and audio.n_channels == 1:
            full_scale_db = full_scale_of(path)
        detector = Detector(audio.rate_hz, audio.n_channels, full_scale_db, judge())
        zeros = Zeros(audio.rate_hz, audio.n_channels)
        patient, onsets, n_frames = Patient(detector), list[Onset](), 0
        async for block in audio.blocks():
            zeros.feed(block.samples)
            onsets += patient.feed(block.samples)
            n_frames += len(block.samples)
        onsets += patient.flush()
    finally:
        await audio.close()
    all_hz = audio.rate_hz * audio.n_channels
    return Heard(
        name,
        full_scale_db is not None,
        audio.shape,
        sorted(onsets, key=_in_order),
        n_frames / audio.rate_hz,
        detector.n_clipped / all_hz,
        zeros.n_samples / all_hz,
    )


def _in_order(onset: Onset) -> tuple[float, int]:
    return onset.sample, onset.channel


def _line(heard: Heard, onset: Onset, place: Background | None) -> Line:
    """An onset as it is told; of what stands behind `kind`, only that of which there is something to say."""
    shape, p = heard.shape, onset.p_gunshot
    kind = onset.kind
    if place is not None:
        p = place.p_gunshot(onset.p_gunshot)
        kind = kind_of(onset.features, p)
    more = {
        "channel": onset.channel if shape.n_channels > 1 else None,
        "lossy": shape.lossy or None,
        "file_clipped_s": round(heard.clipped_s, 6) or None,
        "file_gap_s": round(heard.gap_s, 6) or None,
        "rarity_per_h": None if place is None else round(place.per_h(onset.p_gunshot), 3),
    }
    return {
        "file": heard.name,
        "onset_s": round(onset.sample / shape.rate_hz, 6),
        "sigma_us": max(1, shape.sigma_us, round(onset.sigma_us)),
        "level_db": round(onset.level_db, 2),
        "level_unit": "dBSPL" if heard.is_spl else "dBFS",
        "snr_db": round(onset.snr_db, 2),
        "p_gunshot": round(p, 3),
        "kind": kind,
        **{key: value for key, value in more.items() if value is not None},
    }


def _print(heard: Heard, lines: list[Line], as_json: bool) -> None:
    name, codec = printable(heard.name), heard.shape.lossy
    if as_json:
        if not lines and heard.clipped_s + heard.gap_s > DEAF * heard.length_s:
            complain("detect", ValueError(f"{name}: 0 impulses{heard.lost()}"))
        print("".join(json.dumps(line) + "\n" for line in lines), end="", flush=True)
        return
    lossy = f" ({codec}, which loses sound: times are to {heard.shape.sigma_us / 1000:g} ms)" if codec and lines else ""
    print(f"{name}: {len(lines)} impulse{'' if len(lines) == 1 else 's'}{lossy}{heard.lost()}", flush=True)
    if lines:
        print(columns([_headings(lines[0]), *map(_row, lines)], left=()), flush=True)


def _headings(line: Line) -> tuple[str, ...]:
    channel = ("channel",) if "channel" in line else ()
    return ("onset s", "+- us", line["level_unit"], "SNR dB", "p(gunshot)", "kind", *channel)


def _row(line: Line) -> tuple[str, ...]:
    channel = (str(line["channel"]),) if "channel" in line else ()
    return (
        f"{line['onset_s']:.6f}",
        str(line["sigma_us"]),
        f"{line['level_db']:.1f}",
        f"{line['snr_db']:.1f}",
        f"{line['p_gunshot']:.2f}",
        line["kind"],
        *channel,
    )
