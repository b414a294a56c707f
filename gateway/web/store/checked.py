"""Values of a journal's rows, looked at before they are kept: their types, that they are finite, and their ranges. What
a gateway writes (gateway/alerts/bulletin.py, gateway/reaction/) lies well inside; a row that was made by another hand
would else break every page that shows it.

All raise ValueError, or KeyError or TypeError where something is missing or is of another kind.
"""

import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn

GRADES = ("A", "B", "C")
MOST_US = 253_402_300_799_999_999
"""The last microsecond of the year 9999, where Python's calendar ends."""
FARTHEST_M = 1e7
LONGEST_WORD = 200
SYMMETRIC_M2 = 1e-3
"""A covariance is told with four decimals."""


def told_of(text: str) -> Mapping[str, Any]:
    """A row's body: an object of JSON, which knows neither NaN nor Infinity, in letters that can be written."""
    told = json.loads(text, parse_constant=_no_number, parse_float=_finite)
    if type(told) is not dict:
        raise TypeError("a row is an object")
    if "\\u" in text:
        json.dumps(told, ensure_ascii=False).encode()  # half of a surrogate pair is no letter
    return told


def check_incident(told: Mapping[str, Any]) -> None:
    """An incident that is told, with its rounds."""
    _check_shot(told)
    moment(told["first_us"])
    whole(told["n_rounds"], 0, 1_000_000)
    if type(told["rounds"]) is not list:
        raise TypeError("rounds are a list")
    for each in told["rounds"]:
        _check_round(each)


def check_order(told: Mapping[str, Any]) -> None:
    """What became of an order."""
    for name, low, high in (("level_pct", 0, 100), ("azimuth_deg", -360, 360), ("elevation_deg", -360, 360)):
        optional(told, name, low, high)
    moment(told["t_us"])
    for name in ("what", "device", "note"):
        if type(told[name]) is not str:
            raise TypeError(f"{name} is a text")


def check_reason(told: Mapping[str, Any]) -> None:
    """Why something was done, or was not."""
    if type(told.get("weighed")) not in (dict, type(None)):
        raise TypeError("what was weighed is an object")


def moment(value: Any) -> int:
    """Microseconds UTC that a calendar has."""
    return whole(value, 0, MOST_US)


def whole(value: Any, low: int, high: int) -> int:
    """A whole number in a range."""
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"must be a whole number from {low} to {high}")
    return value


def number(value: Any, low: float, high: float) -> float:
    """A finite number in a range."""
    if type(value) not in (int, float) or not low <= value <= high:
        raise ValueError(f"must be a number from {low} to {high}")
    return float(value)


def optional(told: Mapping[str, Any], name: str, low: float, high: float) -> None:
    """A number in a range, or none."""
    if told.get(name) is not None:
        number(told[name], low, high)


def word(value: Any) -> str:
    """A short text that is not empty."""
    if type(value) is not str or not 0 < len(value) <= LONGEST_WORD:
        raise ValueError(f"must be a text of 1 to {LONGEST_WORD} letters")
    return value


def _check_shot(told: Mapping[str, Any]) -> None:
    """What an incident and each of its rounds have."""
    number(told["lat_deg"], -90, 90)
    number(told["lon_deg"], -180, 180)
    shape = told["ellipse_95"]
    number(shape["minor_m"], 0, FARTHEST_M)
    number(shape["major_m"], 0, FARTHEST_M)
    number(shape["azimuth_deg"], -360, 360)
    if told["grade"] not in GRADES:
        raise ValueError(f"a grade is one of {', '.join(GRADES)}")
    word(told["kind"])
    if told["p_gunshot"] is not None:
        number(told["p_gunshot"], 0, 1)
    if "cov_m2" in told:
        _check_covariance(told["cov_m2"])


def _check_round(told: Mapping[str, Any]) -> None:
    _check_shot(told)
    moment(told["t_us"])
    number(told["rms_us"], 0, 1e9)
    for name in ("e_m", "n_m"):
        number(told[name], -FARTHEST_M, FARTHEST_M)
    if told.get("line_of_fire"):
        number(told["line_of_fire"]["azimuth_deg"], -360, 360)
        number(told["line_of_fire"]["azimuth_sigma_deg"], 0, 360)
    if type(told["nodes"]) is not list:
        raise TypeError("nodes are a list")
    for node in told["nodes"]:
        word(node)


def _check_covariance(told: Any) -> None:
    (east, both), (again, north) = told
    for value in (east, north):
        number(value, 0, FARTHEST_M**2)
    for value in (both, again):
        number(value, -(FARTHEST_M**2), FARTHEST_M**2)
    if abs(both - again) > SYMMETRIC_M2 or east * north - both * both < -SYMMETRIC_M2 * (east + north):
        raise ValueError("is no covariance")


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is too large a number")
    return value
