"""soundpost locate: from a street's unsorted arrivals to the shots that were fired, echoes and clutter sorted out."""

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from dsp.air import HUMIDITY_PCT, TEMPERATURE_C, WIND_MPS, Air, wind_from
from gateway.incident import Arrival
from gateway.placing.poles import Place
from simulators.recordings.batch import Batch, Decision, happened_us, in_time
from simulators.recordings.spill import Spill
from soundpost.arrivals import Numbered, read_arrivals
from soundpost.shots import Lines, crowded, shot_line, table
from soundpost.terminal import complain

HELP = (
    "Place shots from arrivals, one JSON object a line, in any order:\n"
    '{"node", "xyz_m": [east, north, up], "t_us", "sigma_us"} and, where known, "snr_db", "level_db",\n'
    '"p_gunshot". "arrivals" of the answer number those of the input from 0; blank lines do not count.'
)
EXAMPLE = "soundpost locate arrivals.jsonl --temperature-c 12"
STDIN = Path("-")
WIND_FROM_DEG = (-360.0, 360.0)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, nargs="?", default=STDIN, metavar="FILE", help="default -: standard input")
    parser.add_argument("--temperature-c", type=float, default=20.0, metavar="T", help="of the air (default 20)")
    parser.add_argument("--humidity-pct", type=float, default=50.0, metavar="H", help="relative (default 50)")
    parser.add_argument("--wind-mps", type=float, default=0.0, metavar="W", help="speed of the wind (default 0)")
    parser.add_argument(
        "--wind-from-deg", type=float, default=0.0, metavar="D", help="azimuth it blows from (default 0)"
    )
    parser.add_argument(
        "--learn-air",
        action="store_true",
        help="learn the air over the file's shots, from this one, as a gateway does; shots of three places are needed",
    )
    parser.add_argument("--json", action="store_true", help="JSON lines instead of a table")


def run(args: argparse.Namespace) -> int:
    """Returns 0 whatever was found. Raises ValueError or OSError of one line, before anything is printed."""
    air = _air(args)
    with _opened(args.file) as file:
        arrivals = Spill(in_time, read_arrivals(file, "stdin" if args.file == STDIN else str(args.file)))
    batch = Batch(air, _places(arrivals), args.learn_air)
    lines = locate(arrivals, batch)
    for text in map(json.dumps, lines) if args.json else table(lines):
        print(text)
    sys.stdout.flush()
    if batch.n_let_go:
        complain("locate", ValueError(crowded(batch.n_let_go)))
    return 0


def locate(arrivals: Iterable[Numbered], batch: Batch) -> Lines:
    """The shots, by the time at which they were fired, and what could not be placed, by when it was first heard.

    arrivals : in order of time.
    """
    if batch.n_districts > 1:
        arrivals = Spill(batch.key, arrivals)
    lines = Lines()
    for decision in batch.decide(arrivals):
        lines.add(happened_us(decision), shot_line(decision, _numbers(decision)))
    return lines


def _numbers(decision: Decision) -> dict[Arrival, int]:
    return {arrival: arrival.number for arrival in decision.arrivals if isinstance(arrival, Numbered)}


def _places(arrivals: Iterable[Arrival]) -> dict[str, Place]:
    """Where each node stands: one that wanders is where it said it was first."""
    places: dict[str, Place] = {}
    for arrival in arrivals:
        places.setdefault(arrival.node, arrival.xyz_m)
    return places


def _air(args: argparse.Namespace) -> Air:
    """Raises ValueError naming the option that is out of its range."""
    for option, (low, high) in (
        ("temperature_c", TEMPERATURE_C),
        ("humidity_pct", HUMIDITY_PCT),
        ("wind_mps", WIND_MPS),
        ("wind_from_deg", WIND_FROM_DEG),
    ):
        value = getattr(args, option)
        if not low <= value <= high:
            raise ValueError(f"--{option.replace('_', '-')} {value:g}: must be {low:g} to {high:g}")
    return Air(args.temperature_c, args.humidity_pct, wind_from(args.wind_mps, args.wind_from_deg))


def _opened(path: Path) -> BinaryIO:
    """The file, or standard input. Raises OSError."""
    if path != STDIN:
        return path.open("rb")
    if sys.stdin is None:
        raise ValueError("-: standard input is closed")
    return sys.stdin.buffer
