"""What stands between a camera and a place: walls and houses, as lines on the map with a height. Pure.

They come as GeoJSON (RFC 7946, from general knowledge): LineString, Polygon and their Multi- kinds, alone, in features
or in collections of them, by longitude and latitude. A feature's `height_m`, above the site's ground, is how high it
stands; without one nothing is seen over it. A camera on a house's own wall looks out of it: what is crossed within
CLEAR_M of the mount does not count.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsp.geodesy import Site
from gateway.street import Place
from gateway.tables import FARTHEST_M

CLEAR_M = 1.0
MOST_POINTS = 200_000
MOST_BYTES = 20_000_000
DEEPEST = 8
"""How many collections may stand in one another."""
LINES = {"LineString": 0, "MultiLineString": 1, "Polygon": 1, "MultiPolygon": 2}
"""How many lists a geometry's lines lie in."""


@dataclass(frozen=True, slots=True)
class Wall:
    """A line on the map, two (east, north) metres or more of it. height_m : None: higher than anybody sees."""

    en_m: tuple[tuple[float, float], ...]
    height_m: float | None = None


class Walls:
    """All of a street's; asked of many points at once, for a lamp may wait behind the answer."""

    def __init__(self, walls: Iterable[Wall] = ()) -> None:
        pieces = [
            (*start, *end, math.inf if wall.height_m is None else wall.height_m)
            for wall in walls
            for start, end in pairwise(wall.en_m)
        ]
        self._pieces = np.array(pieces, float).reshape(-1, 5)

    def near(self, place_m: Place, range_m: float) -> "Walls":
        """Those that may hide something within a range of a place."""
        here = np.asarray(place_m[:2])
        low = np.minimum(self._pieces[:, 0:2], self._pieces[:, 2:4])
        high = np.maximum(self._pieces[:, 0:2], self._pieces[:, 2:4])
        found = Walls()
        found._pieces = self._pieces[np.all((low <= here + range_m) & (high >= here - range_m), axis=1)]
        return found

    def hide(self, from_m: Place, to_m: NDArray[np.float64]) -> NDArray[np.bool_]:
        """(k,) whether one of them stands in the straight line from a mount to each of `to_m` (k, 3): beyond CLEAR_M of
        the mount and higher than the line is there."""
        start, along = self._pieces[:, 0:2], self._pieces[:, 2:4] - self._pieces[:, 0:2]
        sight = to_m[:, None, :2] - np.asarray(from_m[:2])
        to_wall = start - np.asarray(from_m[:2])
        with np.errstate(divide="ignore", invalid="ignore"):  # side by side, or no length: never crossed
            turn = _cross(sight, along)
            way, share = _cross(to_wall, along) / turn, _cross(to_wall, sight) / turn
            high_m = from_m[2] + way * (to_m[:, None, 2] - from_m[2])
        met = (way > 0) & (way < 1) & (share >= 0) & (share <= 1) & (high_m < self._pieces[:, 4])
        hidden: NDArray[np.bool_] = np.any(met & (way * np.hypot(sight[..., 0], sight[..., 1]) > CLEAR_M), axis=1)
        return hidden


def _cross(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    crossed: NDArray[np.float64] = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return crossed


def read_walls(document: Any, site: Site) -> tuple[Wall, ...]:
    """A GeoJSON document's lines, in metres of the site. Raises ValueError naming what is not as it should be."""
    walls, n_points = [], 0
    for wall in _walls(document, site, None, 0):
        n_points += len(wall.en_m)
        if n_points > MOST_POINTS:
            raise ValueError(f"holds more than {MOST_POINTS} points; leave out what is not of this gateway's streets")
        walls.append(wall)
    if not walls:
        raise ValueError("holds no line and no polygon")
    farthest_km = max(math.hypot(*point) for wall in walls for point in wall.en_m) / 1000
    if farthest_km > FARTHEST_M / 1000:
        raise ValueError(
            f"a point lies {farthest_km:.0f} km from the site; must be 0 to {FARTHEST_M / 1000:.0f} km away "
            "(GeoJSON has the longitude first)"
        )
    return tuple(walls)


def _walls(here: Any, site: Site, height_m: float | None, depth: int) -> Iterator[Wall]:
    kind = here.get("type") if isinstance(here, Mapping) else None
    if not isinstance(kind, str) or depth > DEEPEST:
        raise ValueError("is not GeoJSON: an object with a `type` is missing")
    if kind == "FeatureCollection":
        for each in _list(here, "features"):
            yield from _walls(each, site, height_m, depth + 1)
    elif kind == "GeometryCollection":
        for each in _list(here, "geometries"):
            yield from _walls(each, site, height_m, depth + 1)
    elif kind == "Feature":
        if here.get("geometry") is not None:
            yield from _walls(here["geometry"], site, _height(here.get("properties")), depth + 1)
    elif kind in LINES:
        for line in _unfolded(_list(here, "coordinates"), LINES[kind]):
            yield Wall(tuple(_point(each, site) for each in _long(line)), height_m)
    elif kind not in ("Point", "MultiPoint"):
        raise ValueError(f"is not GeoJSON: no type is called {kind[:40]!r}")


def _list(here: Mapping[str, Any], name: str) -> list[Any]:
    found = here.get(name)
    if not isinstance(found, list):
        raise ValueError(f"is not GeoJSON: a {here['type']} has a list of `{name}`")
    return found


def _unfolded(lists: Sequence[Any], times: int) -> Iterator[Any]:
    if times == 0:
        yield lists
        return
    for each in lists:
        if not isinstance(each, list):
            raise ValueError("is not GeoJSON: its coordinates lie in too few lists")
        yield from _unfolded(each, times - 1)


def _long(line: Any) -> list[Any]:
    if not isinstance(line, list) or not 2 <= len(line) <= MOST_POINTS:
        raise ValueError(f"a line has 2 to {MOST_POINTS} points")
    return line


def _point(point: Any, site: Site) -> tuple[float, float]:
    is_pair = isinstance(point, list) and len(point) >= 2
    if not is_pair or not all(type(each) in (int, float) and abs(each) < math.inf for each in point[:2]):
        raise ValueError("is not GeoJSON: a point is [longitude, latitude]")
    lon_deg, lat_deg = point[:2]
    if not (-180 <= lon_deg <= 180 and -90 <= lat_deg <= 90):  # whole numbers may be of any length
        there = f"longitude {str(lon_deg)[:12]}, latitude {str(lat_deg)[:12]}"
        raise ValueError(f"a point at {there}: must be -180 to 180, -90 to 90")
    east_m, north_m, _ = site.to_enu(lat_deg, lon_deg, site.h_m)
    return east_m, north_m


def _height(properties: Any) -> float | None:
    height_m = properties.get("height_m") if isinstance(properties, Mapping) else None
    if height_m is None:
        return None
    if isinstance(height_m, bool) or not isinstance(height_m, int | float) or not 0 < height_m <= 1000:
        raise ValueError("a height_m must be a number above 0 to 1000")
    return float(height_m)
