"""soundpost score: how good it is on recordings and synthetic nights, against the bars that were set."""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from simulators.judging.figures import N_NIGHTS, score_nights
from simulators.locating import locator_page
from simulators.locating.score_locator import score_locator
from simulators.pages import listening_page
from simulators.training import score_detector as detector
from simulators.training.figures import wrong
from simulators.training.score_sounds import score_sounds
from simulators.training.scoreboard import Figure, board, line

HELP = (
    "Score the detector on the folder of recordings (livefire, clips): what was trained is retrained without\n"
    "each part that it is scored on. Or score the locator on the live fire in it and on synthetic nights. Or\n"
    "score the third look on nights of clutter and fireworks, for which no recordings are needed. Or score\n"
    "your own recordings of sounds, a folder of each class: nothing is trained for that.\n"
    "Each takes some minutes."
)
DATA_HELP = "folder of recordings; of the locator, its livefire; of sounds, a folder of each class, gunshot* the guns"
EXAMPLE = "soundpost score locator ../shared/data/livefire --report out/locator"


@dataclass(frozen=True, slots=True)
class Told:
    """A table, what stands below it, and how to make its page in a folder."""

    figures: Sequence[Figure]
    below: str
    write: Callable[[Path], Path]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_subparsers(dest="what", required=True, metavar="WHAT", help="what to score")
    for name in SCORED:
        one = what.add_parser(name)
        one.add_argument("data", type=Path, metavar="DATA", help=DATA_HELP)
        one.add_argument("--json", action="store_true", help="JSON lines instead of a table")
        one.add_argument(
            "--report", type=Path, metavar="DIR", help="write a page there: curves, or a map of every miss"
        )
        if name == SOUNDS:
            one.add_argument(
                "--lead",
                action="store_true",
                help="hear each behind a second of quiet: for clips that begin on their sound",
            )
    nights = what.add_parser(NIGHTS)
    nights.add_argument("--nights", type=int, default=N_NIGHTS, metavar="N", help=f"so many (default {N_NIGHTS})")
    nights.add_argument("--json", action="store_true", help="JSON lines instead of a table")


def run(args: argparse.Namespace) -> int:
    """0, whether the bars are met or not. Raises OSError or ValueError of one line, with nothing printed."""
    if args.what == NIGHTS:
        if not 1 <= args.nights <= MOST_NIGHTS:
            raise ValueError(f"--nights {args.nights}: must be 1 to {MOST_NIGHTS}")
        _tell(score_nights(args.nights), "", args.json)
        return 0
    if args.report and args.what == LOCATOR:
        locator_page.check_folder(args.report)
    told = _sounds(args.data, args.lead) if args.what == SOUNDS else SCORED[args.what](args.data)
    if args.report:
        told.write(args.report)
    _tell(told.figures, told.below, args.json)
    return 0


def _tell(figures: Sequence[Figure], below: str, as_json: bool) -> None:
    if as_json:
        print("".join(json.dumps(line(each)) + "\n" for each in figures), end="")
    else:
        print(board(figures))
        print(below, end="")


def _detector(data: Path) -> Told:
    score = detector.score_detector(data)
    below = "\n".join(["", "called what they are not:", *(f"  {each}" for each in wrong(score.judged)), ""])
    return Told(score.figures, below, lambda folder: detector.write_report(folder, score))


def _locator(data: Path) -> Told:
    score = score_locator(data)
    return Told(score.figures, "", lambda folder: locator_page.write_report(folder, score.figures, score.chapters))


def _sounds(data: Path, lead: bool = False) -> Told:
    figures, sounds = score_sounds(data, lead)
    return Told(figures, "", lambda folder: listening_page.write_report(folder, figures, sounds))


MOST_NIGHTS = 100_000
DETECTOR, LOCATOR, NIGHTS, SOUNDS = "detector", "locator", "nights", "sounds"
SCORED = {DETECTOR: _detector, LOCATOR: _locator, SOUNDS: _sounds}
