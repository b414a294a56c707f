"""What a vendor's reader pushes over HTTP: JSON, with the plate where its settings say. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.evidence.profile_m import document, nobody, picture_of, some
from gateway.evidence.sighting import BadSighting, Plate, moment_us, plate_text, share

MOST_PLATES = 32


@dataclass(frozen=True, slots=True)
class Fields:
    """Where each stands, a path of names and numbers with dots between; "" : nowhere. each : the list of which every
    entry is a plate, and the paths count from there. confidence_of : what is full confidence."""

    plate: str = "plate"
    confidence: str = "confidence"
    at: str = "at"
    picture: str = "picture"
    each: str = ""
    confidence_of: float = 1.0


def read_push(payload: bytes, fields: Fields, more: Callable[[int], None] = nobody) -> list[Plate]:
    """more : is told of how many plates beyond MOST_PLATES are left out. Raises BadSighting where it is no such
    message."""
    told: Any = document(payload)
    entries = _at(told, fields.each) if fields.each else [told]
    if not isinstance(entries, list):
        raise BadSighting(f"{fields.each} is no list")
    return [_plate(each, fields) for each in some(entries, MOST_PLATES, more)]


def _plate(told: Any, fields: Fields) -> Plate:
    return Plate(
        plate_text(_at(told, fields.plate)),
        share(_at(told, fields.confidence), fields.confidence_of),
        moment_us(_at(told, fields.at)),
        None,
        picture_of(_at(told, fields.picture)),
    )


def _at(told: Any, path: str) -> Any:
    """What stands at a path, or None."""
    for step in path.split(".") if path else ():
        if isinstance(told, Mapping):
            told = told.get(step)
        elif isinstance(told, Sequence) and not isinstance(told, str) and step.isdecimal() and int(step) < len(told):
            told = told[int(step)]
        else:
            return None
    return told if path else None
