"""Incidents as GeoJSON (RFC 7946): a point each, at its best round's place, longitude first."""

from collections.abc import Sequence
from typing import Any, Literal

from gateway.web.api.told import Incident, Properties, Told


class Point(Told):
    """coordinates : longitude, latitude in degrees."""

    type: Literal["Point"]
    coordinates: tuple[float, float]


class Feature(Told):
    """id : the incident's name."""

    type: Literal["Feature"]
    id: str
    geometry: Point
    properties: Properties


class FeatureCollection(Told):
    """next : the cursor of the page after, null on the last (a foreign member, RFC 7946, 6.1)."""

    type: Literal["FeatureCollection"]
    features: list[Feature]
    next: str | None


def feature_of(incident: Incident) -> Feature:
    """One."""
    told: dict[str, Any] = {name: getattr(incident, name) for name in Properties.model_fields}
    point = Point(type="Point", coordinates=(incident.lon_deg, incident.lat_deg))
    return Feature(type="Feature", id=incident.incident, geometry=point, properties=Properties(**told))


def collection_of(incidents: Sequence[Incident], cursor: str | None) -> FeatureCollection:
    """A page of them."""
    features = [feature_of(each) for each in incidents]
    return FeatureCollection(type="FeatureCollection", features=features, next=cursor)
