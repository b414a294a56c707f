"""What the evidence process may have written into the journal (ask `evidence`): which fields each deed has, and what
may stand in them. Pure. Names, numbers and hashes: no row can hold a plate, for a journal forgets nothing."""

import re
from collections.abc import Mapping
from typing import Any

NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")
HASH = re.compile(r"[0-9a-f]{64}")
LONGEST_NOTE = 500
MOST = 1 << 62
TEXTS = {
    "incident": NAME,
    "file": NAME,
    "camera": re.compile(r"[A-Za-z0-9._-]{0,64}"),
    "sha256": HASH,
    "sealed_sha256": HASH,
    "who": re.compile(r".{1,64}"),
}
TEXTS |= {"what": re.compile(r"clip|still|sightings|picture|show|export")}
NUMBERS = ("from_us", "until_us", "bytes")
DEEDS: Mapping[str, frozenset[str]] = {
    "kept": frozenset(("incident", "file", "what", "camera", *NUMBERS, "sha256", "sealed_sha256")),
    "lost": frozenset(("incident", "file", "note")),
    "let go": frozenset(("incident", "note")),
    "triggered": frozenset(("incident", "camera", "note")),
    "fault": frozenset(("camera", "note")),
    "access": frozenset(("incident", "file", "what")),
}
"""Each has `did` besides; an access may have a note, and who is shown it where a program asks for many."""


def fault_of(body: Mapping[str, Any]) -> str:
    """Why this cannot be written down, or ""."""
    did = body.get("did")
    if not isinstance(did, str) or did not in DEEDS:
        return f"did must be one of {', '.join(DEEDS)}"
    may = DEEDS[did] | ({"note", "who"} if did == "access" else frozenset())
    if not DEEDS[did] <= set(body) - {"did"} <= may:
        return f"{did} has {', '.join(sorted(DEEDS[did]))}"
    for name, value in body.items():
        if name in NUMBERS and not (type(value) is int and 0 <= value <= MOST):
            return f"{name} must be a whole number, 0 or more"
        if name in TEXTS and not (isinstance(value, str) and TEXTS[name].fullmatch(value)):
            return f"{name} is not of the form that it must have"
        if name == "note" and not (isinstance(value, str) and len(value) <= LONGEST_NOTE):
            return f"note must be a text of at most {LONGEST_NOTE} letters"
    return ""
