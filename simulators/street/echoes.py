"""The ways that sound takes past walls: straight, over or round them, and off them by image sources.

A wall is an upright rectangle; both faces reflect. An image of order one is the source mirrored in the wall's plane,
and counts only if the line from it to the listener pierces the rectangle and neither leg is cut by another wall. Order
two mirrors the image once more. The straight way, where walls cut it, bends over the top or round the end that makes
the shortest detour, and loses 10 log10(3 + 20 detour / wavelength) dB: a thin screen, the form of ISO 9613-2:1996
equation 14 without its corrections (from general knowledge; the standard was not opened).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Xyz = NDArray[np.float64]

TOUCH = 1e-9  # of a leg's length: a leg that only starts or ends on a wall is not cut by it


@dataclass(frozen=True, slots=True)
class Wall:
    """An upright rectangle from the ground up, between two places on the map. reflection : of pressure, 0 to 1."""

    from_en_m: tuple[float, float]
    to_en_m: tuple[float, float]
    height_m: float
    reflection: float = 0.8


@dataclass(frozen=True, slots=True)
class Way:
    """One way of the sound: its corners, source first and listener last, and what reflections leave of the pressure.

    corners_m : (k, 3). detour_m : how much longer it is than a straight line that a wall cuts; 0 where none does.
    """

    corners_m: Xyz
    gain: float = 1.0
    detour_m: float = 0.0


def ways(source_m: Sequence[float], listener_m: Sequence[float], walls: Sequence[Wall], order: int = 1) -> list[Way]:
    """All ways from a source to a listener: the straight (or bent) one first, then echoes of up to `order` (0 to 2)."""
    source, listener = np.asarray(source_m, float), np.asarray(listener_m, float)
    found = [_straight(source, listener, walls)]
    for wall in walls if order >= 1 else ():
        found += _reflected(source, listener, (wall,), walls)
    if order >= 2:
        for first in walls:
            for second in walls:
                if first is not second:
                    found += _reflected(source, listener, (first, second), walls)
    return found


def mirror(point_m: Xyz, wall: Wall) -> Xyz:
    """The point mirrored in the wall's plane. (3,) metres."""
    start, normal = np.array([*wall.from_en_m, 0.0]), _normal(wall)
    return np.asarray(point_m - 2 * np.dot(point_m - start, normal) * normal)


def pierce(from_m: Xyz, to_m: Xyz, wall: Wall) -> Xyz | None:
    """Where the line between two points goes through the wall, None where it passes it by."""
    start, normal = np.array([*wall.from_en_m, 0.0]), _normal(wall)
    before, after = np.dot(from_m - start, normal), np.dot(to_m - start, normal)
    if before * after >= 0:
        return None
    share = before / (before - after)
    if not TOUCH < share < 1 - TOUCH:
        return None
    point = from_m + share * (to_m - from_m)
    along, length = np.array([*wall.to_en_m, 0.0]) - start, math.dist(wall.from_en_m, wall.to_en_m)
    at_m = float(np.dot(point - start, along)) / length
    return np.asarray(point) if 0 <= at_m <= length and 0 <= point[2] <= wall.height_m else None


def _normal(wall: Wall) -> Xyz:
    east, north = (to - start for start, to in zip(wall.from_en_m, wall.to_en_m, strict=True))
    return np.array([-north, east, 0.0]) / math.hypot(east, north)


def _straight(source: Xyz, listener: Xyz, walls: Sequence[Wall]) -> Way:
    """The straight way, or the way past the one wall that asks for the longest detour of all that cut it."""
    bent = [_bent(source, listener, wall) for wall in walls if pierce(source, listener, wall) is not None]
    return max(bent, key=lambda way: way.detour_m, default=Way(np.stack([source, listener])))


def _bent(source: Xyz, listener: Xyz, wall: Wall) -> Way:
    ends = [np.array([*wall.from_en_m, 0.0]), np.array([*wall.to_en_m, 0.0])]
    top = [end + np.array([0.0, 0.0, wall.height_m]) for end in ends]
    edges = [(top[0], top[1]), (ends[0], top[0]), (ends[1], top[1])]
    corners = [np.stack([source, _over(source, listener, *edge), listener]) for edge in edges]
    shortest = min(corners, key=_length_m)
    return Way(shortest, 1.0, _length_m(shortest) - float(np.linalg.norm(listener - source)))


def _over(source: Xyz, listener: Xyz, start: Xyz, end: Xyz) -> Xyz:
    """The point of an edge that makes the way over it shortest: unfolded round the edge that way is a straight line."""
    length_m = float(np.linalg.norm(end - start))
    along = (end - start) / length_m
    at = [float(np.dot(point - start, along)) for point in (source, listener)]
    off = [float(np.linalg.norm(point - start - a * along)) for point, a in zip((source, listener), at, strict=True)]
    share = off[0] / (off[0] + off[1]) if off[0] + off[1] else 0.5
    return np.asarray(start + min(max(at[0] + share * (at[1] - at[0]), 0.0), length_m) * along)


def _reflected(source: Xyz, listener: Xyz, off: tuple[Wall, ...], walls: Sequence[Wall]) -> Iterator[Way]:
    """The way off these walls in this order, if there is one: found backwards from the last image."""
    images = [source]
    for wall in off:
        images.append(mirror(images[-1], wall))
    corners, target = [listener], listener
    for image, wall in zip(reversed(images[1:]), reversed(off), strict=True):
        point = pierce(image, target, wall)
        if point is None:
            return
        corners.append(point)
        target = point
    corners.append(source)
    corners.reverse()
    cut = (pierce(a, b, wall) is not None for a, b in pairwise(corners) for wall in walls)
    if not any(cut):
        yield Way(np.stack(corners), math.prod(wall.reflection for wall in off))


def _length_m(corners: Xyz) -> float:
    return float(np.linalg.norm(np.diff(corners, axis=0), axis=1).sum())
