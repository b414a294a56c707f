"""Places on the ground, as areas and as lines with a width: what lies in a street, a park, round a point. Pure.

A place is in a zone where it is inside one of its areas, or within within_m of one of its lines or of an area's edge.
Areas are rings in metres east and north, outer ones and holes together, by the even-odd rule; heights are left out.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from gateway.street import Place

Point = tuple[float, float]
Line = tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Zone:
    """lines : each two points or more. areas : each a ring or more (the first one outside, the others holes), each ring
    with its first point again at the end. within_m : how near counts as in it."""

    name: str
    lines: tuple[Line, ...] = ()
    areas: tuple[tuple[Line, ...], ...] = ()
    within_m: float = 0.0

    def holds(self, place_m: Place) -> bool:
        """Whether a place lies in it."""
        return any(_is_inside(rings, place_m) for rings in self.areas) or (
            self.within_m > 0 and self.away_m(place_m) <= self.within_m
        )

    def away_m(self, place_m: Place) -> float:
        """Metres over ground to the nearest of its lines and edges."""
        lines = (*self.lines, *(ring for rings in self.areas for ring in rings))
        return min((_away_m(line, place_m) for line in lines), default=math.inf)

    def gap_m(self, place_m: Place) -> float:
        """Metres over ground to the nearest place in it; 0 for a place that lies in it."""
        return 0.0 if self.holds(place_m) else max(0.0, self.away_m(place_m) - self.within_m)

    def outline_m(self, step_m: float) -> Iterator[Point]:
        """Points on its lines and edges, none farther than step_m from the next on the same."""
        for line in (*self.lines, *(ring for rings in self.areas for ring in rings)):
            for (e0, n0), (e1, n1) in pairwise(line):
                n = math.ceil(math.hypot(e1 - e0, n1 - n0) / step_m) or 1
                yield from ((e0 + (e1 - e0) * i / n, n0 + (n1 - n0) * i / n) for i in range(n + 1))


def disc(name: str, centre_m: Place, radius_m: float) -> Zone:
    """What lies within a radius of a place."""
    point = (centre_m[0], centre_m[1])
    return Zone(name, lines=((point, point),), within_m=radius_m)


def _away_m(line: Line, place_m: Place) -> float:
    return min(_from_segment_m(start, end, place_m) for start, end in pairwise(line))


def _from_segment_m(start: Point, end: Point, place_m: Place) -> float:
    """Distance of a point from a stretch between two others."""
    along = (end[0] - start[0], end[1] - start[1])
    to = (place_m[0] - start[0], place_m[1] - start[1])
    squared = along[0] ** 2 + along[1] ** 2
    part = 0.0 if squared == 0 else min(1.0, max(0.0, (to[0] * along[0] + to[1] * along[1]) / squared))
    return math.hypot(to[0] - part * along[0], to[1] - part * along[1])


def _is_inside(rings: Iterable[Line], place_m: Place) -> bool:
    """By the even-odd rule: a ray to the east crosses the edges of its rings an odd number of times."""
    east, north = place_m[0], place_m[1]
    crossed = 0
    for ring in rings:
        for (e0, n0), (e1, n1) in pairwise(ring):
            if (n0 > north) != (n1 > north) and e0 + (north - n0) / (n1 - n0) * (e1 - e0) > east:
                crossed += 1
    return crossed % 2 == 1
