"""A lamp's notice as a service request of Open311 GeoReport v2, and what the city answers. Pure.

POST requests.json (wiki.open311.org/GeoReport_v2, POST Service Request): form fields service_code, lat, long,
description, device_id, address_id; api_key and jurisdiction_id where the city has them. The answer is a list of one
object with service_request_id, or a token where the city gives the number later. GeoReport v2 has no way to say that a
request is settled: that stays with the city.

The place is given to 0.001 degrees, some 100 m: lamps stand where poles do, whose exact places go into nothing public
(DESIGN section 7). Which lamp it is tells its name, as address_id.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.alerts.clock_time import clock_time

PLACES = 3
MOST_DESCRIPTION = 4000
MOST_ID = 100


@dataclass(frozen=True, slots=True)
class Desk:
    """Where requests go. service_code : what the city calls a broken street light. jurisdiction : "" for none."""

    service_code: str
    jurisdiction: str = ""


def request_fields(notice: Mapping[str, Any], place_deg: tuple[float, float], desk: Desk) -> dict[str, str]:
    """The form of a notice (a `lamp` row's body); the api_key is added by who sends it. place_deg : (lat, long)."""
    found = "; ".join(f"{clock_time(each['t_us'])} {each['what']}" for each in notice["history"])
    text = f"Street light {notice['lamp']}: {notice['why']}. Found: {found}. Notice {notice['notice']}."
    fields = {
        "service_code": desk.service_code,
        "lat": f"{place_deg[0]:.{PLACES}f}",
        "long": f"{place_deg[1]:.{PLACES}f}",
        "address_id": str(notice["lamp"]),
        "device_id": str(notice["notice"]),
        "description": "".join(each if each.isprintable() else " " for each in text)[:MOST_DESCRIPTION],
    }
    return fields | ({"jurisdiction_id": desk.jurisdiction} if desk.jurisdiction else {})


def is_first(notice: Mapping[str, Any]) -> bool:
    """Whether a row opens its notice: it is what the city is told of; what is found later stays in the journal."""
    return bool(notice["open"]) and all(each["t_us"] == notice["since_us"] for each in notice["history"])


def read_answer(body: bytes) -> str:
    """The number, or token, that the city gave. Raises ValueError in a few words for what is no such answer."""
    try:
        (answer,) = json.loads(body)
        name = answer.get("service_request_id") or answer.get("token")
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise ValueError("the answer is not one of GeoReport v2") from None
    text = str(name or "")
    if not 1 <= len(text) <= MOST_ID or not text.isprintable():
        raise ValueError("the answer names no service_request_id and no token")
    return text


def has_notice(body: bytes, notice: str) -> str | None:
    """The number of the request in a list of requests (GET requests.json) that is of this notice; None: there is none.
    Raises ValueError for what is no such list."""
    try:
        found = [each for each in json.loads(body) if f"Notice {notice}." in str(each.get("description", ""))]
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise ValueError("the answer is not one of GeoReport v2") from None
    return str(found[0].get("service_request_id"))[:MOST_ID] if found else None
