"""The base map cut into tiles: what is drawn at each zoom, clipped and thinned to what a screen can show."""

import gzip
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from pmtiles.tile import zxy_to_tileid

from gateway.web.base_map.extract import Thing
from gateway.web.base_map.layers import ZOOMS
from gateway.web.base_map.mercator import Bounds, tiles_within, to_square
from gateway.web.base_map.vector_tile import EXTENT, Feature, encoded

MARGIN = 64
"""Beyond a tile's edge, in its units: so that a line's width and a name over the edge are drawn whole."""
LEAST_AREA = 4.0
"""In tile units squared; what is smaller is not seen."""


class Cut:
    """Things of one layer, ready to be looked up by tile."""

    def __init__(self, things: Sequence[Thing]) -> None:
        shapes = np.array([thing.shape for thing in things], dtype=object)
        self._shapes = shapely.transform(shapes, to_square)
        self._kinds = [(thing.kind, thing.name) for thing in things]
        self._from_zoom = np.array([thing.from_zoom for thing in things], dtype=int)
        self._tree = shapely.STRtree(self._shapes)

    def within(self, zoom: int, x: int, y: int) -> list[Feature]:
        """What this tile shows of it, in the tile's units."""
        side = 2.0**-zoom
        margin = side * MARGIN / EXTENT
        box = (x * side - margin, y * side - margin, (x + 1) * side + margin, (y + 1) * side + margin)
        found = np.sort(self._tree.query(shapely.box(*box)))
        found = found[self._from_zoom[found] <= zoom]
        features = []
        for index in found.tolist():
            cut = _cut(self._shapes[index], box)
            if cut is not None:
                scaled = shapely.transform(cut, lambda xy: (xy / side - (x, y)) * EXTENT)
                thinned = shapely.simplify(scaled, 1.0)
                if not thinned.is_empty and (thinned.area >= LEAST_AREA or thinned.area == 0):
                    features.append(Feature(thinned, *self._kinds[index]))
        return features


def _cut(shape: Any, box: tuple[float, float, float, float]) -> Any:
    """What of a shape lies in a box, or None. A polygon that crosses itself is mended first, where clipping fails."""
    try:
        cut = shapely.clip_by_rect(shape, *box)
    except shapely.GEOSException:
        cut = shapely.intersection(shapely.make_valid(shape), shapely.box(*box))
    return None if cut.is_empty else cut


def order(bounds: Bounds, zooms: Sequence[int] = ZOOMS) -> list[tuple[int, int, int, int]]:
    """(tile's number, zoom, x, y) of every tile within the bounds, as a PMTiles file has them one after the other."""
    return sorted((zxy_to_tileid(zoom, x, y), zoom, x, y) for zoom in zooms for x, y in tiles_within(bounds, zoom))


def tiles(layers: Mapping[str, Cut], where: Sequence[tuple[int, int, int, int]]) -> Iterator[tuple[int, bytes]]:
    """(number, gzipped tile), empty bytes for one that shows nothing."""
    for number, zoom, x, y in where:
        shown = encoded({name: cut.within(zoom, x, y) for name, cut in layers.items()})
        yield number, gzip.compress(shown, mtime=0) if shown else b""
