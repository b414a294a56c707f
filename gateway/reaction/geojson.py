"""Streets and areas from a GeoJSON text (RFC 7946), as metres of the site: lines, polygons, and many of either. Pure.

Positions are longitude first, then latitude, in degrees of WGS 84; a height after them is left out. Features with one
name (`"properties": {"name": ...}`) are one zone, however many ways the map has cut it into; one without is called by
its number. What cannot be meant is refused: points, rings that do not close, places farther away than a gateway's
streets can be, more than MOST_POINTS positions.
"""

import json
import math
from collections.abc import Iterator
from typing import Any

from dsp.geodesy import Site
from gateway.reaction.zones import Line, Zone
from gateway.tables import FARTHEST_M, check_title

MOST_POINTS = 20_000


def read_zones(text: str, site: Site, within_m: float) -> tuple[Zone, ...]:
    """The zones of a GeoJSON text, in its order. Raises ValueError naming the feature and what is wrong with it."""
    features = _features(text)
    shapes: dict[str, list[tuple[str, Any]]] = {}
    for number, feature in enumerate(features, start=1):
        name = _name(feature, number)
        shapes.setdefault(name, []).extend(_shapes(feature.get("geometry"), f"feature {number} ({name})"))
    if not shapes:
        raise ValueError("holds no feature")
    if sum(len(ring) for parts in shapes.values() for _, rings in parts for ring in rings) > MOST_POINTS:
        raise ValueError(f"holds more than {MOST_POINTS} positions; leave out what is not of this gateway's streets")
    return tuple(_zone(name, parts, site, within_m) for name, parts in shapes.items())


def _features(text: str) -> list[dict[str, Any]]:
    """The features of a collection, of one feature, or of a bare geometry."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is not JSON ({error})") from None
    kind = document.get("type") if isinstance(document, dict) else None
    if kind == "FeatureCollection":
        features = document.get("features")
    else:
        features = [document] if kind == "Feature" else [{"geometry": document}] if kind in READ else None
    if not isinstance(features, list) or not all(isinstance(each, dict) for each in features):
        raise ValueError("is no GeoJSON: must be a FeatureCollection, a Feature, a line or a polygon")
    return features


def _name(feature: dict[str, Any], number: int) -> str:
    properties = feature.get("properties")
    name = properties.get("name") if isinstance(properties, dict) else None
    if name is None:
        return str(number)
    try:
        return check_title(name if isinstance(name, str) else "")
    except ValueError as error:
        raise ValueError(f"feature {number}: its name {error}") from None


def _shapes(geometry: Any, where: str) -> Iterator[tuple[str, Any]]:
    """Each line and each polygon of a geometry, as (`line` or `area`, its rings or its one line), degrees."""
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in READ:
        raise ValueError(f"{where}: is {kind or 'without a geometry'}; must be one of {', '.join(READ)}")
    what, depth = READ[kind]
    shapes = geometry.get("coordinates")
    for shape in shapes if depth and isinstance(shapes, list) else [shapes]:
        rings = [shape] if what == "line" else shape
        if not isinstance(rings, list) or not rings:
            raise ValueError(f"{where}: has no coordinates")
        yield what, [_checked(ring, what, where) for ring in rings]


READ = {
    "LineString": ("line", 0),
    "MultiLineString": ("line", 1),
    "Polygon": ("area", 0),
    "MultiPolygon": ("area", 1),
}
"""Geometry -> what it is, and whether it is many of them (RFC 7946 sections 3.1.4 to 3.1.7)."""


def _checked(ring: Any, what: str, where: str) -> list[tuple[float, float]]:
    """The positions of a line or a ring. A ring has four or more, the last one the first (RFC 7946 section 3.1.6)."""
    least = 2 if what == "line" else 4
    if not isinstance(ring, list) or len(ring) < least:
        raise ValueError(f"{where}: {'a line' if what == 'line' else 'a ring'} needs {least} positions or more")
    positions = [_position(each, where) for each in ring]
    if what == "area" and positions[0] != positions[-1]:
        raise ValueError(f"{where}: a ring must end where it begins")
    return positions


def _position(given: Any, where: str) -> tuple[float, float]:
    numbers = given[:2] if isinstance(given, list) else []
    is_good = len(numbers) == 2 and all(type(each) in (int, float) for each in numbers)
    if not is_good or not (-180 <= numbers[0] <= 180 and -90 <= numbers[1] <= 90):  # of any length, and no NaN
        raise ValueError(f"{where}: a position must be [longitude, latitude] within -180 to 180 and -90 to 90 degrees")
    return float(numbers[0]), float(numbers[1])


def _zone(name: str, parts: list[tuple[str, Any]], site: Site, within_m: float) -> Zone:
    lines = [_metres(rings[0], site, name) for what, rings in parts if what == "line"]
    areas = [tuple(_metres(ring, site, name) for ring in rings) for what, rings in parts if what == "area"]
    return Zone(name, tuple(lines), tuple(areas), within_m)


def _metres(ring: list[tuple[float, float]], site: Site, name: str) -> Line:
    """East and north of the site. Raises ValueError for what is too far from it to be of its streets."""
    line = tuple(site.to_enu(lat_deg, lon_deg, site.h_m)[:2] for lon_deg, lat_deg in ring)
    farthest_m = max(math.hypot(*point) for point in line)
    if farthest_m > FARTHEST_M:
        raise ValueError(
            f"{name}: lies {farthest_m / 1000:.0f} km from the site; must be 0 to {FARTHEST_M / 1000:.0f} km away "
            "(GeoJSON has the longitude first)"
        )
    return line
