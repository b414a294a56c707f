"""`make trainnet`: listens to everything, trains the nets and the head, and writes firmware/linux/gunshot_net.npz."""

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dsp.hearing.verdict import VERSION, Verdict
from firmware.linux.voices import VERDICT
from simulators.training.clips import read_clips
from simulators.training.ear_head import fit_head
from simulators.training.examples import Example, grown, listen_all, recorded
from simulators.training.figures import classifier_figures
from simulators.training.jury import fit_lines, judged_left_out, said_left_out
from simulators.training.jury import recorded as those_recorded
from simulators.training.net_lessons import Lesson, lessons, weights
from simulators.training.scoreboard import board

NO_EAR = "there is no wide ear here to learn what its word is worth: first run `make ear`"


def main(argv: Sequence[str] | None = None) -> int:
    """0; 1 for bad input, with nothing written."""
    parser = argparse.ArgumentParser(
        prog="simulators.training.verdict_file",
        description="Train the nets and the head on the wide ear (needs torch, and make ear; some half hour).",
        epilog="example: python -m simulators.training.verdict_file ../shared/data",
    )
    parser.add_argument("folder", type=Path, help="the folder of recordings: livefire, clips")
    folder = parser.parse_args(argv).folder
    try:
        clips = read_clips(folder)
        examples = listen_all(recorded(clips), "listening to what was recorded")
        if not all(len(each.heard) for each in examples):
            raise ValueError(NO_EAR)
        examples += listen_all(grown(clips), "listening to what is made of it")
        learnt = lessons(examples)
        said = said_left_out(examples, learnt)
        sys.stdout.write(board(classifier_figures(clips, judged_left_out(examples, said))) + "\n")
        own = those_recorded(examples)
        lines, near = fit_lines(own, said, np.ones(len(own), bool))
        content = _content(examples, learnt, lines, near)
        Verdict.from_bytes(content)
        VERDICT.write_bytes(content)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"trainnet: {error}\n")
        return 1
    sys.stdout.write(f"wrote {VERDICT}, {len(content)} bytes\n")
    return 0


def _content(examples: Sequence[Example], learnt: Sequence[Lesson], lines: np.ndarray, near: np.ndarray) -> bytes:
    """The file, of what everything has taught."""
    from simulators.training.nets import arrays_of_nets, train_nets  # noqa: PLC0415  (torch, which only this needs)

    patches, truth = np.stack([each.patch for each in learnt]), np.array([each.truth for each in learnt], float)
    nets = train_nets(patches, truth, weights(learnt))
    kept = arrays_of_nets(nets) | {"lines": lines, "near": near, "version": np.array([VERSION])}
    kept["ear"] = fit_head([each for each in examples if len(each.heard)]).astype(np.float32)
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **kept)
    return file.getvalue()


if __name__ == "__main__":
    sys.exit(main())
