"""What stands in the street: poles, lamps and camera mounts at their surveyed places. Values and their geometry only.

Places are metres east, north, up of the site's origin. A mount looks at true bearing `bearing_deg` when its pan is 0.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from dsp.geodesy import bearing

Place = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Pole:
    """A surveyed place with a node on it. `offset_us` is what the node's arrivals are always late by."""

    node: str
    xyz_m: Place
    offset_us: int = 0


@dataclass(frozen=True, slots=True)
class Lamp:
    """A lamp that can be dimmed, by the name that a lamp bank knows it under."""

    name: str
    xyz_m: Place


@dataclass(frozen=True, slots=True)
class Mount:
    """A camera's mount: where it stands, where its pan 0 points, and how far it turns, tilts and sees.

    Limits are (lowest, highest) degrees in the camera's own frame: pan clockwise from its zero, tilt up from level.
    tilt_zero_deg : the elevation where its tilt is 0. lean_deg, lean_to_deg : by how much its axis is off the vertical,
    and to which true bearing. view : how wide its picture is, degrees, by zoom (0 to 1), (zoom, width_deg) by rising
    zoom and falling width; empty: it is not told to zoom. aspect : its picture's width over its height.
    """

    name: str
    xyz_m: Place
    bearing_deg: float = 0.0
    pan_deg: tuple[float, float] = (-180.0, 180.0)
    tilt_deg: tuple[float, float] = (-90.0, 30.0)
    range_m: float = 150.0
    tilt_zero_deg: float = 0.0
    lean_deg: float = 0.0
    lean_to_deg: float = 0.0
    view: tuple[tuple[float, float], ...] = ()
    aspect: float = 16 / 9

    def pan_tilt(self, azimuth_deg: float, elevation_deg: float) -> tuple[float, float] | None:
        """Pan and tilt that look along a true bearing and elevation, or None where the mount cannot turn there."""
        if self.lean_deg:
            azimuth_deg, elevation_deg = upright(azimuth_deg, elevation_deg, self.lean_deg, self.lean_to_deg)
        turn_deg, tilt_deg = (azimuth_deg - self.bearing_deg) % 360.0, elevation_deg - self.tilt_zero_deg
        for pan_deg in (turn_deg, turn_deg - 360.0):
            if _within(pan_deg, self.pan_deg) and _within(tilt_deg, self.tilt_deg):
                return pan_deg, tilt_deg
        return None

    def sight(self, place_m: Place) -> tuple[float, float, float] | None:
        """Azimuth and elevation (degrees) and distance (m) to a place, or None where the mount cannot see it."""
        azimuth_deg, elevation_deg, distance_m = bearing(self.xyz_m, place_m)
        if distance_m > self.range_m or self.pan_tilt(azimuth_deg, elevation_deg) is None:
            return None
        return azimuth_deg, elevation_deg, distance_m

    def zoom(self, width_deg: float) -> float | None:
        """The most zoom whose picture is this wide or wider, the widest where none is; None where `view` is empty.

        Between two entries the logarithm of the width is taken to be straight, as zoom drives mostly make it.
        """
        if not self.view:
            return None
        for (zoom, wide_deg), (next_zoom, next_deg) in reversed(list(pairwise(self.view))):
            if next_deg >= width_deg:
                return next_zoom
            if wide_deg >= width_deg:
                return zoom + (next_zoom - zoom) * math.log(wide_deg / width_deg) / math.log(wide_deg / next_deg)
        return self.view[-1][0] if len(self.view) == 1 and self.view[0][1] >= width_deg else self.view[0][0]


def upright(azimuth_deg: float, elevation_deg: float, lean_deg: float, lean_to_deg: float) -> tuple[float, float]:
    """A direction as a mount sees it whose axis leans by lean_deg to the bearing lean_to_deg: (azimuth, elevation).

    The turn that sets the axis upright (Rodrigues' rotation about the level line across the lean; general knowledge).
    """
    azimuth, elevation, lean = (math.radians(each) for each in (azimuth_deg - lean_to_deg, elevation_deg, lean_deg))
    along, across, up = (
        math.cos(elevation) * math.cos(azimuth),
        math.cos(elevation) * math.sin(azimuth),
        math.sin(elevation),
    )
    level, high = along * math.cos(lean) - up * math.sin(lean), along * math.sin(lean) + up * math.cos(lean)
    turned_deg = math.degrees(math.atan2(across, level)) + lean_to_deg
    return turned_deg % 360.0, math.degrees(math.atan2(high, math.hypot(level, across)))


def level_m(a_m: Place, b_m: Place) -> float:
    """Distance over ground, heights left out: what a radius on a map means."""
    return math.hypot(a_m[0] - b_m[0], a_m[1] - b_m[1])


def from_triangle_m(place_m: Place, corners_m: Sequence[Place]) -> float:
    """How far over ground a place lies from the triangle between three others; 0 inside."""
    sides = [*zip(corners_m, (*corners_m[1:], corners_m[0]), strict=True)]
    turns = [_turn(a_m, b_m, place_m) for a_m, b_m in sides]
    if min(turns) > 0 or max(turns) < 0:
        return 0.0
    return min(_from_side_m(place_m, a_m, b_m) for a_m, b_m in sides)


def angle_deg(a: tuple[float, float], b: tuple[float, float]) -> float:
    """The angle between two directions given as (azimuth, elevation), 0 to 180 degrees.

    By the haversine, which stays exact for the small angles that matter here (from general knowledge).
    """
    azimuth, low, high = math.radians(b[0] - a[0]), math.radians(a[1]), math.radians(b[1])
    half = math.sin((high - low) / 2) ** 2 + math.cos(low) * math.cos(high) * math.sin(azimuth / 2) ** 2
    return math.degrees(2 * math.asin(min(1.0, math.sqrt(half))))


def _turn(a_m: Place, b_m: Place, c_m: Place) -> float:
    """Twice the area of a triangle, positive where it turns left."""
    return (b_m[0] - a_m[0]) * (c_m[1] - a_m[1]) - (b_m[1] - a_m[1]) * (c_m[0] - a_m[0])


def _from_side_m(place_m: Place, a_m: Place, b_m: Place) -> float:
    """How far over ground a place lies from the line between two others."""
    east_m, north_m = b_m[0] - a_m[0], b_m[1] - a_m[1]
    along_m2 = (place_m[0] - a_m[0]) * east_m + (place_m[1] - a_m[1]) * north_m
    share = min(1.0, max(0.0, along_m2 / max(east_m**2 + north_m**2, 1e-9)))
    return math.hypot(place_m[0] - a_m[0] - share * east_m, place_m[1] - a_m[1] - share * north_m)


def _within(value: float, legal: tuple[float, float]) -> bool:
    return legal[0] - 1e-9 <= value <= legal[1] + 1e-9
