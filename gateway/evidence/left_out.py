"""What limits leave out is counted where it happens, and said here: when it begins, and with each tenfold of it, so
that rows do not grow with it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.evidence.camera_line import CameraLine
from gateway.evidence.cases import MOST_CASES, Cases
from gateway.evidence.sightings import MOST_OF_CASE, Sightings

A_FEW, A_GROUP = 50, 500
"""Pictures that a camera may lose without a word: each connection begins amid a picture, and amid a group, which may be
15 s of 30 a second; one without an end is said by gateway/evidence/camera_line.py."""
OF_SIGHTINGS = {
    "crowded": "messages of readers were let go unread before their time, for want of room (sightings_most_mb)",
    "more": f"sightings were left out: more than {MOST_OF_CASE} of one incident",
    "long": "plates or objects were left out: more in one message than is taken",
}


@dataclass(frozen=True, slots=True)
class Limit:
    """Of what (a camera, or a part), in words what is left out, and how much of it is nothing to speak of."""

    source: str
    words: str
    normal: int = 0


class LeftOut:
    """Ask it from time to time."""

    def __init__(self) -> None:
        self._said: dict[Limit, int] = {}

    def look(self, counts: Mapping[Limit, int]) -> list[tuple[str, str]]:
        """counts : all that was left out so far. Comes back: (of what, in words) of what is to be said now."""
        news = []
        for limit, n in counts.items():
            if n > limit.normal and n >= 10 * self._said.get(limit, 0):
                self._said[limit] = n
                news.append((limit.source, f"{n} {limit.words}"))
        return news


def counts(lines: Mapping[str, CameraLine], cases: Cases, sightings: Sightings) -> dict[Limit, int]:
    """All that limits of the evidence process have left out so far."""
    told = {Limit("sightings", words): sightings.counts[name] for name, words in OF_SIGHTINGS.items()}
    told[Limit("incidents", f"were not recorded to their end: more than {MOST_CASES} at once")] = cases.let_go
    for name, line in lines.items():
        told[Limit(name, "pictures came with something missing and are left out", A_FEW)] = line.incomplete
        told[Limit(name, "pictures hang on none that is kept, and are left out", A_GROUP)] = line.ring.dropped
    return told
