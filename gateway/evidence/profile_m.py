"""What ONVIF Profile M devices say over MQTT: JSON of scenes (topic PREFIX/onvif-mj/...) and of events
(PREFIX/onvif-ej/...), to plates and objects. Pure.

ONVIF Analytics Service Specification, "ONVIF Metadata in JSON over MQTT": an XML attribute is "@name", a tag's text
with attributes "#text", tags that repeat a list. ONVIF Core Specification, "JSON Event Payload": UtcTime, Source, Data.
What stands in an object's Appearance: metadatastream.xsd 25.12. Some devices leave Class's Type out, as that
specification's own example does; both are read.
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gateway.evidence.sighting import (
    CLASSES,
    MOST_PICTURE,
    BadSighting,
    Plate,
    Sighting,
    Thing,
    moment_us,
    number,
    plate_text,
    share,
)

MOST_BYTES = 4_000_000
MOST_OBJECTS = 64
PLATE_NAMES = ("LicensePlateInfo", "PlateNumber", "LicensePlate", "Plate")
"""Under which an event has its plate: ONVIF's element, or a simple item as vendors name it."""


def nobody(n_more: int) -> None:
    """Who need not know how much of a message was left out."""


def read(payload: bytes, more: Callable[[int], None] = nobody) -> list[Sighting]:
    """All that a message says of plates and objects. more : is told of how many frames or objects beyond MOST_OBJECTS
    are left out. Raises BadSighting where it is no such message."""
    told = document(payload)
    if "Frame" in told:
        frames = some(_list(told["Frame"]), MOST_OBJECTS, more)
        return some([each for frame in frames for each in _scene(_table(frame), more)], MOST_OBJECTS, more)
    if "Data" in told:
        return list(_event(told, more))
    raise BadSighting("it is neither a scene nor an event of ONVIF")


def some(told: list[Any], most: int, more: Callable[[int], None]) -> list[Any]:
    """The first so many. more : is told of how many there are beyond, if any."""
    if len(told) > most:
        more(len(told) - most)
    return told[:most]


def document(payload: bytes) -> Mapping[str, Any]:
    """The JSON table of a message. Raises BadSighting."""
    if len(payload) > MOST_BYTES:
        raise BadSighting(f"longer than {MOST_BYTES} bytes")
    try:
        return _table(json.loads(payload))
    except (ValueError, RecursionError):
        raise BadSighting("it is no JSON table") from None


def picture_of(told: Any) -> bytes:
    """A picture in base64; b"" where there is none. Raises BadSighting."""
    if told is None or told == "":
        return b""
    if not isinstance(told, str) or len(told) > MOST_PICTURE * 4 // 3 + 4:
        raise BadSighting("a picture that is none, or too big")
    try:
        return base64.b64decode(told, validate=True)
    except (binascii.Error, ValueError):
        raise BadSighting("a picture that is no base64") from None


def _scene(frame: Mapping[str, Any], more: Callable[[int], None]) -> Iterator[Sighting]:
    t_us = moment_us(frame.get("@UtcTime"))
    for each in some(_list(frame.get("Object")), MOST_OBJECTS, more):
        told = _table(each)
        yield from _object(told, str(_text(told.get("@ObjectId")))[:32], t_us)


def _event(told: Mapping[str, Any], more: Callable[[int], None]) -> Iterator[Sighting]:
    data, t_us = _table(told["Data"]), moment_us(told.get("UtcTime"))
    number_ = str(_text(data.get("ObjectId") or data.get("ObjectID")))[:32]
    plate = next((data[name] for name in PLATE_NAMES if name in data), None)
    if plate is not None:
        appearance = {"LicensePlateInfo": plate, "Image": data.get("Image")}
        yield from _plate(appearance, t_us, data.get("Likelihood"))
    for each in some(_list(data.get("Object")), MOST_OBJECTS, more):
        yield from _object(_table(each), number_, t_us)
    for name in some(_list(data.get("ClassTypes")), MOST_OBJECTS, more):
        for word in str(_text(name)).split():
            if word.lower() in CLASSES:
                yield Thing(CLASSES[word.lower()], number_, None, t_us)


def _object(told: Mapping[str, Any], number_: str, t_us: int | None) -> Iterator[Sighting]:
    appearance = _table(told.get("Appearance") or {})
    yield from _plate(appearance, t_us, None)
    kinds = [
        (CLASSES[str(name).lower()], likely) for name, likely in _classes(appearance) if str(name).lower() in CLASSES
    ]
    if kinds:
        kind, likely = max(kinds, key=lambda pair: share(pair[1]) or 0.0)
        moves = _table(told.get("Behaviour") or {})
        yaw = number(_table(moves.get("Direction") or {}).get("@yaw"))
        yield Thing(kind, number_, share(likely), t_us, yaw, number(moves.get("Speed")), _place(appearance))


def _plate(appearance: Mapping[str, Any], t_us: int | None, likely: Any) -> Iterator[Plate]:
    told = appearance.get("LicensePlateInfo")
    if told is None:
        return
    plate = told.get("PlateNumber") if isinstance(told, dict) and "PlateNumber" in told else told
    likely = plate.get("@Likelihood", likely) if isinstance(plate, dict) else likely
    picture = picture_of(appearance.get("Image"))
    yield Plate(plate_text(_text(plate)), share(likely), t_us, _place(appearance), picture)


def _classes(appearance: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    """(name, likelihood) of each that an object may be."""
    for each in _list(appearance.get("Class"))[:MOST_OBJECTS]:
        for kind in _list(each["Type"] if isinstance(each, dict) and "Type" in each else each)[:MOST_OBJECTS]:
            yield _text(kind), kind.get("@Likelihood") if isinstance(kind, dict) else None
    for vehicle in _list(appearance.get("VehicleInfo"))[:MOST_OBJECTS]:
        kind = _table(vehicle).get("Type")
        yield _text(kind), kind.get("@Likelihood") if isinstance(kind, dict) else None


def _place(appearance: Mapping[str, Any]) -> tuple[float, float] | None:
    told = _table(appearance.get("GeoLocation") or {})
    lat_deg, lon_deg = number(told.get("@lat")), number(told.get("@lon"))
    if lat_deg is None or lon_deg is None:
        return None
    if not (-90 <= lat_deg <= 90 and -180 <= lon_deg <= 180):
        raise BadSighting("a place that is none")
    return lat_deg, lon_deg


def _list(told: Any) -> list[Any]:
    return told if isinstance(told, list) else [] if told is None else [told]


def _text(told: Any) -> Any:
    return told.get("#text") if isinstance(told, dict) else told


def _table(told: Any) -> Mapping[str, Any]:
    if not isinstance(told, dict):
        raise BadSighting("a table is missing where one should be")
    return told
