"""`make train`: listens to everything, prints what the model says of what it never heard, and rewrites its file."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from simulators.training import model_file
from simulators.training.clips import read_clips
from simulators.training.examples import grown, listen_all, recorded
from simulators.training.figures import classifier_figures
from simulators.training.folds import left_out, train
from simulators.training.scoreboard import board


def main(argv: Sequence[str] | None = None) -> int:
    """0; 1 for bad input, with nothing written."""
    parser = argparse.ArgumentParser(prog="simulators.training", description="Train the gunshot model.")
    parser.add_argument("folder", type=Path, help="the folder of recordings: livefire, clips")
    folder = parser.parse_args(argv).folder
    try:
        clips = read_clips(folder)
        examples = listen_all(recorded(clips), "listening to what was recorded")
        examples += listen_all(grown(clips), "listening to what is made of it")
        sys.stdout.write(board(classifier_figures(clips, left_out(examples))) + "\n")
        model_file.write(train(examples))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"train: {error}\n")
        return 1
    sys.stdout.write(f"wrote {model_file.PATH}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
