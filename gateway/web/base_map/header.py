"""What the head of a PMTiles file says, and whether the file can be what it says: PMTiles specification, version 3.

Read with nothing but the standard library: whoever serves such a file need not be able to build one.
"""

import gzip
import json
import os
import pathlib
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

MAGIC, VERSION, LENGTH = b"PMTiles", 3, 127  # section 3
FORMAT = struct.Struct("<7sB8Q3Q4B2B4iB2i")
GZIP, VECTOR = 2, 1  # sections 3.3, 3.4
MOST_DIRECTORY, MOST_METADATA = 1 << 20, 1 << 20
"""In bytes, unpacked: the root directory of a city has some 50 kB."""


@dataclass(frozen=True, slots=True)
class Head:
    """bounds_deg : west, south, east, north. attribution : who must be named beside the map."""

    size: int
    min_zoom: int
    max_zoom: int
    bounds_deg: tuple[float, float, float, float]
    attribution: str


def read_head(path: pathlib.Path) -> Head:
    """Of a vector base map. Raises ValueError naming the file and what is wrong with it, or OSError."""
    try:
        with path.open("rb") as file:
            return _head(file, os.fstat(file.fileno()).st_size)
    except (ValueError, KeyError, EOFError, zlib.error, gzip.BadGzipFile, struct.error) as error:
        raise ValueError(f"{path}: is no base map of `soundpost map build`, or is damaged ({error})") from None


def _head(file: BinaryIO, size: int) -> Head:
    head = file.read(LENGTH)
    if len(head) < LENGTH or head[:7] != MAGIC:
        raise ValueError("it does not begin as a PMTiles file does")
    values = FORMAT.unpack(head)
    if values[1] != VERSION:
        raise ValueError(f"it is of PMTiles version {values[1]}, not {VERSION}")
    root, metadata, leaves, tiles = (values[index : index + 2] for index in (2, 4, 6, 8))
    if any(offset + length > size for offset, length in (root, metadata, leaves, tiles)):
        raise ValueError(f"it is cut off: {size} bytes are fewer than it says it has")
    _, packing, tile_packing, kind, min_zoom, max_zoom, west, south, east, north = values[13:23]
    if (packing, tile_packing, kind) != (GZIP, GZIP, VECTOR):
        raise ValueError("its tiles are not gzipped vector tiles")
    if not _unpacked(file, root, MOST_DIRECTORY):
        raise ValueError("its directory is empty")
    told = _metadata(_unpacked(file, metadata, MOST_METADATA))
    edges = (west / 1e7, south / 1e7, east / 1e7, north / 1e7)
    return Head(size, min_zoom, max_zoom, edges, str(told.get("attribution", "")))


def _metadata(text: bytes) -> Mapping[str, Any]:
    told = json.loads(text)
    if not isinstance(told, dict):
        raise ValueError("its metadata are no JSON object")
    return told


def _unpacked(file: BinaryIO, where: tuple[int, int], most: int) -> bytes:
    """A gzipped part, which may not grow beyond `most`."""
    file.seek(where[0])
    unpacking = zlib.decompressobj(wbits=31)
    unpacked = unpacking.decompress(file.read(min(where[1], most)), most)
    if not unpacking.eof:
        raise ValueError("a part of it does not unpack")
    return unpacked
