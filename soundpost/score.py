"""soundpost score: how good it is on recordings, against the bars that were set."""

import argparse
import json
from pathlib import Path

from simulators.training.figures import wrong
from simulators.training.score_detector import score_detector, write_report
from simulators.training.scoreboard import board, line

HELP = (
    "Score the detector on the folder of recordings (livefire, clips). What was trained is retrained without\n"
    "each part that it is scored on, so this takes some minutes."
)
EXAMPLE = "soundpost score detector ../shared/data"
DETECTOR = "detector"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=(DETECTOR,), help="what to score")
    parser.add_argument("data", type=Path, metavar="DATA", help="folder of recordings")
    parser.add_argument("--json", action="store_true", help="JSON lines instead of a table")
    parser.add_argument("--report", type=Path, metavar="DIR", help="write a page with ROC and calibration curves there")


def run(args: argparse.Namespace) -> int:
    """0, whether the bars are met or not. Raises OSError or ValueError of one line, with nothing printed."""
    score = score_detector(args.data)
    if args.report:
        write_report(args.report, score)
    if args.json:
        print("".join(json.dumps(line(each)) + "\n" for each in score.figures), end="")
    else:
        print(board(score.figures))
        print("\ncalled what they are not:", *wrong(score.judged), sep="\n  ")
    return 0
