"""The sea within some bounds, of coastlines: OpenStreetMap has no polygon of it, only lines with land on their left and
water on their right (its wiki, "Tag:natural=coastline")."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from gateway.web.base_map.mercator import Bounds

BESIDE_DEG = 2e-7
"""How far beside a line one looks which side it has: 2 cm."""


def sea(coastlines: Sequence[Any], bounds: Bounds) -> list[Any]:
    """Polygons in degrees. The box is parted along the lines, and a part is sea where more of the coast that it touches
    has it on its right. Nothing where there is no coast: a box in mid-ocean is told as land."""
    box = shapely.box(*bounds.edges())
    lines = [line for each in coastlines for line in _lines(shapely.intersection(each, box))]
    if not lines:
        return []
    noded = shapely.unary_union([*lines, box.boundary])
    rights = shapely.STRtree(_beside(lines))
    lefts = shapely.STRtree(_beside(lines, -1.0))
    parts = shapely.get_parts(shapely.polygonize([noded]))
    return [
        part for part in parts if len(rights.query(part, predicate="contains")) > len(lefts.query(part, "contains"))
    ]


def _lines(shape: Any) -> list[Any]:
    return [part for part in shapely.get_parts(shape) if part.geom_type == "LineString" and part.length > 0]


def _beside(lines: Sequence[Any], side: float = 1.0) -> Any:
    """Points just right (or left) of the middle of each stretch."""
    spots = []
    for line in lines:
        points = np.asarray(line.coords)[:, :2]
        along = np.diff(points, axis=0)
        long = np.hypot(along[:, 0], along[:, 1])
        kept = long > 0
        along, long = along[kept], long[kept, np.newaxis]
        right = np.column_stack([along[:, 1], -along[:, 0]]) / long
        spots.append((points[:-1][kept] + points[1:][kept]) / 2 + side * BESIDE_DEG * right)
    return shapely.points(np.concatenate(spots))
