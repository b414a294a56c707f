"""`make peers`: what YAMNet and BirdNET make of the recordings, beside our own figures."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from simulators.compared import ours
from simulators.compared.asking import KEPT
from simulators.compared.figures import peer_figures
from simulators.training.clips import read_clips
from simulators.training.examples import listen_all, recorded
from simulators.training.scoreboard import board


def main(argv: Sequence[str] | None = None) -> int:
    """0; 1 for bad input, in a line."""
    parser = argparse.ArgumentParser(
        prog="simulators.compared",
        description="Ask the peers that are installed (make peers) about the recordings; print their figures and ours.",
        epilog="example: python -m simulators.compared ../shared/data",
    )
    parser.add_argument("folder", type=Path, help="the folder of recordings: livefire, clips")
    parser.add_argument("--kept", type=Path, default=KEPT, metavar="DIR", help="of answers (default: %(default)s)")
    told = parser.parse_args(argv)
    try:
        clips = read_clips(told.folder)
        told.kept.mkdir(parents=True, exist_ok=True)
        examples = listen_all(recorded(clips), "listening to what was recorded")
        figures = [*ours.kept(told.kept, clips), *peer_figures(clips, examples, told.kept)]
    except (OSError, ValueError) as error:
        sys.stderr.write(f"peers: {error}\n")
        return 1
    sys.stdout.write(board(figures) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
