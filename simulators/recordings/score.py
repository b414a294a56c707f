"""The scoreboard of the live fire: `python -m simulators.recordings.score FOLDER`, what `make livefire` runs.

FOLDER holds firing positions, folders of tests. Every test is replayed from the sound of its pole microphones and from
the pulses of the whole city's, through the same detector and association as in the street.
"""

import argparse
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from simulators.recordings.parallel import in_turn
from simulators.recordings.playback import AUDIO, ORIGINS, play
from simulators.recordings.progress import watched
from simulators.recordings.reckoning import Reckoning, reckon, together
from simulators.recordings.recording import Recording
from simulators.recordings.silence import at_edges
from simulators.recordings.sources import open_source
from simulators.street.verdict import WITHIN_M

CLOSE_M = 15.0  # the incumbent's other yardstick (notes/field.md, TN-098)
HEADINGS = (
    "position", "tests", "rounds", f"in {WITHIN_M:.0f} m", f"in {CLOSE_M:.0f} m", "false", "exact counts",
    "median m", "p95 m", "repeat m",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Test:
    """A test to be replayed, and the name of the firing position that it belongs to."""

    position: str
    recording: Recording
    origin: str


@dataclass(frozen=True, slots=True)
class Score:
    """What came of a test. n_edge : onsets at the edge of digital silence; must be 0."""

    position: str
    reckoning: Reckoning
    n_arrivals: int
    n_edge: int


def read_tests(folder: Path, origin: str) -> list[Test]:
    """The tests of every firing position below a folder. Raises as `open_source` does."""
    folder.stat()
    positions = sorted(path for path in folder.iterdir() if path.is_dir())
    return [Test(position.name, recording, origin) for position in positions for recording in open_source(position)]


def score(test: Test) -> Score:
    """Replay one test. Raises ValueError where its survey is missing, and as `play` does."""
    playback = play(test.recording, test.origin)
    reckoning = reckon(test.recording, playback.rounds)
    if reckoning is None:
        raise ValueError(f"{test.recording.source}: no survey tells what was fired")
    edges = at_edges(test.recording, playback.arrivals) if test.origin == AUDIO else []
    return Score(test.position, reckoning, len(playback.arrivals), len(edges))


def board(scores: Sequence[Score]) -> str:
    """The table, a line for each position and one for all."""
    names = sorted({each.position for each in scores})
    of_position = {name: together([each.reckoning for each in scores if each.position == name]) for name in names}
    rows = [HEADINGS, *(_row(name, reckoning, reckoning.repeat_m()) for name, reckoning in of_position.items())]
    repeats_m = [reckoning.repeat_m() for reckoning in of_position.values()]
    rows.append(_row("all", together(list(of_position.values())), statistics.fmean(repeats_m)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def main(argv: Sequence[str] | None = None) -> int:
    """0; 1 for bad input, or for an onset at the edge of digital silence; 2 for wrong usage."""
    parser = argparse.ArgumentParser(
        prog="simulators.recordings.score", description="Score the replay of the live fire."
    )
    parser.add_argument("folder", type=Path, help="the live-fire folder: FP1, FP2... with their tests")
    parser.add_argument("--from", dest="origins", action="append", choices=ORIGINS, help="only this; default: both")
    args = parser.parse_args(argv)
    try:
        n_edge = sum(_print_board(args.folder, origin) for origin in args.origins or ORIGINS)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"score: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return int(n_edge > 0)


def _print_board(folder: Path, origin: str) -> int:
    """Replay, print, and give the number of onsets at edges of digital silence."""
    to_do = read_tests(folder, origin)
    scores = list(watched(in_turn(score, to_do), len(to_do), f"replaying from {origin}"))
    n_edge = sum(each.n_edge for each in scores)
    lines = [f"from {origin}", board(scores)]
    if origin == AUDIO:
        n_arrivals = sum(each.n_arrivals for each in scores)
        lines.append(f"onsets at the edge of digital silence: {n_edge} of {n_arrivals} (must be 0)")
    sys.stdout.write("\n".join([*lines, "", ""]))
    sys.stdout.flush()
    return n_edge


def _row(name: str, of_all: Reckoning, repeat_m: float) -> tuple[str, ...]:
    return (
        name,
        str(of_all.n_tests),
        str(of_all.n_fired),
        str(of_all.within(WITHIN_M)),
        str(of_all.within(CLOSE_M)),
        str(of_all.n_false),
        f"{of_all.n_exact} of {of_all.n_tests}",
        f"{of_all.error_m(50):.2f}",
        f"{of_all.error_m(95):.2f}",
        f"{repeat_m:.2f}",
    )


if __name__ == "__main__":
    sys.exit(main())
