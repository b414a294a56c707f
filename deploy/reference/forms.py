"""Words for what pydantic's checks ask of a text: of each pattern and each check of ours. One that has none here is an
error (`deploy/reference/keys.py`), so that a page never says less than the program asks for."""

from datetime import datetime
from typing import Any

from pydantic import AwareDatetime

from gateway.reaction.lamp_tables import DEVICE

UNITS = {
    "_per_h": "an hour", "_per_min": "a minute", "_mps": "m/s", "_deg": "degrees", "_pct": "per cent", "_us": "us",
    "_ms": "ms", "_hz": "Hz", "_db": "dB", "_mb": "MB", "_gb": "GB", "_min": "minutes", "_days": "days", "_h": "h",
    "_s": "s", "_m": "m", "_c": "C", "_w": "W",
}  # fmt: skip
"""A name's end -> the unit, the longest first."""
TYPES: dict[Any, str] = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    datetime: "a time with its offset from UTC",
    AwareDatetime: "a time with its offset from UTC",
}
WORD = "of A-Z a-z 0-9 . _ -"
FORMS = {
    r"^[A-Za-z0-9._-]{1,32}$": f"1 to 32 {WORD}",
    r"^[A-Za-z0-9._-]{1,64}$": f"1 to 64 {WORD}",
    r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,31}$": f"1 to 32 {WORD}, no dot first",
    r"^[ABC]$": '`"A"`, `"B"` or `"C"`',
    r"^(onvif|http|contact)$": '`"onvif"`, `"http"` or `"contact"`',
    r"[^/]\.prom$": "a file's name that ends in .prom",
    r"^https?://[^@\s]+$": "http:// or https://, without a user or password",
    r"^([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$": "64 hexadecimal digits, colons between them or not",
    r"^[^#+/\s\x00-\x1f]{1,64}$": "1 to 64 letters without # + / and blanks",
    r"^([A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*)?$": "names of members with dots between; empty: nowhere",
    "^[^:]*$": "text without a colon",
    DEVICE + "$": "a UUID",
    DEVICE + "/[A-Za-z0-9._-]{1,64}$": "a UUID, / and a name",
}
CHECKS = {
    "check_title": "1 to 64 printable letters",
    "check_host": "a host's name or address",
    "check_network": "an IP address or a network as 10.0.0.0/8",
    "check_origin": "https://name or https://name:port",
    "check_https": "https://...; http:// only of this computer",
    "_utc_us": "a time as 2026-11-22T05:20:54.178Z",
    "_sigma": "number, above 0 to 60000000 us",
}
"""Of our own checks, by name."""
