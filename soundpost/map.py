"""`soundpost map`: the web pages' base map, of an OpenStreetMap extract, for a street that may have no way out."""

import argparse
import importlib
import math
import pathlib
import sys
from typing import Any

from gateway.config import read_config
from gateway.web.base_map.header import read_head
from gateway.web.base_map.mercator import Bounds
from gateway.web.base_map.places import M_PER_DEG, Places, places_beside
from soundpost.terminal import add_verb

HELP = "Build the web pages' base map (and the list of street addresses beside it) of an OpenStreetMap extract."
EXAMPLES = (
    "map build pennsylvania.osm.pbf --config gateway.toml --out city.pmtiles",
    "map near city.pmtiles 40.4406 -79.9959",
)
EXAMPLE = "\n  ".join(f"soundpost {each}" for each in EXAMPLES)
AROUND_M = 2000.0
"""Of a gateway's street: so far about its poles the map goes where no bounds are given."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A verb, and the options of each."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="build|near")
    builds = add_verb(verbs, "build", "build CITY.pmtiles and CITY.places.sqlite of an extract", EXAMPLES[0])
    builds.add_argument("extract", type=pathlib.Path, metavar="EXTRACT.osm.pbf", help="of OpenStreetMap")
    what = "the map to be; the addresses come beside it"
    builds.add_argument("--out", required=True, type=pathlib.Path, metavar="CITY.pmtiles", help=what)
    builds.add_argument("--bounds", metavar="W,S,E,N", help="in degrees; write --bounds=-80.1,40.4,-79.9,40.5")
    builds.add_argument("--config", type=pathlib.Path, metavar="FILE", help="gateway.toml: its poles, and 2 km about")
    builds.add_argument("--number-last", action="store_true", help="a house's number after its street, not before it")
    asks = add_verb(verbs, "near", "say the nearest address of a place", EXAMPLES[1])
    asks.add_argument("map", type=pathlib.Path, metavar="CITY.pmtiles", help="a map that was built")
    asks.add_argument("lat_deg", type=float, metavar="LAT", help="latitude, degrees")
    asks.add_argument("lon_deg", type=float, metavar="LON", help="longitude, degrees; west of Greenwich below 0")


def run(args: argparse.Namespace) -> int:
    """Raises ValueError or OSError of one line."""
    if args.verb == "near":
        read_head(args.map)
        print(Places(places_beside(args.map)).nearest(args.lat_deg, args.lon_deg) or "no address and no street near")
        return 0
    return _build(args)


def _build(args: argparse.Namespace) -> int:
    bounds = _bounds(args)
    if args.out.suffix != ".pmtiles":
        raise ValueError(f"--out {args.out}: must end with .pmtiles")
    if not args.out.parent.is_dir():
        raise ValueError(f"--out {args.out}: there is no folder {args.out.parent}")
    built = _load("gateway.web.base_map.build").build(args.extract, args.out, bounds, not args.number_last, _tell)
    things = ", ".join(f"{n} {name}s" for name, n in built.n_things.items() if n)
    _tell("")
    print(f"{args.out}: {built.n_tiles} tiles, {args.out.stat().st_size / 1e6:.1f} MB; {things}")
    print(f"{places_beside(args.out)}: {built.n_houses} addresses")
    return 0


def _bounds(args: argparse.Namespace) -> Bounds | None:
    """Those that were given; else of the gateway's poles and AROUND_M about them; else none."""
    if args.bounds is not None:
        return _given(args.bounds)
    if args.config is None:
        return None
    config = read_config(args.config)
    site = config.the_site()
    places = [site.to_geodetic(*pole.xyz_m) for pole in config.poles().values()] or [(site.lat_deg, site.lon_deg, 0.0)]
    lats, lons = [place[0] for place in places], [place[1] for place in places]
    high_deg = AROUND_M / M_PER_DEG
    wide_deg = high_deg / math.cos(math.radians(site.lat_deg))
    return Bounds(min(lons) - wide_deg, min(lats) - high_deg, max(lons) + wide_deg, max(lats) + high_deg)


def _given(text: str) -> Bounds:
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise ValueError(f"--bounds {text}: must be four numbers, W,S,E,N in degrees") from None
    return Bounds(west, south, east, north)


def _load(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise OSError("building a map needs the extra `map`: pip install -e '.[map]'") from error


def _tell(words: str) -> None:
    """On standard error: in one line that changes where that is a terminal, else a line for each that is no count."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{words}")
    elif words and "%" not in words:
        sys.stderr.write(f"{words}\n")
    sys.stderr.flush()
