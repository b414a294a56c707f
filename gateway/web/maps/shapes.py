"""Shapes of a map as GeoJSON (RFC 7946): longitude before latitude, in degrees, to 1 cm."""

import math
from collections.abc import Sequence
from typing import Any

M_PER_DEG = math.pi * 6_371_000 / 180
"""Of latitude, on a sphere of the earth's mean radius: a sector of 200 m is drawn to 1 m."""
STEP_DEG = 6.0
"""Between the points of an arc."""


def point(lat_deg: float, lon_deg: float, **properties: Any) -> dict[str, Any]:
    """A feature at a place. Raises ValueError for one that is none."""
    if not (math.isfinite(lat_deg) and math.isfinite(lon_deg)):
        raise ValueError(f"{lat_deg}, {lon_deg} is no place")
    return _feature("Point", [round(lon_deg, 7), round(lat_deg, 7)], properties)


def sector(
    lat_deg: float, lon_deg: float, from_deg: float, to_deg: float, range_m: float, **properties: Any
) -> dict[str, Any]:
    """What lies up to range_m off, clockwise from one bearing to another; all round where they are equal."""
    width_deg = (to_deg - from_deg) % 360.0 or 360.0
    n = max(2, math.ceil(width_deg / STEP_DEG))
    arc = [_off(lat_deg, lon_deg, from_deg + width_deg * i / n, range_m) for i in range(n + 1)]
    centre = [] if width_deg == 360.0 else [_off(lat_deg, lon_deg, 0.0, 0.0)]
    ring = [*centre, *arc[::-1]]  # counter-clockwise (RFC 7946, 3.1.6)
    return _feature("Polygon", [[*ring, ring[0]]], properties)


def collection(features: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Of features."""
    return {"type": "FeatureCollection", "features": list(features)}


def _off(lat_deg: float, lon_deg: float, bearing_deg: float, range_m: float) -> list[float]:
    turn = math.radians(bearing_deg)
    e_m, n_m = range_m * math.sin(turn), range_m * math.cos(turn)
    lon = lon_deg + e_m / (M_PER_DEG * math.cos(math.radians(lat_deg)))
    return [round(lon, 7), round(lat_deg + n_m / M_PER_DEG, 7)]


def _feature(kind: str, coordinates: Any, properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "geometry": {"type": kind, "coordinates": coordinates}, "properties": properties}
