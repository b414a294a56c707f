"""From an OpenStreetMap extract to the two files that the web process reads: the base map (PMTiles) and the list of
places beside it. Both are written beside their names first and take them when they are whole.

Only `soundpost map` imports this and what it stands on; the process that serves imports header.py and places.py, which
need nothing but the standard library.
"""

import itertools
import os
import pathlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from pmtiles.tile import Compression, TileType
from pmtiles.writer import Writer

from gateway.web.base_map.extract import Extract, Thing
from gateway.web.base_map.layers import LAYERS, ZOOMS, Layer
from gateway.web.base_map.mercator import Bounds
from gateway.web.base_map.places import House, Stretch, places_beside, write_places
from gateway.web.base_map.sea import sea
from gateway.web.base_map.tiles import Cut, order, tiles

ATTRIBUTION = "© OpenStreetMap contributors, ODbL 1.0"
LICENCE = "Open Database License 1.0, https://www.openstreetmap.org/copyright"
LONGEST_DEG = 0.001
"""A longer stretch of a street is told in pieces, so that it lies in few cells of the list of places."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Built:
    """n_things : by layer."""

    n_tiles: int
    n_things: dict[str, int]
    n_houses: int
    bounds: Bounds


def build(extract: pathlib.Path, target: pathlib.Path, bounds: Bounds | None, number_first: bool, tell: Tell) -> Built:
    """bounds : without them all that the extract has. number_first : of a house, before its street. tell : what is done
    now, for people. Raises ValueError naming what is wrong with the extract, OSError; then nothing was written."""
    source = Extract(extract)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder:
        beside = pathlib.Path(folder)
        if bounds is not None:
            tell(f"cutting {extract.name} to {bounds}")
            source = source.cut(bounds, beside / "cut.osm.pbf")
        layers = {layer.name: _things(source, layer, tell) for layer in LAYERS}
        bounds = bounds or _bounds_of([thing for things in layers.values() for thing in things], extract)
        layers["water"] += [Thing(shape, "water", min(ZOOMS), "") for shape in sea(source.coastlines(), bounds)]
        n_houses = _write_places(beside / "places", source, layers["road"], number_first, tell)
        cuts = {name: Cut(things) for name, things in layers.items()}
        n_tiles = _write_tiles(beside / "tiles", cuts, bounds, extract.name, tell)
        if n_tiles == 0:
            raise ValueError(f"{extract}: has nothing to draw within {bounds}")
        (beside / "places").rename(places_beside(target))
        (beside / "tiles").rename(target)
    return Built(n_tiles, {name: len(things) for name, things in layers.items()}, n_houses, bounds)


def _things(source: Extract, layer: Layer, tell: Tell) -> list[Thing]:
    tell(f"reading {layer.name}s")
    return list(source.things(layer))


def _bounds_of(things: list[Thing], extract: pathlib.Path) -> Bounds:
    if not things:
        raise ValueError(f"{extract}: has nothing to draw")
    edges = np.array([thing.shape.bounds for thing in things])
    return Bounds(*(float(edge) for edge in (*edges[:, :2].min(axis=0), *edges[:, 2:].max(axis=0))))


def _write_places(path: pathlib.Path, source: Extract, roads: list[Thing], number_first: bool, tell: Tell) -> int:
    tell("writing addresses")
    houses = (
        House(a.lat_deg, a.lon_deg, f"{a.number} {a.street}" if number_first else f"{a.street} {a.number}")
        for a in source.addresses()
    )
    return write_places(path, houses, (each for road in roads if road.name for each in _stretches(road)))


def _stretches(road: Thing) -> Iterator[Stretch]:
    """The road's straight pieces, none longer than LONGEST_DEG."""
    for line in getattr(road.shape, "geoms", [road.shape]):
        points = np.asarray(line.coords)[:, 1::-1]
        for begins, ends in itertools.pairwise(points):
            n = int(np.abs(ends - begins).max() / LONGEST_DEG) + 1
            steps = np.linspace(begins, ends, n + 1).tolist()
            for (lat1, lon1), (lat2, lon2) in itertools.pairwise(steps):
                yield Stretch((lat1, lon1), (lat2, lon2), road.name)


def _write_tiles(path: pathlib.Path, cuts: dict[str, Cut], bounds: Bounds, extract: str, tell: Tell) -> int:
    where = order(bounds)
    with path.open("wb") as file:
        writer, n = Writer(file), 0
        for index, (number, tile) in enumerate(tiles(cuts, where)):
            if index % 50 == 0:
                tell(f"cutting tiles: {100 * index // len(where)} %")
            if tile:
                writer.write_tile(number, tile)
                n += 1
        if n:
            writer.finalize(_header(bounds), _metadata(extract))
            file.flush()
            os.fsync(file.fileno())
    return n


def _header(bounds: Bounds) -> dict[str, object]:
    west, south, east, north = (round(edge * 1e7) for edge in bounds.edges())
    return {
        "tile_type": TileType.MVT, "tile_compression": Compression.GZIP, "center_zoom": 15,
        "min_lon_e7": west, "min_lat_e7": south, "max_lon_e7": east, "max_lat_e7": north,
        "center_lon_e7": (west + east) // 2, "center_lat_e7": (south + north) // 2,
    }  # fmt: skip


def _metadata(extract: str) -> dict[str, object]:
    layers = [{"id": layer.name, "fields": {"kind": "String", "name": "String"}} for layer in LAYERS]
    told = {"name": "Soundpost base map", "attribution": ATTRIBUTION, "license": LICENCE, "extract": extract}
    return {**told, "type": "baselayer", "vector_layers": layers}
