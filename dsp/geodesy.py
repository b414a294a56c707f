"""Where latitude and longitude end: WGS 84 to metres east, north and up of a site's origin, and bearings in that frame.

The arithmetic is PROJ's `topocentric` (EPSG method 9837) through pyproj, offline. Heights are above the ellipsoid; a
site whose heights are all above sea level is right too, as long as they are all of one kind.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from pyproj import Transformer

LAT_DEG = (-90.0, 90.0)
LON_DEG = (-180.0, 180.0)
H_M = (-500.0, 9000.0)  # below the Dead Sea's shore to above any street


@dataclass(frozen=True, slots=True)
class Site:
    """The origin of a street's east, north, up metres. Raises ValueError naming what is out of its range."""

    lat_deg: float
    lon_deg: float
    h_m: float = 0.0

    def __post_init__(self) -> None:
        _within("latitude", self.lat_deg, LAT_DEG, "degrees")
        _within("longitude", self.lon_deg, LON_DEG, "degrees")
        _within("height", self.h_m, H_M, "m")

    def to_enu(self, lat_deg: float, lon_deg: float, h_m: float) -> tuple[float, float, float]:
        """Metres east, north, up of this site."""
        e_m, n_m, u_m = _pipeline(self).transform(lon_deg, lat_deg, h_m, errcheck=True)
        return float(e_m), float(n_m), float(u_m)

    def to_geodetic(self, e_m: float, n_m: float, u_m: float) -> tuple[float, float, float]:
        """Latitude and longitude in degrees, height in metres."""
        lon_deg, lat_deg, h_m = _pipeline(self).transform(e_m, n_m, u_m, direction="INVERSE", errcheck=True)
        return float(lat_deg), float(lon_deg), float(h_m)


def bearing(from_xyz_m: Sequence[float], to_xyz_m: Sequence[float]) -> tuple[float, float, float]:
    """Azimuth (degrees clockwise from north, 0 <= azimuth < 360), elevation (degrees up from level), distance (m).

    Of two equal points: zero, zero, zero.
    """
    e, n, u = (float(to) - float(start) for start, to in zip(from_xyz_m, to_xyz_m, strict=True))
    level_m = math.hypot(e, n)
    return math.degrees(math.atan2(e, n)) % 360.0 % 360.0, math.degrees(math.atan2(u, level_m)), math.hypot(level_m, u)


@lru_cache(maxsize=64)
def _pipeline(site: Site) -> Transformer:
    return Transformer.from_pipeline(
        "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=cart +ellps=WGS84 "
        f"+step +proj=topocentric +ellps=WGS84 +lon_0={site.lon_deg!r} +lat_0={site.lat_deg!r} +h_0={site.h_m!r}"
    )


def _within(name: str, value: float, legal: tuple[float, float], unit: str) -> None:
    if not legal[0] <= value <= legal[1]:
        raise ValueError(f"{name} {value:g} is outside {legal[0]:g} to {legal[1]:g} {unit}")
