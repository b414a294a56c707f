"""soundpost locate: from a street's unsorted arrivals to the shots that were fired, echoes and clutter sorted out."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from dsp.air import HUMIDITY_PCT, TEMPERATURE_C, WIND_MPS, Air, wind_from
from gateway.associate import Associator
from gateway.incident import Arrival
from simulators.recordings.playback import in_order
from soundpost.arrivals import read_arrivals
from soundpost.shots import Line, numbered, shot_line, table

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
    parser.add_argument("--json", action="store_true", help="JSON lines instead of a table")


def run(args: argparse.Namespace) -> int:
    """Returns 0 whatever was found. Raises ValueError or OSError of one line, before anything is printed."""
    air = _air(args)
    lines = locate(_read(args.file), air)
    if args.json:
        print("".join(json.dumps(line) + "\n" for line in lines), end="", flush=True)
    else:
        print(table(lines), flush=True)
    return 0


def locate(arrivals: Sequence[Arrival], air: Air) -> list[Line]:
    """The shots, by the time at which they were fired; then what could not be placed, by its first arrival."""
    associator = Associator(air)
    for arrival in in_order(arrivals):  # a node that wanders is where it said it was first
        associator.feed(arrival)
    number = numbered(arrivals)
    lines = [shot_line(decision, number) for decision in associator.flush()]
    return sorted(lines, key=lambda line: line["t_us"] if "t_us" in line else arrivals[line["arrivals"][0]].t_us)


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


def _read(path: Path) -> list[Arrival]:
    if path == STDIN:
        return read_arrivals(sys.stdin.buffer, "stdin")
    with path.open("rb") as file:
        return read_arrivals(file, str(path))
