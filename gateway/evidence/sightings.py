"""Which sightings belong to an incident: seen near it, in its time. Everything else is dropped unread. Pure.

What readers send waits as it came, in memory, for as long as a shot may be told late, and is not even taken apart. When
a case opens, what its readers sent in its time is read; of that only what is near stays. A message counts by when it
came here: a reader's own clock may be an hour off, and is noted beside.
"""

import hashlib
import math
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.evidence.cases import Case
from gateway.evidence.sighting import BadSighting, Plate, Sighting, Thing

MOST_OF_CASE = 2000
MOST_PICTURES, MOST_PICTURE_BYTES = 100, 20_000_000
"""Of one case: of further plates only the hash is kept."""
Span = tuple[int, int]
NOTHING: Span = (2**63, -1)
Read = Callable[[bytes, Callable[[int], None]], Sequence[Sighting]]
"""(message, what is told of how many more it held than are taken) -> what it says. Raises BadSighting."""
ToLevel = Callable[[float, float], tuple[float, float]]
"""(lat_deg, lon_deg) -> (east, north) m."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which time of a case counts: before its first shot, after its last. near_m : of a sighting that has a place."""

    before_us: int = 30_000_000
    after_us: int = 120_000_000
    near_m: float = 150.0


@dataclass(slots=True)
class Seen:
    """One plate or object of one reader: of what was said of it again and again, when first and last, and the
    surest."""

    reader: str
    surest: Sighting
    first_us: int
    last_us: int
    times: int = 1
    picture_sha256: str | None = None

    def record(self) -> dict[str, Any]:
        """For the file."""
        best, common = self.surest, {"reader": self.reader, "first_us": self.first_us, "last_us": self.last_us}
        common |= {"times": self.times, "confidence": best.confidence, "reader_clock_us": best.t_us}
        if isinstance(best, Plate):
            return {"plate": best.text, **common, "picture_sha256": self.picture_sha256}
        return {"object": best.kind, **common, "yaw_deg": best.yaw_deg, "speed_mps": best.speed_mps}


@dataclass(frozen=True, slots=True)
class Shown:
    """A plate's picture as it came, to be put away."""

    reader: str
    at_us: int
    sha256: str
    picture: bytes = field(repr=False)


@dataclass(slots=True)
class Attached:
    """All of one case. shown : pictures that wait to be put away. hashes, shown_bytes : of all that were."""

    case: Case
    seen: dict[tuple[str, ...], Seen] = field(default_factory=dict)
    shown: list[Shown] = field(default_factory=list)
    hashes: set[str] = field(default_factory=set)
    shown_bytes: int = 0

    def show(self, reader: str, picture: bytes, at_us: int) -> str | None:
        """Take a picture, each once and within bounds. Comes back: its hash."""
        if not picture:
            return None
        sha256 = hashlib.sha256(picture).hexdigest()
        has_room = len(self.hashes) < MOST_PICTURES and self.shown_bytes + len(picture) <= MOST_PICTURE_BYTES
        if sha256 not in self.hashes and has_room:
            self.hashes.add(sha256)
            self.shown_bytes += len(picture)
            self.shown.append(Shown(reader, at_us, sha256, picture))
        return sha256

    def records(self) -> list[dict[str, Any]]:
        """In the order they were first seen."""
        return [each.record() for each in sorted(self.seen.values(), key=lambda one: one.first_us)]

    def plates(self) -> int:
        """How many plates."""
        return sum(isinstance(each.surest, Plate) for each in self.seen.values())


class Sightings:
    """reads : by reader, how its messages are read. most_bytes : what may wait of each. counts : `dropped` unread, for
    age; `crowded` unread, for want of room; `far` and `refused` (read, and not kept); `more` than a case takes;
    `long` (beyond what is taken of one message)."""

    def __init__(self, reads: Mapping[str, Read], window: Window, to_level: ToLevel, most_bytes: int) -> None:
        self.counts: Counter[str] = Counter()
        self.attached: dict[str, Attached] = {}
        self._reads, self._window, self._to_level, self._most_bytes = reads, window, to_level, most_bytes
        self._waiting: dict[str, deque[tuple[int, bytes]]] = {reader: deque() for reader in reads}
        self._bytes: Counter[str] = Counter()
        self._spans_us: dict[str, dict[str, Span]] = {}  # by incident and reader: what was read, also once it is over

    def feed(self, reader: str, payload: bytes, at_us: int) -> list[tuple[str, str]]:
        """A message. Comes back: (reader, why) of what was refused."""
        refused: list[tuple[str, str]] = []
        for attached in self.attached.values():
            if reader in attached.case.readers and self._is_in_time(attached.case, at_us):
                refused += self._attach(attached, reader, payload, at_us)
        waiting = self._waiting[reader]
        waiting.append((at_us, payload))
        self._bytes[reader] += len(payload)
        while self._bytes[reader] > self._most_bytes and waiting:
            self._bytes[reader] -= len(waiting.popleft()[1])
            self.counts["crowded"] += 1
        return refused[:1]

    def open(self, case: Case) -> list[tuple[str, str]]:
        """A case has begun, or has further shots or readers. Comes back as of `feed`."""
        attached = self.attached.setdefault(case.incident, Attached(case))
        attached.case = case
        spans_us, span_us = self._spans_us.setdefault(case.incident, {}), self._span_us(case)
        refused: list[tuple[str, str]] = []
        for reader in case.readers:
            first_us, last_us = spans_us.get(reader, NOTHING)
            for at_us, payload in tuple(self._waiting.get(reader, ())):
                if self._is_in_time(case, at_us) and not first_us <= at_us <= last_us:
                    refused += self._attach(attached, reader, payload, at_us)
            spans_us[reader] = min(first_us, span_us[0]), max(last_us, span_us[1])
        return refused

    def tick(self, now_us: int, late_us: int) -> list[Attached]:
        """Let what can belong to nothing any more go, unread. late_us : how late a shot may be told. Comes back: the
        cases whose time is over."""
        for reader, waiting in self._waiting.items():
            while waiting and waiting[0][0] < now_us - self._window.before_us - late_us:
                self._bytes[reader] -= len(waiting.popleft()[1])
                self.counts["dropped"] += 1
        for name in [
            name for name, spans_us in self._spans_us.items() if self._is_gone(name, spans_us, now_us - late_us)
        ]:
            del self._spans_us[name]
        over = [name for name, one in self.attached.items() if now_us > self._span_us(one.case)[1]]
        return [self.attached.pop(name) for name in over]

    def waiting(self) -> int:
        """Messages that wait unread."""
        return sum(map(len, self._waiting.values()))

    def remembered(self) -> int:
        """Cases of which it is remembered what was read."""
        return len(self._spans_us)

    def _is_in_time(self, case: Case, at_us: int) -> bool:
        first_us, last_us = self._span_us(case)
        return first_us <= at_us <= last_us

    def _span_us(self, case: Case) -> Span:
        return case.shots[0].t_us - self._window.before_us, case.shots[-1].t_us + self._window.after_us

    def _is_gone(self, name: str, spans_us: Mapping[str, Span], late_us: int) -> bool:
        """Whether nothing of what was read for a case waits any more."""
        last_us = max((last_us for _, last_us in spans_us.values()), default=0)
        return name not in self.attached and last_us < late_us - self._window.before_us

    def _attach(self, attached: Attached, reader: str, payload: bytes, at_us: int) -> Iterator[tuple[str, str]]:
        try:
            sightings = self._reads[reader](payload, self._count_long)
        except BadSighting as error:
            self.counts["refused"] += 1
            yield reader, str(error)
            return
        for each in sightings:
            if not self._is_near(attached.case, each):
                self.counts["far"] += 1
                continue
            key = (reader, "plate", each.text) if isinstance(each, Plate) else (reader, each.kind, each.number)
            known = attached.seen.get(key)
            if known is None and len(attached.seen) >= MOST_OF_CASE:
                self.counts["more"] += 1
            elif known is None:
                attached.seen[key] = _first(attached, reader, each, at_us)
            elif _again(known, each, at_us):
                attached.seen[key] = replace(
                    _first(attached, reader, each, known.first_us), last_us=known.last_us, times=known.times
                )

    def _count_long(self, n_more: int) -> None:
        self.counts["long"] += n_more

    def _is_near(self, case: Case, each: Plate | Thing) -> bool:
        """One without a place is where its reader is, which is near."""
        if each.lat_lon_deg is None:
            return True
        e_m, n_m = self._to_level(*each.lat_lon_deg)
        return any(
            math.hypot(e_m - shot.e_m, n_m - shot.n_m) <= self._window.near_m + shot.within_m for shot in case.shots
        )


def _first(attached: Attached, reader: str, each: Sighting, at_us: int) -> Seen:
    if isinstance(each, Plate):
        sha256 = attached.show(reader, each.picture, at_us)
        return Seen(reader, replace(each, picture=b""), at_us, at_us, 1, sha256)
    return Seen(reader, each, at_us, at_us)


def _again(known: Seen, each: Sighting, at_us: int) -> bool:
    """It was seen once more. Comes back: whether more surely."""
    known.first_us, known.last_us, known.times = min(known.first_us, at_us), max(known.last_us, at_us), known.times + 1
    return (each.confidence or 0.0) > (known.surest.confidence or 0.0)
