"""Makes a board's ear before the rest of the firmware is there: it needs 60 KB, half of that in one piece, of an
empty heap. Between all the modules no such piece is left (seen under the unix port). Runs on MicroPython only.
"""

import json

USUAL_HZ = 48_000


def early(ear_of, path: str):  # type: ignore[no-untyped-def]
    """ear_of, whose ear for the rate that path (node.json) has is made now. What is wrong there is for later."""
    try:
        with open(path) as file:
            rate_hz = json.load(file).get("rate_hz", USUAL_HZ)
        ear = ear_of(rate_hz)
    except (OSError, ValueError, AttributeError, TypeError):
        return ear_of
    return lambda wanted_hz: ear if wanted_hz == rate_hz else ear_of(wanted_hz)
