"""What an OpenStreetMap extract (.osm.pbf) holds within some bounds: shapes layer by layer, and addresses.

pyrosm reads it, a layer at a time: in memory is one layer of what lies within the bounds. With bounds, the extract is
first cut to them, block by block, into a file beside the result.
"""

import pathlib
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyrosm
import shapely
from google.protobuf.message import Error as ProtobufError
from pyrosm.exceptions import PBFException

from gateway.web.base_map.layers import Layer
from gateway.web.base_map.mercator import Bounds

ADDRESS = ("addr:housenumber", "addr:street")
AREAS, LINES = ("Polygon", "MultiPolygon"), ("LineString", "MultiLineString")
PRINTABLE = 200
"""Longest name that is kept, in characters: a street has fewer."""

Shape = Any
"""A geometry of shapely, which has no types."""


@dataclass(frozen=True, slots=True)
class Thing:
    """shape : in degrees, longitude first. from_zoom : the widest view that shows it. name : "" where it has none."""

    shape: Shape
    kind: str
    from_zoom: int
    name: str


@dataclass(frozen=True, slots=True)
class Address:
    """A house, where the extract has its number."""

    lat_deg: float
    lon_deg: float
    street: str
    number: str


class Extract:
    """path : the .osm.pbf. Raises ValueError naming it where it is none, or damaged; OSError where it is not there."""

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path
        with path.open("rb"):  # pyrosm calls a file that may not be read a format it does not know
            pass

    def cut(self, bounds: Bounds, target: pathlib.Path) -> "Extract":
        """What of it lies within the bounds, as an extract of its own in `target`."""
        osm = self._asked(lambda: pyrosm.OSM(str(self._path), bounding_box=list(bounds.edges()), progress=False))
        self._asked(lambda: osm.to_pbf(str(target)))
        return Extract(target)

    def things(self, layer: Layer) -> Iterator[Thing]:
        """Those of a layer, areas or lines as it has them."""
        wanted = AREAS if layer.is_area else LINES
        for row in self._rows(layer.wanted(), ("name",), keep_nodes=False):
            found = layer.kind_of(row)
            if found and row["geometry"].geom_type in wanted:
                yield Thing(row["geometry"], *found, row.get("name", "")[:PRINTABLE])

    def coastlines(self) -> list[Shape]:
        """Lines with land on their left and water on their right."""
        rows = self._rows({"natural": ["coastline"]}, (), keep_nodes=False, keep_relations=False)
        shapes = [row["geometry"] for row in rows]
        return [shapely.LineString(s.exterior) if s.geom_type == "Polygon" else s for s in shapes if s.length > 0]

    def addresses(self) -> Iterator[Address]:
        """Houses that have a number and a street, areas at a point inside them."""
        for row in self._rows({"addr:housenumber": True}, ADDRESS):
            street, number = row.get("addr:street", ""), row.get("addr:housenumber", "")
            if street and number:
                spot = row["geometry"].representative_point()
                yield Address(spot.y, spot.x, street[:PRINTABLE], number[:PRINTABLE])

    def _rows(self, wanted: Mapping[str, Any], tags: tuple[str, ...], **keep: bool) -> Iterator[dict[str, Any]]:
        """Tags that are there, and `geometry`, of all that match."""
        columns = sorted({*wanted, *tags})
        osm = self._asked(lambda: pyrosm.OSM(str(self._path), keep_metadata=False, progress=False))
        read = osm.get_data_by_custom_criteria
        frame = self._asked(
            lambda: read(custom_filter=dict(wanted), tags_as_columns=columns, keep_other_tags=False, **keep)
        )
        if frame is None:  # nothing matched
            return
        present = [name for name in columns if name in frame.columns]
        for values in zip(frame["geometry"], *(frame[name] for name in present), strict=True):
            if values[0] is not None and not values[0].is_empty:
                given = zip(present, values[1:], strict=True)
                yield {"geometry": values[0], **{key: value for key, value in given if isinstance(value, str)}}

    def _asked(self, ask: Callable[[], Any]) -> Any:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of layers that are empty
                return ask()
        except (PBFException, ProtobufError, ValueError, EOFError) as error:
            first = " ".join(str(error).split())[:160]
            raise ValueError(f"{self._path}: is no OpenStreetMap extract (.osm.pbf), or is damaged ({first})") from None
