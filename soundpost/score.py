"""soundpost score: how good it is on recordings and synthetic nights, against the bars that were set."""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from simulators.locating import locator_page
from simulators.locating.score_locator import score_locator
from simulators.training import score_detector as detector
from simulators.training.figures import wrong
from simulators.training.scoreboard import Figure, board, line

HELP = (
    "Score the detector on the folder of recordings (livefire, clips): what was trained is retrained without\n"
    "each part that it is scored on. Or score the locator on the live fire in it and on synthetic nights.\n"
    "Either takes some minutes."
)
EXAMPLE = "soundpost score locator ../shared/data/livefire --report out/locator"


@dataclass(frozen=True, slots=True)
class Told:
    """A table, what stands below it, and how to make its page in a folder."""

    figures: Sequence[Figure]
    below: str
    write: Callable[[Path], Path]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=SCORED, help="what to score")
    parser.add_argument("data", type=Path, metavar="DATA", help="folder of recordings; of the locator, its livefire")
    parser.add_argument("--json", action="store_true", help="JSON lines instead of a table")
    parser.add_argument("--report", type=Path, metavar="DIR", help="write a page there: curves, or a map of every miss")


def run(args: argparse.Namespace) -> int:
    """0, whether the bars are met or not. Raises OSError or ValueError of one line, with nothing printed."""
    if args.report and args.what == LOCATOR:
        locator_page.check_folder(args.report)
    told = SCORED[args.what](args.data)
    if args.report:
        told.write(args.report)
    if args.json:
        print("".join(json.dumps(line(each)) + "\n" for each in told.figures), end="")
    else:
        print(board(told.figures))
        print(told.below, end="")
    return 0


def _detector(data: Path) -> Told:
    score = detector.score_detector(data)
    below = "\n".join(["", "called what they are not:", *(f"  {each}" for each in wrong(score.judged)), ""])
    return Told(score.figures, below, lambda folder: detector.write_report(folder, score))


def _locator(data: Path) -> Told:
    score = score_locator(data)
    return Told(score.figures, "", lambda folder: locator_page.write_report(folder, score.figures, score.chapters))


DETECTOR, LOCATOR = "detector", "locator"
SCORED = {DETECTOR: _detector, LOCATOR: _locator}
