"""soundpost detect: hear impulses in audio files, one line an onset."""

import argparse
import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dsp.detect import Detector
from dsp.onset import Onset
from hw.linux.audio_file import AudioFile
from simulators.recordings.forensic import full_scale_of
from simulators.recordings.progress import watched
from simulators.recordings.sources import SOUND
from soundpost.pictures import Pictures, add_picture_arguments
from soundpost.terminal import columns, complain, one_line

HELP = (
    "Hear impulses in WAV, FLAC and OGG files, 8 to 96 kHz, any number of channels. A folder stands for\n"
    "every such file in it. onset_s counts from the file's first sample; runs of exact zeros are gaps,\n"
    "in which nothing is heard. Within 1.2 s of what may be a gunshot, what sounds like it again is told as\n"
    "the next round, though no level rises; its p(gunshot) is the first one's. --plot and --report need\n"
    "the extra [sim]."
)
EXAMPLE = "soundpost detect clips/*.wav --json"
BLOCK_S = 1.0
FULL_SCALE_DB = (0.0, 250.0)

Line = dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="audio file, or a folder of them")
    parser.add_argument("--json", action="store_true", help="JSON lines instead of a table")
    parser.add_argument(
        "--full-scale-db",
        type=float,
        metavar="DB",
        help="dB SPL of full scale, to have levels in dB SPL; a file with an smj0 chunk tells its own",
    )

    add_picture_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """0; 1 where a file could not be heard, after all others were. A file's lines are printed together, or none."""
    full_scale_db = args.full_scale_db
    if full_scale_db is not None and not FULL_SCALE_DB[0] <= full_scale_db <= FULL_SCALE_DB[1]:
        raise ValueError(f"--full-scale-db {full_scale_db:g}: must be {FULL_SCALE_DB[0]:g} to {FULL_SCALE_DB[1]:g}")
    paths = list(_files(args.files))
    pictures = Pictures(args.plot, args.report, len(paths))
    faults: list[str] = []
    for path in watched(paths, len(paths), "listening"):
        try:
            lines = detect(path, full_scale_db)
            pictures.take(path, lines)
        except (OSError, ValueError) as error:
            complain("detect", error)
            faults.append(one_line(error))
        else:
            _print(path, lines, args.json)
    index = pictures.finish(", ".join(map(str, args.files)), faults)
    print(f"report: {index}" if index and not args.json else "", end="\n" if index and not args.json else "")
    return int(bool(faults))


def detect(path: Path, full_scale_db: float | None = None) -> list[Line]:
    """The onsets of one file, in order of time. full_scale_db : as the option.

    Raises OSError or ValueError naming the file that cannot be heard, or the folder that holds none.
    """
    if path.is_dir():
        raise ValueError(f"{path}: no {', '.join(SOUND)} files in this folder")
    onsets, rate_hz, n_channels, full_scale_db = asyncio.run(_hear(path, full_scale_db))
    unit = "dBFS" if full_scale_db is None else "dBSPL"
    return [_line(path, onset, rate_hz, n_channels, unit) for onset in sorted(onsets, key=_in_order)]


def _files(named: list[Path]) -> Iterator[Path]:
    """Every file that is meant; a folder without any stands for itself, and its fault is told in its turn."""
    for path in named:
        below = path.rglob("*") if path.is_dir() else ()
        inside = sorted(file for file in below if file.suffix.lower() in SOUND and file.is_file())
        yield from inside or [path]


async def _hear(path: Path, full_scale_db: float | None) -> tuple[list[Onset], int, int, float | None]:
    """All onsets of a file, block by block so that its length is no matter; then its shape and its full scale."""
    audio = AudioFile(path, block_s=BLOCK_S)
    await audio.open()
    try:
        if full_scale_db is None and audio.n_channels == 1:
            full_scale_db = full_scale_of(path)
        detector = Detector(audio.rate_hz, audio.n_channels, full_scale_db)
        onsets = [onset async for block in audio.blocks() for onset in detector.feed(block.samples)]
        return [*onsets, *detector.flush()], audio.rate_hz, audio.n_channels, full_scale_db
    finally:
        await audio.close()


def _in_order(onset: Onset) -> tuple[float, int]:
    return onset.sample, onset.channel


def _line(path: Path, onset: Onset, rate_hz: int, n_channels: int, level_unit: str) -> Line:
    line = {
        "file": str(path),
        "onset_s": round(onset.sample / rate_hz, 6),
        "sigma_us": max(1, round(onset.sigma_us)),
        "level_db": round(onset.level_db, 2),
        "level_unit": level_unit,
        "snr_db": round(onset.snr_db, 2),
        "p_gunshot": round(onset.p_gunshot, 3),
        "kind": onset.kind,
    }
    return line | {"channel": onset.channel} if n_channels > 1 else line


def _print(path: Path, lines: list[Line], as_json: bool) -> None:
    if as_json:
        print("".join(json.dumps(line) + "\n" for line in lines), end="", flush=True)
    else:
        print(f"{path}: {len(lines)} impulse{'' if len(lines) == 1 else 's'}")
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
