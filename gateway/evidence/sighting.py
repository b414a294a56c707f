"""What a reader or a camera's analytics may have seen: plates, and objects of CLASSES. Values, and what they must be.

No faces, by construction: the class is not in the table, and nothing reads what is said of a face or a body.
"""

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

CLASSES: Mapping[str, str] = {
    "human": "person",
    "person": "person",
    "vehicle": "vehicle",
    "vehical": "vehicle",
    "car": "car",
    "truck": "truck",
    "bus": "bus",
    "motorcycle": "motorcycle",
    "bicycle": "bicycle",
    "bike": "bicycle",
}
"""ONVIF's ObjectType, ClassType (with its own spelling) and VehicleType (metadatastream.xsd 25.12), in lower case ->
what it is called here. What is not in it is let go."""
LONGEST_PLATE, LONGEST_TOLD = 16, 200
BESIDES = " -.\u00b7"
"""What a plate has besides letters, marks and digits."""
MOST_PICTURE = 2_000_000
EARLIEST_US, LATEST_US = 0, 4_102_444_800_000_000  # 2100


class BadSighting(ValueError):
    """A message that is none, in words that repeat nothing of it."""


@dataclass(frozen=True, slots=True)
class Plate:
    """t_us : by the reader's own clock, where it says. confidence : 0 to 1. picture : as it came, or b""."""

    text: str
    confidence: float | None = None
    t_us: int | None = None
    lat_lon_deg: tuple[float, float] | None = None
    picture: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Thing:
    """An object. number : the camera's own for it. yaw_deg : where it moves, as the camera has it: 0 to its right, 90
    away from it. Otherwise as Plate."""

    kind: str
    number: str
    confidence: float | None = None
    t_us: int | None = None
    yaw_deg: float | None = None
    speed_mps: float | None = None
    lat_lon_deg: tuple[float, float] | None = None


Sighting = Plate | Thing


def plate_text(told: Any) -> str:
    """A plate as it is kept, each letter and digit in its one common form (NFKC of Unicode Standard Annex 15, from
    general knowledge): full-width digits are digits. Raises BadSighting for what no plate has on it, markup before
    all."""
    is_text = isinstance(told, str) and len(told) <= LONGEST_TOLD
    text = " ".join(unicodedata.normalize("NFKC", told).split()) if is_text else ""
    if not 0 < len(text) <= LONGEST_PLATE:
        raise BadSighting(f"a plate must have 1 to {LONGEST_PLATE} letters and digits")
    if any(unicodedata.category(each)[0] not in "LMN" and each not in BESIDES for each in text):
        raise BadSighting("a plate with what no plate has on it")
    return text


def share(told: Any, of: float = 1.0) -> float | None:
    """A likelihood, 0 to 1; None where there is none. Raises BadSighting."""
    value = number(told)
    if value is not None and not 0 <= value / of <= 1:
        raise BadSighting("a likelihood must be 0 to 1")
    return None if value is None else round(value / of, 3)


def number(told: Any) -> float | None:
    """A finite number, also as a text; None for None and "". Raises BadSighting."""
    if told is None or told == "":
        return None
    try:
        value = float(told) if isinstance(told, int | float | str) and not isinstance(told, bool) else math.nan
    except (ValueError, OverflowError):
        value = math.nan
    if not math.isfinite(value):
        raise BadSighting("what should be a number is none")
    return value


def moment_us(told: Any) -> int | None:
    """ISO 8601 or seconds since 1970, to microseconds UTC; without a zone it is UTC. None for None. Raises
    BadSighting."""
    if told is None or told == "":
        return None
    try:
        if isinstance(told, int | float) and not isinstance(told, bool):
            t_us = round(told * 1e6)
        else:
            when = datetime.fromisoformat(told)
            t_us = round((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1e6)
    except (TypeError, ValueError, OverflowError):
        raise BadSighting("a time that is none") from None
    if not EARLIEST_US <= t_us <= LATEST_US:
        raise BadSighting("a time that is none")
    return t_us
