"""One vector tile as bytes: Mapbox Vector Tile Specification 2.1, written by hand (Protocol Buffers' wire format).

Section numbers below are the specification's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

EXTENT = 4096
MOVE_TO, LINE_TO, CLOSE_PATH = 1, 2, 7  # 4.3.3
LINESTRING, POLYGON = 2, 3  # 4.3.4

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Feature:
    """shape : of shapely, lines or polygons in tile units (0 to EXTENT, y to the south)."""

    shape: Any
    kind: str
    name: str


def encoded(layers: Mapping[str, Sequence[Feature]]) -> bytes:
    """The tile, empty bytes where nothing is drawn. A shape that is less than a unit wide is left out."""
    return b"".join(_field(3, body) for name, features in layers.items() if (body := _layer(name, features)))


def _layer(name: str, features: Sequence[Feature]) -> bytes:
    """4.1: its features, and the values that they share."""
    values: dict[str, int] = {}
    bodies = []
    for feature in features:
        kind, commands = _geometry(feature.shape)
        if commands:
            tags = [0, values.setdefault(feature.kind, len(values))]
            tags += [1, values.setdefault(feature.name, len(values))] if feature.name else []
            bodies.append(_field(2, _packed(2, tags) + _number(3, kind) + _packed(4, commands)))
    if not bodies:
        return b""
    keys = b"".join(_field(3, key) for key in (b"kind", b"name"))
    told = b"".join(_field(4, _field(1, value.encode())) for value in values)
    return _number(15, 2) + _field(1, name.encode()) + b"".join(bodies) + keys + told + _number(5, EXTENT)


def _geometry(shape: Any) -> tuple[int, list[int]]:
    """4.3: (type, commands) of what is of the shape's highest dimension."""
    parts = getattr(shape, "geoms", [shape])
    areas = [part for part in parts if part.geom_type == "Polygon"]
    commands: list[int] = []
    at = np.zeros(2, np.int64)
    if areas:
        for area in areas:
            before = len(commands)
            at = _ring(area.exterior, True, at, commands)
            for hole in area.interiors if len(commands) > before else ():
                at = _ring(hole, False, at, commands)
        return POLYGON, commands
    for part in parts:
        if part.geom_type == "LineString":
            at = _path(_points(part), at, commands)
    return LINESTRING, commands


def _points(line: Any) -> Ints:
    """(n, 2) whole units, none equal to the one before."""
    points: Ints = np.rint(np.asarray(line.coords)[:, :2]).astype(np.int64)
    kept: Ints = points[np.concatenate([[True], np.any(np.diff(points, axis=0) != 0, axis=1)])]
    return kept


def _path(points: Ints, at: Ints, commands: list[int]) -> Ints:
    """4.3.3: a move and lines. Comes back: where the pen is."""
    if len(points) < 2:
        return at
    steps = _zigzag(np.diff(points, axis=0, prepend=at[np.newaxis])).ravel().tolist()
    commands += [1 << 3 | MOVE_TO, *steps[:2], (len(points) - 1) << 3 | LINE_TO, *steps[2:]]
    last: Ints = points[-1]
    return last


def _ring(ring: Any, is_outer: bool, at: Ints, commands: list[int]) -> Ints:
    """4.3.4.4: an outer ring's area by the surveyor's formula is positive (y to the south), a hole's negative."""
    points = _points(ring)[:-1]
    twice = int(np.sum(points[:, 0] * np.roll(points[:, 1], -1) - np.roll(points[:, 0], -1) * points[:, 1]))
    if len(points) < 3 or twice == 0:
        return at
    at = _path(points if (twice > 0) is is_outer else points[::-1], at, commands)
    commands.append(1 << 3 | CLOSE_PATH)
    return at


def _zigzag(values: Ints) -> Ints:
    return (values << 1) ^ (values >> 63)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _field(field: int, body: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(body)) + body


def _packed(field: int, values: Sequence[int]) -> bytes:
    return _field(field, b"".join(map(_varint, values)))
