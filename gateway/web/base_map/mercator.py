"""Where tiles end: web Mercator (EPSG:3857) with the whole world as the unit square, x to the east, y to the south, as
PMTiles and vector tiles count (OpenStreetMap wiki, "Slippy map tilenames")."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_LAT_DEG = 85.0511287798066
"""Where the square ends: atan(sinh(pi))."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """A box in degrees. Raises ValueError for one that is empty or off the map."""

    west_deg: float
    south_deg: float
    east_deg: float
    north_deg: float

    def __post_init__(self) -> None:
        if not (-180 <= self.west_deg < self.east_deg <= 180):
            raise ValueError(f"bounds {self}: west must be less than east, both within -180 to 180 degrees")
        if not (-MOST_LAT_DEG <= self.south_deg < self.north_deg <= MOST_LAT_DEG):
            raise ValueError(f"bounds {self}: south must be less than north, both within -85.05 to 85.05 degrees")

    def __str__(self) -> str:
        return ",".join(f"{edge:g}" for edge in self.edges())

    def edges(self) -> tuple[float, float, float, float]:
        """West, south, east, north."""
        return self.west_deg, self.south_deg, self.east_deg, self.north_deg


def to_square(lonlat_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 2) longitude and latitude in degrees to (n, 2) x and y."""
    lat = np.radians(lonlat_deg[:, 1])
    return np.column_stack([lonlat_deg[:, 0] / 360 + 0.5, 0.5 - np.arcsinh(np.tan(lat)) / (2 * math.pi)])


def tiles_within(bounds: Bounds, zoom: int) -> list[tuple[int, int]]:
    """(x, y) of the tiles that have a share in a box."""
    west, south, east, north = bounds.edges()
    (x0, y0), (x1, y1) = (to_square(np.array([corner]))[0] * 2**zoom for corner in ((west, north), (east, south)))
    last = 2**zoom - 1
    columns = range(int(x0), min(int(x1), last) + 1)
    return [(x, y) for x in columns for y in range(int(y0), min(int(y1), last) + 1)]
