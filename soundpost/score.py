"""soundpost score: how good it is on recordings and synthetic nights, against the bars that were set."""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from simulators.judging.figures import N_NIGHTS, score_nights
from simulators.judging.rarity_figures import N_STREETS, score_rarity
from simulators.locating import locator_page
from simulators.locating.score_locator import score_locator
from simulators.pages import folders, listening_page
from simulators.training import score_detector as detector
from simulators.training.figures import wrong
from simulators.training.score_sounds import score_sounds
from simulators.training.scoreboard import Figure, board, line
from soundpost.terminal import add_verb, complain, printable

HELP = "Score what listens, what places and what judges, on recordings or on made-up nights. Each takes some minutes."
DETECTOR, LOCATOR, NIGHTS, RARITY, SOUNDS = "detector", "locator", "nights", "rarity", "sounds"
RECORDED = {
    DETECTOR: (
        "the detector and all who say what it heard, each trained anew without what it is scored on",
        "folder of recordings: livefire, clips",
        "the table, ROC and calibration",
    ),
    LOCATOR: (
        "who places, on the live fire and on synthetic nights",
        "the recordings' livefire",
        "a map of every miss",
    ),
    SOUNDS: (
        "your own recordings; nothing is trained for that",
        "a folder of each class in it; the gunshots' names begin with gunshot",
        "the worst of each class, to look at and to listen to",
    ),
}
"""What is scored: what it is, what DATA is, what its page shows."""
LEAD_HELP = "hear each behind a second of quiet: for clips that begin on their sound"
EXAMPLES = {
    DETECTOR: "../shared/data --report out/detector",
    LOCATOR: "../shared/data/livefire --report out/locator",
    SOUNDS: "my-recordings --lead --report out/sounds",
}
EXAMPLE = "\n  ".join(f"soundpost score {what} {words}" for what, words in EXAMPLES.items())


@dataclass(frozen=True, slots=True)
class Told:
    """A table, what stands below it, how to make its page in a folder, and what could not be scored."""

    figures: Sequence[Figure]
    below: str
    write: Callable[[Path], Path]
    faults: Sequence[Exception] = ()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_subparsers(dest="what", required=True, metavar="WHAT", help="what to score:")
    for name, (words, data, page) in RECORDED.items():
        one = add_verb(what, name, words, f"score {name} {EXAMPLES[name]}")
        one.add_argument("data", type=Path, metavar="DATA", help=data)
        one.add_argument("--json", action="store_true", help="JSON lines instead of a table")
        one.add_argument("--report", type=Path, metavar="DIR", help=f"write a page there: {page}")
        if name == SOUNDS:
            one.add_argument("--lead", action="store_true", help=LEAD_HELP)
    words = "the third look, on nights of clutter and fireworks; no recordings are needed"
    nights = add_verb(what, NIGHTS, words, f"score {NIGHTS} --nights 20")
    nights.add_argument("--nights", type=int, default=N_NIGHTS, metavar="N", help=f"so many (default {N_NIGHTS})")
    nights.add_argument("--json", action="store_true", help="JSON lines instead of a table")
    words = "what it is worth that poles know what is rare where they stand: shots laid into weeks of made-up streets"
    more = "Trains anew without what is scored."
    rarity = add_verb(what, RARITY, words, f"score {RARITY} ../shared/data --streets 2", more=more)
    rarity.add_argument("data", type=Path, metavar="DATA", help="folder of recordings: livefire, clips")
    rarity.add_argument(
        "--streets", type=int, default=N_STREETS, metavar="N", help=f"of each place (default {N_STREETS})"
    )
    rarity.add_argument("--json", action="store_true", help="JSON lines instead of a table")


def run(args: argparse.Namespace) -> int:
    """0, whether the bars are met or not; 1 where a file could not be heard. Raises OSError or ValueError of one line,
    with nothing on standard output."""
    if args.what == NIGHTS:
        if not 1 <= args.nights <= MOST_NIGHTS:
            raise ValueError(f"--nights {args.nights}: must be 1 to {MOST_NIGHTS}")
        _tell(score_nights(args.nights), "", args.json)
        return 0
    if args.what == RARITY:
        if not 1 <= args.streets <= MOST_STREETS:
            raise ValueError(f"--streets {args.streets}: must be 1 to {MOST_STREETS}")
        _tell(score_rarity(args.data, args.streets), "", args.json)
        return 0
    if args.report:
        CHECKS.get(args.what, folders.check_writable)(args.report)
    told = SCORED[args.what](args)
    if args.report:
        told.write(args.report)
    _tell(told.figures, told.below, args.json)
    return int(bool(told.faults))


def _tell(figures: Sequence[Figure], below: str, as_json: bool) -> None:
    if as_json:
        print("".join(json.dumps(line(each)) + "\n" for each in figures), end="")
    else:
        print(printable(board(figures)))
        print(below, end="")


def _detector(args: argparse.Namespace) -> Told:
    score = detector.score_detector(args.data)
    below = "\n".join(["", "called what they are not:", *(f"  {each}" for each in wrong(score.judged)), ""])
    return Told(score.figures, below, lambda folder: detector.write_report(folder, score))


def _locator(args: argparse.Namespace) -> Told:
    score = score_locator(args.data)
    return Told(score.figures, "", lambda folder: locator_page.write_report(folder, score.figures, score.chapters))


def _sounds(args: argparse.Namespace) -> Told:
    faults: list[Exception] = []

    def unheard(error: Exception) -> None:
        complain("score", error)
        faults.append(error)

    figures, sounds = score_sounds(args.data, args.lead, unheard)
    return Told(figures, "", lambda folder: listening_page.write_report(folder, figures, sounds), faults)


MOST_NIGHTS, MOST_STREETS = 100_000, 1000
CHECKS = {LOCATOR: locator_page.check_folder}
"""Before what takes so long: whether its page can be written. The other pages are one file."""
SCORED = {DETECTOR: _detector, LOCATOR: _locator, SOUNDS: _sounds}
