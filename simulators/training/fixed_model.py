"""`python -m simulators.training.fixed_model DATA`: fits the board's idea of a gunshot, and rewrites its file.

What it learns from: simulators/training/board_hearing.py; how: board_line.py. Printed is what lines say of parts that
they never heard.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from simulators.training.board_figures import board_figures
from simulators.training.board_hearing import board_lessons, heard_by_board
from simulators.training.board_line import Line, left_out
from simulators.training.clips import read_clips
from simulators.training.examples import listen_all, recorded
from simulators.training.scoreboard import board

PATH = Path(__file__).parents[2] / "dsp" / "fixed" / "gunshot_line.py"
HEAD = '''"""The board's line between gunshots and the rest, written by simulators/training/fixed_model.py: do not edit.

What the numbers are and what they are good for: dsp/fixed/gunshot.py.
"""

MIDDLES = (
    {middles}
)  # fmt: skip
SPREADS = (
    {spreads}
)  # fmt: skip
WEIGHTS = (
    {weights}
)  # fmt: skip
SQUARES = (
    {squares}
)  # fmt: skip
BIAS = {bias}
'''
A_ROW = 15


def text_of(numbers: dict[str, object]) -> str:
    """The file's text. numbers : as Line.whole has them."""
    return HEAD.format(**{name: _spelt(value) for name, value in numbers.items()})


def write(line: Line) -> None:
    """Write the file anew. OSError where that cannot be done."""
    PATH.write_text(text_of(line.whole()))


def _spelt(value: object) -> str:
    if not isinstance(value, tuple):
        return str(value)
    rows = [value[first : first + A_ROW] for first in range(0, len(value), A_ROW)]
    return "\n    ".join(", ".join(map(str, row)) + "," for row in rows)


def main(argv: Sequence[str] | None = None) -> int:
    """0; 1 for bad input, with nothing written."""
    parser = argparse.ArgumentParser(prog="simulators.training.fixed_model", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="the folder of recordings: livefire, clips")
    folder = parser.parse_args(argv).folder
    try:
        clips = read_clips(folder)
        own = heard_by_board(clips)
        lessons = board_lessons(listen_all(recorded(clips), "listening to what was recorded"))
        line, judged, strange = left_out(own, [*own, *lessons])
    except (OSError, ValueError, RuntimeError) as error:
        sys.stderr.write(f"fixed_model: {error}\n")
        return 1
    sys.stdout.write(board(board_figures(judged, strange)) + "\n")
    write(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
