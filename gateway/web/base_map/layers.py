"""What of OpenStreetMap is on the base map, in which layer, and from which zoom on. Keys and values are those of the
OpenStreetMap wiki's "Map features"."""

from collections.abc import Mapping
from dataclasses import dataclass

ZOOMS = range(10, 17)
"""Of the tiles; closer looks show the last one's, enlarged."""

ANY = frozenset[str]()
"""Every value of a key."""


@dataclass(frozen=True, slots=True)
class Layer:
    """name : of the vector tiles' layer. kinds : key -> value -> (kind, zoom from which it is drawn); of a key with the
    value "" all are taken that are not named. is_area : polygons alone, or lines alone."""

    name: str
    is_area: bool
    kinds: Mapping[str, Mapping[str, tuple[str, int]]]

    def wanted(self) -> dict[str, list[str] | bool]:
        """As a filter: key -> its values, or True for all."""
        return {key: True if "" in values else list(values) for key, values in self.kinds.items()}

    def kind_of(self, tags: Mapping[str, str]) -> tuple[str, int] | None:
        """(kind, from zoom) of a thing with these tags, or None where it is not of this layer."""
        for key, values in self.kinds.items():
            if key in tags:
                found = values.get(tags[key], values.get(""))
                if found is not None:
                    return found
        return None


def _all(kind: str, zoom: int, *values: str) -> dict[str, tuple[str, int]]:
    return dict.fromkeys(values, (kind, zoom))


ROADS = {
    **_all("major", 10, "motorway", "trunk", "primary", "motorway_link", "trunk_link", "primary_link"),
    **_all("middle", 11, "secondary", "tertiary", "secondary_link", "tertiary_link"),
    **_all("minor", 13, "residential", "unclassified", "living_street", "pedestrian", "road"),
    **_all("service", 14, "service", "busway"),
    **_all("path", 15, "footway", "cycleway", "path", "steps", "track", "bridleway"),
}
GREEN = {
    "leisure": _all("park", 10, "park", "garden", "golf_course", "nature_reserve", "pitch", "playground"),
    "landuse": _all("park", 11, "grass", "forest", "cemetery", "recreation_ground", "meadow", "village_green"),
    "natural": _all("park", 11, "wood", "scrub", "heath", "wetland", "grassland"),
}
WATER = {
    "natural": _all("water", 10, "water", "bay"),
    "waterway": _all("water", 10, "riverbank", "dock"),
    "landuse": _all("water", 12, "basin", "reservoir"),
}

LAYERS = (
    Layer("park", True, GREEN),
    Layer("water", True, WATER),
    Layer("stream", False, {"waterway": _all("stream", 13, "river", "canal", "stream", "drain")}),
    Layer("building", True, {"building": {"no": ("", 99), "": ("building", 14)}}),
    Layer("rail", False, {"railway": _all("rail", 12, "rail", "light_rail", "tram", "narrow_gauge", "subway")}),
    Layer("road", False, {"highway": ROADS}),
)
